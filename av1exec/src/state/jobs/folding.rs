//! Folds finished jobs: compresses the job file, writes its summary into the index's table, and deletes the plain file.
//!
//! Because of this order, at any moment either the plain file exists or both others do. An interruption at any step is
//! repaired by folding the job again.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{MutexGuard, PoisonError};

use super::{Job, JobStore, JobSummary, Unread, archive, store};
use crate::state::index::{Index, IndexError};
use crate::state::totals::Totals;
use crate::sys::disk;
use crate::sys::sanitize::display;

/// How many jobs are folded together. One sync serves them all, and a kill loses at most this many.
const BATCH: usize = 500;

/// The result of folding.
#[derive(Debug, Default)]
pub struct Folded {
    /// The totals of the jobs that the table didn't contain before.
    pub totals: Totals,
    /// The number of those jobs.
    pub jobs: u64,
    /// Files that can't be read as a job, each with the reason. They are left as they are.
    pub unread: Vec<(PathBuf, Unread)>,
    /// Whether folding was stopped before all jobs were folded.
    pub stopped: bool,
}

impl JobStore {
    /// Folds the finished jobs whose files are still in the state folder itself: those of an older av1d, and those left
    /// after an interruption or because the disk was full. If the table of the index isn't complete, because it is new
    /// or was lost, it is filled from the compressed files.
    ///
    /// `progress` is called after each batch with the number of jobs done and the number of all jobs. If it returns
    /// `false`, folding stops.
    pub fn fold_finished(&self, mut progress: impl FnMut(u64, u64) -> bool) -> Result<Folded, FoldingError> {
        let mut folded = Folded::default();
        let plain = self.plain_files().map_err(|source| failed(&self.folder, source))?;
        let mut index = Index::for_jobs(&self.folder)?;
        let unlisted = if index.jobs().is_complete().map_err(|error| self.index_failed(error))? {
            Vec::new()
        } else {
            archive::list(&self.folder).map_err(|source| failed(&self.folder, source))?
        };
        let all = count(plain.len() + unlisted.len());
        let mut done = 0;
        for (files, step) in [(&plain, Step::Fold), (&unlisted, Step::List)] {
            for batch in files.chunks(BATCH) {
                if !progress(done, all) {
                    folded.stopped = true;
                    return Ok(folded);
                }
                let _alone = self.alone();
                self.take_with_little_room(&mut index, batch, step, &mut folded)?;
                done += count(batch.len());
            }
        }
        // A file that couldn't be accessed may hold a finished job, so the table isn't marked as complete.
        let is_reached = |(_, unread): &(PathBuf, Unread)| !matches!(unread, Unread::Unreachable(_));
        if !folded.unread.iter().all(is_reached) {
            return Ok(folded);
        }
        let kept = index.completed_jobs().and_then(|()| index.shrink_if_worth_it());
        kept.map_err(|error| self.index_failed(error))?;
        progress(done, all);
        Ok(folded)
    }

    /// Locks out other threads that write finished jobs until the guard is dropped: files that one thread has read, or
    /// hasn't synced yet, must not be replaced or deleted by another.
    pub(super) fn alone(&self) -> MutexGuard<'_, ()> {
        self.folding.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Folds a job that was just written. The caller must hold the guard of [`alone`](Self::alone).
    pub(super) fn fold(&self, id: &str) -> Result<(), FoldingError> {
        let mut index = Index::for_jobs(&self.folder)?;
        let file = (id.to_owned(), self.plain(id));
        self.take_batch(&mut index, &[file], Step::Fold, &mut Folded::default())
    }

    /// Folds a batch. If the disk has no room for all compressed files beside the plain ones, folds the jobs one by
    /// one.
    fn take_with_little_room(
        &self,
        index: &mut Index,
        batch: &[(String, PathBuf)],
        step: Step,
        folded: &mut Folded,
    ) -> Result<(), FoldingError> {
        let taken = self.take_batch(index, batch, step, folded);
        if step == Step::List || !taken.as_ref().is_err_and(FoldingError::is_no_room) {
            return taken;
        }
        // As long as the plain file exists, the compressed one isn't needed and can be deleted.
        for (id, plain) in batch {
            let packed = archive::path(&self.folder, id);
            if plain.exists() {
                disk::unlink(&packed).map_err(|source| failed(&packed, source))?;
            }
        }
        for file in batch {
            self.take_batch(index, std::slice::from_ref(file), step, folded)?;
        }
        Ok(())
    }

