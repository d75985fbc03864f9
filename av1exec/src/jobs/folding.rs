//! Folding finished jobs: the file is compressed, its summary goes into the index's table, and the plain file goes.
//!
//! In this order, so that at each moment the plain file is there, or both others are: a cut at any place costs nothing but another try.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{MutexGuard, PoisonError};

use super::{Job, JobStore, JobSummary, Unread, archive, store};
use crate::disk;
use crate::index::{Index, IndexError};
use crate::sanitize::display;
use crate::status::Totals;

/// How many jobs are folded together: their files wait for the disk once, and a kill costs no more than these.
const BATCH: usize = 500;

/// What folding came to.
#[derive(Debug, Default)]
pub struct Folded {
    /// What those jobs came to that the table hadn't before.
    pub totals: Totals,
    /// How many these were.
    pub jobs: u64,
    /// Files that can't be read as a job, and why. They stay as they are.
    pub unread: Vec<(PathBuf, Unread)>,
    /// Whether it was stopped before all were folded.
    pub stopped: bool,
}

impl JobStore {
    /// Folds the finished jobs whose files lie in the folder itself: those of an older av1d, and those that a cut or a full disk has left. Where
    /// the table of the index isn't complete, since it is new or was lost, it is filled from the compressed files.
    ///
    /// `progress` is told after each batch how many of how many jobs are done, and says whether to go on.
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
        // A file that couldn't be reached may be one of them.
        let is_reached = |(_, unread): &(PathBuf, Unread)| !matches!(unread, Unread::Unreachable(_));
        if !folded.unread.iter().all(is_reached) {
            return Ok(folded);
        }
        let kept = index.completed_jobs().and_then(|()| index.shrink_if_worth_it());
        kept.map_err(|error| self.index_failed(error))?;
        progress(done, all);
        Ok(folded)
    }

    /// Keeps others from writing finished jobs until it is dropped: what one thread has read or hasn't synced yet, no other may replace or
    /// take for done.
    pub(super) fn alone(&self) -> MutexGuard<'_, ()> {
        self.folding.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Folds one job that was just written, for who is [alone](Self::alone).
    pub(super) fn fold(&self, id: &str) -> Result<(), FoldingError> {
        let mut index = Index::for_jobs(&self.folder)?;
        let file = (id.to_owned(), self.plain(id));
        self.take_batch(&mut index, &[file], Step::Fold, &mut Folded::default())
    }

    /// Takes a batch; where there is no room for all of its compressed files beside the plain ones, one job after the other.
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
        // As long as the plain file is there, the compressed one is of no use.
        for (id, plain) in batch {
            let packed = archive::path(&self.folder, id);
            if plain.exists() {
                disk::unlink(&packed).map_err(|source| failed(&packed, source))?;
            }
        }
        for file in batch {
            self.take_batch(index, std::slice::from_ref(file), step, folded)?;
            index.shorten_log().map_err(|error| self.index_failed(error))?;
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
            // Somebody else has folded it since it was listed.
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
            // As it was written: a newer av1d may have written more into it than is known here.
            archive::write(&self.folder, id, &json).map_err(Trouble::Disk)?;
        }
        Ok(Taken::Finished(Box::new(JobSummary::from(&job))))
    }

    fn index_failed(&self, source: rusqlite::Error) -> FoldingError {
        FoldingError::Index(IndexError::of(&self.folder, source))
    }
}

/// What is done with a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// A plain one is compressed and listed.
    Fold,
    /// A compressed one is listed.
    List,
}

/// What was made of a file.
enum Taken {
    /// Its job has no end yet, or there is no file any more: nothing is to be done.
    Unfinished,
    /// The job.
    Finished(Box<JobSummary>),
}

/// Why nothing was made of a file.
enum Trouble {
    Unread(Unread),
    Disk(io::Error),
}

impl From<Unread> for Trouble {
    fn from(unread: Unread) -> Self {
        Self::Unread(unread)
    }
}

