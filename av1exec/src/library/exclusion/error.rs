//! Why a film or folder couldn't be excluded or included.

use std::io;
use std::path::PathBuf;

use crate::sys::sanitize::{display, sanitize};

/// Why a film or folder couldn't be excluded or included.
#[derive(Debug, thiserror::Error)]
pub enum ExclusionError {
    /// The path doesn't exist.
    #[error("failed to look at {}", display(path))]
    Missing {
        /// The path.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// The path can't be examined.
    #[error("failed to look at {}", display(path))]
    Unreadable {
        /// The film, folder or marker.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// The path is neither a regular file nor a folder: it is a link, a device or the like.
    #[error("{} is neither a regular file nor a folder", display(path))]
    NoFilm {
        /// The path.
        path: PathBuf,
    },
    /// The marker can't be written.
    #[error("failed to write {}", display(marker))]
    Unwritable {
        /// The marker.
        marker: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// The marker can't be removed.
    #[error("failed to remove {}", display(marker))]
    Unremovable {
        /// The marker.
        marker: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// The marker's path is a folder, a link or the like.
    #[error("{} is no regular file", display(marker))]
    NotRegular {
        /// The marker's path.
        marker: PathBuf,
    },
    /// Another tool wrote the marker, and it excludes every film with the same stem.
    #[error("{} isn't av1d's and excludes every film of that name, whatever its extension", display(marker))]
    ForStem {
        /// The marker.
        marker: PathBuf,
    },
    /// The marker holds a text that av1d didn't write.
    #[error("{} holds somebody's own text: {}", display(marker), sanitize(first))]
    OwnText {
        /// The marker.
        marker: PathBuf,
        /// The beginning of its first line.
        first: String,
    },
}

impl ExclusionError {
    /// Says what to do about the error.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Missing { .. } => "check the path",
            Self::Unreadable { .. } => "run this as a user who may read the folder",
            Self::NoFilm { .. } => "name the film itself, not a link to it",
            Self::Unwritable { .. } | Self::Unremovable { .. } => {
                "run this as a user who may write to the folder"
            }
            Self::NotRegular { .. } => "look at it, and remove it by hand",
            Self::ForStem { .. } => "`av1cli unskip --force` removes it",
            Self::OwnText { .. } => "read it first; `av1cli unskip --force` removes it",
        }
    }
}
