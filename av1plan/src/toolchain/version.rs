//! The version of an ffmpeg or ffprobe, read from what `-version` prints.

use alloc::string::String;
use core::fmt;

use super::{OLDEST_MAJOR, ToolchainError};

/// The version of ffmpeg or ffprobe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// The major version: 8 of `8.0.1`. For a git build it is derived from the version of its `libavutil`.
    pub major: u32,
    /// The version as the program prints it: `n8.0-23-gd1f31a829d`.
    pub text: String,
}

/// The difference between `libavutil`'s major version and ffmpeg's: 60 belongs to 8.0, 59 to 7.0, 58 to 6.0.
const LIBAVUTIL_AHEAD: u32 = 52;

impl Version {
    /// Reads the output of `-version`. `program` is `"ffmpeg"` or `"ffprobe"`, whichever printed it.
    ///
    /// # Errors
    ///
    /// [`ToolchainError::NotFfmpeg`] if the output doesn't begin like that program's, or has no version that can be
    /// read.
    pub fn parse(program: &str, output: &str) -> Result<Self, ToolchainError> {
        let first = output.lines().next().unwrap_or_default();
        let text = first.strip_prefix(program).and_then(|rest| rest.strip_prefix(" version "));
        let Some(text) = text.and_then(|rest| rest.split_whitespace().next()) else {
            return Err(ToolchainError::NotFfmpeg { found: excerpt(first) });
        };
        let major = release_major(text).or_else(|| libavutil_major(output)?.checked_sub(LIBAVUTIL_AHEAD));
        match major {
            Some(major) => Ok(Self { major, text: String::from(text) }),
            None => Err(ToolchainError::NotFfmpeg { found: excerpt(first) }),
        }
    }

    /// Checks that the version isn't older than [`OLDEST_MAJOR`].
    ///
    /// # Errors
    ///
    /// [`ToolchainError::TooOld`] if it is older.
    pub fn check_age(&self) -> Result<(), ToolchainError> {
        if self.major < OLDEST_MAJOR {
            return Err(ToolchainError::TooOld { found: self.clone() });
        }
        Ok(())
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// The major version of a release: 8 of `8.0`, `8.0.1-3ubuntu1` and `n8.0-23-gd1f31a829d`. `None` for a git build
/// (`N-118385-g...`, `git-2026-01-01-...`).
fn release_major(version: &str) -> Option<u32> {
    let digits = version.strip_prefix('n').unwrap_or(version);
    let end = digits.find(|c: char| !c.is_ascii_digit())?;
    let (major, rest) = digits.split_at(end);
    rest.starts_with('.').then(|| major.parse().ok())?
}

/// The major version of `libavutil`: 60 of the line `libavutil      60.  8.100 / 60.  8.100`.
fn libavutil_major(output: &str) -> Option<u32> {
    let line = output.lines().find_map(|line| line.trim_start().strip_prefix("libavutil"))?;
    line.split('.').next()?.trim().parse().ok()
}

fn excerpt(line: &str) -> String {
    line.chars().filter(|c| !c.is_control()).take(80).collect()
}
