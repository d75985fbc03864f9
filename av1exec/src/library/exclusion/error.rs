//! Why a film or folder wasn't excluded, or included again.

use std::io;
use std::path::PathBuf;

use crate::sys::sanitize::{display, sanitize};

/// Why a film or folder wasn't excluded, or included again.
#[derive(Debug, thiserror::Error)]
pub enum ExclusionError {
    /// There is nothing of that name.
    #[error("failed to look at {}", display(path))]
    Missing {
        /// The name.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// It can't be looked at.
    #[error("failed to look at {}", display(path))]
    Unreadable {
        /// The film, folder or marker.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// It is a link, a device or the like.
    #[error("{} is neither a regular file nor a folder", display(path))]
    NoFilm {
        /// Its name.
        path: PathBuf,
    },
    /// The marker can't be written.
    #[error("failed to write {}", display(marker))]
    Unwritable {
        /// The marker.
        marker: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The marker can't be removed.
    #[error("failed to remove {}", display(marker))]
    Unremovable {
        /// The marker.
        marker: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// What has the marker's name is a folder, a link or the like.
    #[error("{} is no regular file", display(marker))]
    NotRegular {
        /// Its name.
        marker: PathBuf,
    },
    /// The marker is another tool's, which excludes every film of its stem.
    #[error("{} isn't av1d's and excludes every film of that name, whatever its extension", display(marker))]
    ForStem {
        /// The marker.
        marker: PathBuf,
    },
    /// The marker holds what somebody wrote.
    #[error("{} holds somebody's own text: {}", display(marker), sanitize(first))]
    OwnText {
        /// The marker.
        marker: PathBuf,
        /// The beginning of its first line.
        first: String,
    },
}

impl ExclusionError {
    /// What to do about it.
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
