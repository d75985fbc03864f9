//! Restores an original that was kept (`keep_original = true`), and excludes it from further encodes.
//!
//! `decide` chooses the next step by what the disk shows. This module examines the disk and takes the steps one at
//! a time, each synced before the next examination. At every instant the film's name holds the original or the
//! verified replacement. The replacement is deleted only once the original has its name. An undo that was
//! interrupted is completed by the next one.

mod decide;
mod document;
mod error;

use std::collections::HashMap;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use crate::library::sidecars::{self, MarkCause};
use crate::replace::content::{Content, Under};
use crate::replace::places::Places;
use crate::state::jobs::{FilmJobs, Job, JobStore};
use crate::state::journal::Commit;
use crate::sys::disk::{self, Identity};
use crate::sys::names;
use crate::sys::path::path_of;
pub use decide::{Held, Move, Naming, Next, Noted, Refusal, Scene, all, next};
pub use document::UndoDocument;
pub use error::UndoError;

/// Returns the job whose replacement is to be undone: the latest that replaced the film, whether or not that was
/// undone already. `films` are any names of the film or of its original.
pub fn job_of<'a>(jobs: &'a FilmJobs, films: &[PathBuf]) -> Option<&'a Job> {
    jobs.jobs.iter().rev().find(|job| {
        let places = Places::of(job.film());
        let replaced = job.outcome.as_ref().and_then(|outcome| outcome.replaced_by.as_ref()).map(path_of);
        let is_finished = job.undone.is_some() || replaced.is_some();
        let names = [places.target, Some(places.backup), Some(places.film), replaced];
        job.commit.is_some() && is_finished && names.iter().flatten().any(|name| films.contains(name))
    })
}

/// An undo of a replacement. The caller holds the locks.
#[derive(Debug)]
pub struct Undo<'a> {
    jobs: &'a JobStore,
    job: Job,
    commit: Commit,
    places: Places,
    /// The hidden path that the replacement has while the original takes its place.
    aside: PathBuf,
    /// Whether the file system has hard links.
    naming: Naming,
    /// Creates a hard link. Tests replace it by a function that reports success but does nothing.
    link: fn(&Path, &Path) -> io::Result<()>,
    /// The content of files that were read, by device, inode, size and modification time. A file is read again only
    /// if these change.
    read: HashMap<(u64, u64, u64, i64), Content>,
}

impl<'a> Undo<'a> {
    /// Creates the undo of a job; returns `None` if the job replaced no film.
    pub fn new(jobs: &'a JobStore, job: Job) -> Option<Self> {
        let commit = job.commit.clone()?;
        let places = Places::of(job.film());
        Some(Self {
            aside: names::temporary(&places.film, &job.id),
            places,
            naming: Naming::Links,
            link: disk::link,
            read: HashMap::new(),
            jobs,
            job,
            commit,
        })
    }

    /// The path that the original gets back.
    pub fn film(&self) -> &Path {
        &self.places.film
    }

    /// The ID of the job that replaced the film.
    pub fn job(&self) -> &str {
        &self.job.id
    }

    /// Whether the replacement was undone already.
    pub fn is_done(&self) -> bool {
        self.job.undone.is_some()
    }

    /// Returns the steps that would be taken.
    pub fn steps(&mut self) -> Result<Vec<Move>, UndoError> {
        let scene = self.look();
        all(scene).map_err(|refusal| self.refused(refusal))
    }

    /// Returns the files that stay although the original has its name again: files of others, or files not known to
    /// be av1d's.
    pub fn left(&mut self) -> Vec<PathBuf> {
        let left = decide::left(self.look());
        let names = [
            (left.backup, Some(&self.places.backup)),
            (left.aside, Some(&self.aside)),
            (left.target, self.places.target.as_ref()),
        ];
        names.into_iter().filter_map(|(stays, name)| name.filter(|_| stays).cloned()).collect()
    }

    /// Takes all remaining steps and returns them.
    pub fn run(&mut self) -> Result<Vec<Move>, UndoError> {
        let mut done = Vec::new();
        while let Some(step) = self.step()? {
            done.push(step);
        }
        Ok(done)
    }

