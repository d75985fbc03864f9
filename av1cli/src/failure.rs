//! What went wrong, as a person is told: `error:`, `caused by:`, `hint:`, and an exit code.

use std::error::Error;
use std::process::ExitCode;

use av1exec::lock::LockError;
use av1exec::settings::SettingsError;
use av1exec::tools::ToolsError;

/// How a run of the program ended; the same everywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exit {
    /// Done; a skip too.
    Done,
    /// Something failed.
    Failed,
    /// Wrong arguments or a wrong config.
    Usage,
    /// ffmpeg is missing, too old or without an encoder.
    NoTools,
    /// Another av1d works there.
    Locked,
    /// Stopped by a signal.
    Interrupted,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Done => 0,
            Exit::Failed => 1,
            Exit::Usage => 2,
            Exit::NoTools => 3,
            Exit::Locked => 4,
            Exit::Interrupted => 130,
        })
    }
}

/// Something that ends the program.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) exit: Exit,
    pub(crate) message: String,
    pub(crate) causes: Vec<String>,
    pub(crate) hint: Option<String>,
}

impl Failure {
    pub(crate) fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self { exit, message: message.into(), causes: Vec::new(), hint: None }
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// An error with the causes that its own text doesn't tell already.
    fn of(exit: Exit, error: &dyn Error) -> Self {
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

impl From<SettingsError> for Failure {
    fn from(error: SettingsError) -> Self {
        Self::of(Exit::Usage, &error).hint(error.hint())
    }
}

impl From<ToolsError> for Failure {
    fn from(error: ToolsError) -> Self {
        Self::of(Exit::NoTools, &error).hint(error.hint())
    }
}

impl From<LockError> for Failure {
    fn from(error: LockError) -> Self {
        match &error {
            LockError::Held { .. } => Self::of(Exit::Locked, &error)
                .hint("let it work, or stop it first; two would encode the same films"),
            LockError::Failed { .. } => {
                Self::of(Exit::Failed, &error).hint("check the owner and the rights of `job_state_dir`")
            }
        }
    }
}
