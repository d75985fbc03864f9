//! A failure that ends a program, as data for every front end: the error, its causes, a hint and the exit code. The
//! front ends print it.

use std::error::Error;
use std::process::ExitCode;

use crate::sys::sanitize::sanitize;

/// How a run of a program ended. All programs use the same codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exit {
    /// Done. A skipped film counts as done.
    Done,
    /// Something failed.
    Failed,
    /// Wrong arguments or a wrong config.
    Usage,
    /// ffmpeg is missing, too old, or without an AV1 encoder or decoder.
    NoTools,
    /// Another av1d works on the same library or state folder.
    Locked,
    /// Stopped by a signal.
    Interrupted,
}

impl Exit {
    /// All variants.
    pub const ALL: [Self; 6] =
        [Self::Done, Self::Failed, Self::Usage, Self::NoTools, Self::Locked, Self::Interrupted];

    /// The process's exit code.
    pub fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::NoTools => 3,
            Self::Locked => 4,
            // 128 + SIGINT (2), the convention of shells.
            Self::Interrupted => 130,
        }
    }

    /// Describes the exit code for a person, in help texts and manual pages.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Done => "done; a film that is skipped is done too",
            Self::Failed => "something failed, or can't be done",
            Self::Usage => "wrong arguments, or a wrong config",
            Self::NoTools => "ffmpeg is missing, too old, or without an AV1 encoder or decoder",
            Self::Locked => "another av1d holds the lock",
            Self::Interrupted => {
                "interrupted by Ctrl-C or SIGTERM; a daemon that stops when asked to is done (0)"
            }
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// An error that ends the program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// How the program ends because of this error.
    pub exit: Exit,
    message: String,
    causes: Vec<String>,
    hint: Option<String>,
}

impl Failure {
    /// A failure with this message, which says what failed, on which path, and why.
    pub fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self { exit, message: message.into(), causes: Vec::new(), hint: None }
    }

    /// Adds a cause that the message doesn't contain.
    #[must_use]
    pub fn cause(mut self, cause: &dyn Error) -> Self {
        self.causes.push(cause.to_string());
        self
    }

    /// Adds a hint that says what to do about the failure.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Returns the lines to print, without control characters; they start with `error:`, `caused by:` or `hint:`.
    pub fn lines(&self) -> Vec<String> {
        let Self { exit: _, message, causes, hint } = self;
        let errors = message.lines().map(|line| format!("error: {line}"));
        let causes = causes.iter().map(|cause| format!("caused by: {cause}"));
        let hint = hint.iter().map(|hint| format!("hint: {hint}"));
        errors.chain(causes).chain(hint).map(|line| sanitize(&line).into_owned()).collect()
    }

    /// Builds a failure from an error. Causes that are already part of the message are left out.
    pub fn from_error(exit: Exit, error: &dyn Error) -> Self {
        let mut failure = Self::new(exit, error.to_string());
        let mut source = error.source();
        while let Some(cause) = source {
            let text = cause.to_string();
            if !failure.message.contains(&text) {
                failure.causes.push(text);
            }
            source = cause.source();
        }
        failure
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_is_told_what_failed_why_and_what_to_do() {
        let failure = Failure::new(Exit::Failed, "failed to read a\u{1b}[2J\nand b").hint("look");
        assert_eq!(failure.lines(), ["error: failed to read a\\u{1b}[2J", "error: and b", "hint: look"]);
    }

    #[test]
    fn causes_are_told_once() {
        #[derive(Debug, thiserror::Error)]
        enum Failed {
            #[error("can't read /x")]
            Silent(#[source] std::io::Error),
            #[error("can't read /x: {0}")]
            Telling(#[source] std::io::Error),
        }
        let gone = || std::io::Error::other("gone");
        let lines = |error: &Failed| Failure::from_error(Exit::Failed, error).lines();
        assert_eq!(lines(&Failed::Silent(gone())), ["error: can't read /x", "caused by: gone"]);
        assert_eq!(lines(&Failed::Telling(gone())), ["error: can't read /x: gone"]);
    }
}
