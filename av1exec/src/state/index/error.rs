//! Errors of the index: damaged, written by a newer av1d, or temporarily unusable.

use std::io;
use std::path::{Path, PathBuf};

use super::{FILE_NAME, SHAPE};
use crate::sys::failure::{Exit, Failure};
use crate::sys::sanitize::display;

/// The index can't be used: its file can't be created, read or written.
#[derive(Debug, thiserror::Error)]
#[error("the index {} can't be used: {fault}", display(path))]
pub struct IndexError {
    /// The index file.
    pub path: PathBuf,
    fault: Fault,
}

impl IndexError {
    /// Creates the error for the index of the state folder `state`.
    pub fn of(state: &Path, error: rusqlite::Error) -> Self {
        Fault::from(error).at(state)
    }

    /// The error for an index that couldn't even be opened.
    pub(crate) fn unopened(state: &Path, error: io::Error) -> Self {
        Fault::Unopened(error).at(state)
    }

    /// Whether the disk is full.
    pub(crate) fn is_no_room(&self) -> bool {
        match &self.fault {
            Fault::Sqlite(error) => error.sqlite_error_code() == Some(rusqlite::ErrorCode::DiskFull),
            _ => false,
        }
    }

    /// Says what to do about the error.
    pub fn hint(&self) -> &'static str {
        match self.fault {
            Fault::Shape(_) => {
                "start the newer av1d, or move the index away: it is made anew, and only time is lost"
            }
            Fault::CutOff => {
                "start av1d (`av1cli watch`, or `av1cli recover`): that takes back what wasn't finished"
            }
            _ => "check the owner, the rights and the free space of `job_state_dir`",
        }
    }
}

impl From<IndexError> for Failure {
    fn from(error: IndexError) -> Self {
        Self::from_error(Exit::Failed, &error).hint(error.hint())
    }
}

/// The kind of error.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    /// `SQLite` reported an error.
    #[error("{0}")]
    Sqlite(rusqlite::Error),
    /// A process was interrupted while writing, and a reader can't roll its transaction back.
    #[error("an av1d was cut off while it wrote it, which the next one that writes to it takes back")]
    CutOff,
    /// The file has a version (shape) that this program doesn't know.
    #[error("it is of shape {0}, and {SHAPE} is the latest that is known here: a newer av1d wrote it")]
    Shape(i64),
    /// An integrity check found these faults.
    #[error("{0}")]
    Check(String),
    /// The index couldn't be opened.
    #[error("{0}")]
    Unopened(io::Error),
    /// The index is damaged and can't be renamed.
    #[error("it is damaged and can't be set aside: {0}")]
    Stuck(io::Error),
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        match error {
            rusqlite::Error::SqliteFailure(failure, _)
                if failure.extended_code == rusqlite::ffi::SQLITE_READONLY_ROLLBACK =>
            {
                Self::CutOff
            }
            error => Self::Sqlite(error),
        }
    }
}

impl Fault {
    pub(super) fn at(self, state: &Path) -> IndexError {
        IndexError { path: state.join(FILE_NAME), fault: self }
    }

    /// Whether the file itself is damaged, so that neither the machine nor a newer program is the cause.
    pub(super) fn is_damage(&self) -> bool {
        use rusqlite::ErrorCode::{DatabaseCorrupt, NotADatabase};
        match self {
            Self::Sqlite(rusqlite::Error::SqliteFailure(failure, message)) => {
                matches!(failure.code, DatabaseCorrupt | NotADatabase)
                    // There is another table with the name of ours.
                    || message.as_deref().is_some_and(|message| message.starts_with("no such column"))
            }
            // The columns have unexpected types.
            Self::Sqlite(_) | Self::Check(_) => true,
            Self::Shape(shape) => *shape < SHAPE,
            Self::CutOff | Self::Stuck(_) | Self::Unopened(_) => false,
        }
    }
}
