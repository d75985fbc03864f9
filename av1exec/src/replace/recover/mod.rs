//! Recovers jobs that a crash or power cut interrupted: each replacement is completed or reverted before any other
//! work starts.
//!
//! [`decide()`] is a pure function of what is found under the paths that a job may have touched. It deletes the
//! result only if the film is intact, deletes the original only if the film is the journaled result, never
//! overwrites a file that it doesn't know, and leaves alone what it doesn't understand. A second recovery finds
//! nothing to do.

mod decide;
mod document;

use std::path::{Path, PathBuf};

use av1plan::config::ForeignOwner;

use crate::library::roots::root_of;
use crate::library::sidecars;
use crate::replace::content::{Content, Under};
use crate::replace::places::{Places, holds_anything, is_gone};
use crate::replace::promote::{PromoteError, Promotion};
use crate::replace::rehearsal;
use crate::settings::Settings;
use crate::state::jobs::{Job, JobStore, Unread};
use crate::state::journal::{Commit, JournalEntry, Step};
use crate::state::outcome::Outcome;
use crate::sys::disk::{self, Identity};
use crate::sys::path::path_of;
use crate::sys::{names, orphan};
pub use decide::{Action, Found, Scene, decide};
pub use document::RecoverDocument;

/// The recovery of an unfinished job: what was found, and what was done or would be done.
#[derive(Debug, Clone)]
pub struct Recovered {
    /// The ID of the job.
    pub job: String,
    /// The film.
    pub film: PathBuf,
    /// What was found under the job's paths.
    pub scene: Scene,
    /// The actions of the recovery.
    pub actions: Vec<Action>,
    /// Why the actions weren't all carried out; `None` if they were.
    pub failure: Option<String>,
}

/// The recovery of all unfinished jobs.
#[derive(Debug, Default)]
pub struct Recovery {
    /// The interrupted jobs.
    pub jobs: Vec<Recovered>,
    /// Job files that can't be read, each with the reason and what was done about it.
    pub unread: Vec<(PathBuf, String)>,
}

impl Recovery {
    /// Returns what a user has to look at: the path of a job file or film, and the reason.
    pub fn warnings(&self) -> impl Iterator<Item = (&Path, &str)> {
        let unread = self.unread.iter().map(|(path, why)| (path.as_path(), why.as_str()));
        let failed = self.jobs.iter().filter_map(|job| Some((job.film.as_path(), job.failure.as_deref()?)));
        unread.chain(failed)
    }
}

/// Ends ffmpeg processes of unfinished jobs that outlived their av1d.
pub fn end_orphans(jobs: &JobStore) {
    let unfinished = jobs.unfinished().unwrap_or_default().jobs.into_iter();
    for (id, child) in unfinished.filter_map(|job| Some((job.id, job.child?))) {
        orphan::end(&id, &child);
    }
}

/// Removes what killed rehearsals have left. They are empty files or nearly so; what can't be removed now is removed by
/// a later walk.
fn clear_rehearsals(jobs: &JobStore) {
    for (stamp, folder) in jobs.rehearsals().unwrap_or_default() {
        if rehearsal::clear(&folder, &stamp).is_ok() {
            drop(jobs.end_rehearsal(&stamp));
        }
    }
}

/// Examines every unfinished job and carries out what [`decide()`] returns; with `dry_run` it only returns it.
pub fn recover(jobs: &JobStore, settings: &Settings, dry_run: bool) -> std::io::Result<Recovery> {
    if !dry_run {
        end_orphans(jobs);
        // Leftover drafts of job files do no harm, so a failure is ignored.
        drop(jobs.clear_drafts());
        clear_rehearsals(jobs);
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
    let jobs = unfinished.map(|job| tidy(job, jobs, settings, dry_run, &|| ())).collect();
    Ok(Recovery { jobs, unread: unread_files })
}

/// Carries out what [`decide()`] returns for one unfinished job; with `dry_run` it only returns it. `answered` is
/// called each time the disk has answered.
pub fn tidy(
    mut job: Job,
    jobs: &JobStore,
    settings: &Settings,
    dry_run: bool,
    answered: &dyn Fn(),
) -> Recovered {
    let cut_off = CutOff::of(&job, &settings.library_roots, answered);
    let scene = cut_off.look(&job);
    // Only the newer program knows what else its job means.
    let actions = if job.is_newer() { vec![Action::LeaveAlone] } else { decide(scene) };
    let mut failure = None;
    if !dry_run {
        jobs.scratch(&job.id).remove();
        if !actions.contains(&Action::LeaveAlone) {
            cut_off.drop_rehearsal();
        }
        for action in &actions {
            if let Err(message) = cut_off.act(*action, &mut job, jobs, settings.keep_original) {
                failure = Some(message);
                break;
            }
        }
    }
    Recovered { job: job.id, film: cut_off.places.film, scene, actions, failure }
}

/// All paths that a job may have touched.
struct CutOff<'a> {
    places: Places,
    temporary: PathBuf,
    /// The topmost folder of the library that contains the film.
    root: PathBuf,
    answered: &'a dyn Fn(),
}

