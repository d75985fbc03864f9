//! The recovery of one interrupted job, as JSON.

use av1plan::wire::PathDocument;
use serde::Serialize;

use super::Recovered;
use crate::sys::path::path_document;

/// The `format` of the JSON document.
const FORMAT: &str = "av1.recover";
/// The `version` of the document: `major.minor`.
const VERSION: &str = "1.0";

/// One interrupted job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RecoverDocument {
    /// Always `av1.recover`.
    pub format: &'static str,
    /// The document's version: `major.minor`.
    pub version: &'static str,
    /// The job's film.
    #[serde(flatten)]
    pub path: PathDocument,
    /// The ID of the job.
    pub job: String,
    /// Whether the result had been accepted, and the job had started to put it in place.
    pub committed: bool,
    /// Whether this was a dry run, which changes nothing.
    pub dry_run: bool,
    /// The codes of the actions that the recovery consists of.
    pub actions: Vec<&'static str>,
    /// Why the actions weren't all carried out; absent if they were.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
}

impl RecoverDocument {
    /// Creates the document of a recovery.
    pub fn new(recovered: &Recovered, dry_run: bool) -> Self {
        Self {
            format: FORMAT,
            version: VERSION,
            path: path_document(&recovered.film),
            job: recovered.job.clone(),
            committed: recovered.scene.committed,
            dry_run,
            actions: recovered.actions.iter().map(|action| (*action).into()).collect(),
            failure: recovered.failure.clone(),
        }
    }
}
