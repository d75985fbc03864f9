//! Films on the disk: where they are, which files av1d puts beside them, and which ones it must leave alone.

pub mod exclusion;
pub mod film;
pub mod leftovers;
pub mod passed_over;
mod protection;
pub mod roots;
pub mod scan;
pub mod sidecars;
pub mod size_terms;
pub mod stable;
pub(crate) mod walk;