impl<'a> CutOff<'a> {
    fn of(job: &Job, roots: &[PathBuf], answered: &'a dyn Fn()) -> Self {
        let (places, temporary) = (Places::of(job.film()), path_of(&job.temporary));
        Self { root: root_of(&places.film, roots), places, temporary, answered }
    }

    /// Removes the second name that the rehearsal of an older av1d gave its empty file.
    fn drop_rehearsal(&self) {
        let second = names::second(&self.temporary);
        let is_empty = |found: std::fs::Metadata| found.is_file() && found.len() == 0;
        if std::fs::symlink_metadata(&second).is_ok_and(is_empty) {
            // If it can't be removed, a later walk deletes it as an abandoned temporary file.
            drop(disk::unlink(&second));
        }
    }

    fn look(&self, job: &Job) -> Scene {
        let is_gone = job.commit.is_none() && is_gone(&self.places.film, &self.temporary, &self.root, None);
        let found = |path: &Path| match found(path, &job.source, job.commit.as_ref(), self.answered) {
            // The folder was moved or deleted with the film.
            Found::Unknown if is_gone && matches!(Under::look(path), Under::Nothing) => Found::Nothing,
            found => found,
        };
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
            Action::CloseAsGone => self.close(job, jobs, &Outcome::FilmGone).map_err(told),
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
            foreign_owner: ForeignOwner::Skip, // the result has its owner already
            answered: self.answered,
        };
        let resumed = promotion.resume(&commit, &mut |step: Step, _| {
            job.journal.push(JournalEntry { step, at: jiff::Timestamp::now() });
            jobs.save(job)
        });
        match resumed {
            Ok(()) => {}
            // The film's times aren't the journaled ones, because our own renames or a user changed them. If the
            // original has its name, the result is discarded and the film is encoded again.
            Err(PromoteError::SourceChanged { .. }) if self.has_its_name(job) => {
                return self.give_up(job, jobs);
            }
            Err(error) => return Err(error.to_string()),
        }
        let outcome = self.replaced(job);
        self.close(job, jobs, &outcome).map_err(|error| error.to_string())
    }

    /// Whether the film is under its own path, and under no other path of the job.
    fn has_its_name(&self, job: &Job) -> bool {
        let Scene { film, backup, target, .. } = self.look(job);
        matches!(film, Found::Original | Found::Changed)
            && backup == Found::Nothing
            && target != Some(Found::Result)
    }

    /// Deletes the result and closes the job as interrupted, so that the film is tried again.
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
        let synced = disk::sync_folder_of(&self.places.film);
        if !matches!(outcome, Outcome::FilmGone) {
            synced?;
        }
        if matches!(outcome, Outcome::Replaced { .. }) {
            // The `.why.txt` says why the film wasn't replaced, which is no longer true. An outdated text is no
            // reason to stop.
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
    // If the original was emptied, it is worth less than the result, and doesn't count as changed.
    if under.is_changed(original) && !under.is_empty() {
        return Found::Changed;
    }
    match commit {
        Some(commit) if under.is_result(commit) => match disk::open(path) {
            Ok(file) => match Content::read(file, commit, answered) {
                Content::Committed => Found::Result,
                Content::Different | Content::Unreadable => Found::Broken,
            },
            // If the file can't be opened now, its content is unknown.
            Err(_) => Found::Unknown,
        },
        Some(commit) if under.has_inode_of(commit) => Found::Broken,
        _ if under.is_empty() => Found::Broken,
        _ => Found::Other,
    }
}

#[cfg(test)]
mod tests;
