//! Why a result didn't take its film's place.

use std::io;
use std::path::PathBuf;

/// Why a result didn't take its film's place.
#[derive(Debug, thiserror::Error)]
pub enum PromoteError {
    /// The file isn't the one that was encoded any more.
    #[error("{} changed while it was encoded", crate::sys::sanitize::display(path))]
    SourceChanged {
        /// The film.
        path: PathBuf,
    },
    /// Somebody's file has a name that is needed.
    #[error("{} is there already and is not overwritten", crate::sys::sanitize::display(path))]
    Taken {
        /// That name.
        path: PathBuf,
    },
    /// The film's name doesn't hold the result, though every call said so.
    #[error(
        "{} does not hold the result after it was put there; the original is kept as {}",
        crate::sys::sanitize::display(path),
        crate::sys::sanitize::display(backup)
    )]
    NotInPlace {
        /// The film.
        path: PathBuf,
        /// The original.
        backup: PathBuf,
    },
    /// A call failed.
    #[error("failed to {doing} {}: {source}", crate::sys::sanitize::display(path))]
    Disk {
        /// What was being done.
        doing: &'static str,
        /// On which path.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
}
