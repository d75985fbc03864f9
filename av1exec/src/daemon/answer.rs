//! What a person asks of a running daemon, by the control socket or by signals.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Daemon;
use super::asked::Word;
use super::work::fingerprint;
use crate::daemon::signal::UserSignal;
use crate::pipeline::event::Event;
use crate::serve::control::protocol::{Refusal, RefusalCode, Reply, Request};
use crate::serve::control::server::Call;
use crate::serve::status::{RunningJob, Stage, State, Status, Unanswered};
use crate::settings::{Settings, Takes, differences};
use crate::state::index::WANTED;
use crate::sys::failure::Failure;
use crate::sys::path::path_document;
use crate::sys::sanitize::display;
use crate::sys::waits::{Care, NAMED_AFTER, Wait};

impl Daemon {
    pub(super) fn answer(&mut self, call: Call) {
        let Call { request, reply } = call;
        let word = match &request {
            Request::Skip(_) => Some(Word::Skip),
            Request::Unskip { foreign, .. } => Some(Word::Unskip(*foreign)),
            _ => None,
        };
        if let Some((word, path)) = word.zip(request.path()) {
            return self.carry_out_beside(word, &path, reply);
        }
        let answer = self.carry_out(&request).unwrap_or_else(Reply::Refused);
        // That the client has left is no error.
        drop(reply.send(answer));
    }

    fn carry_out(&mut self, request: &Request) -> Result<Reply, Refusal> {
        let path = request.path();
        Ok(match (request, path.as_deref()) {
            (Request::Status | Request::Subscribe, _) => Reply::Status(Box::new(self.status())),
            (Request::Pause, _) => {
                self.pause(true);
                Reply::done(format!("paused; {} encode(s) hold still", self.encoding.len()))
            }
            (Request::Resume, _) => {
                self.pause(false);
                Reply::done("work goes on")
            }
            (Request::Scan, _) => {
                self.scan_now();
                Reply::done("the library is looked at now")
            }
            (Request::Cancel { job }, _) => self.cancel(job)?,
            (Request::Retry(_), Some(path)) => self.retry(path)?,
            // Those that name a path were taken already, but for this one.
            (Request::Retry(_) | Request::Skip(_) | Request::Unskip { .. }, _) => {
                return Err(Refusal::new(RefusalCode::InvalidPath, "`path` is no absolute path"));
            }
        })
    }

    fn pause(&mut self, paused: bool) {
        let settings = Arc::clone(&self.pipeline.settings);
        self.admission.set_paused(paused, &settings);
        self.beat();
    }

    pub(super) fn scan_now(&mut self) {
        self.next_walk = Some(Instant::now());
    }

    fn cancel(&mut self, job: &str) -> Result<Reply, Refusal> {
        let running = self.activity.running.get(job);
        let film = running.map(|running| crate::sys::path::path_of(&running.path));
        let switch = film.as_ref().and_then(|film| self.busy.get(film)).and_then(Option::as_ref);
        let Some((film, switch)) = film.as_ref().zip(switch) else {
            return Err(Refusal::new(RefusalCode::NoSuchJob, format!("no job {job} runs"))
                .hint("`av1cli status` lists those that do"));
        };
        switch.stop();
        Ok(Reply::done(format!("the encode of {} is ended; the original is untouched", display(film))))
    }

    /// Ends the encodes of a film, or of all below a folder.
    pub(super) fn cancel_below(&self, path: &Path) {
        let below = self.busy.iter().filter(|(film, _)| film.starts_with(path));
        for switch in below.filter_map(|(_, switch)| switch.as_ref()) {
            switch.stop();
        }
    }

    fn retry(&mut self, path: &Path) -> Result<Reply, Refusal> {
        if self.busy.contains_key(path) {
            return Ok(Reply::done(format!("{} is being worked on", display(path))));
        }
        if !self.catalog.forget(path) {
            let text = format!("nothing is known of {}", display(path));
            return Err(Refusal::new(RefusalCode::NoSuchFilm, text)
                .hint("name a film of the library by its whole path; new ones are found by themselves"));
        }
        self.catalog.flush();
        self.scan_now();
        Ok(Reply::done(format!("{} is looked at again", display(path))))
    }

    pub(super) fn signalled(&mut self, signal: UserSignal) {
        match signal {
            UserSignal::Scan => self.scan_now(),
            UserSignal::Reload if self.reloading.is_some() => self.reload_again = true,
            UserSignal::Reload => {
                let (reload, wait) = (Arc::clone(&self.lines.reload), self.wait_for_state());
                self.reloading = Some(tokio::task::spawn_blocking(move || {
                    let _wait = wait;
                    reload()
                }));
            }
        }
    }

