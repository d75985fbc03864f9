//! Tidying up after a death: what an unfinished job left behind is finished or taken back, before anything else is done.
//!
//! [`decide`] is a pure function of what is found under the names that a job may have touched. It never deletes the
//! result unless the film is whole, never deletes the original unless the film is the journaled result, never overwrites,
//! and leaves alone what it doesn't understand. A second run finds nothing to do.

mod decide;
mod document;

use std::path::{Path, PathBuf};

use crate::library::sidecars;
use crate::replace::content::{Content, Under};
use crate::replace::places::{Places, holds_anything};
use crate::replace::promote::{PromoteError, Promotion};
use crate::state::jobs::{Job, JobStore, Unread};
use crate::state::journal::{Commit, JournalEntry, Step};
use crate::state::outcome::Outcome;
use crate::sys::disk::{self, Identity};
use crate::sys::path::path_of;
use crate::sys::{names, orphan};
pub use decide::{Action, Found, Scene, decide};
pub use document::RecoverDocument;

/// What was found of an unfinished job, and what was done or would be done about it.
#[derive(Debug, Clone)]
pub struct Recovered {
    /// The job.
    pub job: String,
    /// The film.
    pub film: PathBuf,
    /// What was found.
    pub scene: Scene,
    /// What it takes.
    pub actions: Vec<Action>,
    /// Why not all of that was done, where it wasn't.
    pub failure: Option<String>,
}

/// What was found of all unfinished jobs.
#[derive(Debug, Default)]
pub struct Recovery {
    /// The jobs that were cut off.
    pub jobs: Vec<Recovered>,
    /// Job files that can't be read, and why, and what became of each.
    pub unread: Vec<(PathBuf, String)>,
}

impl Recovery {
    /// What needs a person: the file or film, and why.
    pub fn warnings(&self) -> impl Iterator<Item = (&Path, &str)> {
        let unread = self.unread.iter().map(|(path, why)| (path.as_path(), why.as_str()));
        let failed = self.jobs.iter().filter_map(|job| Some((job.film.as_path(), job.failure.as_deref()?)));
        unread.chain(failed)
    }
}

/// Ends every encode of an unfinished job that outlived its av1d.
pub fn end_orphans(jobs: &JobStore) {
    let unfinished = jobs.unfinished().unwrap_or_default().jobs.into_iter();
    for (id, child) in unfinished.filter_map(|job| Some((job.id, job.child?))) {
        orphan::end(&id, &child);
    }
}

/// Looks at every unfinished job and does what [`decide`] says, or with `dry_run` only tells.
pub fn recover(jobs: &JobStore, keep_original: bool, dry_run: bool) -> std::io::Result<Recovery> {
    if !dry_run {
        end_orphans(jobs);
        // They are only untidy.
        drop(jobs.clear_drafts());
    }
    let unfinished = jobs.unfinished()?;
    let mut unread_files = Vec::new();
    for (path, unread) in unfinished.unread {
        let message = match unread {
            Unread::Damaged(_) if !dry_run => match jobs.set_aside(&path) {
                Ok(aside) => format!("{unread}; it is now {}", crate::sys::sanitize::display(&aside)),
                Err(error) => format!("{unread}; it can't be set aside: {error}"),
            },
            _ => unread.to_string(),
        };
        unread_files.push((path, message));
    }
    let unfinished = unfinished.jobs.into_iter();
    let jobs = unfinished.map(|job| tidy(job, jobs, keep_original, dry_run, &|| ())).collect();
    Ok(Recovery { jobs, unread: unread_files })
}

/// Does what [`decide`] says about one unfinished job. `answered` is called each time when the disk has answered.
pub fn tidy(
    mut job: Job,
    jobs: &JobStore,
    keep_original: bool,
    dry_run: bool,
    answered: &dyn Fn(),
) -> Recovered {
    let cut_off = CutOff::of(&job, answered);
    let scene = cut_off.look(&job);
    // Only the newer program knows what else its job stands for.
    let actions = if job.is_newer() { vec![Action::LeaveAlone] } else { decide(scene) };
    let mut failure = None;
    if !dry_run {
        // Nothing is judged by it any more; what can't be removed is only untidy.
        drop(disk::unlink(&jobs.frame_times(&job.id)));
        if !actions.contains(&Action::LeaveAlone) {
            cut_off.drop_rehearsal();
        }
        for action in &actions {
            if let Err(message) = cut_off.act(*action, &mut job, jobs, keep_original) {
                failure = Some(message);
                break;
            }
        }
    }
    Recovered { job: job.id, film: cut_off.places.film, scene, actions, failure }
}

/// All names that a job may have touched.
struct CutOff<'a> {
    places: Places,
    temporary: PathBuf,
    answered: &'a dyn Fn(),
}

impl<'a> CutOff<'a> {
    fn of(job: &Job, answered: &'a dyn Fn()) -> Self {
        Self { places: Places::of(job.film()), temporary: path_of(&job.temporary), answered }
    }

    /// Removes the second name that a rehearsal gave its empty file, which is of no use to anybody.
    fn drop_rehearsal(&self) {
        let second = names::second(&self.temporary);
        let is_empty = |found: std::fs::Metadata| found.is_file() && found.len() == 0;
        if std::fs::symlink_metadata(&second).is_ok_and(is_empty) {
            // One that can't be removed is the daily sweep's.
            drop(disk::unlink(&second));
        }
    }

    fn look(&self, job: &Job) -> Scene {
        let found = |path: &Path| found(path, &job.source, job.commit.as_ref(), self.answered);
        Scene {
            committed: job.commit.is_some(),
            film: found(&self.places.film),
            backup: found(&self.places.backup),
            temporary: found(&self.temporary),
            target: self.places.target.as_deref().map(found),
        }
    }

