//! The decisions of the daemon: takes an input, returns effects. It does no I/O, starts no task and never waits, so
//! tests can drive it with plain data.
//!
//! What to do next with a film is decided by [`FilmEntry::next`](crate::state::index::FilmEntry::next), and when an
//! encode may start by [`Admission`]. The other rules are in `walk` (results of walks), `work` (results of probes and
//! encodes) and `answer` (user requests).

use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use av1plan::Toolchain;
use av1plan::explain::Seconds;
use av1plan::plan::Encoder;
use jiff::Timestamp;

use super::activity::Activity;
use super::admission::{Admission, wants_reading};
use super::catalog::{Catalog, Moment};
use super::effect::Effect;
use super::films::Films;
use super::input::{Input, Now};
use super::keeper::Written;
use super::roots::Roots;
use super::round::Round;
use super::tally::{Summary, Tally};
use super::tasks::{Doing, Tasks};
use crate::pipeline::event::Event;
use crate::settings::Settings;
use crate::state::index::{FILE_NAME, Fingerprint};
use crate::sys::waits::NAMED_AFTER;

/// The interval between two heartbeats while some task waits for a disk, so that a disk that hangs is reported
/// soon.
const WAITING_BEAT: Duration = Duration::from_secs(5);

/// How long a daemon runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Run {
    /// For one pass, which waits once for films to become stable.
    OnePass,
    /// Until it is stopped.
    Forever,
}

/// What decisions depend on and what rarely changes.
#[derive(Debug, Clone)]
pub(super) struct Context {
    pub(super) settings: Arc<Settings>,
    pub(super) toolchain: Toolchain,
    pub(super) run: Run,
    pub(super) started: Timestamp,
    /// The number of cores that the daemon may use.
    pub(super) cores: NonZeroUsize,
}

/// When the next periodic actions are due.
#[derive(Debug, Default)]
pub(super) struct Timers {
    /// The next round over the library.
    pub(super) walk: Option<Instant>,
    /// The next check of films that have to become stable.
    pub(super) look: Option<Instant>,
    /// The next heartbeat.
    pub(super) beat: Option<Instant>,
}

/// The state that decisions are made from.
#[derive(Debug)]
pub(super) struct Dispatcher {
    pub(super) context: Context,
    pub(super) catalog: Catalog,
    pub(super) activity: Activity,
    pub(super) admission: Admission,
    pub(super) films: Films,
    pub(super) tasks: Tasks,
    /// The result of the last walk of each root.
    pub(super) roots: Roots,
    pub(super) round: Round,
    pub(super) timers: Timers,
    pub(super) tally: Tally,
    pub(super) fingerprint: Fingerprint,
    /// Counts how often the config has been reloaded. Results of tasks from an earlier generation are discarded.
    pub(super) generation: u64,
    /// Whether a job may be unfinished, because its folder was gone or a disk didn't answer.
    pub(super) may_be_open: bool,
    /// Since when encodes have been waiting for outstanding probes.
    pub(super) probing_since: Option<Instant>,
    /// When to check again whether the state folder's disk has free space; `None` if it wasn't full at the last
    /// check.
    pub(super) state_disk_full: Option<Instant>,
    /// The encoder that was asked for its version, and its reply.
    pub(super) encoder_version: Option<(Encoder, String)>,
    /// Whether the daemon was asked to stop.
    pub(super) is_stopping: bool,
    /// Whether the run has ended.
    is_over: bool,
    /// The time of the current input.
    pub(super) now: Now,
    /// Effects of the current input.
    outbox: Vec<Effect>,
}

impl Dispatcher {
    /// Creates a dispatcher whose first tick begins a round.
    pub(super) fn new(context: Context, catalog: Catalog, activity: Activity, now: Now) -> Self {
        Self {
            fingerprint: Fingerprint::of_planning(&context.settings.policy, &context.toolchain),
            films: Films::new(context.settings.queue_order),
            context,
            catalog,
            activity,
            admission: Admission::default(),
            tasks: Tasks::default(),
            roots: Roots::default(),
            round: Round::default(),
            timers: Timers { walk: Some(now.here), look: None, beat: Some(now.here) },
            tally: Tally::default(),
            generation: 0,
            may_be_open: true,
            probing_since: None,
            state_disk_full: None,
            encoder_version: None,
            is_stopping: false,
            is_over: false,
            now,
            outbox: Vec::new(),
        }
    }

