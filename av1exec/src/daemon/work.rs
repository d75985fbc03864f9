//! What is done with films: probes, plans and encodes, and what is remembered of them.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use av1plan::probe::Stability;
use av1plan::{MediaProbe, SkipReason, Verdict as PlanVerdict};
use jiff::SignedDuration;
use tokio::task::JoinError;

use super::Daemon;
use super::catalog::Moment;
use crate::ffmpeg::probe;
use crate::library::film::Film;
use crate::pipeline::event::Event;
use crate::pipeline::{Pipeline, refused_loss};
use crate::serve::status::RunningJob;
use crate::state::index::{Fingerprint, Rest, Verdict, WANTED, remember};
use crate::state::outcome::Outcome;
use crate::sys::path::path_of;
use crate::sys::waits::{Care, NAMED_AFTER};
use crate::sys::{disk, names};
use av1plan::probe::ProbeText;

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

/// Stands for all that plans depend on besides the films.
pub(super) fn fingerprint(pipeline: &Pipeline) -> Fingerprint {
    Fingerprint::of_planning(&pipeline.settings.policy, &pipeline.tools.toolchain)
}

/// What came of a film whose encode was to begin.
#[derive(Debug)]
pub(super) enum Came {
    /// It wasn't begun: the disk of the state folder is full.
    StateDiskFull,
    /// The attempt ended.
    Ended {
        outcome: Outcome,
        /// The film as it is now, the result where it was replaced; nothing where it can't be looked at.
        now: Option<Box<Film>>,
    },
}

/// By which config something was begun.
#[derive(Debug, Clone, Copy)]
pub(super) struct By {
    pub(super) generation: u64,
    pub(super) fingerprint: Fingerprint,
}

/// What came of an encode, and by which config it was begun.
pub(super) type Encoded = (Film, By, Came);

/// What came of a probe.
#[derive(Debug)]
pub(super) struct Probed {
    film: Film,
    /// By which config it was asked for.
    generation: u64,
    result: Result<(ProbeText, MediaProbe), Outcome>,
}

/// Films with what ffprobe said of them, and by which config that was asked for.
pub(super) type Texts = (u64, Vec<(Film, Option<ProbeText>)>);

/// A film that is refused, and the plan that says why.
pub(super) type Refused = (Film, SkipReason, PlanVerdict);

/// A film beside which it was said why it is refused, and by which config it is.
pub(super) type Explained = (Film, SkipReason, u64);

impl Daemon {
    /// Begins as many probes and encodes as may run at once.
    pub(super) fn begin(&mut self) {
        let hanging = Hanging(self.pipeline.waits.longer_than(NAMED_AFTER).into_keys().collect());
        while self.probing.len() < self.pipeline.settings.probe_jobs.get() && !self.catalog.is_behind() {
            let Some(film) = self.to_probe.pop_if(|film| !hanging.holds_up(film)) else { break };
            self.begin_probe(film);
        }
        self.begin_encodes(&hanging);
        self.read_some();
        self.explain_some(&hanging);
    }

    fn begin_encodes(&mut self, hanging: &Hanging) {
        while self.knows_what_is_first() {
            // An encode whose disk hangs takes nobody's place.
            let stuck = self.stuck_encodes(hanging);
            let running = self.encoding.len().saturating_sub(stuck);
            let is_full = self.state_disk_full.is_some_and(|next_try| Instant::now() < next_try);
            if is_full || !self.admission.may_start(&self.pipeline.settings, running) {
                break;
            }
            let Some(film) = self.to_encode.pop_if(|film| !hanging.holds_up(film)) else { break };
            if !self.busy.contains_key(&film.path) {
                self.begin_encode(film);
            }
        }
    }

