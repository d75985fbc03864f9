//! Films on the disk: where they are, what stands beside them, who must be left alone.

pub mod exclusion;
pub mod film;
pub mod leftovers;
pub mod roots;
pub mod scan;
pub mod sidecars;
pub mod stable;
pub(crate) mod walk;
