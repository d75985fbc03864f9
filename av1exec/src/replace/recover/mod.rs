//! Tidying up after a death: what an unfinished job left behind is finished or taken back, before anything else is done.
//!
//! [`decide`] is a pure function of what is found under the names that a job may have touched. It never deletes the
//! result unless the film is whole, never deletes the original unless the film is the journaled result, never overwrites,
//! and leaves alone what it doesn't understand. A second run finds nothing to do.

mod decide;
mod document;

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::library::sidecars;
use crate::replace::promote::{PromoteError, Promotion, is_original, is_result};
use crate::state::jobs::{Job, JobStore, Unread};
use crate::state::journal::{Commit, Entry, Step};
use crate::state::outcome::Outcome;
use crate::sys::disk::{self, Identity};
use crate::sys::lock::ROOT_LOCK;
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
    let places = Places::of(&job, answered);
    let scene = places.look(&job);
    // Only the newer program knows what else its job stands for.
    let actions = if job.is_newer() { vec![Action::LeaveAlone] } else { decide(scene) };
    let mut failure = None;
    if !dry_run {
        // Nothing is judged by it any more; what can't be removed is only untidy.
        drop(disk::unlink(&jobs.frame_times(&job.id)));
        if !actions.contains(&Action::LeaveAlone) {
            places.drop_rehearsal();
        }
        for action in &actions {
            if let Err(message) = places.act(*action, &mut job, jobs, keep_original) {
                failure = Some(message);
                break;
            }
        }
    }
    Recovered { job: job.id, film: places.film, scene, actions, failure }
}

/// The names that a job may have touched.
struct Places<'a> {
    film: PathBuf,
    backup: PathBuf,
    temporary: PathBuf,
    target: Option<PathBuf>,
    answered: &'a dyn Fn(),
}

impl<'a> Places<'a> {
    fn of(job: &Job, answered: &'a dyn Fn()) -> Self {
        let film = job.film();
        Self {
            backup: names::backup(&film),
            temporary: path_of(&job.temporary),
            target: names::renamed(&film),
            film,
            answered,
        }
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
            film: found(&self.film),
            backup: found(&self.backup),
            temporary: found(&self.temporary),
            target: self.target.as_deref().map(found),
        }
    }

    fn act(&self, action: Action, job: &mut Job, jobs: &JobStore, keep_original: bool) -> Result<(), String> {
        let (id, doing) = (job.id.clone(), <&str>::from(action));
        let told = |error: std::io::Error| format!("tidying up after job {id} stopped at {doing}: {error}");
        match action {
            Action::DeleteTemporary => disk::unlink(&self.temporary).map_err(told),
            Action::DeleteBackup => disk::unlink(&self.backup).map_err(told),
            Action::RestoreOriginal => disk::rename_without_overwriting(&self.backup, &self.film)
                .and_then(|()| disk::sync_folder_of(&self.film))
                .map_err(told),
            Action::RestoreOverResult => disk::rename_over(&self.backup, &self.film)
                .and_then(|()| disk::sync_folder_of(&self.film))
                .map_err(told),
            Action::DeleteTarget => self.target.as_deref().map_or(Ok(()), disk::unlink).map_err(told),
            Action::SetBrokenAside => {
                disk::rename_without_overwriting(&self.film, &names::broken(&self.film)).map_err(told)
            }
            Action::LeaveAlone if job.is_newer() => Err(format!(
                "job {id} was written by a newer av1d, which has to finish it; nothing is touched"
            )),
            Action::LeaveAlone => Err(format!(
                "job {} was cut off, and what it left can't be told apart; nothing is touched: look at {} and {}",
                job.id,
                crate::sys::sanitize::display(&self.backup),
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
            film: &self.film,
            identity: &identity,
            temporary: &self.temporary,
            target: self.target.as_ref().unwrap_or(&self.film),
            backup: &self.backup,
            keep_original,
            answered: self.answered,
        };
        let resumed = promotion.resume(&commit, &mut |step: Step, _| {
            job.journal.push(Entry { step, at: jiff::Timestamp::now() });
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
            path: self.target.clone().unwrap_or_else(|| self.film.clone()),
            before: job.source.size,
            after: job.commit.as_ref().map_or(0, |commit| commit.size),
        }
    }

    fn close(&self, job: &mut Job, jobs: &JobStore, outcome: &Outcome) -> std::io::Result<()> {
        disk::sync_folder_of(&self.film)?;
        if matches!(outcome, Outcome::Replaced { .. }) {
            // It says why the film wasn't replaced, which is no longer true; a stale text is no reason to stop.
            drop(sidecars::remove_why(&self.film));
        }
        job.end(outcome);
        jobs.save(job)
    }
}

fn found(path: &Path, original: &Identity, commit: Option<&Commit>, answered: &dyn Fn()) -> Found {
    let metadata = match std::fs::symlink_metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == ErrorKind::NotFound && holds_anything(disk::folder_of(path)) => {
            return Found::Nothing;
        }
        Err(_) => return Found::Unknown,
    };
    if is_original(path, original) {
        return Found::Original;
    }
    if Identity::of(path).is_ok_and(|found| found.inode == original.inode) {
        return Found::Changed;
    }
    match commit {
        Some(commit) if is_result(path, commit) => match is_whole(path, commit, answered) {
            Ok(true) => Found::Result,
            Ok(false) => Found::Broken,
            // That it can't be opened now says nothing of what is in it.
            Err(_) => Found::Unknown,
        },
        Some(commit) if Identity::of(path).is_ok_and(|found| found.inode == commit.inode) => Found::Broken,
        _ if metadata.is_file() && metadata.len() == 0 => Found::Broken,
        _ => Found::Other,
    }
}

/// Whether a file's content is the committed one. One that can be opened but not read to its end is not.
fn is_whole(path: &Path, commit: &Commit, answered: &dyn Fn()) -> std::io::Result<bool> {
    let file = disk::open(path)?;
    Ok(disk::hash_by_parts(file, answered).is_ok_and(|hash| hash.to_hex().as_str() == commit.hash))
}

/// Whether a folder is there and not the bare mount point of a share that is gone: in that one there is nothing, but
/// perhaps a lock of ours.
fn holds_anything(folder: &Path) -> bool {
    let foreign = |entry: std::fs::DirEntry| entry.file_name() != ROOT_LOCK;
    std::fs::read_dir(folder).is_ok_and(|entries| entries.flatten().any(foreign))
}

#[cfg(test)]
mod tests;
