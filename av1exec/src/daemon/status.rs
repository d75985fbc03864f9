//! Builds the status that clients, metrics and the dashboard see.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use super::dispatcher::Dispatcher;
use super::tasks::Doing;
use crate::serve::status::{RunningJob, Stage, State, Status, Unanswered};
use crate::state::code::Meaning;
use crate::sys::path::path_document;

impl Dispatcher {
    /// The current status.
    pub(super) fn status(&self) -> Status {
        let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
        let state = match self.admission.state() {
            _ if self.is_stopping => State::Stopping,
            State::Running if self.state_disk_full.is_some() => State::StateDiskFull,
            state => state,
        };
        let (settings, toolchain) = (&self.context.settings, &self.context.toolchain);
        let encoder = toolchain.choose(settings.policy.prefer_encoder);
        // After a reload the encoder may be another than the one that was asked for its version.
        let encoder_version = self.encoder_version.as_ref().filter(|(asked, _)| *asked == encoder);
        let running = self.activity.running.values().cloned().map(|running| self.shown(running));
        Status {
            state,
            pid: std::process::id(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            started: self.context.started,
            ffmpeg: toolchain.version().to_string(),
            encoder: encoder.ffmpeg_name().to_owned(),
            encoder_version: encoder_version.map(|(_, version)| version.clone()),
            roots: settings.library_roots.iter().map(|root| path_document(root)).collect(),
            last_scan: self.activity.last_scan,
            films: self.films_by_code(),
            queued: count(self.films.to_encode.len()),
            settling: count(self.films.settling.len()),
            running: running.collect(),
            totals: self.activity.totals.clone(),
            unanswered: self.unanswered_now(),
        }
    }

    fn unanswered_now(&self) -> Vec<Unanswered> {
        let hanging = self.now.hanging.iter();
        let document = |(path, waited): (&PathBuf, &Duration)| Unanswered {
            path: path_document(path),
            secs: waited.as_secs(),
        };
        hanging.map(document).collect()
    }

    fn shown(&self, running: RunningJob) -> RunningJob {
        let holds = self.admission.holds() && running.stage == Stage::Encoding;
        RunningJob { stage: if holds { Stage::Paused } else { running.stage }, ..running }
    }

    /// Counts the films of the last walk by code.
    fn films_by_code(&self) -> BTreeMap<String, u64> {
        let mut films: BTreeMap<String, u64> = BTreeMap::new();
        let mut add = |code: &str, count: usize| {
            if count > 0 {
                *films.entry(code.to_owned()).or_default() += u64::try_from(count).unwrap_or(u64::MAX);
            }
        };
        for (code, count) in &self.films.stopped {
            add(code, *count);
        }
        add("queued", self.films.to_encode.len());
        add("settling", self.films.settling.len());
        add("running", self.tasks.count(Doing::Encode));
        for path in &self.films.present {
            let Some(last) = self.catalog.last_outcome(path) else { continue };
            match last.meaning() {
                // These are counted by the queue that they are in.
                Meaning::Wanted => {}
                meaning => add(meaning.word().unwrap_or(&last.code), 1),
            }
        }
        films
    }
}