    /// How many encodes wait for a disk that hangs: that of the film, or that of its result.
    fn stuck_encodes(&self, hanging: &Hanging) -> usize {
        let has_stuck_result = |film: &Path| {
            let jobs = self.activity.running.values().filter(|job| path_of(&job.path) == film);
            jobs.into_iter().any(|job| hanging.holds(&names::temporary(film, &job.job)))
        };
        let encodes = self.busy.iter().filter(|(_, switch)| switch.is_some());
        encodes.filter(|(film, _)| hanging.holds(film) || has_stuck_result(film)).count()
    }

    /// Whether the queue is complete, or has been waited for for long enough.
    fn knows_what_is_first(&mut self) -> bool {
        if self.probing.is_empty()
            && self.to_probe.is_empty()
            && self.to_plan.is_empty()
            && self.reading.is_none()
        {
            self.probing_since = None;
            return true;
        }
        self.probing_since.get_or_insert_with(Instant::now).elapsed() > PROBE_FIRST
    }

    fn begin_probe(&mut self, film: Film) {
        if self.busy.contains_key(&film.path) {
            return;
        }
        self.busy.insert(film.path.clone(), None);
        let (pipeline, generation, path) = (self.pipeline.clone(), self.generation, film.path.clone());
        let task = self.probing.spawn(async move {
            let result = match probe::ask(&pipeline.tools, &film.path).await {
                Ok(probed) => Ok(probed),
                Err(error) => Err(pipeline.unprobed(&film, &error).await),
            };
            Probed { film, generation, result }
        });
        self.tasks.insert(task.id(), path);
    }

    fn begin_encode(&mut self, film: Film) {
        self.admission.started(Instant::now());
        let (switch, stop) = self.pipeline.stop.part();
        self.busy.insert(film.path.clone(), Some(switch));
        let pipeline = Pipeline { stop, ..self.pipeline.clone() };
        let by = By { generation: self.generation, fingerprint: self.fingerprint };
        let (reader, path) = (self.catalog.reader(), film.path.clone());
        let task = self.encoding.spawn(async move {
            if !can_write_jobs(&pipeline).await {
                return (film, by, Came::StateDiskFull);
            }
            let text = reader.probes(vec![film.path.clone()]).await.pop().flatten();
            let outcome = pipeline.run(&film, Stability::Stable, text.as_ref()).await;
            let path = match &outcome {
                Outcome::Replaced { path, .. } => path.clone(),
                _ => film.path.clone(),
            };
            let now = pipeline.look(&Film { path, ..film.clone() }).await;
            (film, by, Came::Ended { outcome, now: now.ok().map(Box::new) })
        });
        self.tasks.insert(task.id(), path);
    }

    /// Has the index read what ffprobe said of the next films that are to be planned.
    fn read_some(&mut self) {
        if self.reading.is_some() || self.to_plan.is_empty() {
            return;
        }
        let count = self.to_plan.len().min(PLANS_AT_ONCE);
        let films: Vec<Film> = self.to_plan.drain(..count).collect();
        let films: Vec<Film> = films.into_iter().filter(|film| !self.busy.contains_key(&film.path)).collect();
        self.busy.extend(films.iter().map(|film| (film.path.clone(), None)));
        self.being_read = films.iter().map(|film| film.path.clone()).collect();
        let (reader, generation) = (self.catalog.reader(), self.generation);
        self.reading = Some(tokio::spawn(async move {
            let paths = films.iter().map(|film| film.path.clone()).collect();
            let mut texts = reader.probes(paths).await;
            texts.resize_with(films.len(), || None);
            (generation, films.into_iter().zip(texts).collect())
        }));
    }

    /// Plans films from what ffprobe said of them before.
    pub(super) fn plan_some(&mut self, texts: Option<Texts>) {
        for path in std::mem::take(&mut self.being_read) {
            self.busy.remove(&path);
        }
        // A task that panicked is a defect of ours; the next walk finds its films.
        let Some((generation, texts)) = texts else { return };
        for (film, text) in texts {
            match text.map(|text| text.parse()) {
                // The walk that goes by the new config was begun, and may have passed it over.
                _ if generation != self.generation => self.scan_now(),
                Some(Ok(probe)) => self.plan(film, &probe),
                // What the index kept can't be read; ffprobe says it again.
                Some(Err(_)) | None => self.to_probe.push(film),
            }
        }
        self.catalog.flush();
    }

