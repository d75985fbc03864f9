//! The work on one film from start to end: `look` makes the plan, `examine` finds out whether it can be carried out,
//! `produce` encodes the film and puts the result in its place, `judge` checks the result against its contract,
//! `finish` cleans up after an attempt. `open` creates a pipeline.

pub mod event;
mod examine;
mod finish;
mod fold;
mod judge;
pub mod look;
pub mod open;
mod produce;
pub mod story;
pub(crate) mod why_text;

use std::io;
use std::path::Path;
use std::sync::Arc;

use av1plan::plan::Gate;
use av1plan::probe::Stability;
use av1plan::{EncodePlan, SkipReason, Verdict};

use self::finish::Held;
use self::look::{Looked, refusal};
use crate::ffmpeg::tools::Tools;
use crate::library::film::Film;
use crate::pipeline::event::{Event, Events};
use crate::replace::abilities::Rehearsals;
use crate::replace::content::Under;
use crate::replace::places::Places;
use crate::replace::recover;
use crate::settings::Settings;
use crate::state::jobs::{Job, JobStore, plan_document};
use crate::state::journal::{JournalEntry, Step};
use crate::state::outcome::{Outcome, Retry};
use crate::sys::lock::Locks;
use crate::sys::names;
use crate::sys::pause::Pause;
use crate::sys::reservation::Reservations;
use crate::sys::stop::{Stop, StopSwitch};
use crate::sys::waits::{Care, Waits};
use av1plan::probe::ProbeText;
pub use fold::PutAway;

/// Everything that is needed to work on films. Cloned for each job.
#[derive(Debug, Clone)]
pub struct Pipeline {
    /// The user's settings.
    pub settings: Arc<Settings>,
    /// ffmpeg and ffprobe.
    pub tools: Arc<Tools>,
    /// Stores the job files.
    pub jobs: JobStore,
    /// The locks that keep other av1ds out.
    pub locks: Arc<Locks>,
    /// What the file systems of films can do.
    pub rehearsals: Rehearsals,
    /// Disk-space reservations: each running encode reserves the largest result that it may write.
    pub reservations: Reservations,
    /// Receives the events.
    pub events: Events,
    /// Tells when the work has to stop.
    pub stop: Stop,
    /// Stops all work, for a program that can't go on.
    pub stop_switch: StopSwitch,
    /// Tells when encodes have to pause.
    pub pause: Pause,
    /// Registers all calls that wait for a disk, so that disks that hang can be reported, and left behind when the
    /// program ends.
    pub waits: Waits,
}

impl Pipeline {
    /// Works on one film until the attempt ends, and sends the events. `known` is the stored ffprobe output, if
    /// there is any.
    pub async fn run(&self, film: &Film, stability: Stability, known: Option<&ProbeText>) -> Outcome {
        // All file operations on a film run on one thread, so that none of them overtakes an earlier one.
        let pipeline = Self { waits: self.waits.on_one_thread(), ..self.clone() };
        let (outcome, job) = pipeline.attempt(film, stability, known).await;
        let path = film.path.clone();
        match &outcome {
            Outcome::Skipped(reason) => self.events.send(Event::Skipped { path, reason: reason.clone() }),
            _ => self.events.send(Event::Finished { job, path, outcome: outcome.clone() }),
        }
        outcome
    }

