//! One film, start to end: `look` plans it, `produce` encodes it and puts the result in its place, `judge` holds it against its
//! contract, `finish` does what is left to do after an attempt. `open` is the door.

pub mod event;
mod finish;
mod fold;
mod judge;
pub mod look;
pub mod open;
mod produce;
pub mod story;
pub(crate) mod why_text;

use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;

use av1plan::plan::Gate;
use av1plan::probe::Stability;
use av1plan::{EncodePlan, SkipReason, Verdict};

use self::look::{Looked, refused_loss};
use crate::ffmpeg::probe::ProbeError;
use crate::ffmpeg::tools::Tools;
use crate::library::film::Film;
use crate::pipeline::event::{Event, Events};
use crate::replace::content::Under;
use crate::replace::places::Places;
use crate::replace::recover;
use crate::settings::Settings;
use crate::state::jobs::{Job, JobStore, plan_document};
use crate::state::journal::{JournalEntry, Step};
use crate::state::outcome::Outcome;
use crate::sys::disk::{self, Identity};
use crate::sys::lock::Locks;
use crate::sys::names;
use crate::sys::pause::Pause;
use crate::sys::reservation::Reservations;
use crate::sys::stop::Stop;
use crate::sys::waits::{Care, Waits};
use av1plan::probe::ProbeText;
pub use fold::PutAway;

/// All that working on films takes. Cloned for each job.
#[derive(Debug, Clone)]
pub struct Pipeline {
    /// What the person decided.
    pub settings: Arc<Settings>,
    /// ffmpeg and ffprobe.
    pub tools: Arc<Tools>,
    /// Where jobs are written down.
    pub jobs: JobStore,
    /// What keeps others out.
    pub locks: Arc<Locks>,
    /// What running encodes may come to write.
    pub reservations: Reservations,
    /// Who is told.
    pub events: Events,
    /// Who may stop it.
    pub stop: Stop,
    /// Who may have encodes hold still.
    pub pause: Pause,
    /// What waits for a disk, so that it can be said, and left behind where it hangs.
    pub waits: Waits,
}

