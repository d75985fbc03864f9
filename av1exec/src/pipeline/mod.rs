//! One film, start to end: gates, probe, plan, encode, judge, promote. What a result must show is gathered in `judging`,
//! what is left to do after an attempt is in `aftermath`.

mod aftermath;
mod fold;
mod judging;

use std::io;
use std::path::Path;
use std::sync::Arc;

use av1plan::command::{self, Audience};
use av1plan::gates::{self, Gate, Stability};
use av1plan::judge::RunReport;
use av1plan::{Config, EncodePlan, MediaProbe, SkipReason, Source, Verdict};

use crate::argv::bind_run;
use crate::disk;
use crate::encode::{Encode, Ended};
use crate::event::{Check, Event, Events};
use crate::frame_times::FrameTimes;
use crate::jobs::{Entry, Job, JobStore, plan_document};
use crate::lock::Locks;
use crate::names;
use crate::outcome::Outcome;
use crate::pause::Pause;
use crate::probe::{self, ProbeError, ProbeText};
use crate::promote::{PromoteError, Promotion, Step, is_original};
use crate::recover;
use crate::rehearse::rehearse;
use crate::room::{Promised, Room};
use crate::scan::Film;
use crate::settings::Settings;
use crate::stop::Stop;
use crate::tools::Tools;
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
    pub room: Room,
    /// Who is told.
    pub events: Events,
    /// Who may stop it.
    pub stop: Stop,
    /// Who may have encodes hold still.
    pub pause: Pause,
}

/// Where an attempt stands once ffmpeg has ended by itself.
struct Encoded {
    report: RunReport,
    words: String,
}

impl Pipeline {
    /// Works on one film until it is done, one way or another, and tells everybody. `known` is what ffprobe said of it before.
    pub async fn run(&self, film: &Film, stability: Stability, known: Option<&ProbeText>) -> Outcome {
        let (outcome, job) = self.attempt(film, stability, known).await;
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
        let now = match Film::look(&film.path, &film.root, policy) {
            Ok(now) => now,
            Err(error) => return (failed("look at", &film.path, &error), None),
        };
        if !now.identity.same_content_stamp(&film.identity) {
            return (Outcome::SourceChanged, None);
        }
        let film = &now;
        if let Some(reason) = gates::before_probe(&film.facts(stability), policy) {
            return (Outcome::Skipped(reason), None);
        }
        let probe = match known.map(ProbeText::parse) {
            Some(Ok(probe)) => probe,
            _ => match probe::probe(&self.tools, &film.path).await {
                Ok(probe) => probe,
                Err(error) => return (self.unprobed(film, &error), None),
            },
        };
        let verdict = self.consider(film, stability, &probe);
        match &verdict {
            Verdict::Skip(skip) => (Outcome::Skipped(skip.reason.clone()), None),
            Verdict::Encode(plan) => self.carry_out(film, plan, &verdict, policy).await,
        }
    }

    /// Plans a film, and says beside it why it is refused where a loss is the reason.
    pub fn consider(&self, film: &Film, stability: Stability, probe: &MediaProbe) -> Verdict {
        let file = film.facts(stability);
        let source = Source { file: &file, probe };
        let verdict = av1plan::plan(&source, &self.tools.toolchain, &self.settings.policy);
        if let Verdict::Skip(skip) = &verdict
            && matches!(skip.reason, SkipReason::RefusedLoss(_))
        {
            self.explain_beside(film, &Outcome::Skipped(skip.reason.clone()), Some(&verdict));
        }
        verdict
    }

    /// How the attempt on a film ends of which ffprobe has nothing to say; said beside it where the film is to blame.
    pub fn unprobed(&self, film: &Film, error: &ProbeError) -> Outcome {
        if let ProbeError::Failed(_) = error {
            let reason = format!("failed to probe {}: {error}", crate::sanitize::display(&film.path));
            return Outcome::Failed { reason };
        }
        let outcome = Outcome::Unreadable { reason: error.to_string() };
        self.explain_beside(film, &outcome, None);
        outcome
    }

