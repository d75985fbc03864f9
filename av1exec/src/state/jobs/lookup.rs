//! Finds all jobs of one film, under every name it had, without reading the files of all other jobs.

use std::collections::BTreeSet;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::{Job, JobStore, JobSummary, Unread, archive, store};
use crate::state::index::peek_jobs;
use crate::sys::names;
use crate::sys::path::path_of;

/// The jobs of one film.
#[derive(Debug, Default)]
pub struct FilmJobs {
    /// The jobs, in the order of their starts.
    pub jobs: Vec<Job>,
    /// Every name that the film had, including those that were searched for.
    pub names: BTreeSet<PathBuf>,
    /// Files that can't be read and may be about this film.
    pub unread: Vec<(PathBuf, Unread)>,
}

impl FilmJobs {
    /// Returns the latest job that replaced the film and whose result, according to the job, has one of these names.
    pub fn replacement(&self, films: &[PathBuf]) -> Option<&Job> {
        let is_there = |job: &&Job| replaced_by(job).is_some_and(|path| films.contains(&path));
        self.jobs.iter().rev().find(is_there)
    }
}

impl JobStore {
    /// Returns the jobs of the film that has or had one of the names `films`, which are paths of the same file or of
    /// its kept original.
    ///
    /// A replacement changes at most a film's extension, so that only jobs whose film path has the same beginning are
    /// candidates.
    pub fn of_film(&self, films: &[PathBuf]) -> io::Result<FilmJobs> {
        let mut found = FilmJobs { names: films.iter().cloned().collect(), ..FilmJobs::default() };
        let starts: Vec<PathBuf> = films.iter().map(|film| beginning(film)).collect();
        let mut candidates = Vec::new();
        // The plain files are read first: they are newer than the table.
        for (id, path) in self.plain_files()? {
            match store::read(&path) {
                Ok(job) => candidates.push(JobSummary::from(&job)),
                // The job may have been folded in this moment.
                Err(_) if self.get(&id).is_ok() => {}
                // An unreadable file may be about any film.
                Err(unread) => found.unread.push((path, unread)),
            }
        }
        let is_known =
            |candidates: &[JobSummary], job: &JobSummary| candidates.iter().any(|known| known.id == job.id);
        let listed = peek_jobs(&self.folder, |table| {
            let mut listed = Vec::new();
            for start in &starts {
                listed.extend(table.of_films_beginning_with(start.as_os_str().as_bytes())?);
            }
            Ok(listed)
        });
        if let Ok(Some(listed)) = listed {
            for job in listed {
                if !is_known(&candidates, &job) {
                    candidates.push(job);
                }
            }
        } else {
            // Without a table all files have to be read.
            self.each_finished(|job| match job {
                Ok(job) if !begins_with(&job.film, &starts) || is_known(&candidates, &job) => {}
                Ok(job) => candidates.push(job),
                Err(unread) => found.unread.push(unread),
            })?;
        }
        let (ids, names) = related(candidates, found.names);
        found.names = names;
        for id in ids {
            match self.get(&id) {
                Ok(job) => found.jobs.push(job),
                Err(unread) => found.unread.push((self.path(&id), unread)),
            }
        }
        found.unread.sort();
        Ok(found)
    }

    /// Reads the compressed files of all finished jobs, the latest first, for use if there is no table of them.
    pub fn each_finished(
        &self,
        mut take: impl FnMut(Result<JobSummary, (PathBuf, Unread)>),
    ) -> io::Result<()> {
        for (id, path) in archive::list(&self.folder)?.into_iter().rev() {
            match archive::read(&path, &id) {
                Ok(job) => take(Ok(JobSummary::from(&job))),
                Err(unread) => take(Err((path, unread))),
            }
        }
        Ok(())
    }
}

/// Returns the common beginning of the paths that this film may have had: its path without the extension, or if its
/// name was shortened, up to the cut.
fn beginning(film: &Path) -> PathBuf {
    let stem = film.with_extension("");
    let whole = stem.file_name().and_then(names::before_the_cut).map(|name| stem.with_file_name(name));
    whole.unwrap_or(stem)
}

fn begins_with(film: &Path, starts: &[PathBuf]) -> bool {
    let film = film.as_os_str().as_bytes();
    starts.iter().any(|start| film.starts_with(start.as_os_str().as_bytes()))
}

