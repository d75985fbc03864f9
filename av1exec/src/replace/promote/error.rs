//! Errors of a replacement.

use std::io;
use std::path::PathBuf;

/// Why a result didn't take its film's place.
#[derive(Debug, thiserror::Error)]
pub enum PromoteError {
    /// The file is no longer the one that was encoded.
    #[error("{} changed while it was encoded", crate::sys::sanitize::display(path))]
    SourceChanged {
        /// The film.
        path: PathBuf,
    },
    /// A path that is needed holds somebody else's file.
    #[error("{} is there already and is not overwritten", crate::sys::sanitize::display(path))]
    Taken {
        /// That path.
        path: PathBuf,
    },
    /// The path doesn't hold the result, although every system call succeeded.
    #[error(
        "{} does not hold the result after it was put there; the original is kept as {}",
        crate::sys::sanitize::display(path),
        crate::sys::sanitize::display(backup)
    )]
    NotInPlace {
        /// The result's path.
        path: PathBuf,
        /// The original's path.
        backup: PathBuf,
    },
    /// A system call failed.
    #[error("failed to {doing} {}: {source}", crate::sys::sanitize::display(path))]
    Disk {
        /// What was being done.
        doing: &'static str,
        /// The path.
        path: PathBuf,
        /// The I/O error.
        source: io::Error,
    },
}

impl PromoteError {
    /// The kind of the I/O error, if that is the cause.
    pub fn kind(&self) -> io::ErrorKind {
        match self {
            Self::Disk { source, .. } => source.kind(),
            Self::Taken { .. } => io::ErrorKind::AlreadyExists,
            Self::SourceChanged { .. } | Self::NotInPlace { .. } => io::ErrorKind::Other,
        }
    }
}