    async fn attempt(
        &self,
        film: &Film,
        stability: Stability,
        known: Option<&ProbeText>,
    ) -> (Outcome, Option<String>) {
        let policy = &self.settings.policy;
        // The film may have been in a queue for days. Looking at the file again finds changes and new markers
        // before the encode.
        let now = match self.look(film).await {
            Ok(now) => now,
            Err(error) => return (self.unseen(film, failure("look at", &film.path, &error)).await, None),
        };
        if !now.identity.same_content_stamp(&film.identity) {
            // The file wasn't known to be stable, and has changed again.
            let is_moving = stability != Stability::Stable && !policy.ignore.contains(&Gate::NotStable);
            let outcome =
                if is_moving { Outcome::Skipped(SkipReason::NotStable) } else { Outcome::SourceChanged };
            return (outcome, None);
        }
        let film = &now;
        let looked = match Looked::at(film, stability, known, &self.tools, &[policy]).await {
            Ok(looked) => looked,
            Err(error) => return (self.unprobed(film, &error).await, None),
        };
        let verdict = looked.plan(&self.tools.toolchain, policy);
        if let Verdict::Skip(skip) = &verdict {
            self.explain_refusal(film, &verdict).await;
            return (Outcome::Skipped(skip.reason.clone()), None);
        }
        let abilities = match self.rehearse(film).await {
            Ok(abilities) => abilities,
            Err(outcome) => return (outcome, None),
        };
        let looked = match self.survey(film, looked).await {
            Ok(looked) => self.sample(film, looked).await,
            Err(outcome) => return (outcome, None),
        };
        let verdict = match looked {
            Ok(looked) => looked.plan(&self.tools.toolchain, policy),
            Err(outcome) => return (outcome, None),
        };
        self.explain_refusal(film, &verdict).await;
        match &verdict {
            Verdict::Skip(skip) => (Outcome::Skipped(skip.reason.clone()), None),
            Verdict::Encode(plan) => {
                // Where inode numbers aren't kept, the film is known without its own.
                let identity = film.identity;
                let identity = if abilities.keeps_inodes { identity } else { identity.without_inode() };
                self.carry_out(&Film { identity, ..film.clone() }, plan, &verdict).await
            }
        }
    }

    /// Writes the `.why.txt` of a film that is refused for what it is, and the marker of one whose result would be too
    /// big.
    pub async fn explain_refusal(&self, film: &Film, verdict: &Verdict) {
        if let Some(reason) = refusal(verdict) {
            self.explain_beside(film, &Outcome::Skipped(reason.clone()), Some(verdict)).await;
            if matches!(reason, SkipReason::WillBeTooBig { .. }) {
                self.mark_too_big(film, reason).await;
            }
        }
    }

    /// Carries out a plan as a job. Whatever happens, no temporary file is left behind.
    async fn carry_out(
        &self,
        film: &Film,
        plan: &EncodePlan,
        verdict: &Verdict,
    ) -> (Outcome, Option<String>) {
        // Another av1d may have the film's folder as its root, and not be kept out by the locks of the roots.
        let (locks, path) = (Arc::clone(&self.locks), film.path.clone());
        let visit = self.on_disk(&film.path, move || locks.visit(&path).map_err(io::Error::other)).await;
        let _visit = match visit {
            Ok(visit) => visit,
            Err(error) => return (failed("lock the folder of", &film.path, &error), None),
        };
        let id = self.jobs.new_id();
        let temporary = names::temporary(&film.path, &id);
        let document = plan_document(&film.path, film.identity.size, verdict);
        let mut job = Job::new(id.clone(), &film.path, film.identity, &temporary, &document);
        job.journal.push(JournalEntry { step: Step::Running, at: job.started });
        // The job file is written before any file beside the film, so that after a crash those files can be
        // attributed to this job.
        if let Err(error) = self.save(&job).await {
            return (failed("write the job of", &film.path, &error), None);
        }
        // The space stays reserved until the result is in place or deleted.
        let _room = match self.prepare(film, &temporary).await {
            Ok(room) => room,
            Err(outcome) if self.forget(&job).await.is_ok() => return (outcome, None),
            Err(outcome) => {
                self.close(&mut job, &outcome).await;
                return (outcome, Some(id));
            }
        };
        self.events.send(Event::Started {
            job: id.clone(),
            path: film.path.clone(),
            plan: Box::new(plan.clone()),
        });
        let path = temporary.clone();
        let held = self.on_disk(&temporary, move || Ok(Held::new(path))).await;
        let held = held.unwrap_or_else(|_| Held { path: temporary.clone(), folder: None });
        let produced = self.produce(film, plan, &temporary, &mut job).await;
        (self.finish(film, held, verdict, job, produced).await, Some(id))
    }