/// Finished jobs can't be folded. Nothing is lost: their files stay.
#[derive(Debug, thiserror::Error)]
pub enum FoldingError {
    /// A file or folder can't be read or written.
    #[error("failed to put finished jobs away at {}: {source}", display(path))]
    Disk {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The index can't be read or written.
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
mod tests {
    use std::fs;

    use super::*;
    use crate::index::{FILE_NAME, peek_jobs};
    use crate::jobs::{OutcomeRecord, path_document, test_job};

    /// A job that replaced its film, as main wrote it before jobs were folded.
    fn plain(folder: &Path, number: u32) -> Job {
        let id = format!("202611{:02}-134501-{number:06}", 1 + number % 20);
        let mut job = test_job(&id, &format!("/films/Film {number}.avi"));
        job.outcome = Some(OutcomeRecord {
            code: "replaced".to_owned(),
            text: "100 bytes to 40 bytes".to_owned(),
            failed: false,
            lasting: true,
            size_after: Some(40),
            replaced_by: Some(path_document(Path::new(&format!("/films/Film {number}.mkv")))),
        });
        fs::write(folder.join(format!("{id}.json")), serde_json::to_vec_pretty(&job).unwrap()).unwrap();
        job
    }

    fn files(folder: &Path) -> usize {
        fs::read_dir(folder).unwrap().filter(|entry| entry.as_ref().unwrap().path().is_file()).count()
    }

    fn listed(folder: &Path) -> Option<u64> {
        let (totals, failures) =
            peek_jobs(folder, |table| Ok((table.totals()?, table.failures(1)?))).unwrap()?;
        assert_eq!(failures, []);
        assert_eq!(totals.saved(), 60 * totals.jobs["replaced"]);
        Some(totals.jobs["replaced"])
    }

    #[test]
    fn an_older_state_folder_is_taken_over_and_loses_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let (state, count) = (folder.path(), u32::try_from(2 * BATCH + 1).unwrap());
        let store = JobStore::open(state).unwrap();
        let jobs: Vec<Job> = (0..count).map(|number| plain(state, number)).collect();
        store.save(&test_job("20261130-134501-000000", "/films/open.mkv")).unwrap();
        fs::write(state.join("20261130-134501-000001.json"), "{").unwrap();

        let mut looks = Vec::new();
        let folded = store.fold_finished(|done, all| {
            looks.push((done, all));
            looks.len() < 2
        });
        assert!(folded.unwrap().stopped);
        assert_eq!(listed(state), None, "half of it is not taken for the whole");
        let folded = store.fold_finished(|_, _| true).unwrap();
        assert_eq!((folded.stopped, folded.jobs), (false, u64::from(count) - 500));
        assert_eq!(folded.unread.len(), 1);
        assert_eq!(looks, [(0, 1003), (500, 1003)]);

        assert_eq!(listed(state), Some(count.into()));
        assert_eq!(files(state), 3, "the index, the open job, the damaged file");
        for job in &jobs {
            let kept = store.get(&job.id).unwrap();
            assert_eq!(serde_json::to_string(&kept).unwrap(), serde_json::to_string(job).unwrap());
        }
        assert_eq!(store.unfinished().unwrap().jobs.len(), 1);
        assert_eq!(store.fold_finished(|_, _| true).unwrap().jobs, 0, "once is enough");
    }

    #[test]
    fn a_lost_or_damaged_index_is_made_anew_from_the_files() {
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path();
        let store = JobStore::open(state).unwrap();
        (0..5).for_each(|number| drop(plain(state, number)));
        store.fold_finished(|_, _| true).unwrap();
        fs::remove_file(state.join(FILE_NAME)).unwrap();
        // The first that writes to a new index has only its own job to tell.
        plain(state, 5);
        store.fold("20261106-134501-000005").unwrap();
        assert_eq!(listed(state), None);
        let folded = store.fold_finished(|_, _| true).unwrap();
        assert_eq!((folded.jobs, listed(state)), (5, Some(6)));
    }

    #[test]
    fn a_damaged_file_is_told_of_and_keeps_no_other_from_being_listed() {
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path();
        let store = JobStore::open(state).unwrap();
        let jobs: Vec<Job> = (0..3).map(|number| plain(state, number)).collect();
        store.fold_finished(|_, _| true).unwrap();
        fs::remove_file(state.join(FILE_NAME)).unwrap();
        let damaged = archive::path(state, &jobs[1].id);
        fs::write(&damaged, "no gzip").unwrap();
        let folded = store.fold_finished(|_, _| true).unwrap();
        assert_eq!(folded.unread.iter().map(|(path, _)| path).collect::<Vec<_>>(), [&damaged]);
        assert_eq!(listed(state), Some(2));
        assert_eq!(fs::read_to_string(damaged).unwrap(), "no gzip", "it stays as it is");
    }

    #[test]
    fn a_folder_that_isnt_mounted_is_waited_for_and_a_moved_month_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path();
        let store = JobStore::open(state).unwrap();
        let job = plain(state, 1);
        store.fold_finished(|_, _| true).unwrap();
        let (finished, moved) = (state.join("finished"), state.join("moved"));
        fs::remove_file(state.join(FILE_NAME)).unwrap();
        fs::rename(&finished, &moved).unwrap();
        std::os::unix::fs::symlink(state.join("nowhere"), &finished).unwrap();
        assert!(store.fold_finished(|_, _| true).is_err());
        assert_eq!(listed(state), None, "a disk that isn't there isn't an empty one");
        fs::remove_file(&finished).unwrap();
        fs::create_dir(&finished).unwrap();
        std::os::unix::fs::symlink(moved.join("2026-11"), finished.join("2026-11")).unwrap();
        assert_eq!(store.fold_finished(|_, _| true).unwrap().jobs, 1);
        assert_eq!((listed(state), store.get(&job.id).unwrap().id), (Some(1), job.id));
    }

