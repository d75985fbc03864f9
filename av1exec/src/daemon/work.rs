//! What is done with films: probes, plans and encodes, and what is remembered of them.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use av1plan::gates::Stability;
use av1plan::{MediaProbe, Verdict as PlanVerdict};
use jiff::SignedDuration;
use tokio::task::JoinError;

use super::library::Moment;
use super::{Daemon, Probed};
use crate::disk;
use crate::event::Event;
use crate::index::{Fingerprint, Rest, Verdict, WANTED, remember};
use crate::jobs::path_of;
use crate::outcome::Outcome;
use crate::pipeline::Pipeline;
use crate::probe;
use crate::scan::Film;
use crate::status::RunningJob;

/// How many films are planned before anything else gets its turn: a hundred take about a millisecond.
const PLANS_AT_ONCE: usize = 100;

/// How long encodes wait for probes, so that the first film that is taken is the right one.
const PROBE_FIRST: Duration = Duration::from_mins(1);

/// How long a film rests whose result was too big and that couldn't be marked.
const UNMARKED: SignedDuration = SignedDuration::from_hours(24);

/// Stands for all that plans depend on besides the films.
pub(super) fn fingerprint(pipeline: &Pipeline) -> Fingerprint {
    Fingerprint::of_planning(&pipeline.settings.policy, &pipeline.tools.toolchain)
}

impl Daemon {
    /// Begins as many probes and encodes as may run at once.
    pub(super) fn begin(&mut self) {
        while self.probing.len() < self.pipeline.settings.probe_jobs.get() {
            let Some(film) = self.to_probe.pop() else { break };
            self.begin_probe(film);
        }
        while self.knows_what_is_first() && self.pace.may_start(&self.pipeline.settings, self.encoding.len())
        {
            if self.to_encode.is_empty() || !self.can_write_jobs() {
                break;
            }
            let Some(film) = self.to_encode.pop() else { break };
            if self.is_in_a_root(&film) {
                self.begin_encode(film);
            }
        }
    }

    /// Whether the queue is complete, or has been waited for for long enough.
    fn knows_what_is_first(&mut self) -> bool {
        if self.probing.is_empty() && self.to_probe.is_empty() && self.to_plan.is_empty() {
            self.probing_since = None;
            return true;
        }
        self.probing_since.get_or_insert_with(Instant::now).elapsed() > PROBE_FIRST
    }

    /// Whether a job could be written down. Where its disk is full, nothing is begun until there is room again.
    fn can_write_jobs(&mut self) -> bool {
        let folder = self.pipeline.settings.job_state_dir.clone();
        // Where free space can't be asked for, the write itself will tell.
        let is_full = disk::space(&folder).is_ok_and(|space| !space.holds_a_job());
        if is_full && !self.state_disk_is_full {
            let message = "its disk is full: no encode is begun before there is room".to_owned();
            self.tell(Event::Warning { path: folder, message });
        }
        self.state_disk_is_full = is_full;
        !is_full
    }

    /// Whether a film is still under a root: another config may have come since it was found.
    fn is_in_a_root(&self, film: &Film) -> bool {
        let roots = &self.pipeline.settings.library_roots;
        roots.iter().filter_map(|root| root.canonicalize().ok()).any(|root| film.path.starts_with(root))
    }

    fn begin_probe(&mut self, film: Film) {
        self.busy.insert(film.path.clone(), None);
        let tools = Arc::clone(&self.pipeline.tools);
        let path = film.path.clone();
        let task = self.probing.spawn(async move {
            let probed = probe::ask(&tools, &film.path).await;
            (film, probed)
        });
        self.tasks.insert(task.id(), path);
    }

    fn begin_encode(&mut self, film: Film) {
        self.pace.started(Instant::now());
        let (switch, stop) = self.pipeline.stop.part();
        self.busy.insert(film.path.clone(), Some(switch));
        let pipeline = Pipeline { stop, ..self.pipeline.clone() };
        let text = self.library.probe(&film.path);
        let path = film.path.clone();
        let task = self.encoding.spawn(async move {
            let outcome = pipeline.run(&film, Stability::Stable, text.as_ref()).await;
            (film, outcome)
        });
        self.tasks.insert(task.id(), path);
    }

    pub(super) fn plan_some(&mut self) {
        for _ in 0..PLANS_AT_ONCE {
            let Some(film) = self.to_plan.pop_front() else { break };
            match self.library.probe(&film.path).map(|text| text.parse()) {
                Some(Ok(probe)) => self.plan(film, &probe),
                // What the index kept can't be read; ffprobe says it again.
                Some(Err(_)) | None => self.to_probe.push(film),
            }
        }
        self.flush();
    }