    /// Carries out a plan as a job, and leaves no temporary file behind whatever happens.
    async fn carry_out(
        &self,
        film: &Film,
        plan: &EncodePlan,
        verdict: &Verdict,
        policy: &Config,
    ) -> (Outcome, Option<String>) {
        let id = self.jobs.new_id();
        let temporary = names::temporary(&film.path, &id);
        let document = plan_document(&film.path, film.identity.size, verdict);
        let mut job = Job::new(id.clone(), &film.path, film.identity, &temporary, &document);
        job.journal.push(Entry { step: Step::Running, at: job.started });
        // Before the first file beside the film, so that whatever a death leaves there is known for this job's.
        if let Err(error) = self.jobs.save(&job) {
            return (failed("write the job of", &film.path, &error), None);
        }
        // Held until the result is in place or gone.
        let _room = match self.prepare(film, &temporary, policy) {
            Ok(room) => room,
            Err(outcome) if self.jobs.forget(&job).is_ok() => return (outcome, None),
            Err(outcome) => {
                self.close(&mut job, &outcome);
                return (outcome, Some(id));
            }
        };
        if let Err(error) = disk::create_new(&temporary) {
            let outcome = failed("create a temporary file beside", &film.path, &error);
            self.close(&mut job, &outcome);
            return (outcome, Some(id));
        }
        self.events.send(Event::Started {
            job: id.clone(),
            path: film.path.clone(),
            plan: Box::new(plan.clone()),
        });
        let outcome = self.produce(film, plan, &temporary, &mut job).await;
        if job.commit.is_some() && !matches!(outcome, Outcome::Replaced { .. }) && !is_as_before(film) {
            // Cut off between two renames: left open, and tidied up like after a death.
            let (jobs, events, keep_original) =
                (self.jobs.clone(), self.events.clone(), self.settings.keep_original);
            // It may read whole films.
            let tidied = blocking(move || Ok(recover::tidy(job, &jobs, keep_original, false, &events))).await;
            if let Ok(tidied) = tidied {
                self.events.send(Event::Recovered(tidied));
            }
            return (outcome, Some(id));
        }
        let cleared = self.clear(film, &temporary, &outcome);
        self.settle_sidecars(film, &outcome, verdict);
        if cleared {
            self.close(&mut job, &outcome);
        }
        if let Err(error) = self.jobs.prune_logs(self.settings.logs) {
            self.warn(&self.jobs.log(&id), format!("old logs can't be deleted: {error}"));
        }
        (outcome, Some(id))
    }

    /// Tries out what replacing the film will take, and finds room for it; or says why there will be no encode.
    fn prepare(&self, film: &Film, temporary: &Path, policy: &Config) -> Result<Option<Promised>, Outcome> {
        match rehearse(&film.path, temporary, &names::second(temporary)) {
            Ok(None) => self.find_room(film, policy),
            Ok(Some(reason)) => Err(Outcome::Skipped(reason)),
            Err(error) => Err(failed("create a temporary file beside", &film.path, &error)),
        }
    }

    /// Room for the largest result that would be taken. Where free space can't be asked for, the write itself will tell.
    fn find_room(&self, film: &Film, policy: &Config) -> Result<Option<Promised>, Outcome> {
        let needed = policy.max_size_ratio.of(film.identity.size);
        let Ok(space) = disk::space(disk::folder_of(&film.path)) else { return Ok(None) };
        let promised = self.room.promise(film.identity.device, needed, space);
        promised.map(Some).ok_or(Outcome::NoRoom { needed, free: space.free })
    }

