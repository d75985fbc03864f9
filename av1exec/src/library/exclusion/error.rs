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
    /// The path is in none of the library's folders.
    #[error("{} lies outside the library ({})", display(path), listed(roots))]
    Outside {
        /// The path.
        path: PathBuf,
        /// The folders of the library, as the config names them.
        roots: Vec<PathBuf>,
    },
    /// The path is a file of the library whose name has no film's extension.
    #[error("{} is no film by its name", display(path))]
    OtherFile {
        /// The path.
        path: PathBuf,
    },
    /// A film can't be tried again, because a marker excludes it that a person or another tool wrote.
    #[error("{} excludes {}", display(marker), display(path))]
    Excluded {
        /// The film.
        path: PathBuf,
        /// The marker.
        marker: PathBuf,
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
            Self::NoFilm { .. } => "name the film or the folder itself, not a link to it",
            Self::Outside { .. } => {
                "only films and folders below `library_roots` in the config have markers: check the path, or name the folder there"
            }
            Self::OtherFile { .. } => {
                "only films and folders have markers: check the path, or add its extension to `extensions` in the config"
            }
            Self::Excluded { .. } => {
                "take that marker away first, with `av1cli unskip` of the film or of its folder"
            }
            Self::Unwritable { .. } | Self::Unremovable { .. } => {
                "run this as a user who may write to the folder"
            }
            Self::NotRegular { .. } => "look at it, and remove it by hand",
            Self::ForStem { .. } => "`av1cli unskip --force` removes it",
            Self::OwnText { .. } => "read it first; `av1cli unskip --force` removes it",
        }
    }
}

fn listed(roots: &[PathBuf]) -> String {
    roots.iter().map(|root| display(root)).collect::<Vec<_>>().join(", ")
}