    fn plan(&mut self, film: Film, probe: &MediaProbe) {
        match self.pipeline.consider(&film, Stability::Stable, probe) {
            PlanVerdict::Encode(_) => {
                let (code, failures) = (WANTED.to_owned(), self.library.failures(&film.path));
                let verdict = Verdict { code, fingerprint: self.fingerprint, rest: Rest::None, failures };
                self.library.remember(&film.path, Some(verdict));
                self.to_encode.push(film);
            }
            PlanVerdict::Skip(skip) => {
                let outcome = Outcome::Skipped(skip.reason.clone());
                self.tell(Event::Skipped { path: film.path.clone(), reason: skip.reason });
                self.end(&film, &outcome);
            }
        }
    }

    pub(super) fn probed(&mut self, ended: Result<Probed, JoinError>) {
        let (film, probed) = match ended {
            Ok(probed) => probed,
            // Ended since work is to stop.
            Err(error) if error.is_cancelled() => return,
            Err(error) => return self.went_wrong(&error),
        };
        self.leave(&film.path);
        match probed {
            Ok((text, probe)) => {
                if let Err(error) = self.library.keep_probe(&film.path, &text) {
                    self.index_failed(&error);
                }
                self.plan(film, &probe);
            }
            Err(error) => {
                let outcome = self.pipeline.unprobed(&film, &error);
                let path = film.path.clone();
                self.tell(Event::Finished { job: None, path, outcome: outcome.clone() });
                self.end(&film, &outcome);
            }
        }
        if self.probing.is_empty() {
            self.flush();
        }
    }

    pub(super) fn encoded(&mut self, ended: Result<(Film, Outcome), JoinError>) {
        match ended {
            Ok((film, outcome)) => {
                self.leave(&film.path);
                if let Outcome::Replaced { path, .. } = &outcome {
                    self.left.insert(path.clone());
                }
                self.may_be_open |= !matches!(outcome, Outcome::Replaced { .. });
                self.end(&film, &outcome);
                self.flush();
            }
            Err(error) => self.went_wrong(&error),
        }
    }

    /// A task that panicked is a defect of ours; the film is untouched by construction.
    fn went_wrong(&mut self, error: &JoinError) {
        self.summary.failed += 1;
        let film = self.tasks.remove(&error.id()).unwrap_or_default();
        self.leave(&film);
        let running = |running: &RunningJob| path_of(&running.path) == film;
        self.board.running.retain(|_, job| !running(job));
        self.tell(Event::Warning { path: film, message: format!("working on it went wrong: {error}") });
    }

    /// Notes that nothing is done with a film any more. What a walk under way says of it is old.
    fn leave(&mut self, film: &Path) {
        self.busy.remove(film);
        self.tasks.retain(|_, path| path != film);
        self.left.insert(film.to_owned());
    }

    /// Remembers how an attempt on a film ended.
    fn end(&mut self, film: &Film, outcome: &Outcome) {
        match outcome {
            Outcome::Replaced { before, after, .. } => {
                self.summary.replaced += 1;
                self.summary.saved += before.saturating_sub(*after);
            }
            outcome if outcome.is_failure() => self.summary.failed += 1,
            _ => self.summary.skipped += 1,
        }
        self.counted.insert(match outcome {
            Outcome::Replaced { path, .. } => path.clone(),
            _ => film.path.clone(),
        });
        let now = Moment::now();
        let mut verdict = remember(outcome, self.fingerprint, self.library.failures(&film.path), now.wall);
        let look = |path: &Path| Film::look(path, &film.root, &self.pipeline.settings.policy);
        let is_marked = look(&film.path).is_ok_and(|film| film.marker.is_some());
        match outcome {
            // The marker holds it back, and taking it away is asking for a new attempt.
            Outcome::TooBig { .. } | Outcome::Cancelled if is_marked => verdict.rest = Rest::None,
            // It couldn't be written; the next start tries again.
            Outcome::TooBig { .. } => verdict.rest = Rest::ThisRun(now.wall + UNMARKED),
            _ => {}
        }
        let Outcome::Replaced { path, .. } = outcome else {
            return self.library.remember(&film.path, Some(verdict));
        };
        // The result is a film of its own, of which all is known already.
        if let Ok(result) = look(path) {
            self.library.see(&result, &self.fingerprint, Duration::ZERO, now);
            self.library.remember(path, Some(verdict));
            self.present.insert(path.clone());
        }
    }
}