    /// Takes the next step and returns it; returns `None` if the undo is complete.
    pub fn step(&mut self) -> Result<Option<Move>, UndoError> {
        let scene = self.look();
        let step = match next(scene) {
            Next::Done => return Ok(None),
            Next::Refuse(refusal) => return Err(self.refused(refusal)),
            Next::Do(step) => step,
        };
        let path = self.places.film.clone();
        let failed = |source| UndoError::Disk { step: step.into(), path: path.clone(), source };
        match self.act(step) {
            // The file system has no hard links: the next step is chosen again, by renames only.
            Err(error) if decide::links(scene, step) && !is_taken(&error) => {
                self.naming = Naming::Renames;
                return self.step();
            }
            acted => acted.map_err(failed)?,
        }
        if step != Move::Record {
            disk::sync_folder_of(&self.places.film).map_err(failed)?;
        }
        // Success is judged by what the disk shows, not by what the system call returned.
        let found = self.look();
        if found == decide::after(scene, step) {
            return Ok(Some(step));
        }
        if found == scene && decide::links(scene, step) {
            self.naming = Naming::Renames;
            return self.step();
        }
        Err(failed(disk::not_done()))
    }

    fn act(&mut self, step: Move) -> io::Result<()> {
        match step {
            Move::Mark => sidecars::mark(
                &self.places.film,
                "its encode was undone, so that it is left alone",
                MarkCause::Asked,
            ),
            Move::SetAside => (self.link)(&self.places.film, &self.aside),
            Move::PutBackOver => disk::rename_over(&self.places.backup, &self.places.film),
            Move::PutBack if self.naming == Naming::Links => {
                (self.link)(&self.places.backup, &self.places.film)
            }
            Move::PutBack => disk::rename_without_overwriting(&self.places.backup, &self.places.film),
            Move::DropBackup => disk::unlink(&self.places.backup),
            Move::DeleteAside => disk::unlink(&self.aside),
            Move::DeleteTarget => self.places.target.as_deref().map_or(Ok(()), disk::unlink),
            Move::Record => {
                let mut job = self.job.clone();
                job.undo();
                self.jobs.save(&job)?;
                self.job = job;
                Ok(())
            }
        }
    }

    fn look(&mut self) -> Scene {
        let (Places { film, backup, target }, aside) = (self.places.clone(), self.aside.clone());
        let identity = |path: &Path| Identity::of(path).ok();
        let one_file =
            identity(&film).zip(identity(&backup)).is_some_and(|(film, backup)| film.same_file(&backup));
        Scene {
            film: self.held(&film),
            backup: self.held(&backup),
            one_file,
            aside: self.held(&aside),
            target: target.map(|target| self.held(&target)),
            marked: sidecars::is_left_alone(&film),
            noted: match (self.is_done(), self.job.is_newer()) {
                (true, _) => Noted::Undone,
                (false, true) => Noted::Newer,
                (false, false) => Noted::Open,
            },
            naming: self.naming,
        }
    }

    /// Returns what a path holds. A file that may be one of the two films is read to its end before it counts as
    /// that.
    fn held(&mut self, path: &Path) -> Held {
        let under = Under::look(path);
        let found = match &under {
            Under::Nothing => return Held::Nothing,
            Under::NoFile => return Held::Other,
            Under::Unknown(_) => return Held::Unknown,
            Under::File(found) => found,
        };
        let mut content = None;
        if under.looks_original(&self.job.source) || under.has_size_of(&self.commit) {
            let Ok(file) = disk::open(path) else { return Held::Unknown };
            let key = (found.device, found.inode, found.size, found.modified_ns);
            let read = || Content::read(file, &self.commit, &|| ());
            content = Some(*self.read.entry(key).or_insert_with(read));
        }
        known(&under, content, &self.job.source, &self.commit)
    }

    fn refused(&self, refusal: Refusal) -> UndoError {
        let replacement = self.places.result().to_owned();
        let (backup, film) = (self.places.backup.clone(), self.places.film.clone());
        UndoError::Refused { refusal, film, backup, replacement, job: self.job.id.clone() }
    }
}

/// Returns what a file is. `content` is `None` if it wasn't read, because it can be neither of the two films.
fn known(under: &Under, content: Option<Content>, source: &Identity, commit: &Commit) -> Held {
    if under.looks_original(source) {
        return match content {
            Some(Content::Committed | Content::Different) => Held::Original,
            // An original that can't be read may be damaged. The replacement can be read, and must not be deleted to
            // restore such an original.
            Some(Content::Unreadable) | None => Held::Unknown,
        };
    }
    if under.has_size_of(commit) {
        return match content {
            Some(Content::Committed) => Held::Replacement,
            _ if under.has_time_of(source) => Held::Rotten,
            Some(Content::Different) => Held::Edited,
            Some(Content::Unreadable) | None => Held::Unknown,
        };
    }
    if under.has_inode_of(commit) { Held::Edited } else { Held::Other }
}

fn is_taken(error: &io::Error) -> bool {
    error.kind() == ErrorKind::AlreadyExists
}

#[cfg(test)]
mod tests;
