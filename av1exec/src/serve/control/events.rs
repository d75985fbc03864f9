//! [`Event`]s as JSON, for subscribers and scripts.

use std::collections::BTreeMap;
use std::path::Path;

use av1plan::wire::PathDocument;
use serde::{Deserialize, Serialize};

use crate::pipeline::event::Event;
use crate::replace::recover::Recovered;
use crate::state::outcome::Outcome;
use crate::sys::path::path_document;
use av1plan::judge::Progress;

/// An event as one line of JSON: `{"event":"progressed","job":"...","frame":48}`.
///
/// Names and codes never change, but fields and events may be added. Texts are unfiltered: programs that show them
/// on a terminal pass them through [`sanitize`](crate::sys::sanitize::sanitize()) first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum EventDocument {
    /// A scan of the roots ended.
    Scanned {
        /// How many films were found.
        films: u64,
        /// How many of them each cheap gate (one that needs no ffprobe) stopped, by the gate's code.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        stopped: BTreeMap<String, u64>,
        /// How many folders were passed over because of their names, by the name in `ignored_folders`.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        ignored: BTreeMap<String, u64>,
        /// How many symlinks weren't followed.
        #[serde(default, skip_serializing_if = "is_zero")]
        links: u64,
    },
    /// Films are watched until their files are stable.
    Settling {
        /// How many films.
        films: u64,
        /// For how many seconds they have to stay unchanged.
        wait_secs: f64,
    },
    /// A folder or file of the library can't be read, and is skipped.
    Unreadable {
        /// The folder or file.
        #[serde(flatten)]
        path: PathDocument,
        /// The reason.
        reason: String,
    },
    /// An interrupted job was recovered.
    Recovered {
        /// The ID of the job.
        job: String,
        /// The job's film.
        #[serde(flatten)]
        path: PathDocument,
        /// The codes of the recovery's actions.
        actions: Vec<String>,
    },
    /// A film is surveyed before its encode: all of it is read.
    Surveying {
        /// The film.
        #[serde(flatten)]
        path: PathDocument,
    },
    /// A film was surveyed.
    Surveyed {
        /// The film.
        #[serde(flatten)]
        path: PathDocument,
    },
    /// Short windows of a film are encoded and scored before the film is.
    Sampling {
        /// The film.
        #[serde(flatten)]
        path: PathDocument,
        /// With which settings, as text for users.
        settings: String,
        /// How many windows.
        windows: usize,
    },
    /// A film was sampled.
    Sampled {
        /// The film.
        #[serde(flatten)]
        path: PathDocument,
    },
    /// A film is left alone.
    Skipped {
        /// The film.
        #[serde(flatten)]
        path: PathDocument,
        /// The code of the gate that stops it.
        code: String,
        /// The reason, as text for users.
        text: String,
    },
    /// An encode starts.
    Started {
        /// The ID of the job.
        job: String,
        /// The film.
        #[serde(flatten)]
        path: PathDocument,
        /// The encoder's settings, as text.
        settings: String,
        /// The film's number of frames, if the plan knows it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        frames: Option<u64>,
        /// The codes of what the result will lack.
        losses: Vec<String>,
    },
    /// An encode made progress.
    Progressed {
        /// The ID of the job.
        job: String,
        /// Frames encoded so far.
        frame: u64,
        /// Encoding speed in frames per second, if ffmpeg reports it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        fps: Option<f64>,
        /// Encoding speed in seconds of film per second, if ffmpeg reports it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        speed: Option<f64>,
        /// Seconds of the film written so far, if ffmpeg reports it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        out_secs: Option<f64>,
        /// Bytes written so far, if ffmpeg reports it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        size: Option<u64>,
    },
    /// A result is being checked or put in place.
    Judging {
        /// The ID of the job.
        job: String,
        /// The current check: `contract`, `decode` or `picture`.
        check: String,
    },
    /// The attempt on a film ended, in success or not.
    Finished {
        /// The ID of the job; absent if the attempt ended before it became a job.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        job: Option<String>,
        /// The film.
        #[serde(flatten)]
        path: PathDocument,
        /// The code of the outcome.
        code: String,
        /// The outcome, as text for users.
        text: String,
        /// Whether the attempt failed.
        failed: bool,
        /// What a user can do about it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        hint: Option<String>,
        /// Size of the original in bytes, if there was a result.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        size_before: Option<u64>,
        /// Size of the result in bytes, if there was one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        size_after: Option<u64>,
        /// The path of the result, if it replaced the film.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        replaced_by: Option<PathDocument>,
    },
    /// A problem that doesn't end an attempt; the work goes on.
    Warning {
        /// The path that the problem is about.
        #[serde(flatten)]
        path: PathDocument,
        /// The problem, as text for users.
        message: String,
    },
    /// The subscriber was too slow, so events were left out here.
    Lagged {
        /// How many events.
        missed: u64,
    },
    /// An event that only a newer daemon knows.
    #[serde(other)]
    Unknown,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