    /// Encodes to `temporary`, judges it, and puts it in place.
    async fn produce(&self, film: &Film, plan: &EncodePlan, temporary: &Path, job: &mut Job) -> Outcome {
        let times = FrameTimes::new(self.jobs.frame_times(&job.id));
        let args = bind_run(command::arguments(plan, Audience::Program), &film.path, temporary, times.path());
        let id = job.id.clone();
        let encode = Encode {
            program: &self.tools.ffmpeg,
            args: &args,
            output: temporary,
            log: &self.jobs.log(&id),
            job: &id,
            locks: &self.locks,
            size_limit: plan.contract.size.limit(),
            stall: self.settings.stall,
            courtesy: self.settings.courtesy,
            pause: &self.pause,
        };
        let started = |child| {
            job.child = Some(child);
            self.jobs.save(job)
        };
        let encoded = match encode.run(started, &self.events, &mut self.stop.clone()).await {
            Ok(Ended::Run { report, words }) => {
                Encoded { report: RunReport { sent: times.read(), ..report }, words }
            }
            Ok(Ended::TooBig { written }) => {
                let gate = plan.contract.size;
                return Outcome::TooBig { before: gate.original, after: written, limit: gate.limit() };
            }
            Ok(Ended::Stalled) => return Outcome::Stalled { seconds: self.settings.stall.as_secs() },
            Ok(Ended::Stopped) => return Outcome::stopped(&self.stop),
            Err(error) => return failed("run ffmpeg on", &film.path, &error),
        };
        self.tell_check(&id, Check::Contract);
        let mut stop = self.stop.clone();
        let judged = tokio::select! {
            judged = self.judge(film, plan, temporary, &encoded, &job.id) => judged,
            () = stop.asked() => return Outcome::stopped(&self.stop),
        };
        match judged {
            Ok(None) => {}
            Ok(Some(outcome)) => return outcome,
            Err(error) => return failed("check the result of", &film.path, &error),
        }
        // A person who excludes it while it is encoded wants it to stay as it is, whoever was there to be told.
        if self.is_excluded(film) {
            return Outcome::Cancelled;
        }
        self.promote(film, temporary, job).await
    }

    /// Whether a marker excludes a film now. That it can't be looked at is for the promotion to find.
    fn is_excluded(&self, film: &Film) -> bool {
        let policy = &self.settings.policy;
        let now = Film::look(&film.path, &film.root, policy);
        !policy.ignore.contains(&Gate::SkipMarker) && now.is_ok_and(|now| now.marker.is_some())
    }

    async fn promote(&self, film: &Film, temporary: &Path, job: &mut Job) -> Outcome {
        let (mut running, jobs, film) = (job.clone(), self.jobs.clone(), film.clone());
        let (temporary, keep_original) = (temporary.to_owned(), self.settings.keep_original);
        let target = names::renamed(&film.path).unwrap_or_else(|| film.path.clone());
        let placed = target.clone();
        let before = film.identity.size;
        // One closure on one thread, so that nothing else comes between its calls.
        let promoted = blocking(move || {
            let promotion = Promotion {
                film: &film.path,
                identity: &film.identity,
                temporary: &temporary,
                target: &target,
                backup: &names::backup(&film.path),
                keep_original,
            };
            let result = promotion.carry_out(&mut |step, commit| {
                running.journal.push(Entry { step, at: jiff::Timestamp::now() });
                running.commit = commit.cloned().or(running.commit.take());
                jobs.save(&running)
            });
            Ok((result, running))
        });
        let (result, running) = match promoted.await {
            Ok(promoted) => promoted,
            Err(error) => return Outcome::Failed { reason: error.to_string() },
        };
        *job = running;
        match result {
            Ok(()) => {
                let after = job.commit.as_ref().map_or(0, |commit| commit.size);
                Outcome::Replaced { path: placed, before, after }
            }
            Err(PromoteError::SourceChanged { .. }) => Outcome::SourceChanged,
            Err(error) => Outcome::Failed { reason: error.to_string() },
        }
    }
}

/// Whether the original has its name, and no other one of ours.
fn is_as_before(film: &Film) -> bool {
    let original = |path: &Path| is_original(path, &film.identity);
    original(&film.path) && !original(&names::backup(&film.path))
}

fn failed(doing: &str, path: &Path, error: &io::Error) -> Outcome {
    Outcome::Failed { reason: format!("failed to {doing} {}: {error}", crate::sanitize::display(path)) }
}

/// Runs calls that wait for the disk beside the runtime's own thread.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(io::Error::other)?
}
