//! The findings of the doctor.

use std::path::Path;
use std::time::Duration;

use av1plan::wire::PathDocument;
use serde::Serialize;
use strum::IntoStaticStr;

use crate::sys::path::path_document;

/// A finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What was checked. The code stays the same over versions.
    #[serde(rename = "check")]
    pub code: Code,
    /// How serious the finding is.
    pub level: Level,
    /// What was found, as text for users.
    pub text: String,
    /// What a user can do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// The file or folder that the finding is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub about: Option<PathDocument>,
    /// How long the check took, if that is of interest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub took_ms: Option<u64>,
}

/// How serious a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// Everything is as it should be.
    Ok,
    /// It works, but may not be what the user intended.
    Warn,
    /// It keeps av1d from working on all films or on some.
    Fail,
}

/// What a finding can be about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, IntoStaticStr)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum Code {
    /// The config file.
    Config,
    /// The local time zone.
    TimeZone,
    /// The address on which metrics are served.
    Metrics,
    /// ffmpeg itself.
    Ffmpeg,
    /// ffprobe itself.
    Ffprobe,
    /// MKVToolNix, which edits Matroska's headers.
    Mkvtoolnix,
    /// Its AV1 encoders.
    Encoders,
    /// Its software decoders of AV1.
    Decoder,
    /// Its filters that measure quality.
    Quality,
    /// A trial of an encoder.
    Encode,
    /// A root: a folder of films.
    Root,
    /// The films of a root, and their owners.
    Films,
    /// What a rehearsal of a replacement found on a film's file system.
    FileSystem,
    /// The state folder.
    StateFolder,
    /// The daemon.
    Daemon,
    /// The locks of the state folder and of the roots.
    Lock,
}

impl Check {
    /// Creates a finding that all is well.
    pub(super) fn ok(code: Code, text: impl Into<String>) -> Self {
        Self { code, level: Level::Ok, text: text.into(), hint: None, about: None, took_ms: None }
    }

    /// Creates a warning.
    pub(super) fn warn(code: Code, text: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { level: Level::Warn, ..Self::ok(code, text) }.hint(hint)
    }

    /// Creates a failure.
    pub(super) fn fail(code: Code, text: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { level: Level::Fail, ..Self::ok(code, text) }.hint(hint)
    }

    pub(super) fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    pub(super) fn about(self, path: &Path) -> Self {
        Self { about: Some(path_document(path)), ..self }
    }

    pub(super) fn took(self, time: Duration) -> Self {
        Self { took_ms: u64::try_from(time.as_millis()).ok(), ..self }
    }
}