impl From<&Event> for EventDocument {
    fn from(event: &Event) -> Self {
        match event {
            Event::Scanned { films, stopped, passed_over } => Self::Scanned {
                films: *films as u64,
                stopped: stopped.iter().map(|(code, count)| ((*code).to_owned(), *count as u64)).collect(),
                ignored: passed_over
                    .folders
                    .iter()
                    .map(|(name, count)| (name.clone(), *count as u64))
                    .collect(),
                links: passed_over.links as u64,
            },
            Event::Settling { films, wait } => {
                Self::Settling { films: *films as u64, wait_secs: wait.as_secs_f64() }
            }
            Event::Unreadable { path, reason } => {
                Self::Unreadable { path: path_document(path), reason: reason.clone() }
            }
            Event::Recovered(Recovered { job, film, actions, .. }) => {
                let codes = actions.iter().map(|action| <&str>::from(*action).to_owned());
                Self::Recovered { job: job.clone(), path: path_document(film), actions: codes.collect() }
            }
            Event::Surveying { path } => Self::Surveying { path: path_document(path) },
            Event::Surveyed { path, .. } => Self::Surveyed { path: path_document(path) },
            Event::Sampling { path, settings, windows } => {
                Self::Sampling { path: path_document(path), settings: settings.clone(), windows: *windows }
            }
            Event::Sampled { path, .. } => Self::Sampled { path: path_document(path) },
            Event::Skipped { path, reason } => Self::Skipped {
                path: path_document(path),
                code: reason.code().to_owned(),
                text: reason.to_string(),
            },
            Event::Started { job, path, plan } => Self::Started {
                job: job.clone(),
                path: path_document(path),
                settings: plan.video.settings.to_string(),
                frames: plan.video.frames,
                losses: plan.losses.iter().map(|loss| loss.kind.code().to_owned()).collect(),
            },
            Event::Progressed { job, progress } => progressed(job, progress),
            Event::Judging { job, check } => {
                Self::Judging { job: job.clone(), check: <&str>::from(check).to_owned() }
            }
            Event::Finished { job, path, outcome } => finished(job.clone(), path, outcome),
            Event::Warning { path, message } => {
                Self::Warning { path: path_document(path), message: message.clone() }
            }
        }
    }
}

fn progressed(job: &str, progress: &Progress) -> EventDocument {
    let Progress { frame, fps, out_time, total_size, speed, .. } = *progress;
    let out_secs = out_time.map(|time| time.as_secs_f64());
    EventDocument::Progressed { job: job.to_owned(), frame, fps, speed, out_secs, size: total_size }
}

fn finished(job: Option<String>, path: &Path, outcome: &Outcome) -> EventDocument {
    let (size_before, size_after, replaced_by) = match outcome {
        Outcome::Replaced { path, before, after } => (Some(*before), Some(*after), Some(path_document(path))),
        Outcome::TooBig { before, after, .. } => (Some(*before), Some(*after), None),
        _ => (None, None, None),
    };
    EventDocument::Finished {
        job,
        path: path_document(path),
        code: outcome.code().to_owned(),
        text: outcome.to_string(),
        failed: outcome.is_failure(),
        hint: outcome.hint().map(str::to_owned),
        size_before,
        size_after,
        replaced_by,
    }
}

#[cfg(test)]
mod tests;
