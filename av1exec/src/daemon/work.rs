//! What is done with films: probes, plans and encodes, and what is remembered of them.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use av1plan::probe::Stability;
use av1plan::{MediaProbe, SkipReason, Verdict as PlanVerdict};
use jiff::SignedDuration;

use super::dispatcher::Dispatcher;
use super::effect::Effect;
use super::input::{By, Encoded, End, Explained, Probed, Refused, Texts};
use super::tasks::{Doing, Task};
use crate::library::film::Film;
use crate::pipeline::event::Event;
use crate::pipeline::look::{Looked, refused_loss};
use crate::serve::status::RunningJob;
use crate::state::code::WANTED;
use crate::state::index::{Fingerprint, RetryAfter, Verdict, remember};
use crate::state::outcome::Outcome;
use crate::sys::names;
use crate::sys::path::path_of;

/// How many films are planned before anything else gets its turn: a hundred take about a millisecond.
const PLANS_AT_ONCE: usize = 100;

/// How long encodes wait for probes, so that the first film that is taken is the right one.
const PROBE_FIRST: Duration = Duration::from_mins(1);

/// When to look again whether a state folder's full disk has room.
const NEXT_TRY: Duration = Duration::from_secs(5);

/// How long a film rests whose result was too big and that couldn't be marked.
const UNMARKED: SignedDuration = SignedDuration::from_hours(24);

/// How many refusals may be written down at once, each beside its film: some of them may wait for a disk that hangs.
const EXPLAINED_AT_ONCE: usize = 16;

/// Paths whose disk hasn't answered for a while.
struct Hanging(Vec<PathBuf>);

impl Hanging {
    /// Whether one of them is the film's root, in it, or above it, so that nothing more should be begun with the film.
    fn holds_up(&self, film: &Film) -> bool {
        self.0.iter().any(|path| path.starts_with(&film.root) || film.root.starts_with(path))
    }

    /// Whether this path is one of them, or one of them is in it.
    fn holds(&self, path: &Path) -> bool {
        self.0.iter().any(|hanging| hanging.starts_with(path))
    }
}

impl Dispatcher {
    /// Begins as many probes and encodes as may run at once.
    pub(super) fn begin(&mut self) {
        let hanging = Hanging(self.now.hanging.keys().cloned().collect());
        self.begin_probes(&hanging);
        self.begin_encodes(&hanging);
        self.read_some();
        self.explain_some(&hanging);
    }

    fn begin_probes(&mut self, hanging: &Hanging) {
        let most = self.context.settings.probe_jobs.get();
        while self.tasks.count(Doing::Probe) < most && !self.catalog.is_behind() {
            let next = self.films.to_probe.pop_if(|film| !hanging.holds_up(film));
            let Some(film) = next else { break };
            if self.tasks.begin(&film.path, Doing::Probe) {
                self.put(Effect::Probe(film, self.generation));
            }
        }
    }

    fn begin_encodes(&mut self, hanging: &Hanging) {
        while self.knows_what_is_first() {
            // An encode whose disk hangs takes nobody's place.
            let stuck = self.stuck_encodes(hanging);
            let running = self.tasks.count(Doing::Encode).saturating_sub(stuck);
            let is_full = self.state_disk_full.is_some_and(|next_try| self.now.here < next_try);
            let settings = Arc::clone(&self.context.settings);
            let (now, cores) = (self.now.here, self.context.cores);
            if is_full || !self.admission.may_start(&settings, running, now, cores) {
                break;
            }
            let next = self.films.to_encode.pop_if(|film| !hanging.holds_up(film));
            let Some(film) = next else { break };
            if self.tasks.begin(&film.path, Doing::Encode) {
                self.admission.started(now);
                let by = By { generation: self.generation, fingerprint: self.fingerprint };
                self.put(Effect::Encode(film, by));
            }
        }
    }

    /// How many encodes wait for a disk that hangs: that of the film, or that of its result.
    fn stuck_encodes(&self, hanging: &Hanging) -> usize {
        if hanging.0.is_empty() {
            return 0;
        }
        let has_stuck_result = |film: &Path| {
            let jobs = self.activity.running.values().filter(|job| path_of(&job.path) == film);
            jobs.into_iter().any(|job| hanging.holds(&names::temporary(film, &job.job)))
        };
        self.tasks.encodes().filter(|film| hanging.holds(film) || has_stuck_result(film)).count()
    }

