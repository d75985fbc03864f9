//! The replies of the daemon.

use std::error::Error;

use serde::{Deserialize, Serialize};
use strum::IntoStaticStr;

use crate::library::exclusion::ExclusionError;
use crate::serve::status::Status;

/// The reply to a request: `{"ok":true,...}` or `{"ok":false,"code":...,"error":...}`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(into = "ReplyLine", try_from = "ReplyLine")]
pub enum Reply {
    /// The daemon's status.
    Status(Box<Status>),
    /// The request was carried out.
    Done {
        /// What was done, as text for users.
        message: String,
    },
    /// The request was refused.
    Refused(Refusal),
}

impl Reply {
    /// Returns a reply that says what was done, as text for users.
    pub fn done(message: impl Into<String>) -> Self {
        Self::Done { message: message.into() }
    }

    /// Returns a reply that says why the request was refused.
    pub fn refused(code: RefusalCode, error: impl Into<String>) -> Self {
        Self::Refused(Refusal::new(code, error))
    }
}

impl From<Refusal> for Reply {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<ExclusionError> for Reply {
    fn from(error: ExclusionError) -> Self {
        Refusal::from(error).into()
    }
}

/// Why a request was refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// The code, which stays the same over versions.
    pub code: RefusalCode,
    /// The reason, as text for users.
    pub error: String,
    /// What a user can do about it, if anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

impl Refusal {
    /// Creates a refusal without a hint.
    pub fn new(code: RefusalCode, error: impl Into<String>) -> Self {
        Self { code, error: error.into(), hint: None }
    }

    /// Sets what a user can do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl From<ExclusionError> for Refusal {
    fn from(error: ExclusionError) -> Self {
        let code = match error {
            ExclusionError::Missing { .. }
            | ExclusionError::NoFilm { .. }
            | ExclusionError::OtherFile { .. } => RefusalCode::NoSuchFilm,
            ExclusionError::Outside { .. } => RefusalCode::OutsideLibrary,
            ExclusionError::Excluded { .. } => RefusalCode::Excluded,
            ExclusionError::NotRegular { .. }
            | ExclusionError::ForStem { .. }
            | ExclusionError::OwnText { .. } => RefusalCode::ForeignMarker,
            ExclusionError::Unreadable { .. }
            | ExclusionError::Unwritable { .. }
            | ExclusionError::Unremovable { .. } => RefusalCode::Failed,
        };
        let text = match error.source() {
            Some(source) => format!("{error}: {source}"),
            None => error.to_string(),
        };
        Self::new(code, text).hint(error.hint())
    }
}

/// The kinds of refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum RefusalCode {
    /// The line isn't JSON.
    InvalidJson,
    /// The JSON isn't a request that this version knows.
    UnknownRequest,
    /// The line is longer than [`MAX_REQUEST`](super::MAX_REQUEST).
    LineTooLong,
    /// The path isn't absolute, or its encoding is damaged.
    InvalidPath,
    /// Too many clients are connected.
    TooManyClients,
    /// The daemon didn't answer in time, or is about to end.
    Busy,
    /// No encode with that job ID runs.
    NoSuchJob,
    /// There is no such film or folder, or nothing is known about it.
    NoSuchFilm,
    /// The path lies outside the library, where av1d writes and removes no markers.
    OutsideLibrary,
    /// A person or another tool excluded the film, so it isn't tried again.
    Excluded,
    /// The marker wasn't written by av1d, so av1d doesn't remove it.
    ForeignMarker,
    /// A system call failed.
    Failed,
    /// A code that only a newer daemon knows.
    #[serde(other)]
    Other,
}

/// The JSON form of a [`Reply`].
#[derive(Serialize, Deserialize)]
struct ReplyLine {
    ok: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    status: Option<Box<Status>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    code: Option<RefusalCode>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
}

impl From<Reply> for ReplyLine {
    fn from(reply: Reply) -> Self {
        let line = Self { ok: true, status: None, message: None, code: None, error: None, hint: None };
        match reply {
            Reply::Status(status) => Self { status: Some(status), ..line },
            Reply::Done { message } => Self { message: Some(message), ..line },
            Reply::Refused(Refusal { code, error, hint }) => {
                Self { ok: false, code: Some(code), error: Some(error), hint, ..line }
            }
        }
    }
}

impl TryFrom<ReplyLine> for Reply {
    type Error = &'static str;

    fn try_from(line: ReplyLine) -> Result<Self, Self::Error> {
        let ReplyLine { ok, status, message, code, error, hint } = line;
        match (ok, status, message, error) {
            (true, Some(status), _, _) => Ok(Self::Status(status)),
            (true, None, message, _) => Ok(Self::Done { message: message.unwrap_or_default() }),
            (false, _, _, Some(error)) => {
                Ok(Self::Refused(Refusal { code: code.unwrap_or(RefusalCode::Other), error, hint }))
            }
            (false, _, _, None) => Err("a refusal without an `error`"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replies_say_whether_it_was_done() {
        let refusal = Refusal::new(RefusalCode::NoSuchJob, "no").hint("look");
        let table = [
            (r#"{"ok":true,"message":"paused"}"#, Reply::done("paused")),
            (r#"{"ok":false,"code":"no-such-job","error":"no","hint":"look"}"#, refusal.into()),
        ];
        for (text, reply) in table {
            assert_eq!(serde_json::to_string(&reply).unwrap(), text);
            assert_eq!(serde_json::from_str::<Reply>(text).unwrap(), reply);
        }
        let newer: Reply = serde_json::from_str(r#"{"ok":false,"code":"new","error":"no"}"#).unwrap();
        assert_eq!(newer, Reply::refused(RefusalCode::Other, "no"));
        assert!(serde_json::from_str::<Reply>(r#"{"ok":false}"#).is_err());
    }
}
