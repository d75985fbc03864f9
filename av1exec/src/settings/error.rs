//! Errors of config files.

use crate::sys::failure::{Exit, Failure};
use std::path::{Path, PathBuf};
use std::{fmt, io};

use serde::Serialize;
use thiserror::Error;

/// Why the settings couldn't be loaded. Messages begin with the path, like those of compilers, so that editors can jump
/// to it.
#[derive(Debug, Error)]
pub enum SettingsError {
    /// A file that was named explicitly doesn't exist. In the other places a missing file is no error.
    #[error("{}: no such config file, though {named_by} names it", path.display())]
    NotFound {
        /// The file.
        path: PathBuf,
        /// What named it.
        named_by: NamedBy,
    },
    /// The file exists but can't be read. It is never ignored, because the defaults might do what the file forbids.
    #[error("{}: can't read this config file", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// The file was read and contains problems.
    #[error("{}", Listed { path, problems })]
    Invalid {
        /// The file.
        path: PathBuf,
        /// All problems, in the order of the file; at least one.
        problems: Vec<Problem>,
    },
}

impl SettingsError {
    /// Returns the path of the config file.
    pub fn path(&self) -> &Path {
        match self {
            Self::NotFound { path, .. } | Self::Unreadable { path, .. } | Self::Invalid { path, .. } => path,
        }
    }

    /// Returns the problems in the file; empty if it couldn't be read.
    pub fn problems(&self) -> &[Problem] {
        match self {
            Self::Invalid { problems, .. } => problems,
            Self::NotFound { .. } | Self::Unreadable { .. } => &[],
        }
    }

    /// Says what to do about the error.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::NotFound { named_by: NamedBy::Caller, .. } => {
                "correct the path, or leave --config out to look in the usual places"
            }
            Self::NotFound { named_by: NamedBy::Variable, .. } => {
                "correct $AV1D_CONFIG, or unset it to look in the usual places"
            }
            Self::Unreadable { .. } => {
                "let the user that runs this read the file, or name another one with --config"
            }
            Self::Invalid { .. } => "correct these lines; a key that is left out has its default",
        }
    }
}

impl From<SettingsError> for Failure {
    fn from(error: SettingsError) -> Self {
        Self::from_error(Exit::Usage, &error).hint(error.hint())
    }
}

/// What named a config file explicitly, so that the file must exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NamedBy {
    /// The caller of [`load`](super::load()): `--config`.
    Caller,
    /// `$AV1D_CONFIG`.
    Variable,
}

impl fmt::Display for NamedBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Caller => "--config",
            Self::Variable => "$AV1D_CONFIG",
        })
    }
}

/// A problem in a config file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Problem {
    /// The line number, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// What is wrong and what would be right.
    pub message: String,
}

impl Problem {
    /// Creates a problem at a byte offset of the text.
    pub(super) fn at(text: &str, offset: usize, message: String) -> Self {
        let (line, column) = position(text, offset);
        Self { line, column, message }
    }
}

/// Returns line and column, both from 1, of the character at a byte offset. An offset beyond the end gives the position
/// of the end.
pub(super) fn position(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..text.floor_char_boundary(offset)).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |end| end + 1);
    let line = before.matches('\n').count() + 1;
    let column = before.get(line_start..).unwrap_or_default().chars().count() + 1;
    (line, column)
}

struct Listed<'a> {
    path: &'a PathBuf,
    problems: &'a [Problem],
}

impl fmt::Display for Listed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (count, Problem { line, column, message }) in self.problems.iter().enumerate() {
            if count > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{}:{line}:{column}: {message}", self.path.display())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_error_begins_with_the_path() {
        let path = || PathBuf::from("/c.toml");
        let problem = |line, column, message: &str| Problem { line, column, message: message.into() };
        let table = [
            (
                SettingsError::NotFound { path: path(), named_by: NamedBy::Caller },
                "/c.toml: no such config file, though --config names it",
            ),
            (
                SettingsError::NotFound { path: path(), named_by: NamedBy::Variable },
                "/c.toml: no such config file, though $AV1D_CONFIG names it",
            ),
            (
                SettingsError::Unreadable { path: path(), source: io::ErrorKind::PermissionDenied.into() },
                "/c.toml: can't read this config file",
            ),
            (
                SettingsError::Invalid {
                    path: path(),
                    problems: vec![problem(3, 13, "one"), problem(4, 1, "two")],
                },
                "/c.toml:3:13: one\n/c.toml:4:1: two",
            ),
        ];
        for (error, text) in table {
            assert_eq!(error.to_string(), text);
            assert!(!error.hint().is_empty());
        }
    }

    #[test]
    fn columns_count_characters_and_lines_end_at_line_feeds() {
        let text = "ab\r\n\u{e4}c\n";
        for (offset, place) in
            [(0, (1, 1)), (2, (1, 3)), (4, (2, 1)), (5, (2, 1)), (6, (2, 2)), (8, (3, 1)), (99, (3, 1))]
        {
            assert_eq!(position(text, offset), place, "{offset}");
        }
        assert_eq!(position("", 1), (1, 1));
    }
}