    /// Handles an input and returns the effects to carry out.
    pub(super) fn handle(&mut self, input: Input, now: Now) -> Vec<Effect> {
        self.now = now;
        match input {
            Input::Tick => self.tick(),
            Input::Stop => self.stop(),
            Input::Event(event) => {
                self.activity.note(&event, self.now.timestamp());
                if let Event::Surveyed { path, identity, text } | Event::Sampled { path, identity, text } =
                    &event
                {
                    self.catalog.keep_examination(path, identity, text);
                }
                self.publish(event);
            }
            Input::Read(texts) => self.read(texts),
            Input::Probed(probed) => self.probed(probed),
            Input::Explained(explained) => self.explained(explained),
            Input::LookedAgain(looked) => self.looked(looked),
            Input::Encoded(encoded) => self.encoded(encoded),
            Input::Listed(listed) => self.listed(listed),
            Input::Tidied(tidied) => self.tidied(&tidied),
            Input::Walked(walked) => self.walked(walked),
            Input::Written(written) => self.written(written),
            Input::Called(call) => self.answer(call),
            Input::CarriedOut(carried_out) => self.carried_out(carried_out),
            Input::Signal(signal) => self.signalled(signal),
            Input::Reloaded(read) => self.reloaded(*read),
            Input::Machine { reading, cores } => {
                self.context.cores = cores;
                if let Some(reading) = reading {
                    self.admission.take_in(self.now.here, reading);
                }
            }
            Input::EncoderVersion(encoder, version) => self.encoder_version = Some((encoder, version)),
            Input::Lost { task, reason } => self.lost(task, reason),
        }
        // Index writes come before tasks that may read from the index.
        self.write();
        if !(self.is_stopping || self.is_over) {
            self.begin();
        }
        self.write();
        std::mem::take(&mut self.outbox)
    }

    /// Queues the catalog's pending writes to the index.
    fn write(&mut self) {
        self.outbox.extend(self.catalog.take_writes().into_iter().map(Effect::Write));
    }

    /// Ends the run: no task is started any more, only the remaining events are handled.
    pub(super) fn end_run(&mut self) {
        self.is_over = true;
        self.catalog.flush();
    }

    /// When the next tick is due.
    pub(super) fn next_tick(&self) -> Option<Instant> {
        let walk = self.timers.walk.filter(|_| !self.is_stopping && self.round.is_resting());
        let look = self.timers.look.filter(|_| !self.is_stopping);
        [walk, look, self.timers.beat, self.round.deadline()].into_iter().flatten().min()
    }

    fn tick(&mut self) {
        let is_due = |at: Option<Instant>| at.is_some_and(|at| at <= self.now.here);
        let (beat, deadline) = (is_due(self.timers.beat), is_due(self.round.deadline()));
        let may_begin = !(self.is_stopping || self.is_over);
        let walk = is_due(self.timers.walk) && may_begin;
        let look = is_due(self.timers.look) && may_begin;
        if beat {
            self.beat();
        }
        if deadline {
            self.round_is_late();
        }
        if walk && self.round.is_resting() {
            self.walk();
        }
        if look {
            self.look_again();
        }
    }

    fn stop(&mut self) {
        self.is_stopping = true;
        self.put(Effect::AbortProbes);
        self.beat();
    }

    /// Whether this run is complete.
    pub(super) fn is_done(&self) -> bool {
        let is_one_pass = self.context.run == Run::OnePass;
        self.is_idle() && (self.is_stopping || (is_one_pass && self.has_nothing_to_do()))
    }

    /// Whether no task runs that has to be waited for. A daemon that stops doesn't wait for tasks that only read.
    fn is_idle(&self) -> bool {
        let counts = |doings: &[Doing]| doings.iter().any(|doing| self.tasks.count(*doing) > 0);
        let works = counts(&[Doing::Probe, Doing::Encode, Doing::Tidy]);
        let looks = self.context.run == Run::OnePass
            && (!self.round.is_resting()
                || self.tasks.is_walking()
                || counts(&[Doing::Look, Doing::Read, Doing::Explain]));
        !works && (self.is_stopping || !looks)
    }

