//! Replaces a film by its result, and restores originals.

pub mod abilities;
pub(crate) mod content;
pub(crate) mod places;
pub mod promote;
pub mod recover;
pub mod refusals;
pub mod rehearsal;
pub mod undo;
