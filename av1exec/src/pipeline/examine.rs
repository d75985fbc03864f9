//! Examines a film before its encode: whether it could be replaced, what all of its packets show, and whether it is
//! still there.

use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;

use av1plan::SkipReason;
use av1plan::sample::MOST_TRIALS;

use super::look::Looked;
use super::{Pipeline, failed, failure};
use crate::ffmpeg::probe::ProbeError;
use crate::ffmpeg::sample::{Background, Sampler};
use crate::library::film::Film;
use crate::pipeline::event::Event;
use crate::replace::places::is_gone;
use crate::replace::rehearsal::{FsAbilities, Rehearsed};
use crate::state::outcome::{Outcome, Retry};
use crate::sys::disk::{self, Identity, NotSet};
use crate::sys::names;

impl Pipeline {
    /// Tests whether a film that would be encoded could be replaced. Returns the outcome of the attempt if not.
    pub(super) async fn rehearse(&self, film: &Film) -> Result<FsAbilities, Outcome> {
        let (rehearsals, path) = (self.rehearsals.clone(), film.path.clone());
        let foreign_owner = self.settings.policy.foreign_owner;
        let rehearsed = self.on_disk(&film.path, move || rehearsals.of(&path, foreign_owner)).await;
        match rehearsed.map_err(|error| failed("rehearse the replacement of", &film.path, &error))? {
            (Rehearsed::Able(abilities), _) => {
                self.tell_not_set(film, &abilities.not_set);
                Ok(abilities)
            }
            (Rehearsed::Refused { reason, detail }, is_new) => {
                if is_new {
                    self.warn(&film.path, detail);
                }
                Err(Outcome::Skipped(reason))
            }
        }
    }

    /// Tells which properties of films their results can't be given, once for each disk.
    pub(super) fn tell_not_set(&self, film: &Film, not_set: &[NotSet]) {
        let news = self.rehearsals.news(film.identity.device, not_set);
        if !news.is_empty() {
            let news: Vec<String> = news.iter().map(ToString::to_string).collect();
            let news = news.join(", ");
            self.warn(&film.path, format!("results on its file system don't get {news} of their films"));
        }
    }

    /// Surveys a film that would be encoded by what is known of it so far. Returns the outcome of the attempt if that
    /// fails.
    pub(super) async fn survey(&self, film: &Film, mut looked: Looked) -> Result<Looked, Outcome> {
        if !looked.lacks_survey() {
            return Ok(looked);
        }
        self.events.send(Event::Surveying { path: film.path.clone() });
        let mut stop = self.stop.clone();
        let surveyed = tokio::select! {
            surveyed = looked.survey(film, &self.tools, self.settings.stall) => surveyed,
            () = stop.asked() => return Err(Outcome::stopped(&self.stop)),
        };
        match surveyed {
            Ok(Some(text)) => {
                let path = film.path.clone();
                self.events.send(Event::Surveyed { path, identity: film.identity, text: Box::new(text) });
            }
            Ok(None) => {}
            Err(error) => return Err(self.unprobed(film, &error).await),
        }
        Ok(looked)
    }

    /// Samples a film that would be encoded, as far as its plan needs samples. If that fails, the film is planned
    /// without them. Returns the outcome of the attempt if the work has to stop.
    pub(super) async fn sample(&self, film: &Film, mut looked: Looked) -> Result<Looked, Outcome> {
        let (toolchain, policy) = (&self.tools.toolchain, &self.settings.policy);
        let stamp = self.jobs.new_id();
        let scratch = self.jobs.sample(&stamp);
        let sampler = Sampler {
            tools: &self.tools,
            film: &film.path,
            scratch: &scratch,
            stall: self.settings.stall,
            background: Some(Background {
                stamp: &stamp,
                locks: &self.locks,
                priority: self.settings.priority,
            }),
            pause: &self.pause,
        };
        let mut stop = self.stop.clone();
        for _ in 0..MOST_TRIALS {
            let Some(order) = looked.sample_order(toolchain, policy) else { break };
            self.events.send(Event::Sampling {
                path: film.path.clone(),
                settings: order.plan.video.settings.to_string(),
                windows: order.windows.len(),
            });
            let trial = tokio::select! {
                trial = sampler.run(&order, |_| {}) => trial,
                () = stop.asked() => {
                    drop(std::fs::remove_file(&scratch));
                    return Err(Outcome::stopped(&self.stop));
                }
            };
            match trial {
                Ok(trial) => {
                    if let Some(text) = looked.add_trial(&order, trial) {
                        let (path, identity) = (film.path.clone(), film.identity);
                        self.events.send(Event::Sampled { path, identity, text: Box::new(text) });
                    }
                }
                Err(error) => {
                    self.warn(
                        &film.path,
                        format!("it is planned without more samples, since one failed: {error}"),
                    );
                    break;
                }
            }
        }
        Ok(looked)
    }

