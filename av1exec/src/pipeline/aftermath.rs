//! What is left to do after an attempt: the temporary file goes, the sidecars say how it ended, the job is closed.

use std::path::{Path, PathBuf};

use av1plan::Verdict;

use super::Pipeline;
use crate::disk;
use crate::event::Event;
use crate::jobs::Job;
use crate::names;
use crate::outcome::Outcome;
use crate::scan::Film;
use crate::sidecars::{self, MarkCause};
use crate::why;

impl Pipeline {
    /// Removes the temporary result, unless the film itself isn't there: then it might be the only copy. Says whether the
    /// job may be closed; one that is left open is looked at again by the next start.
    pub(super) fn clear(&self, film: &Film, temporary: &Path, outcome: &Outcome) -> bool {
        let replaced = matches!(outcome, Outcome::Replaced { .. });
        if !replaced && !std::fs::symlink_metadata(&film.path).is_ok_and(|found| found.len() > 0) {
            self.warn(temporary, "kept, since the film itself is gone".to_owned());
            return false;
        }
        match disk::unlink(temporary) {
            Ok(()) => true,
            Err(error) => {
                self.warn(temporary, format!("the temporary file can't be removed: {error}"));
                // What failed for good must be remembered as that.
                !replaced && outcome.is_lasting()
            }
        }
    }

    pub(super) fn settle_sidecars(&self, film: &Film, outcome: &Outcome, verdict: &Verdict) {
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
            // Its folder may be the bare mount point of a share that is gone, where nothing is to be written.
            _ if gone => {}
            Outcome::TooBig { .. } => {
                if let Err(error) = sidecars::mark(&film.path, &outcome.to_string(), self.too_big(film)) {
                    self.warn(&names::skip_marker(&film.path), error.to_string());
                }
                self.explain_beside(film, outcome, Some(verdict));
            }
            Outcome::Defective { .. } | Outcome::Stalled { .. } | Outcome::Failed { .. } => {
                self.explain_beside(film, outcome, Some(verdict));
            }
            Outcome::Skipped(_)
            | Outcome::Unreadable { .. }
            | Outcome::Interrupted
            | Outcome::Cancelled
            | Outcome::SourceChanged
            | Outcome::NoRoom { .. } => {}
        }
    }

    fn too_big(&self, film: &Film) -> MarkCause {
        MarkCause::TooBig { original: film.identity, gate: self.settings.policy.max_size_ratio }
    }

    pub(super) fn explain_beside(&self, film: &Film, outcome: &Outcome, verdict: Option<&Verdict>) {
        if !self.settings.write_why_sidecars {
            return;
        }
        let text = why::text(outcome, verdict);
        let title = why::title(&film.path, outcome);
        if let Err(error) = sidecars::write_why(&film.path, &title, &text) {
            self.warn(&names::why(&film.path), error.to_string());
        }
    }

    pub(super) fn close(&self, job: &mut Job, outcome: &Outcome) {
        job.end(outcome);
        if let Err(error) = self.jobs.save(job) {
            self.warn(&PathBuf::from(&job.id), format!("the job can't be written: {error}"));
        }
    }

    pub(super) fn warn(&self, path: &Path, message: String) {
        self.events.send(Event::Warning { path: path.to_owned(), message });
    }
}
