//! What happens, as plain data, for whoever wants to show or log it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use av1plan::{EncodePlan, SkipReason};
use strum::IntoStaticStr;
use tokio::sync::mpsc;

use crate::replace::recover::Recovered;
use crate::state::outcome::Outcome;
use av1plan::judge::Progress;

/// One thing that happened.
#[derive(Debug, Clone)]
pub enum Event {
    /// A scan of the roots ended.
    Scanned {
        /// How many films were seen.
        films: usize,
        /// How many of them a cheap gate stopped, by its code.
        stopped: BTreeMap<&'static str, usize>,
    },
    /// Files are watched until they have held still.
    Settling {
        /// How many.
        films: usize,
        /// For how long.
        wait: Duration,
    },
    /// Something in a library can't be read; it is passed over.
    Unreadable {
        /// Which folder or file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// What a job that was cut off had left behind was tidied up.
    Recovered(Recovered),
    /// A film is left alone.
    Skipped {
        /// Which.
        path: PathBuf,
        /// Why.
        reason: SkipReason,
    },
    /// An encode starts.
    Started {
        /// The job.
        job: String,
        /// Which film.
        path: PathBuf,
        /// What will be done.
        plan: Box<EncodePlan>,
    },
    /// An encode goes on.
    Progressed {
        /// The job.
        job: String,
        /// How far it is.
        progress: Progress,
    },
    /// A result is being checked and put in place.
    Judging {
        /// The job.
        job: String,
        /// What is looked at now.
        check: Check,
    },
    /// A film is done, one way or another.
    Finished {
        /// The job; nothing where it never became one.
        job: Option<String>,
        /// Which film.
        path: PathBuf,
        /// How it ended.
        outcome: Outcome,
    },
    /// Something beside the films went wrong; work goes on.
    Warning {
        /// On which path.
        path: PathBuf,
        /// What.
        message: String,
    },
}

/// What of a result is being looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
pub enum Check {
    /// Its streams, packets and times.
    Contract,
    /// Whether all of it decodes.
    Decode {
        /// How far that is; nothing where nobody knows how long the film is.
        percent: Option<u8>,
    },
    /// Whether it shows what the source shows.
    Picture,
}

/// Where events go. Cloned freely; sending never waits, and nobody listening is no error.
#[derive(Debug, Clone)]
pub struct Events(mpsc::UnboundedSender<Event>);

impl Events {
    /// A sender and its receiver.
    pub fn channel() -> (Self, mpsc::UnboundedReceiver<Event>) {
        let (sender, receiver) = mpsc::unbounded_channel();
        (Self(sender), receiver)
    }

    /// Tells what became of a job that was cut off, and what of it needs a person.
    pub fn recovered(&self, recovered: Recovered) {
        if let Some(message) = recovered.failure.clone() {
            self.send(Event::Warning { path: recovered.film.clone(), message });
        }
        self.send(Event::Recovered(recovered));
    }

    /// Tells whoever listens.
    pub fn send(&self, event: Event) {
        drop(self.0.send(event));
    }
}
