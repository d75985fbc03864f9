//! What happens, as plain data, to be shown or logged.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use av1plan::{EncodePlan, SkipReason};
use strum::IntoStaticStr;
use tokio::sync::mpsc;

use crate::library::passed_over::PassedOver;
use crate::replace::recover::Recovered;
use crate::state::outcome::Outcome;
use crate::sys::disk::Identity;
use av1plan::judge::Progress;
use av1plan::probe::ProbeText;

/// An event.
#[derive(Debug, Clone)]
pub enum Event {
    /// A scan of the roots ended.
    Scanned {
        /// How many films were found.
        films: usize,
        /// How many of them each cheap gate (one that needs no ffprobe) stopped, by the gate's code.
        stopped: BTreeMap<&'static str, usize>,
        /// What was passed over on purpose.
        passed_over: PassedOver,
    },
    /// Films are watched until their files are stable.
    Settling {
        /// How many films.
        films: usize,
        /// How long they have to stay unchanged.
        wait: Duration,
    },
    /// A folder or file of the library can't be read, and is skipped.
    Unreadable {
        /// The folder or file.
        path: PathBuf,
        /// The reason.
        reason: String,
    },
    /// An interrupted job was recovered.
    Recovered(Recovered),
    /// A film is surveyed, which takes as long as reading it.
    Surveying {
        /// The film.
        path: PathBuf,
    },
    /// A film was surveyed.
    Surveyed {
        /// The film.
        path: PathBuf,
        /// The identity of the file that was surveyed.
        identity: Identity,
        /// ffprobe's output and the survey, to be stored.
        text: Box<ProbeText>,
    },
    /// Short windows of a film are encoded and scored.
    Sampling {
        /// The film.
        path: PathBuf,
        /// With which settings, in words.
        settings: String,
        /// How many windows.
        windows: usize,
    },
    /// A film was sampled.
    Sampled {
        /// The film.
        path: PathBuf,
        /// The identity of the file that was sampled.
        identity: Identity,
        /// ffprobe's output, the survey and the samples, to be stored.
        text: Box<ProbeText>,
    },
    /// A film is left alone.
    Skipped {
        /// The film.
        path: PathBuf,
        /// The reason.
        reason: SkipReason,
    },
    /// An encode starts.
    Started {
        /// The ID of the job.
        job: String,
        /// The film.
        path: PathBuf,
        /// The plan of the encode.
        plan: Box<EncodePlan>,
    },
    /// An encode made progress.
    Progressed {
        /// The ID of the job.
        job: String,
        /// The progress that ffmpeg reports.
        progress: Progress,
    },
    /// A result is being checked or put in place.
    Judging {
        /// The ID of the job.
        job: String,
        /// The current check.
        check: Check,
    },
    /// The attempt on a film ended, in success or not.
    Finished {
        /// The ID of the job; `None` if the attempt ended before it became a job.
        job: Option<String>,
        /// The film.
        path: PathBuf,
        /// The outcome.
        outcome: Outcome,
    },
    /// A problem that doesn't end an attempt; the work goes on.
    Warning {
        /// The path that the problem is about.
        path: PathBuf,
        /// The problem, as text for users.
        message: String,
    },
}

/// A check of a result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
pub enum Check {
    /// Whether a few seconds of the film can be encoded.
    Preflight,
    /// Its streams, packets and timestamps.
    Contract,
    /// Whether the whole result can be decoded.
    Decode {
        /// The percentage done; `None` if the film's duration is unknown.
        percent: Option<u8>,
    },
    /// Whether its pictures match those of the source.
    Picture,
}

/// Sends events; cheap to clone. Sending never waits, and works without a receiver.
#[derive(Debug, Clone)]
pub struct Events(mpsc::UnboundedSender<Event>);

impl Events {
    /// Creates a sender and its receiver.
    pub fn channel() -> (Self, mpsc::UnboundedReceiver<Event>) {
        let (sender, receiver) = mpsc::unbounded_channel();
        (Self(sender), receiver)
    }

    /// Sends the recovery of a job, after a warning if it failed.
    pub fn recovered(&self, recovered: Recovered) {
        if let Some(message) = recovered.failure.clone() {
            self.send(Event::Warning { path: recovered.film.clone(), message });
        }
        self.send(Event::Recovered(recovered));
    }

    /// Sends an event.
    pub fn send(&self, event: Event) {
        drop(self.0.send(event));
    }
}