    fn act(&self, action: Action, job: &mut Job, jobs: &JobStore, keep_original: bool) -> Result<(), String> {
        let (id, doing) = (job.id.clone(), <&str>::from(action));
        let told = |error: std::io::Error| format!("tidying up after job {id} stopped at {doing}: {error}");
        match action {
            Action::DeleteTemporary => disk::unlink(&self.temporary).map_err(told),
            Action::DeleteBackup => disk::unlink(&self.places.backup).map_err(told),
            Action::RestoreOriginal => {
                disk::rename_without_overwriting(&self.places.backup, &self.places.film)
                    .and_then(|()| disk::sync_folder_of(&self.places.film))
                    .map_err(told)
            }
            Action::RestoreOverResult => disk::rename_over(&self.places.backup, &self.places.film)
                .and_then(|()| disk::sync_folder_of(&self.places.film))
                .map_err(told),
            Action::DeleteTarget => self.places.target.as_deref().map_or(Ok(()), disk::unlink).map_err(told),
            Action::SetBrokenAside => {
                disk::rename_without_overwriting(&self.places.film, &names::broken(&self.places.film))
                    .map_err(told)
            }
            Action::LeaveAlone if job.is_newer() => Err(format!(
                "job {id} was written by a newer av1d, which has to finish it; nothing is touched"
            )),
            Action::LeaveAlone => Err(format!(
                "job {} was cut off, and what it left can't be told apart; nothing is touched: look at {} and {}",
                job.id,
                crate::sys::sanitize::display(&self.places.backup),
                crate::sys::sanitize::display(&self.temporary)
            )),
            Action::CloseAsInterrupted => self.close(job, jobs, &Outcome::Interrupted).map_err(told),
            Action::CloseAsDone => {
                let outcome = self.replaced(job);
                self.close(job, jobs, &outcome).map_err(told)
            }
            Action::Resume => self.resume(job, jobs, keep_original),
        }
    }

    fn resume(&self, job: &mut Job, jobs: &JobStore, keep_original: bool) -> Result<(), String> {
        let Some(commit) = job.commit.clone() else { return Ok(()) };
        let identity = job.source;
        let promotion = Promotion {
            film: &self.places.film,
            identity: &identity,
            temporary: &self.temporary,
            target: self.places.result(),
            backup: &self.places.backup,
            keep_original,
            answered: self.answered,
        };
        let resumed = promotion.resume(&commit, &mut |step: Step, _| {
            job.journal.push(JournalEntry { step, at: jiff::Timestamp::now() });
            jobs.save(job)
        });
        match resumed {
            Ok(()) => {}
            // Its times are not those that were journaled: by our own renames before the cut, or by somebody's hand. The
            // original has its name either way, and is encoded anew.
            Err(PromoteError::SourceChanged { .. }) if self.has_its_name(job) => {
                return self.give_up(job, jobs);
            }
            Err(error) => return Err(error.to_string()),
        }
        let outcome = self.replaced(job);
        self.close(job, jobs, &outcome).map_err(|error| error.to_string())
    }

    /// Whether the film is there under its own name and no other of ours.
    fn has_its_name(&self, job: &Job) -> bool {
        let Scene { film, backup, target, .. } = self.look(job);
        matches!(film, Found::Original | Found::Changed)
            && backup == Found::Nothing
            && target != Some(Found::Result)
    }

    /// Throws the result away and lets the film be looked at again.
    fn give_up(&self, job: &mut Job, jobs: &JobStore) -> Result<(), String> {
        let given_up =
            disk::unlink(&self.temporary).and_then(|()| self.close(job, jobs, &Outcome::Interrupted));
        given_up.map_err(|error| error.to_string())
    }

    fn replaced(&self, job: &Job) -> Outcome {
        Outcome::Replaced {
            path: self.places.result().to_owned(),
            before: job.source.size,
            after: job.commit.as_ref().map_or(0, |commit| commit.size),
        }
    }

    fn close(&self, job: &mut Job, jobs: &JobStore, outcome: &Outcome) -> std::io::Result<()> {
        disk::sync_folder_of(&self.places.film)?;
        if matches!(outcome, Outcome::Replaced { .. }) {
            // It says why the film wasn't replaced, which is no longer true; a stale text is no reason to stop.
            drop(sidecars::remove_why(&self.places.film));
        }
        job.end(outcome);
        jobs.save(job)
    }
}

fn found(path: &Path, original: &Identity, commit: Option<&Commit>, answered: &dyn Fn()) -> Found {
    let under = Under::look(path);
    match &under {
        Under::Nothing if holds_anything(disk::folder_of(path)) => return Found::Nothing,
        Under::Nothing | Under::Unknown(_) => return Found::Unknown,
        Under::NoFile => return Found::Other,
        Under::File(_) => {}
    }
    if under.is_original(original) {
        return Found::Original;
    }
    // An original that somebody has emptied holds nothing any more: what we made of it is worth more.
    if under.is_changed(original) && !under.is_empty() {
        return Found::Changed;
    }
    match commit {
        Some(commit) if under.is_result(commit) => match disk::open(path) {
            Ok(file) => match Content::read(file, commit, answered) {
                Content::Committed => Found::Result,
                Content::Different | Content::Unreadable => Found::Broken,
            },
            // That it can't be opened now says nothing of what is in it.
            Err(_) => Found::Unknown,
        },
        Some(commit) if under.has_inode_of(commit) => Found::Broken,
        _ if under.is_empty() => Found::Broken,
        _ => Found::Other,
    }
}

#[cfg(test)]
mod tests;