    fn plan(&mut self, film: Film, probe: &MediaProbe) {
        let verdict = self.pipeline.consider(&film, Stability::Stable, probe);
        let reason = match &verdict {
            PlanVerdict::Encode(_) => {
                let (code, failures) = (WANTED.to_owned(), self.catalog.failures(&film.path));
                let verdict = Verdict { code, fingerprint: self.fingerprint, rest: Rest::None, failures };
                self.catalog.remember(&film.path, Some(verdict));
                return self.to_encode.push(film);
            }
            PlanVerdict::Skip(skip) => skip.reason.clone(),
        };
        if refused_loss(&verdict).is_some() {
            self.busy.insert(film.path.clone(), None);
            self.to_explain.push_back((film, reason, verdict));
        } else {
            self.skip(&film, reason);
        }
    }

    fn skip(&mut self, film: &Film, reason: SkipReason) {
        self.tell(Event::Skipped { path: film.path.clone(), reason: reason.clone() });
        self.end(film, &Outcome::Skipped(reason), None);
    }

    /// Has it said beside the next films that are refused why they are; those of a disk that hangs wait for it.
    fn explain_some(&mut self, hanging: &Hanging) {
        while self.explaining.len() < EXPLAINED_AT_ONCE {
            let next = self.to_explain.iter().position(|(film, ..)| !hanging.holds_up(film));
            let Some(refused) = next.and_then(|next| self.to_explain.remove(next)) else { return };
            self.explain(refused);
        }
    }

    fn explain(&mut self, (film, reason, verdict): Refused) {
        let (pipeline, generation, path) = (self.pipeline.clone(), self.generation, film.path.clone());
        let task = self.explaining.spawn(async move {
            pipeline.explain_refusal(&film, &verdict).await;
            (film, reason, generation)
        });
        self.tasks.insert(task.id(), path);
    }

    pub(super) fn explained(&mut self, explained: Result<Explained, JoinError>) {
        let (film, reason, generation) = match explained {
            Ok(explained) => explained,
            Err(error) => return self.went_wrong(&error),
        };
        self.leave(&film.path);
        if generation != self.generation {
            // The config that holds now may want it, or not have it any more.
            return self.scan_now();
        }
        self.skip(&film, reason);
        if self.to_explain.is_empty() {
            self.catalog.flush();
        }
    }

    pub(super) fn probed(&mut self, ended: Result<Probed, JoinError>) {
        let Probed { film, generation, result } = match ended {
            Ok(probed) => probed,
            // Ended since work is to stop.
            Err(error) if error.is_cancelled() => return,
            Err(error) => return self.went_wrong(&error),
        };
        self.leave(&film.path);
        match result {
            Ok((text, probe)) => {
                self.catalog.keep_probe(&film.path, text);
                if generation == self.generation {
                    self.plan(film, &probe);
                } else {
                    // It may be in no root any more; the walk that goes by the new config may have passed it over.
                    self.scan_now();
                }
            }
            Err(outcome) => {
                let path = film.path.clone();
                self.tell(Event::Finished { job: None, path, outcome: outcome.clone() });
                self.end(&film, &outcome, None);
            }
        }
        if self.probing.is_empty() {
            self.catalog.flush();
        }
    }

