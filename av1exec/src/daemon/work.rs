//! Work on films: probes, plans and encodes, and what the catalog stores about their results.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use av1plan::probe::Stability;
use av1plan::{MediaProbe, SkipReason, Verdict};

use super::dispatcher::Dispatcher;
use super::effect::Effect;
use super::input::{ConfigVersion, Encoded, End, Explained, Probed, Refused, Texts};
use super::tasks::{Doing, Task};
use crate::library::film::Film;
use crate::pipeline::event::Event;
use crate::pipeline::look::{Looked, refusal};
use crate::serve::status::RunningJob;
use crate::state::index::{Fingerprint, RetryAfter, Spent, remember};
use crate::state::outcome::{Outcome, Retry};
use crate::sys::names;
use crate::sys::path::path_of;

/// How many films are planned before other inputs are handled. Planning a hundred takes about a millisecond.
const PLANS_AT_ONCE: usize = 100;

/// How long encodes wait for probes, so that the queue is complete and its first film is the right one.
const PROBE_FIRST: Duration = Duration::from_mins(1);

/// How long until a full disk of the state folder is checked again.
const NEXT_TRY: Duration = Duration::from_secs(5);

/// How many `.why.txt` files of refused films may be written at once: some may wait for a disk that hangs.
const EXPLAINED_AT_ONCE: usize = 16;

/// Paths whose disk hasn't answered for a while.
struct Hanging(Vec<PathBuf>);

impl Hanging {
    /// Whether one of these paths equals the film's root, is inside it, or is above it. No further task should
    /// start on the film then.
    fn holds_up(&self, film: &Film) -> bool {
        self.0.iter().any(|path| path.starts_with(&film.root) || film.root.starts_with(path))
    }

    /// Whether one of these paths equals `path` or is inside it.
    fn holds(&self, path: &Path) -> bool {
        self.0.iter().any(|hanging| hanging.starts_with(path))
    }
}