    /// Cleans up after an attempt and returns its outcome.
    async fn finish(
        &self,
        film: &Film,
        held: Held,
        verdict: &Verdict,
        mut job: Job,
        produced: Result<Outcome, Lost>,
    ) -> Outcome {
        let outcome = match produced {
            Ok(outcome) => outcome,
            // Only the job file says how far the replacement got. The job stays unfinished, and is recovered as
            // after a crash.
            Err(Lost { reason }) => return Outcome::Failed { reason, retry: Retry::Costly },
        };
        let is_replaced = matches!(outcome, Outcome::Replaced { .. });
        if job.commit.is_some() && !is_replaced && !self.is_as_before(film).await {
            // The replacement stopped between two renames. The job stays unfinished, and is recovered as after a
            // crash.
            let (jobs, settings) = (self.jobs.clone(), Arc::clone(&self.settings));
            // Recovery may read whole films.
            let tidied = self.waits.run(&film.path, Care::Finish, move |wait| {
                recover::tidy(job, &jobs, &settings, false, &|| wait.answered())
            });
            if let Ok(tidied) = tidied.await {
                self.events.recovered(tidied);
            }
            return outcome;
        }
        // What was missing was missing for that reason, which is no fault of the film.
        let has_lost_state = !is_replaced && self.has_lost_state().await;
        let outcome = if has_lost_state { Outcome::Interrupted } else { outcome };
        let is_the_films =
            job.commit.is_none() && !matches!(outcome, Outcome::Cancelled | Outcome::Interrupted);
        let loss = if is_the_films { self.loss_of(film, &held.path).await } else { None };
        let outcome = loss.unwrap_or(outcome);
        let cleared = self.clear(film, held, &outcome).await;
        self.settle_sidecars(film, &outcome, verdict).await;
        if cleared {
            self.close(&mut job, &outcome).await;
        }
        self.prune_logs(&job.id).await;
        outcome
    }

    /// Whether the film's name holds the original, and the backup name doesn't.
    async fn is_as_before(&self, film: &Film) -> bool {
        let (places, identity) = (Places::of(film.path.clone()), film.identity);
        let looked = self.on_disk(&film.path, move || {
            let is_original = |path: &Path| Under::look(path).is_original(&identity);
            Ok(is_original(&places.film) && !is_original(&places.backup))
        });
        looked.await.unwrap_or_default()
    }

    /// Returns the film as it is on the disk now.
    pub(crate) async fn look(&self, film: &Film) -> io::Result<Film> {
        let (path, root, settings) = (film.path.clone(), Arc::clone(&film.root), Arc::clone(&self.settings));
        self.on_disk(&film.path, move || Film::look(&path, &root, &settings.policy)).await
    }

    /// Writes a job file. The caller must wait for the end: two concurrent writers of one job would conflict.
    async fn save(&self, job: &Job) -> io::Result<()> {
        let (jobs, job) = (self.jobs.clone(), job.clone());
        self.on_disk(&self.settings.job_state_dir, move || jobs.save(&job)).await
    }

    /// Deletes a job file.
    async fn forget(&self, job: &Job) -> io::Result<()> {
        let (jobs, job) = (self.jobs.clone(), job.clone());
        self.on_disk(&self.settings.job_state_dir, move || jobs.forget(&job)).await
    }

    /// Runs calls that wait for the disk of `path` on a thread of their own, instead of the runtime's.
    async fn on_disk<T: Send + 'static>(
        &self,
        path: &Path,
        work: impl FnOnce() -> io::Result<T> + Send + 'static,
    ) -> io::Result<T> {
        self.waits.run(path, Care::Free, move |_| work()).await?
    }
}

/// A replacement whose thread panicked. Which of its steps were carried out is only known from the job file.
#[derive(Debug)]
struct Lost {
    reason: String,
}

/// Returns the outcome of an attempt that an error ended before ffmpeg was started.
fn failed(doing: &str, path: &Path, error: &io::Error) -> Outcome {
    let reason = failure(doing, path, error);
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            Outcome::RanOut { reason, retry: Retry::Cheap }
        }
        _ => Outcome::Failed { reason, retry: Retry::Cheap },
    }
}

/// Returns the outcome of an attempt that an error ended after ffmpeg had been started.
fn failed_after_encode(doing: &str, path: &Path, error: &io::Error) -> Outcome {
    Outcome::after_encode(error.kind(), failure(doing, path, error))
}

fn failure(doing: &str, path: &Path, error: &dyn std::error::Error) -> String {
    format!("failed to {doing} {}: {error}", crate::sys::sanitize::display(path))
}

#[cfg(test)]
mod tests;