    #[test]
    fn a_finished_file_that_is_no_job_is_told_of_and_stays() {
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path();
        let store = JobStore::open(state).unwrap();
        let job = plain(state, 1);
        let text = fs::read_to_string(store.plain(&job.id)).unwrap();
        for (name, content) in [
            ("20261126-134501-000002", text.clone()),
            ("20261126-134501-000003", text.replace(&job.id, "../../evil")),
            ("20261126-134501-000004", text.replace("\"started\": \"", "\"started\": \"x")),
        ] {
            fs::write(store.plain(name), &content).unwrap();
            let folded = store.fold_finished(|_, _| true).unwrap();
            assert!(matches!(folded.unread[0].1, Unread::Damaged(_)), "{name}: {:?}", folded.unread);
            assert_eq!(fs::read_to_string(store.plain(name)).unwrap(), content, "{name}");
            fs::remove_file(store.plain(name)).unwrap();
        }
        assert_eq!(listed(state), Some(1));
    }

    #[test]
    fn a_cut_at_any_place_is_made_good_by_the_next_try() {
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path();
        let store = JobStore::open(state).unwrap();
        let job = plain(state, 1);
        let json = fs::read(store.plain(&job.id)).unwrap();
        let packed = archive::path(state, &job.id);
        store.fold(&job.id).unwrap();
        let whole = fs::read(&packed).unwrap();
        // Half of the compressed file; all of it, with and without the row: the plain file is there until all are.
        for (content, with_row) in [(&whole[..whole.len() / 2], false), (&whole, false), (&whole, true)] {
            fs::write(store.plain(&job.id), &json).unwrap();
            fs::write(&packed, content).unwrap();
            if !with_row {
                fs::remove_file(state.join(FILE_NAME)).unwrap();
            }
            assert_eq!(store.get(&job.id).unwrap().id, job.id);
            store.fold_finished(|_, _| true).unwrap();
            assert_eq!((listed(state), files(state)), (Some(1), 1));
            assert_eq!(archive::unpack(&packed).unwrap(), json);
        }
    }

    #[test]
    fn jobs_that_end_while_others_are_folded_are_each_there_once() {
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path();
        let store = JobStore::open(state).unwrap();
        store.fold_finished(|_, _| true).unwrap();
        std::thread::scope(|scope| {
            for thread in 0..3 {
                let store = store.clone();
                scope.spawn(move || {
                    for number in 0..20 {
                        let mut job = plain(state, 100 * thread + number);
                        job.outcome = None;
                        store.save(&job).unwrap();
                        job.end(&crate::outcome::Outcome::Replaced {
                            path: job.film(),
                            before: 100,
                            after: 40,
                        });
                        store.save(&job).unwrap();
                    }
                });
            }
            for _ in 0..20 {
                store.fold_finished(|_, _| true).unwrap();
            }
        });
        assert_eq!(listed(state), Some(60));
        assert_eq!((files(state), archive::list(state).unwrap().len()), (1, 60));
    }

    #[test]
    fn a_finished_job_that_cant_be_folded_is_kept_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path();
        let store = JobStore::open(state).unwrap();
        fs::write(state.join(FILE_NAME), "no index").unwrap();
        let job = plain(state, 1);
        store.save(&job).unwrap();
        assert!(store.plain(&job.id).exists());
        assert!(store.fold_finished(|_, _| true).unwrap_err().to_string().contains("index.sqlite"));
        assert_eq!(store.get(&job.id).unwrap().id, job.id);
    }

    #[test]
    fn what_a_newer_program_finished_is_kept_to_the_byte() {
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path();
        let store = JobStore::open(state).unwrap();
        let job = plain(state, 1);
        let text = fs::read_to_string(store.plain(&job.id)).unwrap();
        let newer =
            text.replacen("\"version\": \"1.0\"", "\"version\": \"1.9\", \"what only it knows\": 1", 1);
        fs::write(store.plain(&job.id), &newer).unwrap();
        store.fold_finished(|_, _| true).unwrap();
        assert_eq!(archive::unpack(&archive::path(state, &job.id)).unwrap(), newer.as_bytes());
        let major = text.replacen("\"version\": \"1.0\"", "\"version\": \"2.0\"", 1);
        fs::write(store.plain(&job.id), &major).unwrap();
        let folded = store.fold_finished(|_, _| true).unwrap();
        assert_eq!(folded.unread[0].1, Unread::Newer("2.0".to_owned()));
        assert_eq!(fs::read_to_string(store.plain(&job.id)).unwrap(), major);
    }
}
