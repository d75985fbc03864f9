//! Puts a result in its film's place, and an original back.

pub(crate) mod content;
pub(crate) mod places;
pub mod promote;
pub mod recover;
pub mod rehearsal;
pub mod undo;