    pub(super) fn encoded(&mut self, ended: Result<Encoded, JoinError>) {
        match ended {
            Ok((film, by, Came::StateDiskFull)) => {
                self.busy.remove(&film.path);
                self.tasks.retain(|_, path| *path != film.path);
                self.note_state_disk(true);
                if by.generation == self.generation {
                    self.to_encode.push(film);
                } else {
                    // It may be in no root any more; the walk that goes by the new config may have passed it over.
                    self.scan_now();
                }
            }
            Ok((film, by, Came::Ended { outcome, now })) => {
                self.note_state_disk(false);
                self.leave(&film.path);
                if let Outcome::Replaced { path, .. } = &outcome {
                    self.left.insert(path.clone(), Instant::now());
                }
                self.may_be_open |= !matches!(outcome, Outcome::Replaced { .. });
                self.end_by(&film, &outcome, now.as_deref(), by.fingerprint);
                if by.generation != self.generation {
                    self.scan_now();
                }
                self.catalog.flush();
            }
            Err(error) => self.went_wrong(&error),
        }
    }

    /// Notes whether a job could be written down. Where its disk is full, nothing is begun until there is room again.
    fn note_state_disk(&mut self, is_full: bool) {
        if is_full && self.state_disk_full.is_none() {
            let path = self.pipeline.settings.job_state_dir.clone();
            let message = "its disk is full: no encode is begun before there is room".to_owned();
            self.tell(Event::Warning { path, message });
        }
        self.state_disk_full = is_full.then(|| Instant::now() + NEXT_TRY);
    }

    /// A task that panicked is a defect of ours; the film is untouched by construction, but its job may be open.
    fn went_wrong(&mut self, error: &JoinError) {
        self.summary.failed += 1;
        self.may_be_open = true;
        let film = self.tasks.remove(&error.id()).unwrap_or_default();
        self.leave(&film);
        let running = |running: &RunningJob| path_of(&running.path) == film;
        self.activity.running.retain(|_, job| !running(job));
        self.tell(Event::Warning { path: film, message: format!("working on it went wrong: {error}") });
    }

    /// Notes that nothing is done with a film any more. What a walk under way says of it is old.
    pub(super) fn leave(&mut self, film: &Path) {
        self.busy.remove(film);
        self.tasks.retain(|_, path| path != film);
        self.left.insert(film.to_owned(), Instant::now());
    }

    /// Remembers how an attempt on a film ended that went by the config that holds now.
    fn end(&mut self, film: &Film, outcome: &Outcome, now: Option<&Film>) {
        self.end_by(film, outcome, now, self.fingerprint);
    }

    /// Remembers how an attempt on a film ended, and by which config: another one may want something else. `now` is how the film
    /// looks, or the result where it was replaced.
    fn end_by(&mut self, film: &Film, outcome: &Outcome, now: Option<&Film>, by: Fingerprint) {
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
        let moment = Moment::now();
        let failures = self.catalog.failures(&film.path);
        let mut verdict = remember(outcome, by, failures, moment.wall);
        let is_marked = now.is_some_and(|film| film.marker.is_some());
        match outcome {
            // The marker holds it back, and taking it away is asking for a new attempt.
            Outcome::TooBig { .. } | Outcome::Cancelled if is_marked => verdict.rest = Rest::None,
            // It couldn't be written; the next start tries again.
            Outcome::TooBig { .. } => verdict.rest = Rest::ThisRun(moment.wall + UNMARKED),
            _ => {}
        }
        let Outcome::Replaced { path, .. } = outcome else {
            return self.catalog.remember(&film.path, Some(verdict));
        };
        // The result is a film of its own, of which all is known already.
        if let Some(result) = now {
            self.catalog.see(result, &by, Duration::ZERO, moment);
            self.catalog.remember(path, Some(verdict));
            self.present.insert(path.clone());
        }
    }
}

/// Whether a job could be written down. Where free space can't be asked for, the write itself will tell.
async fn can_write_jobs(pipeline: &Pipeline) -> bool {
    let folder = pipeline.settings.job_state_dir.clone();
    let space = pipeline.waits.run(&folder.clone(), Care::Free, move |_| disk::space(&folder)).await;
    space.flatten().map_or(true, |space| space.holds_a_job())
}

#[cfg(test)]
mod tests;
