//! What is wrong with an index: whether it is damaged, of a newer av1d, or can't be used for now.

use std::io;
use std::path::{Path, PathBuf};

use super::{FILE_NAME, SHAPE};
use crate::sys::failure::{Exit, Failure};
use crate::sys::sanitize::display;

/// The index can't be used: its file can't be made, read or written.
#[derive(Debug, thiserror::Error)]
#[error("the index {} can't be used: {fault}", display(path))]
pub struct IndexError {
    /// Its file.
    pub path: PathBuf,
    fault: Fault,
}

impl IndexError {
    /// What went wrong with the index of the state folder `state`.
    pub fn of(state: &Path, error: rusqlite::Error) -> Self {
        Fault::from(error).at(state)
    }

    /// The index of the state folder `state` couldn't even be tried.
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

    /// What to do about it.
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

/// Why.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    /// `SQLite` says no.
    #[error("{0}")]
    Sqlite(rusqlite::Error),
    /// Somebody was cut off in the middle of writing it, and who only reads can't take that back.
    #[error("an av1d was cut off while it wrote it, which the next one that writes to it takes back")]
    CutOff,
    /// It calls itself something else than what is written here.
    #[error("it is of shape {0}, and {SHAPE} is the latest that is known here: a newer av1d wrote it")]
    Shape(i64),
    /// A check found these faults.
    #[error("{0}")]
    Check(String),
    /// It couldn't be tried.
    #[error("{0}")]
    Unopened(io::Error),
    /// It is damaged and can't be set aside.
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

    /// Whether the file itself is at fault, and neither the machine nor a newer program.
    pub(super) fn is_damage(&self) -> bool {
        use rusqlite::ErrorCode::{DatabaseCorrupt, NotADatabase};
        match self {
            Self::Sqlite(rusqlite::Error::SqliteFailure(failure, message)) => {
                matches!(failure.code, DatabaseCorrupt | NotADatabase)
                    // Another table of the name that ours should have.
                    || message.as_deref().is_some_and(|message| message.starts_with("no such column"))
            }
            // Columns that aren't what they were.
            Self::Sqlite(_) | Self::Check(_) => true,
            Self::Shape(shape) => *shape < SHAPE,
            Self::CutOff | Self::Stuck(_) | Self::Unopened(_) => false,
        }
    }
}