    fn take_batch(
        &self,
        index: &mut Index,
        files: &[(String, PathBuf)],
        step: Step,
        folded: &mut Folded,
    ) -> Result<(), FoldingError> {
        let mut jobs = Vec::with_capacity(files.len());
        for (id, path) in files {
            match self.take(id, path, step) {
                Ok(Taken::Unfinished) => {}
                Ok(Taken::Finished(job)) => jobs.push(*job),
                Err(Trouble::Unread(unread)) => folded.unread.push((path.clone(), unread)),
                Err(Trouble::Disk(source)) => return Err(failed(path, source)),
            }
        }
        if step == Step::Fold && !jobs.is_empty() {
            let ids = jobs.iter().map(|job: &JobSummary| job.id.as_str());
            archive::sync(&self.folder, ids).map_err(|source| failed(&self.folder, source))?;
        }
        let new = index.put_jobs(&jobs).map_err(|error| self.index_failed(error))?;
        for (job, is_new) in jobs.iter().zip(new) {
            if is_new {
                folded.totals.add(job);
                folded.jobs += 1;
            }
            if step == Step::Fold {
                let plain = self.plain(&job.id);
                disk::unlink(&plain).map_err(|source| failed(&plain, source))?;
            }
        }
        Ok(())
    }

    fn take(&self, id: &str, path: &Path, step: Step) -> Result<Taken, Trouble> {
        let json = match step {
            Step::Fold => disk::read(path),
            Step::List => archive::unpack(path),
        };
        let json = match json {
            Ok(json) => json,
            // Another process has folded the job since the files were listed.
            Err(error) if step == Step::Fold && error.kind() == io::ErrorKind::NotFound => {
                return Ok(Taken::Unfinished);
            }
            Err(error) => return Err(store::unread(&error).into()),
        };
        let job: Job = store::parse(&json, id)?;
        if job.outcome.is_none() {
            return Ok(Taken::Unfinished);
        }
        if step == Step::Fold {
            // The JSON is stored unchanged: a newer av1d may have written fields that this version doesn't know.
            archive::write(&self.folder, id, &json).map_err(Trouble::Disk)?;
        }
        Ok(Taken::Finished(Box::new(JobSummary::from(&job))))
    }

    fn index_failed(&self, source: rusqlite::Error) -> FoldingError {
        FoldingError::Index(IndexError::of(&self.folder, source))
    }
}

/// What to do with a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// Compress a plain file and add its job to the table.
    Fold,
    /// Add the job of a compressed file to the table.
    List,
}

/// The result of processing a file.
enum Taken {
    /// The job has no outcome yet, or its job file no longer exists. There is no summary to store.
    Unfinished,
    /// The summary of the finished job.
    Finished(Box<JobSummary>),
}

/// Why a file couldn't be processed.
enum Trouble {
    Unread(Unread),
    Disk(io::Error),
}

impl From<Unread> for Trouble {
    fn from(unread: Unread) -> Self {
        Self::Unread(unread)
    }
}

/// Finished jobs couldn't be folded. Nothing is lost: their files stay where they are.
#[derive(Debug, thiserror::Error)]
pub enum FoldingError {
    /// A file or folder couldn't be read or written.
    #[error("failed to put finished jobs away at {}: {source}", display(path))]
    Disk {
        /// The file or folder.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// The index couldn't be read or written.
    #[error(transparent)]
    Index(#[from] IndexError),
}

impl FoldingError {
    /// Whether the disk is full.
    fn is_no_room(&self) -> bool {
        match self {
            Self::Disk { source, .. } => {
                matches!(source.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
            }
            Self::Index(error) => error.is_no_room(),
        }
    }
}

fn failed(path: &Path, source: io::Error) -> FoldingError {
    FoldingError::Disk { path: path.to_owned(), source }
}

fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
