//! The steps from a plan to the replaced film: reserving disk space, encoding, judging and replacing.

use std::convert::Infallible;
use std::io;
use std::path::Path;
use std::sync::OnceLock;
use std::time::Duration;

use av1plan::EncodePlan;
use av1plan::command::{self, Audience};
use av1plan::judge::{Defect, RunReport, preflight};
use av1plan::plan::Gate;

use super::{Lost, Pipeline, failed, failed_after_encode};
use crate::ffmpeg::argv::bind_run;
use crate::ffmpeg::encode::{Encode, Ended};
use crate::ffmpeg::frame_times::FrameTimes;
use crate::ffmpeg::headers::HeaderEdit;
use crate::ffmpeg::preflight::{Found, Preflight};
use crate::library::film::Film;
use crate::pipeline::event::{Check, Event};
use crate::replace::places::Places;
use crate::replace::promote::{Journal, PromoteError, Promotion};
use crate::state::jobs::{Job, Scratch};
use crate::state::journal::JournalEntry;
use crate::state::outcome::Outcome;
use crate::sys::disk::{self, NotSet};
use crate::sys::reservation::Reservation;
use crate::sys::stop::StopSwitch;
use crate::sys::waits::{Care, Wait};

/// How often an encode looks whether its film is still there, and the same.
const LOOK_FOR_FILM: Duration = Duration::from_secs(10);

/// The facts about an ffmpeg run that ended by itself.
pub(super) struct Encoded {
    pub(super) report: RunReport,
    /// ffmpeg's last error message.
    pub(super) words: String,
}

impl Pipeline {
    /// Reserves disk space, and creates the file that ffmpeg will write to. Returns the outcome if there can't be an
    /// encode.
    pub(super) async fn prepare(
        &self,
        film: &Film,
        temporary: &Path,
    ) -> Result<Option<Reservation>, Outcome> {
        let (pipeline, looked, temporary) = (self.clone(), film.clone(), temporary.to_owned());
        let prepared = self.on_disk(&film.path, move || Ok(pipeline.prepare_now(&looked, &temporary)));
        prepared.await.unwrap_or_else(|error| Err(failed("prepare the encode of", &film.path, &error)))
    }

    fn prepare_now(&self, film: &Film, temporary: &Path) -> Result<Option<Reservation>, Outcome> {
        let uncreated = |error: &io::Error| failed("create a temporary file beside", &film.path, error);
        let room = self.find_room(film)?;
        disk::create_new(temporary).map_err(|error| uncreated(&error))?;
        Ok(room)
    }

    /// Reserves space for the largest result that would be accepted. If the free space is unknown, returns `None`:
    /// a full disk then shows when ffmpeg writes.
    fn find_room(&self, film: &Film) -> Result<Option<Reservation>, Outcome> {
        let needed = self.settings.policy.max_size_ratio.of(film.identity.size);
        let Ok(space) = disk::space(disk::folder_of(&film.path)) else { return Ok(None) };
        let reserved = self.reservations.reserve(film.identity.device, needed, space);
        reserved.map(Some).ok_or(Outcome::NoRoom { needed, free: space.free })
    }

    /// Encodes to `temporary`, judges the result, and puts it in the film's place.
    pub(super) async fn produce(
        &self,
        film: &Film,
        plan: &EncodePlan,
        temporary: &Path,
        job: &mut Job,
    ) -> Result<Outcome, Lost> {
        let scratch = self.jobs.scratch(&job.id);
        if let Some(outcome) = self.preflight(film, plan, temporary, &job.id).await {
            self.remove_scratch(scratch).await;
            return Ok(outcome);
        }
        let times = FrameTimes::new(scratch.frame_times.clone());
        let produced = match self.encode(film, plan, temporary, job, &times).await {
            Ok(encoded) => self.judge_and_promote(film, plan, temporary, &encoded, job).await,
            Err(outcome) => Ok(outcome),
        };
        self.remove_scratch(scratch).await;
        produced
    }

    /// Removes the files that a job's programs exchanged with this one.
    async fn remove_scratch(&self, scratch: Scratch) {
        let path = scratch.frame_times.clone();
        let removed = move || {
            scratch.remove();
            Ok(())
        };
        drop(self.on_disk(&path, removed).await);
    }

