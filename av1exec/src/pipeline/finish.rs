//! The end of an attempt: deletes the temporary file, writes or removes the sidecar files, and closes the job.

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};

use av1plan::{SkipReason, Verdict};

use super::Pipeline;
use crate::library::film::Film;
use crate::library::sidecars::{self, MarkCause};
use crate::library::size_terms::SizeTerms;
use crate::pipeline::event::Event;
use crate::pipeline::why_text;
use crate::state::jobs::{Job, LogLimits};
use crate::state::outcome::Outcome;
use crate::sys::disk;
use crate::sys::names;

/// A job's temporary result, whose folder is held open, so that the file is found even if the folder is renamed or
/// moved. The file itself isn't held, since some file systems keep an open file under another name after it was
/// removed.
pub(super) struct Held {
    /// Its path when it was made.
    pub(super) path: PathBuf,
    pub(super) folder: Option<File>,
}

impl Held {
    pub(super) fn new(path: PathBuf) -> Self {
        let folder = File::open(disk::folder_of(&path)).ok();
        Self { path, folder }
    }

    /// Removes the file, wherever its folder is now.
    fn remove(&self) -> io::Result<()> {
        disk::unlink(&self.path)?;
        let folder = self.folder.as_ref().map(|opened| format!("/proc/self/fd/{}", opened.as_raw_fd()));
        let now = folder.and_then(|link| std::fs::read_link(link).ok()).zip(self.path.file_name());
        // The job's id is in the name, so that nobody else's file has it.
        now.map_or(Ok(()), |(folder, name)| disk::unlink(&folder.join(name)))
    }
}

impl Pipeline {
    /// Deletes the temporary result, unless the disk with the film is gone. Returns whether the job may be closed; a
    /// job that stays unfinished is recovered by the next start.
    pub(super) async fn clear(&self, film: &Film, held: Held, outcome: &Outcome) -> bool {
        let replaced = matches!(outcome, Outcome::Replaced { .. } | Outcome::FilmGone);
        let (path, temporary) = (film.path.clone(), held.path.clone());
        let removed = self.on_disk(&film.path, move || {
            let is_there = || std::fs::symlink_metadata(&path).is_ok_and(|found| found.len() > 0);
            if replaced || is_there() { held.remove().map(Some) } else { Ok(None) }
        });
        match removed.await {
            Ok(Some(())) => true,
            Ok(None) => {
                self.warn(&temporary, "kept, since the film itself can't be seen".to_owned());
                false
            }
            Err(error) => {
                self.warn(&temporary, format!("the temporary file can't be removed: {error}"));
                // A failure that would repeat must be recorded, even though the file stays.
                !replaced && outcome.is_lasting()
            }
        }
    }

    /// Writes or removes the sidecar files, by the outcome.
    pub(super) async fn settle_sidecars(&self, film: &Film, outcome: &Outcome, verdict: &Verdict) {
        let (pipeline, film, outcome) = (self.clone(), film.clone(), outcome.clone());
        let why = self.why(&film, &outcome, Some(verdict));
        let path = film.path.clone();
        let settled = self.on_disk(&path, move || {
            pipeline.settle_sidecars_now(&film, &outcome, why);
            Ok(())
        });
        if let Err(error) = settled.await {
            self.warn(&path, format!("the files beside it can't be written: {error}"));
        }
    }

    fn settle_sidecars_now(&self, film: &Film, outcome: &Outcome, why: Option<Why>) {
        let gone = std::fs::symlink_metadata(&film.path).is_err();
        match outcome {
            Outcome::Replaced { .. } => {
                if let Err(error) = sidecars::remove_why(&film.path) {
                    self.warn(&names::why(&film.path), error.to_string());
                }
                if let Err(error) = sidecars::remove_size_marker(&film.path) {
                    self.warn(&names::skip_marker(&film.path), error.to_string());
                }
            }
            // The film's folder may be the empty mount point of an unmounted share: nothing is written there.
            _ if gone => {}
            Outcome::TooBig { .. } => {
                if let Err(error) = sidecars::mark(&film.path, &outcome.to_string(), self.too_big(film)) {
                    self.warn(&names::skip_marker(&film.path), error.to_string());
                }
                self.write_why(&film.path, why);
            }
            Outcome::Defective { .. }
            | Outcome::Unverified { .. }
            | Outcome::Stalled { .. }
            | Outcome::Failed { .. } => self.write_why(&film.path, why),
            Outcome::Skipped(_)
            | Outcome::Unreadable { .. }
            | Outcome::Interrupted
            | Outcome::Cancelled
            | Outcome::SourceChanged
            | Outcome::FilmGone
            | Outcome::NoRoom { .. }
            | Outcome::RanOut { .. } => {}
        }
    }

    /// Writes the marker of a film whose result would be too big.
    pub(super) async fn mark_too_big(&self, film: &Film, reason: &SkipReason) {
        let (path, cause) = (film.path.clone(), self.too_big(film));
        let line = format!("{}: {reason}", reason.code());
        let marked = self.on_disk(&film.path, move || sidecars::mark(&path, &line, cause)).await;
        if let Err(error) = marked {
            self.warn(&names::skip_marker(&film.path), error.to_string());
        }
    }

    fn too_big(&self, film: &Film) -> MarkCause {
        MarkCause::TooBig { original: film.identity, terms: SizeTerms::of(&self.settings.policy) }
    }

    /// Writes the `.why.txt` that says why a film wasn't replaced.
    pub(crate) async fn explain_beside(&self, film: &Film, outcome: &Outcome, verdict: Option<&Verdict>) {
        let (pipeline, path, why) = (self.clone(), film.path.clone(), self.why(film, outcome, verdict));
        let written = self.on_disk(&film.path, move || {
            pipeline.write_why(&path, why);
            Ok(())
        });
        if let Err(error) = written.await {
            self.warn(&names::why(&film.path), error.to_string());
        }
    }

    /// Returns the content of the `.why.txt`; `None` if the settings switch these files off.
    fn why(&self, film: &Film, outcome: &Outcome, verdict: Option<&Verdict>) -> Option<Why> {
        let text =
            || Why { title: why_text::title(&film.path, outcome), text: why_text::text(outcome, verdict) };
        self.settings.write_why_sidecars.then(text)
    }

    fn write_why(&self, film: &Path, why: Option<Why>) {
        let Some(Why { title, text }) = why else { return };
        if let Err(error) = sidecars::write_why(film, &title, &text) {
            self.warn(&names::why(film), error.to_string());
        }
    }

    /// Records the outcome in the job file.
    pub(super) async fn close(&self, job: &mut Job, outcome: &Outcome) {
        job.end(outcome);
        if let Err(error) = self.save(job).await {
            self.warn(&PathBuf::from(&job.id), format!("the job can't be written: {error}"));
        }
    }

    /// Deletes the oldest logs of encodes if they exceed the limits of the settings.
    pub(super) async fn prune_logs(&self, job: &str) {
        let (jobs, log) = (self.jobs.clone(), self.jobs.log(job));
        let limits = LogLimits { age: self.settings.log_age, bytes: self.settings.log_bytes };
        if let Err(error) = self.on_disk(&log, move || jobs.prune_logs(limits)).await {
            self.warn(&log, format!("old logs can't be deleted: {error}"));
        }
    }

    pub(super) fn warn(&self, path: &Path, message: String) {
        self.events.send(Event::Warning { path: path.to_owned(), message });
    }
}

/// The content of a `.why.txt`.
struct Why {
    title: String,
    text: String,
}
