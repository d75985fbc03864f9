//! What became of one job that was cut off, for programs.

use av1plan::wire::PathDocument;
use serde::Serialize;

use super::Recovered;
use crate::sys::path::path_document;

/// What the document of one job calls itself.
const FORMAT: &str = "av1.recover";
/// Its version: `major.minor`.
const VERSION: &str = "1.0";

/// One job that was cut off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RecoverDocument {
    /// Always `av1.recover`.
    pub format: &'static str,
    /// `major.minor`.
    pub version: &'static str,
    /// Its film.
    #[serde(flatten)]
    pub path: PathDocument,
    /// The job.
    pub job: String,
    /// Whether its result had been found good, and was being put in place.
    pub committed: bool,
    /// Whether it was only asked what would be done.
    pub dry_run: bool,
    /// What it takes, by code.
    pub actions: Vec<&'static str>,
    /// Why not all of that was done; absent where it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
}

impl RecoverDocument {
    /// Of what was found and done.
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