impl Pipeline {
    /// Works on one film until it is done, one way or another, and tells everybody. `known` is what ffprobe said of it before.
    pub async fn run(&self, film: &Film, stability: Stability, known: Option<&ProbeText>) -> Outcome {
        // All that is done to a film is done on one thread, so that nothing of it comes before what was begun earlier.
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
        // It may have waited in a queue for days. Looked at now, a change and a marker are found before the encode.
        let now = match self.look(film).await {
            Ok(now) => now,
            Err(error) => return (failed("look at", &film.path, &error), None),
        };
        if !now.identity.same_content_stamp(&film.identity) {
            // One that didn't hold still while it was watched goes on moving.
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
        self.explain_refusal(film, &verdict).await;
        match &verdict {
            Verdict::Skip(skip) => (Outcome::Skipped(skip.reason.clone()), None),
            Verdict::Encode(plan) => self.carry_out(film, plan, &verdict).await,
        }
    }

    /// Says beside a film why it is refused, where a loss is the reason.
    pub async fn explain_refusal(&self, film: &Film, verdict: &Verdict) {
        if let Some(reason) = refused_loss(verdict) {
            self.explain_beside(film, &Outcome::Skipped(reason.clone()), Some(verdict)).await;
        }
    }

    /// How the attempt on a film ends of which ffprobe has nothing to say; said beside it where the film is to blame.
    pub async fn unprobed(&self, film: &Film, error: &ProbeError) -> Outcome {
        let failed = |why: &dyn std::error::Error| failed("probe", &film.path, why);
        if let ProbeError::Failed(_) = error {
            return failed(error);
        }
        // ffprobe says the same of a film that is damaged, of one that is away, and of one that may not be read.
        match self.identity_if_readable(film).await {
            Err(error) => return failed(&error),
            Ok(now) if !now.same_content_stamp(&film.identity) => return Outcome::SourceChanged,
            Ok(_) => {}
        }
        let outcome = Outcome::Unreadable { reason: error.to_string() };
        self.explain_beside(film, &outcome, None).await;
        outcome
    }

    /// Who a film is now, if something of it can be read.
    async fn identity_if_readable(&self, film: &Film) -> io::Result<Identity> {
        let path = film.path.clone();
        let read = self.on_disk(&film.path, move || {
            let read = disk::open(&path)?.read(&mut [0]);
            read.and_then(|_| Identity::of(&path))
        });
        read.await
    }

    /// Carries out a plan as a job, and leaves no temporary file behind whatever happens.
    async fn carry_out(
        &self,
        film: &Film,
        plan: &EncodePlan,
        verdict: &Verdict,
    ) -> (Outcome, Option<String>) {
        let id = self.jobs.new_id();
        let temporary = names::temporary(&film.path, &id);
        let document = plan_document(&film.path, film.identity.size, verdict);
        let mut job = Job::new(id.clone(), &film.path, film.identity, &temporary, &document);
        job.journal.push(JournalEntry { step: Step::Running, at: job.started });
        // Before the first file beside the film, so that whatever a death leaves there is known for this job's.
        if let Err(error) = self.save(&job).await {
            return (failed("write the job of", &film.path, &error), None);
        }
        // Held until the result is in place or gone.
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
        let produced = self.produce(film, plan, &temporary, &mut job).await;
        (self.finish(film, &temporary, verdict, job, produced).await, Some(id))
    }

    /// Leaves nothing behind of an attempt, and says how it ended.
    async fn finish(
        &self,
        film: &Film,
        temporary: &Path,
        verdict: &Verdict,
        mut job: Job,
        produced: Result<Outcome, Lost>,
    ) -> Outcome {
        let outcome = match produced {
            Ok(outcome) => outcome,
            // How far it came, only the job's file knows: it is left as it is, and tidied up like after a death.
            Err(Lost { reason }) => return Outcome::Failed { reason },
        };
        let is_replaced = matches!(outcome, Outcome::Replaced { .. });
        if job.commit.is_some() && !is_replaced && !self.is_as_before(film).await {
            // Cut off between two renames: left open, and tidied up like after a death.
            let (jobs, keep_original) = (self.jobs.clone(), self.settings.keep_original);
            // It may read whole films.
            let tidied = self.waits.run(&film.path, Care::Finish, move |wait| {
                recover::tidy(job, &jobs, keep_original, false, &|| wait.answered())
            });
            if let Ok(tidied) = tidied.await {
                self.events.recovered(tidied);
            }
            return outcome;
        }
        let cleared = self.clear(film, temporary, &outcome).await;
        self.settle_sidecars(film, &outcome, verdict).await;
        if cleared {
            self.close(&mut job, &outcome).await;
        }
        self.prune_logs(&job.id).await;
        outcome
    }

    /// Whether the original has its name, and no other one of ours.
    async fn is_as_before(&self, film: &Film) -> bool {
        let (places, identity) = (Places::of(film.path.clone()), film.identity);
        let looked = self.on_disk(&film.path, move || {
            let is_original = |path: &Path| Under::look(path).is_original(&identity);
            Ok(is_original(&places.film) && !is_original(&places.backup))
        });
        looked.await.unwrap_or_default()
    }

    /// Looks at a film as it is now.
    pub(crate) async fn look(&self, film: &Film) -> io::Result<Film> {
        let (path, root, settings) = (film.path.clone(), Arc::clone(&film.root), Arc::clone(&self.settings));
        self.on_disk(&film.path, move || Film::look(&path, &root, &settings.policy)).await
    }

    /// Writes a job. To be waited for to its end: two writers of one job would be in each other's way.
    async fn save(&self, job: &Job) -> io::Result<()> {
        let (jobs, job) = (self.jobs.clone(), job.clone());
        self.on_disk(&self.settings.job_state_dir, move || jobs.save(&job)).await
    }

    /// Takes a job's file away again.
    async fn forget(&self, job: &Job) -> io::Result<()> {
        let (jobs, job) = (self.jobs.clone(), job.clone());
        self.on_disk(&self.settings.job_state_dir, move || jobs.forget(&job)).await
    }

    /// Runs calls that wait for the disk that holds `path` beside the runtime's own thread.
    async fn on_disk<T: Send + 'static>(
        &self,
        path: &Path,
        work: impl FnOnce() -> io::Result<T> + Send + 'static,
    ) -> io::Result<T> {
        self.waits.run(path, Care::Free, move |_| work()).await?
    }
}

/// A replacement that ended without a word: nobody knows which of its steps were taken but the job's own file.
#[derive(Debug)]
struct Lost {
    reason: String,
}

fn failed(doing: &str, path: &Path, error: &dyn std::error::Error) -> Outcome {
    Outcome::Failed { reason: format!("failed to {doing} {}: {error}", crate::sys::sanitize::display(path)) }
}

#[cfg(test)]
mod tests;
