//! The undo of one film, as JSON.

use std::path::{Path, PathBuf};

use av1plan::wire::PathDocument;
use serde::Serialize;

use super::{Move, UndoError};
use crate::state::code::UNDONE;
use crate::sys::path::path_document;

/// The `format` of the JSON document.
const FORMAT: &str = "av1.undo";
/// The `version` of the document: `major.minor`.
const VERSION: &str = "1.0";

/// The result for one film that the user named, whether its original was restored or not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UndoDocument {
    /// Always `av1.undo`.
    pub format: &'static str,
    /// The document's version: `major.minor`.
    pub version: &'static str,
    /// The film's original path, or the path that the user gave if no job mentions it.
    #[serde(flatten)]
    pub path: PathDocument,
    /// The ID of the job that replaced it, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub job: Option<String>,
    /// The code: `undone`, `already-undone`, `would-be-undone`, or why it failed: `no-job`, `unread-job`, `failed`,
    /// or the code of a refusal.
    pub code: &'static str,
    /// The text for users.
    pub text: String,
    /// What a user can do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// The codes of the steps that were taken, or would be; empty if the undo was refused.
    pub steps: Vec<&'static str>,
    /// Files that stay beside the original.
    pub left: Vec<PathDocument>,
}

impl UndoDocument {
    /// Creates a document without steps.
    pub fn new(film: &Path, code: &'static str, text: impl Into<String>) -> Self {
        Self {
            format: FORMAT,
            version: VERSION,
            path: path_document(film),
            job: None,
            code,
            text: text.into(),
            hint: None,
            steps: Vec::new(),
            left: Vec::new(),
        }
    }

    /// Creates the document of a film whose original was restored, or would be.
    pub fn done(film: &Path, dry_run: bool, text: String, steps: &[Move], left: &[PathBuf]) -> Self {
        Self {
            steps: steps.iter().map(|step| (*step).into()).collect(),
            left: left.iter().map(|path| path_document(path)).collect(),
            ..Self::new(film, if dry_run { "would-be-undone" } else { UNDONE }, text)
        }
    }

    /// Creates the document of a film whose original wasn't restored.
    pub fn refused(film: &Path, error: &UndoError) -> Self {
        Self { hint: Some(error.hint()), ..Self::new(film, error.code(), error.to_string()) }
    }
}