/// Returns the ids of the jobs about a film with one of these names, in the order of their starts, and all names the
/// film had.
fn related(jobs: Vec<JobSummary>, mut names: BTreeSet<PathBuf>) -> (Vec<String>, BTreeSet<PathBuf>) {
    let mut related = Vec::new();
    let mut rest = jobs;
    loop {
        let before = related.len();
        let (of_it, others): (Vec<JobSummary>, Vec<JobSummary>) = rest.into_iter().partition(|job| {
            names.contains(&job.film)
                || names.contains(&names::backup(&job.film))
                || job.became().is_some_and(|path| names.contains(&path))
        });
        for job in of_it {
            names.extend(job.became());
            names.insert(job.film);
            related.push(job.id);
        }
        rest = others;
        if related.len() == before {
            break;
        }
    }
    related.sort();
    (related, names)
}

fn replaced_by(job: &Job) -> Option<PathBuf> {
    job.outcome.as_ref()?.replaced_by.as_ref().map(path_of)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::jobs::{OutcomeRecord, test_job};
    use crate::sys::path::path_document;

    fn job(id: &str, film: &str, replaced_by: Option<&str>) -> Job {
        let mut job = test_job(id, film);
        job.outcome = replaced_by.map(|path| OutcomeRecord {
            code: "replaced".to_owned(),
            text: String::new(),
            failed: false,
            lasting: true,
            size_after: Some(40),
            replaced_by: Some(path_document(Path::new(path))),
        });
        job
    }

    fn store(jobs: &[Job]) -> (tempfile::TempDir, JobStore) {
        let folder = tempfile::tempdir().unwrap();
        let store = JobStore::open(folder.path()).unwrap();
        for job in jobs {
            store.save(job).unwrap();
        }
        (folder, store)
    }

    #[test]
    fn a_film_is_found_under_every_name_that_it_had() {
        let (_folder, store) = store(&[
            job("1", "/films/Film.avi", None),
            job("2", "/films/Film.avi", Some("/films/Film.mkv")),
            job("3", "/films/Film.mkv", None),
            job("4", "/films/Film.mp4", None),
            job("5", "/films/Film.mkv.mkv", None),
            job("6", "/other/Film.mkv", None),
        ]);
        // The first lookup reads the files because there is no table yet; the second one uses the table.
        for name in ["/films/Film.avi", "/films/Film.mkv"].repeat(2) {
            let found = store.of_film(&[name.into()]).unwrap();
            let ids: Vec<&str> = found.jobs.iter().map(|job| job.id.as_str()).collect();
            assert_eq!(ids, ["1", "2", "3"], "{name}");
            assert_eq!(found.names.len(), 2, "{:?}", found.names);
            assert_eq!(found.replacement(&["/films/Film.mkv".into()]).unwrap().id, "2");
            assert!(found.replacement(&["/films/Film.avi".into()]).is_none());
            if name == "/films/Film.mkv" {
                store.fold_finished(|_, _| true).unwrap();
            }
        }
        let mut undone = job("2", "/films/Film.avi", Some("/films/Film.mkv"));
        undone.undo();
        store.save(&undone).unwrap();
        let found = store.of_film(&["/films/Film.mkv".into()]).unwrap();
        assert_eq!(found.jobs.len(), 3, "also after it was taken back");
        assert_eq!(store.of_film(&["/films/Nobody.mkv".into()]).unwrap().jobs.len(), 0);
    }

    #[test]
    fn names_of_any_bytes_and_long_heads_are_found() {
        use std::os::unix::ffi::OsStringExt;
        let hostile = std::ffi::OsString::from_vec(b"/films/\"a\\b\n\x1b \xff.avi".to_vec());
        let mut strange = job("1", "", None);
        strange.path = path_document(Path::new(&hostile));
        let mut long = job("2", "/films/Old.avi", Some("/films/Old.mkv"));
        // The sentence of an outcome may quote ffmpeg, and so be of any length.
        long.outcome.as_mut().unwrap().text = "x".repeat(50_000);
        let (folder, store) = store(&[strange, long]);
        assert_eq!(store.of_film(&[hostile.into()]).unwrap().jobs.len(), 1);
        assert_eq!(store.of_film(&["/films/Old.mkv".into()]).unwrap().jobs.len(), 1);
        std::fs::write(folder.path().join("3.json"), "{\"path\": \"/films/Old.").unwrap();
        assert_eq!(store.of_film(&["/films/Old.mkv".into()]).unwrap().unread.len(), 1);
        assert_eq!(
            JobStore::read_only(Path::new("/nonexistent")).of_film(&["/a".into()]).unwrap().jobs.len(),
            0
        );
    }
}