    /// Takes in the config that was read again.
    pub(super) fn reloaded(&mut self, read: Option<Result<Settings, Failure>>) {
        match read {
            Some(Ok(settings)) => self.take_over(settings),
            Some(Err(failure)) => {
                let path = self.pipeline.settings.job_state_dir.clone();
                let message = format!(
                    "the config can't be read, and the old one stays: {}",
                    failure.lines().join("; ")
                );
                self.tell(Event::Warning { path, message });
            }
            // Reading it panicked, which is a defect of ours; the old one stays.
            None => {}
        }
        if std::mem::take(&mut self.reload_again) {
            self.signalled(UserSignal::Reload);
        }
    }

    /// Notes that somebody waits for the state folder.
    pub(super) fn wait_for_state(&self) -> Wait {
        self.pipeline.waits.begin(&self.pipeline.settings.job_state_dir, Care::Free)
    }

    /// Goes by another config from now on; encodes that run keep theirs.
    fn take_over(&mut self, new: Settings) {
        let old = Arc::clone(&self.pipeline.settings);
        let mut waiting = Vec::new();
        for difference in differences(&old, &new) {
            if difference.takes == Takes::AtRestart {
                waiting.push(difference.key);
            }
        }
        let message = if waiting.is_empty() {
            "the config was read again".to_owned()
        } else {
            format!("the config was read again; a restart is needed for {}", waiting.join(", "))
        };
        let path = old.job_state_dir.clone();
        let held = Settings {
            job_state_dir: old.job_state_dir.clone(),
            ffmpeg: old.ffmpeg.clone(),
            ffprobe: old.ffprobe.clone(),
            metrics_listen: old.metrics_listen,
            ..new
        };
        self.to_plan.clear();
        for (film, ..) in std::mem::take(&mut self.to_explain) {
            self.busy.remove(&film.path);
        }
        self.settling.clear();
        self.next_look = None;
        // What is under way goes by the old config.
        self.generation += 1;
        self.round.give_up();
        self.to_probe = super::Queue::new(held.queue_order);
        self.to_encode = super::Queue::new(held.queue_order);
        self.pipeline.settings = Arc::new(held);
        self.fingerprint = fingerprint(&self.pipeline);
        self.tell(Event::Warning { path, message });
        self.scan_now();
        self.beat();
    }

    /// What is being done, at this moment.
    pub(super) fn status(&self) -> Status {
        let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
        let state = match self.admission.state() {
            _ if self.pipeline.stop.is_asked() => State::Stopping,
            State::Running if self.state_disk_full.is_some() => State::StateDiskFull,
            state => state,
        };
        let (settings, toolchain) = (&self.pipeline.settings, &self.pipeline.tools.toolchain);
        let encoder = toolchain.choose(settings.policy.prefer_encoder);
        // Another config may want another encoder than the one that was asked.
        let encoder_version = self.encoder_version.get().filter(|(asked, _)| *asked == encoder);
        let running = self.activity.running.values().cloned().map(|running| self.shown(running));
        Status {
            state,
            pid: std::process::id(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            started: self.started,
            ffmpeg: toolchain.version().to_string(),
            encoder: encoder.ffmpeg_name().to_owned(),
            encoder_version: encoder_version.map(|(_, version)| version.clone()),
            roots: settings.library_roots.iter().map(|root| path_document(root)).collect(),
            last_scan: self.activity.last_scan,
            films: self.films(),
            queued: count(self.to_encode.len()),
            settling: count(self.settling.len()),
            running: running.collect(),
            totals: self.activity.totals.clone(),
            unanswered: self.unanswered_now(),
        }
    }

    fn unanswered_now(&self) -> Vec<Unanswered> {
        let hanging = self.pipeline.waits.longer_than(NAMED_AFTER).into_iter();
        let document = |(path, waited): (PathBuf, Duration)| Unanswered {
            path: path_document(&path),
            secs: waited.as_secs(),
        };
        hanging.map(document).collect()
    }

    fn shown(&self, running: RunningJob) -> RunningJob {
        let holds = self.admission.holds() && running.stage == Stage::Encoding;
        RunningJob { stage: if holds { Stage::Paused } else { running.stage }, ..running }
    }

    /// How many films of the last walk are what.
    fn films(&self) -> BTreeMap<String, u64> {
        let mut films: BTreeMap<String, u64> = BTreeMap::new();
        let mut add = |code: &str, count: usize| {
            if count > 0 {
                *films.entry(code.to_owned()).or_default() += u64::try_from(count).unwrap_or(u64::MAX);
            }
        };
        for (code, count) in &self.stopped {
            add(code, *count);
        }
        add("queued", self.to_encode.len());
        add("settling", self.settling.len());
        add("running", self.encoding.len());
        for path in &self.present {
            match self.catalog.verdict(path) {
                Some(verdict) if verdict.code == "replaced" => add("done", 1),
                // These are counted where they wait.
                Some(verdict) if verdict.code == WANTED => {}
                Some(verdict) => add(&verdict.code, 1),
                None => {}
            }
        }
        films
    }
}