    /// Whether the queue is complete, or has been waited for for long enough.
    fn knows_what_is_first(&mut self) -> bool {
        let outstanding = self.tasks.count(Doing::Probe) + self.tasks.count(Doing::Read);
        if outstanding == 0 && self.films.are_planned() {
            self.probing_since = None;
            return true;
        }
        let since = *self.probing_since.get_or_insert(self.now.here);
        self.now.here.duration_since(since) > PROBE_FIRST
    }

    /// Has the index read what ffprobe said of the next films that are to be planned.
    fn read_some(&mut self) {
        while self.tasks.count(Doing::Read) == 0 && !self.films.to_plan.is_empty() {
            let count = self.films.to_plan.len().min(PLANS_AT_ONCE);
            let mut films: Vec<Film> = self.films.to_plan.drain(..count).collect();
            films.retain(|film| self.tasks.begin(&film.path, Doing::Read));
            if !films.is_empty() {
                self.put(Effect::Read(films, self.generation));
            }
        }
    }

    /// Plans films from what ffprobe said of them before.
    pub(super) fn read(&mut self, texts: Texts) {
        for (film, text) in texts.films {
            self.tasks.end(&film.path);
            match text.map(|text| text.parse()) {
                // The walk that goes by the new config was begun, and may have passed it over.
                _ if texts.generation != self.generation => self.scan_now(),
                Some(Ok(probe)) => self.plan(film, probe),
                // What the index kept can't be read; ffprobe says it again.
                Some(Err(_)) | None => self.films.to_probe.push(film),
            }
        }
        self.catalog.flush();
    }

    fn plan(&mut self, film: Film, probe: MediaProbe) {
        let (toolchain, policy) = (&self.context.toolchain, &self.context.settings.policy);
        let verdict = Looked::of(&film, Stability::Stable, probe).plan(toolchain, policy);
        let reason = match &verdict {
            PlanVerdict::Encode(_) => {
                let (code, failures) = (WANTED.to_owned(), self.catalog.failures(&film.path));
                let verdict =
                    Verdict { code, fingerprint: self.fingerprint, retry_after: RetryAfter::Now, failures };
                self.catalog.remember(&film.path, Some(verdict));
                return self.films.to_encode.push(film);
            }
            PlanVerdict::Skip(skip) => skip.reason.clone(),
        };
        if refused_loss(&verdict).is_none() {
            self.skip(&film, reason);
        } else if self.tasks.begin(&film.path, Doing::Refused) {
            self.films.to_explain.push_back(Refused { film, reason, verdict });
        }
    }

    fn skip(&mut self, film: &Film, reason: SkipReason) {
        self.tell(Event::Skipped { path: film.path.clone(), reason: reason.clone() });
        self.end(film, &Outcome::Skipped(reason), None, self.fingerprint);
    }

    /// Has it said beside the next films that are refused why they are; those of a disk that hangs wait for it.
    fn explain_some(&mut self, hanging: &Hanging) {
        while self.tasks.count(Doing::Explain) < EXPLAINED_AT_ONCE {
            let next = self.films.to_explain.iter().position(|refused| !hanging.holds_up(&refused.film));
            let Some(refused) = next.and_then(|next| self.films.to_explain.remove(next)) else { return };
            self.tasks.go_on(&refused.film.path, Doing::Explain);
            self.put(Effect::Explain(Box::new(refused), self.generation));
        }
    }

    /// Takes in that it was said beside a film why it is refused.
    pub(super) fn explained(&mut self, explained: Explained) {
        let Explained { film, reason, generation } = explained;
        self.leave(&film.path);
        if generation != self.generation {
            // The config that holds now may want it, or not have it any more.
            return self.scan_now();
        }
        self.skip(&film, reason);
        if self.films.to_explain.is_empty() {
            self.catalog.flush();
        }
    }

    /// Takes in what came of a probe.
    pub(super) fn probed(&mut self, probed: Probed) {
        let Probed { film, generation, result } = probed;
        self.leave(&film.path);
        match result {
            Ok((text, probe)) => {
                self.catalog.keep_probe(&film.path, text);
                if generation == self.generation {
                    self.plan(film, probe);
                } else {
                    // It may be in no root any more; the walk that goes by the new config may have passed it over.
                    self.scan_now();
                }
            }
            Err(outcome) => {
                let path = film.path.clone();
                self.tell(Event::Finished { job: None, path, outcome: outcome.clone() });
                self.end(&film, &outcome, None, self.fingerprint);
            }
        }
        if self.tasks.count(Doing::Probe) == 0 {
            self.catalog.flush();
        }
    }

