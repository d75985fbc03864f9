//! What went wrong, as a person is told: `error:`, `caused by:`, `hint:`, and an exit code.

use std::error::Error;
use std::io::{self, Write};
use std::process::ExitCode;

use av1exec::sanitize::sanitize;
use av1exec::settings::SettingsError;

/// How the program ended; the codes are those of every av1d program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Left by its user.
    Done,
    /// Something failed.
    Failed,
    /// Wrong arguments or a wrong config.
    Usage,
    /// Stopped by a signal.
    Interrupted,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Done => 0,
            Exit::Failed => 1,
            Exit::Usage => 2,
            Exit::Interrupted => 130,
        })
    }
}

/// Something that ends the program.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) exit: Exit,
    message: String,
    causes: Vec<String>,
    hint: Option<String>,
}

impl Failure {
    pub(crate) fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self { exit, message: message.into(), causes: Vec::new(), hint: None }
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    pub(crate) fn cause(mut self, cause: &dyn Error) -> Self {
        self.causes.push(cause.to_string());
        self
    }

    /// Says it on standard error; where that fails there is nobody to tell.
    pub(crate) fn complain(&self) {
        let mut stderr = io::stderr().lock();
        let mut note = |line: String| drop(writeln!(stderr, "{}", sanitize(&line)));
        self.message.lines().for_each(|line| note(format!("error: {line}")));
        self.causes.iter().for_each(|cause| note(format!("caused by: {cause}")));
        self.hint.iter().for_each(|hint| note(format!("hint: {hint}")));
    }
}

impl From<SettingsError> for Failure {
    fn from(error: SettingsError) -> Self {
        let failure = Self::new(Exit::Usage, error.to_string()).hint(error.hint());
        match error.source() {
            Some(cause) => failure.cause(cause),
            None => failure,
        }
    }
}