    fn has_nothing_to_do(&self) -> bool {
        self.timers.walk.is_none()
            && self.timers.look.is_none()
            && self.films.are_planned()
            && self.films.to_explain.is_empty()
            && (self.films.to_encode.is_empty() || self.state_disk_full.is_some())
    }

    /// The totals of the run.
    pub(super) fn summary(&self) -> Summary {
        let mut summary = self.tally.summary;
        summary.stopped = self.is_stopping;
        summary.skipped += self.roots.passed_over();
        if self.state_disk_full.is_some() {
            summary.failed += self.films.to_encode.len();
        }
        summary
    }

    /// Queues an effect.
    pub(super) fn put(&mut self, effect: Effect) {
        self.outbox.push(effect);
    }

    /// Publishes an event to all subscribers.
    pub(super) fn publish(&mut self, event: Event) {
        self.put(Effect::PublishEvent(event));
    }

    /// The heartbeat: publishes the status, checks the active hours, and has the machine's load measured.
    pub(super) fn beat(&mut self) {
        self.report_unanswered();
        let settings = Arc::clone(&self.context.settings);
        let beat = self.admission.beat(&settings, &self.now.wall);
        self.hold();
        if wants_reading(&settings) {
            self.put(Effect::ReadMachine);
        }
        let beat = if self.now.is_waiting { beat.min(WAITING_BEAT) } else { beat };
        self.timers.beat = Some(self.now.here + beat);
        let status = Box::new(self.status());
        self.put(Effect::PublishStatus(status));
    }

    /// Pauses or resumes running encodes if that changed.
    pub(super) fn hold(&mut self) {
        if let Some(holds) = self.admission.take_change(&self.context.settings) {
            self.put(Effect::Hold(holds));
        }
    }

    /// Warns about disks that hang, and reports when they answer again.
    fn report_unanswered(&mut self) {
        let now: BTreeSet<PathBuf> = self.now.hanging.keys().cloned().collect();
        let before = std::mem::replace(&mut self.tally.unanswered, now.clone());
        for path in now.difference(&before) {
            let time = Seconds::from(NAMED_AFTER);
            let message = format!("its disk hasn't answered for {time}; all else goes on without it");
            self.publish(Event::Warning { path: path.clone(), message });
        }
        for path in before.difference(&now) {
            let message = "its disk answers again".to_owned();
            self.publish(Event::Warning { path: path.clone(), message });
        }
    }

    /// Reports that a path can't be read, unless the same was reported already.
    pub(super) fn report_unreadable_once(&mut self, path: PathBuf, reason: String) {
        if self.tally.is_news(&path, &reason) {
            self.publish(Event::Unreadable { path, reason });
        }
    }

    /// Publishes a warning about a path, unless the same was published already.
    pub(super) fn warn_once(&mut self, path: &Path, message: String) {
        if self.tally.is_news(path, &message) {
            self.publish(Event::Warning { path: path.to_owned(), message });
        }
    }

    fn written(&mut self, written: Option<Written>) {
        let Some(written) = written else {
            let path = self.context.settings.job_state_dir.join(FILE_NAME);
            let message = "the thread that writes the index is gone, which is a defect of av1d: what isn't remembered is done again \
                           after a restart";
            self.catalog.writer_is_gone();
            return self.warn_once(&path, message.to_owned());
        };
        if let Err(error) = self.catalog.has_written(written) {
            // The daemon continues. Whatever isn't in the index is done again after a restart.
            let path = self.context.settings.job_state_dir.join(FILE_NAME);
            let message =
                format!("the index can't be written, so that a restart will look at films again: {error}");
            self.warn_once(&path, message);
        }
    }

    /// The time of the current input, for the catalog.
    pub(super) fn moment(&self) -> Moment {
        Moment { wall: self.now.timestamp(), here: self.now.here }
    }

    /// Notes that work on a film has ended. What a walk that is still running says about the film is outdated then.
    pub(super) fn leave(&mut self, film: &Path) {
        self.tasks.end(film);
        self.films.leave(film, self.now.here);
    }
}

#[cfg(test)]
mod scene;
#[cfg(test)]
mod tests;