impl Dispatcher {
    /// Starts as many tasks as may run at once.
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
            // An encode whose disk hangs doesn't count towards the limit.
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
                let by = ConfigVersion { generation: self.generation, fingerprint: self.fingerprint };
                self.put(Effect::Encode(film, by));
            }
        }
    }

    /// How many encodes wait for a hanging disk: that of the film, or that of the result.
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

    /// Whether the queue of encodes is complete, or has been waited for long enough.
    fn knows_what_is_first(&mut self) -> bool {
        let outstanding = self.tasks.count(Doing::Probe) + self.tasks.count(Doing::Read);
        if outstanding == 0 && self.films.are_planned() {
            self.probing_since = None;
            return true;
        }
        let since = *self.probing_since.get_or_insert(self.now.here);
        self.now.here.duration_since(since) > PROBE_FIRST
    }

    /// Starts to read the stored ffprobe output of the next films to plan.
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

    /// Plans films from their stored ffprobe output.
    pub(super) fn read(&mut self, texts: Texts) {
        for (film, text) in texts.films {
            self.tasks.end(&film.path);
            match text.map(|text| text.parse()) {
                // The config was replaced after the read began. The new config's walk may have skipped these films
                // because they were busy, so the library is walked again.
                _ if texts.generation != self.generation => self.scan_now(),
                Some(Ok(probe)) => self.plan(film, probe),
                // Without stored output that can be parsed, ffprobe is run again.
                Some(Err(_)) | None => self.films.to_probe.push(film),
            }
        }
        self.catalog.flush();
    }

    fn plan(&mut self, film: Film, probe: MediaProbe) {
        let (toolchain, policy) = (&self.context.toolchain, &self.context.settings.policy);
        let verdict = Looked::of(&film, Stability::Stable, probe).plan(toolchain, policy);
        let reason = match &verdict {
            Verdict::Encode(_) => {
                self.catalog.want(&film.path, self.fingerprint);
                return self.films.to_encode.push(film);
            }
            Verdict::Skip(skip) => skip.reason.clone(),
        };
        if refusal(&verdict).is_none() {
            self.skip(&film, reason);
        } else if self.tasks.begin(&film.path, Doing::Refused) {
            self.films.to_explain.push_back(Refused { film, reason, verdict });
        }
    }

    fn skip(&mut self, film: &Film, reason: SkipReason) {
        self.publish(Event::Skipped { path: film.path.clone(), reason: reason.clone() });
        self.end(film, &Outcome::Skipped(reason), None, self.fingerprint);
    }

    /// Starts to write the `.why.txt` of refused films. Films on a disk that hangs have to wait.
    fn explain_some(&mut self, hanging: &Hanging) {
        while self.tasks.count(Doing::Explain) < EXPLAINED_AT_ONCE {
            let next = self.films.to_explain.iter().position(|refused| !hanging.holds_up(&refused.film));
            let Some(refused) = next.and_then(|next| self.films.to_explain.remove(next)) else { return };
            self.tasks.go_on(&refused.film.path, Doing::Explain);
            self.put(Effect::Explain(Box::new(refused), self.generation));
        }
    }

    /// Handles that the `.why.txt` of a refused film was written.
    pub(super) fn explained(&mut self, explained: Explained) {
        let Explained { film, reason, generation } = explained;
        self.leave(&film.path);
        if generation != self.generation {
            // The new config may accept the film, or no longer include its root.
            return self.scan_now();
        }
        self.skip(&film, reason);
        if self.films.to_explain.is_empty() {
            self.catalog.flush();
        }
    }

    /// Handles the result of a probe.
    pub(super) fn probed(&mut self, probed: Probed) {
        let Probed { film, generation, result } = probed;
        self.leave(&film.path);
        match result {
            Ok((text, probe)) => {
                self.catalog.keep_probe(&film.path, text);
                if generation == self.generation {
                    self.plan(film, probe);
                } else {
                    // The new config may no longer include the film's root, and its walk may have skipped the film
                    // because it was busy.
                    self.scan_now();
                }
            }
            Err(Outcome::Skipped(reason)) if generation == self.generation => self.skip(&film, reason),
            // The new config may no longer look at such films.
            Err(Outcome::Skipped(_)) => self.scan_now(),
            Err(outcome) => {
                let path = film.path.clone();
                self.publish(Event::Finished { job: None, path, outcome: outcome.clone() });
                self.end(&film, &outcome, None, self.fingerprint);
            }
        }
        if self.tasks.count(Doing::Probe) == 0 {
            self.catalog.flush();
        }
    }

    /// Handles the end of an encode.
    pub(super) fn encoded(&mut self, encoded: Encoded) {
        let Encoded { film, by, end } = encoded;
        match end {
            End::StateDiskFull => {
                self.tasks.end(&film.path);
                self.note_state_disk(true);
                if by.generation == self.generation {
                    self.films.to_encode.push(film);
                } else {
                    // The new config may no longer include the film's root, and its walk may have skipped the film
                    // because it was busy.
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

    /// Notes whether a job file could be written. While the state folder's disk is full, no encode is started.
    fn note_state_disk(&mut self, is_full: bool) {
        if is_full && self.state_disk_full.is_none() {
            let path = self.context.settings.job_state_dir.clone();
            let message = "its disk is full: no encode is begun before there is room".to_owned();
            self.publish(Event::Warning { path, message });
        }
        self.state_disk_full = is_full.then(|| self.now.here + NEXT_TRY);
    }

    /// Handles a task that ended without a result.
    pub(super) fn lost(&mut self, task: Task, reason: Option<String>) {
        match task {
            // The next walk finds the films of this task again.
            Task::Read(films) => self.tasks.end_all(&films),
            Task::Look(films) => {
                self.tasks.end_all(&films);
                self.scan_now();
            }
            Task::Film(film, Doing::Tidy) => self.tidied(&super::input::Tidied { film, still_open: true }),
            Task::Film(film, doing) => match reason {
                Some(reason) => self.went_wrong(film, doing, reason),
                None => self.tasks.end(&film),
            },
            Task::Walk(root) => self.walk_lost(&root),
            Task::List => self.unlisted(),
            Task::CarryOut => self.tasks.carrying_out = self.tasks.carrying_out.saturating_sub(1),
            Task::Reload => self.reload_ended(),
        }
    }

    /// Handles a task that panicked, which is a bug. The film is intact, because a replacement is safe at every
    /// instant, but its job may be unfinished.
    fn went_wrong(&mut self, film: PathBuf, doing: Doing, reason: String) {
        self.tally.summary.failed += 1;
        self.may_be_open = true;
        self.leave(&film);
        let running = |running: &RunningJob| path_of(&running.path) == film;
        self.activity.running.retain(|_, job| !running(job));
        let message = format!("working on it went wrong: {reason}");
        let retry = if doing == Doing::Encode { Retry::Costly } else { Retry::Cheap };
        let spent = self.catalog.spent(&film);
        let outcome = Outcome::Failed { reason, retry };
        let last = remember(&outcome, self.fingerprint, spent, self.moment().wall);
        self.catalog.remember(&film, Some(last));
        self.catalog.flush();
        self.publish(Event::Warning { path: film, message });
    }

    /// Stores how an attempt on a film ended, and by which config, since another config may want something else.
    /// `now` is how the film looks now, or the result if the film was replaced.
    fn end(&mut self, film: &Film, outcome: &Outcome, now: Option<&Film>, by: Fingerprint) {
        self.tally.count(&film.path, outcome);
        let moment = self.moment();
        let mut last = remember(outcome, by, self.catalog.spent(&film.path), moment.wall);
        let is_marked = now.is_some_and(|film| film.marker.is_some());
        // The marker stops further attempts. A user who removes it asks for another one.
        if is_marked && matches!(outcome, Outcome::TooBig { .. } | Outcome::Cancelled) {
            (last.retry_after, last.spent) = (RetryAfter::Now, Spent::default());
        }
        let Outcome::Replaced { path, .. } = outcome else {
            return self.catalog.remember(&film.path, Some(last));
        };
        // The result is a film of the library, too, and everything about it is known already.
        if let Some(result) = now {
            self.catalog.see(result, &by, Duration::ZERO, moment);
            self.catalog.remember(path, Some(last));
            self.films.present.insert(path.clone());
        }
    }
}