    /// Returns the outcome of an attempt whose probe failed. Writes the film's `.why.txt` if the film itself is the
    /// cause.
    pub async fn unprobed(&self, film: &Film, error: &ProbeError) -> Outcome {
        match error {
            ProbeError::Failed(_) | ProbeError::Headers(_) => {
                return self.unseen(film, failure("probe", &film.path, error)).await;
            }
            ProbeError::UnsupportedFormat { format } => {
                return Outcome::Skipped(SkipReason::UnsupportedFormat { format: format.clone() });
            }
            ProbeError::Refused { .. } | ProbeError::Document(_) => {}
        }
        // ffprobe reports the same error for a film that is damaged, that is gone, and that may not be read. Only
        // the first is the film's fault.
        match self.identity_if_readable(film).await {
            Err(error) => return self.unseen(film, failure("probe", &film.path, &error)).await,
            Ok(now) if !now.same_content_stamp(&film.identity) => return Outcome::SourceChanged,
            Ok(_) => {}
        }
        let outcome = Outcome::Unreadable { reason: error.to_string() };
        self.explain_beside(film, &outcome, None).await;
        outcome
    }

    /// Returns the outcome of an attempt before ffmpeg was started to which the film, or its disk, didn't answer.
    pub(super) async fn unseen(&self, film: &Film, reason: String) -> Outcome {
        let no_temporary = names::temporary(&film.path, "none");
        if self.is_gone(film, &no_temporary).await {
            return Outcome::FilmGone;
        }
        Outcome::Failed { reason, retry: Retry::Cheap }
    }

    /// Whether the state folder is gone.
    pub(super) async fn has_lost_state(&self) -> bool {
        let (locks, state) = (Arc::clone(&self.locks), self.settings.job_state_dir.clone());
        let folder = state.clone();
        self.on_disk(&folder, move || Ok(locks.has_lost(&state))).await.unwrap_or_default()
    }

    /// What became of a film that somebody has taken away or replaced by another one during the work on it; `None` if
    /// it is as it was, or nothing is known.
    pub(super) async fn loss_of(&self, film: &Film, temporary: &Path) -> Option<Outcome> {
        if self.is_gone(film, temporary).await {
            return Some(Outcome::FilmGone);
        }
        let path = film.path.clone();
        let now = self.on_disk(&film.path, move || Identity::of(&path)).await.ok()?;
        (!film.identity.is_same_film(&now)).then_some(Outcome::SourceChanged)
    }

    /// Whether the film was renamed, moved or deleted by somebody, while its disk is there.
    async fn is_gone(&self, film: &Film, temporary: &Path) -> bool {
        let (path, temporary, root) = (film.path.clone(), temporary.to_owned(), Arc::clone(&film.root));
        let device = film.identity.device;
        self.on_disk(&film.path, move || Ok(is_gone(&path, &temporary, &root, Some(device))))
            .await
            .unwrap_or_default()
    }

    /// Returns the current identity of a film if at least one byte of it can be read.
    pub(super) async fn identity_if_readable(&self, film: &Film) -> io::Result<Identity> {
        let path = film.path.clone();
        let read = self.on_disk(&film.path, move || {
            let read = disk::open(&path)?.read(&mut [0]);
            read.and_then(|_| Identity::of(&path))
        });
        read.await
    }
}
