//! What became of one film, for programs.

use std::path::{Path, PathBuf};

use av1plan::wire::PathDocument;
use serde::Serialize;

use super::{Move, UndoError};
use crate::state::code::UNDONE;
use crate::sys::path::path_document;

/// What the document of one film calls itself.
const FORMAT: &str = "av1.undo";
/// Its version: `major.minor`.
const VERSION: &str = "1.0";

/// One film that was asked for, put back or not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UndoDocument {
    /// Always `av1.undo`.
    pub format: &'static str,
    /// `major.minor`.
    pub version: &'static str,
    /// The film by the name that it had before, or as it was named where no job tells of it.
    #[serde(flatten)]
    pub path: PathDocument,
    /// The job that replaced it, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub job: Option<String>,
    /// `undone`, `already-undone`, `would-be-undone`, or why not: `no-job`, `unread-job`, `failed`, or the code of a refusal.
    pub code: &'static str,
    /// The sentence.
    pub text: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// What was done, or would be, by code; empty where it was refused.
    pub steps: Vec<&'static str>,
    /// Files that stay beside the original.
    pub left: Vec<PathDocument>,
}

impl UndoDocument {
    /// What is known before anything is done.
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

    /// Of a film that was put back, or would be.
    pub fn done(film: &Path, dry_run: bool, text: String, steps: &[Move], left: &[PathBuf]) -> Self {
        Self {
            steps: steps.iter().map(|step| (*step).into()).collect(),
            left: left.iter().map(|path| path_document(path)).collect(),
            ..Self::new(film, if dry_run { "would-be-undone" } else { UNDONE }, text)
        }
    }

    /// Of one that wasn't.
    pub fn refused(film: &Path, error: &UndoError) -> Self {
        Self { hint: Some(error.hint()), ..Self::new(film, error.code(), error.to_string()) }
    }
}