    /// Encodes a few seconds of the film to `temporary`. Returns the outcome of the attempt if they show that the
    /// encode would fail.
    async fn preflight(
        &self,
        film: &Film,
        plan: &EncodePlan,
        temporary: &Path,
        job: &str,
    ) -> Option<Outcome> {
        if !self.settings.preflight || preflight::samples(plan).is_empty() {
            return None;
        }
        self.tell_check(job, Check::Preflight);
        let scratch = self.jobs.scratch(job);
        let preflight = Preflight {
            tools: &self.tools,
            film: &film.path,
            plan,
            temporary,
            stall: self.settings.stall,
            job,
            locks: &self.locks,
            priority: self.settings.priority,
            pause: &self.pause,
            scratch: (&scratch.chapters, &scratch.tags),
        };
        let mut stop = self.stop.clone();
        let found = tokio::select! {
            found = preflight.run() => found,
            () = stop.asked() => return Some(Outcome::stopped(&self.stop)),
        };
        match found {
            Ok(Found { defects, .. }) if defects.is_empty() => None,
            Ok(Found { defects, log, words }) => {
                let path = self.jobs.log(job);
                // The log is only for people. If it can't be written, the defects are recorded all the same.
                drop(self.on_disk(&path.clone(), move || std::fs::write(path, log)).await);
                Some(Outcome::defective(defects, words))
            }
            // The encode itself shows what is wrong.
            Err(error) => {
                self.warn(&film.path, format!("the preflight couldn't be made: {error}"));
                None
            }
        }
    }

    /// Runs ffmpeg to its end. If that leaves nothing to judge, returns the outcome of the attempt.
    async fn encode(
        &self,
        film: &Film,
        plan: &EncodePlan,
        temporary: &Path,
        job: &mut Job,
        times: &FrameTimes,
    ) -> Result<Encoded, Outcome> {
        let args =
            bind_run(&command::arguments(plan, Audience::Program), &film.path, temporary, times.path());
        let id = job.id.clone();
        let encode = Encode {
            program: &self.tools.ffmpeg,
            args: &args,
            output: temporary,
            log: &self.jobs.log(&id),
            job: &id,
            locks: &self.locks,
            size_limit: plan.contract.size.limit(),
            picture: &plan.contract.picture,
            stall: self.settings.stall,
            priority: self.settings.priority,
            pause: &self.pause,
            waits: &self.waits,
        };
        let started = async |child| {
            job.child = Some(child);
            self.save(job).await
        };
        let mut has_progressed = false;
        let progressed = |progress| {
            has_progressed = true;
            self.events.send(Event::Progressed { job: id.clone(), progress });
        };
        // A film that somebody takes away or replaces ends its encode.
        let (switch, mut stop) = self.stop.part();
        let lost = OnceLock::new();
        let ended = tokio::select! {
            ended = encode.run(started, progressed, &mut stop) => ended,
            never = self.watch_over(film, temporary, &switch, &lost) => match never {},
        };
        match ended {
            Ok(Ended::Run { report, words }) => {
                let read = times.clone();
                let sent = self.on_disk(times.path(), move || Ok(read.read())).await.unwrap_or_default();
                Ok(Encoded { report: report.with_frame_times(sent), words })
            }
            Ok(Ended::TooBig { written }) => {
                let gate = plan.contract.size;
                Err(Outcome::TooBig { before: gate.original, after: written, limit: gate.limit() })
            }
            Ok(Ended::PictureChanged { width, height }) => {
                let defects = vec![Defect::PictureChanges { width, height }];
                Err(Outcome::Defective { defects, words: String::new() })
            }
            Ok(Ended::Stalled) => Err(Outcome::Stalled { seconds: self.settings.stall.as_secs() }),
            Ok(Ended::DiskHangs) => {
                let reason = "ffmpeg showed no sign of life, and the disk that it writes to doesn't answer";
                Err(failed_after_encode("encode", &film.path, &io::Error::other(reason)))
            }
            Ok(Ended::Stopped) => Err(lost.into_inner().unwrap_or_else(|| Outcome::stopped(&self.stop))),
            // ffmpeg couldn't be started, or was ended at once because its job file couldn't be written.
            Err(error) if !has_progressed => Err(failed("run ffmpeg on", &film.path, &error)),
            Err(error) => Err(failed_after_encode("run ffmpeg on", &film.path, &error)),
        }
    }

    /// Throws a switch once the film is gone or changed, and says which.
    async fn watch_over(
        &self,
        film: &Film,
        temporary: &Path,
        switch: &StopSwitch,
        lost: &OnceLock<Outcome>,
    ) -> Infallible {
        loop {
            tokio::time::sleep(LOOK_FOR_FILM).await;
            if let Some(outcome) = self.loss_of(film, temporary).await {
                drop(lost.set(outcome));
                switch.stop();
            }
        }
    }