    /// Takes in what came of an encode.
    pub(super) fn encoded(&mut self, encoded: Encoded) {
        let Encoded { film, by, end } = encoded;
        match end {
            End::StateDiskFull => {
                self.tasks.end(&film.path);
                self.note_state_disk(true);
                if by.generation == self.generation {
                    self.films.to_encode.push(film);
                } else {
                    // It may be in no root any more; the walk that goes by the new config may have passed it over.
                    self.scan_now();
                }
            }
            End::Attempt { outcome, now } => {
                self.note_state_disk(false);
                self.leave(&film.path);
                if let Outcome::Replaced { path, .. } = &outcome {
                    self.films.leave(path, self.now.here);
                }
                self.may_be_open |= !matches!(outcome, Outcome::Replaced { .. });
                self.end(&film, &outcome, now.as_deref(), by.fingerprint);
                if by.generation != self.generation {
                    self.scan_now();
                }
                self.catalog.flush();
            }
        }
    }

    /// Notes whether a job could be written down. Where its disk is full, nothing is begun until there is room again.
    fn note_state_disk(&mut self, is_full: bool) {
        if is_full && self.state_disk_full.is_none() {
            let path = self.context.settings.job_state_dir.clone();
            let message = "its disk is full: no encode is begun before there is room".to_owned();
            self.tell(Event::Warning { path, message });
        }
        self.state_disk_full = is_full.then(|| self.now.here + NEXT_TRY);
    }

    /// Takes in that a task ended without a word.
    pub(super) fn lost(&mut self, task: Task, reason: Option<String>) {
        match task {
            // The next walk finds its films.
            Task::Read(films) => self.tasks.end_all(&films),
            Task::Look(films) => {
                self.tasks.end_all(&films);
                self.scan_now();
            }
            Task::Film(film, Doing::Tidy) => self.tidied(&super::input::Tidied { film, still_open: true }),
            Task::Film(film, _) => match reason {
                Some(reason) => self.went_wrong(film, &reason),
                None => self.tasks.end(&film),
            },
            Task::Walk(root) => self.walk_lost(&root),
            Task::List => self.unlisted(),
            Task::CarryOut => self.tasks.carrying_out = self.tasks.carrying_out.saturating_sub(1),
            Task::Reload => self.reload_ended(),
        }
    }

    /// A task that panicked is a defect of ours; the film is untouched by construction, but its job may be open.
    fn went_wrong(&mut self, film: PathBuf, reason: &str) {
        self.tally.summary.failed += 1;
        self.may_be_open = true;
        self.leave(&film);
        let running = |running: &RunningJob| path_of(&running.path) == film;
        self.activity.running.retain(|_, job| !running(job));
        self.tell(Event::Warning { path: film, message: format!("working on it went wrong: {reason}") });
    }

    /// Remembers how an attempt on a film ended, and by which config: another one may want something else. `now` is how the film
    /// looks, or the result where it was replaced.
    fn end(&mut self, film: &Film, outcome: &Outcome, now: Option<&Film>, by: Fingerprint) {
        self.tally.count(&film.path, outcome);
        let moment = self.moment();
        let failures = self.catalog.failures(&film.path);
        let mut verdict = remember(outcome, by, failures, moment.wall);
        let is_marked = now.is_some_and(|film| film.marker.is_some());
        match outcome {
            // The marker holds it back, and taking it away is asking for a new attempt.
            Outcome::TooBig { .. } | Outcome::Cancelled if is_marked => verdict.retry_after = RetryAfter::Now,
            // It couldn't be written; the next start tries again.
            Outcome::TooBig { .. } => verdict.retry_after = RetryAfter::ThisRun(moment.wall + UNMARKED),
            _ => {}
        }
        let Outcome::Replaced { path, .. } = outcome else {
            return self.catalog.remember(&film.path, Some(verdict));
        };
        // The result is a film of its own, of which all is known already.
        if let Some(result) = now {
            self.catalog.see(result, &by, Duration::ZERO, moment);
            self.catalog.remember(path, Some(verdict));
            self.films.present.insert(path.clone());
        }
    }
}
