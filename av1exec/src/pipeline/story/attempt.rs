//! An attempt on a film, as the job's file tells it.

use av1plan::wire::PathDocument;
use jiff::Timestamp;
use serde::Serialize;

use crate::state::jobs::Job;
use crate::sys::path::path_of;

/// An attempt on a film.
#[derive(Debug, Clone, Serialize)]
pub struct Attempt {
    /// The ID of the job.
    pub job: String,
    /// The film's path at that time.
    #[serde(flatten)]
    pub path: PathDocument,
    /// When the attempt started.
    pub started: Timestamp,
    /// When the attempt ended; absent if it is still running or was interrupted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended: Option<Timestamp>,
    /// The code of the outcome; `unfinished` if there is none.
    pub code: String,
    /// The outcome, as text for users.
    pub text: String,
    /// Whether the attempt failed.
    pub failed: bool,
    /// Whether another attempt would have the same outcome.
    pub lasting: bool,
    /// The film's size in bytes at that time.
    pub size_before: u64,
    /// Size of the result in bytes, if there was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size_after: Option<u64>,
    /// The encoder's settings, as text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub settings: Option<String>,
    /// The codes of what the result lacks, or would have lacked.
    pub losses: Vec<String>,
    /// The path of the result, if it replaced the film and the replacement wasn't undone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replaced_by: Option<PathDocument>,
    /// When the replacement was undone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub undone: Option<Timestamp>,
}

impl Attempt {
    pub(super) fn of(job: &Job) -> Self {
        let outcome = job.outcome.as_ref();
        // If the plan can't be read, the outcome is still shown.
        let document = job.document().ok();
        let encode = document.as_ref().and_then(|document| document.encode.as_ref());
        let losses = encode.map(|encode| encode.losses.iter().map(|loss| loss.code.clone()));
        Self {
            job: job.id.clone(),
            path: job.path.clone(),
            started: job.started,
            ended: job.ended,
            code: outcome.map_or("unfinished", |outcome| &outcome.code).to_owned(),
            text: outcome
                .map_or("it has no end yet: it runs, or was cut off", |outcome| &outcome.text)
                .to_owned(),
            failed: outcome.is_some_and(|outcome| outcome.failed),
            lasting: outcome.is_some_and(|outcome| outcome.lasting),
            size_before: job.source.size,
            size_after: outcome.and_then(|outcome| outcome.size_after),
            settings: encode.map(|encode| encode.settings.to_string()),
            losses: losses.map(Iterator::collect).unwrap_or_default(),
            replaced_by: outcome.and_then(|outcome| outcome.replaced_by.clone()),
            undone: job.undone,
        }
    }

    /// Whether the result has another name than the film had.
    pub fn was_renamed(&self) -> bool {
        self.replaced_by.as_ref().is_some_and(|by| path_of(by) != path_of(&self.path))
    }
}