    /// Lets `mkvpropedit` write into the result's headers what ffmpeg can't.
    async fn carry_over(&self, film: &Film, plan: &EncodePlan, result: &Path, job: &str) -> io::Result<()> {
        let Some(editor) = &self.tools.editor else { return Ok(()) };
        let Scratch { chapters, tags, .. } = &self.jobs.scratch(job);
        let limit = self.settings.stall;
        HeaderEdit { editor, film: &film.path, result, plan, chapters, tags, limit }.carry_out().await?;
        Ok(())
    }

    async fn judge_and_promote(
        &self,
        film: &Film,
        plan: &EncodePlan,
        temporary: &Path,
        encoded: &Encoded,
        job: &mut Job,
    ) -> Result<Outcome, Lost> {
        let mut stop = self.stop.clone();
        if encoded.report.exit_code == Some(0) {
            let carried = tokio::select! {
                carried = self.carry_over(film, plan, temporary, &job.id) => carried,
                () = stop.asked() => return Ok(Outcome::stopped(&self.stop)),
            };
            if let Err(error) = carried {
                return Ok(failed_after_encode("edit the headers of the result of", &film.path, &error));
            }
        }
        self.tell_check(&job.id, Check::Contract);
        let judged = tokio::select! {
            judged = self.judge(film, plan, temporary, encoded, &job.id) => judged,
            () = stop.asked() => return Ok(Outcome::stopped(&self.stop)),
        };
        match judged {
            Ok(None) => {}
            Ok(Some(outcome)) => return Ok(outcome),
            Err(error) => return Ok(failed_after_encode("check the result of", &film.path, &error)),
        }
        // A user who adds a marker during the encode wants the film to stay as it is, even if no daemon handled the
        // request.
        if self.is_excluded(film).await {
            return Ok(Outcome::Cancelled);
        }
        self.promote(film, temporary, job, |promotion, journal| promotion.carry_out(journal)).await
    }

    /// Whether a marker excludes the film now. If the film can't be read, returns `false`: the replacement then
    /// reports the error.
    async fn is_excluded(&self, film: &Film) -> bool {
        let asks = !self.settings.policy.ignore.contains(&Gate::SkipMarker);
        asks && self.look(film).await.is_ok_and(|now| now.marker.is_some())
    }

    /// Calls `place` to put the result in the film's place. All its system calls run on one thread, so that no
    /// others come in between.
    pub(super) async fn promote<F>(
        &self,
        film: &Film,
        temporary: &Path,
        job: &mut Job,
        place: F,
    ) -> Result<Outcome, Lost>
    where
        F: FnOnce(&Promotion<'_>, &mut Journal<'_>) -> Result<Vec<NotSet>, PromoteError> + Send + 'static,
    {
        let (mut running, jobs, identity) = (job.clone(), self.jobs.clone(), film.identity);
        let (temporary, keep_original) = (temporary.to_owned(), self.settings.keep_original);
        let foreign_owner = self.settings.policy.foreign_owner;
        let places = Places::of(film.path.clone());
        let placed = places.result().to_owned();
        let promoted = self.waits.run(&film.path, Care::Finish, move |wait: &Wait| {
            let promotion = Promotion {
                film: &places.film,
                identity: &identity,
                temporary: &temporary,
                target: places.result(),
                backup: &places.backup,
                keep_original,
                foreign_owner,
                answered: &|| wait.answered(),
            };
            let result = place(&promotion, &mut |step, commit| {
                wait.answered();
                running.journal.push(JournalEntry { step, at: jiff::Timestamp::now() });
                running.commit = commit.cloned().or(running.commit.take());
                jobs.save(&running)
            });
            (result, running)
        });
        let (result, running) = promoted.await.map_err(|error| Lost { reason: error.to_string() })?;
        *job = running;
        Ok(match result {
            Ok(not_set) => {
                self.tell_not_set(film, &not_set);
                let after = job.commit.as_ref().map_or(0, |commit| commit.size);
                Outcome::Replaced { path: placed, before: film.identity.size, after }
            }
            Err(PromoteError::SourceChanged { .. }) => Outcome::SourceChanged,
            Err(error) => Outcome::after_encode(error.kind(), error.to_string()),
        })
    }
}
