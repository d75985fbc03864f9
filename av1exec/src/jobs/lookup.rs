//! All jobs of one film, under any name that it had, without reading all of every other's.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use memchr::memmem::Finder;

use super::{Job, JobStore, Unread, path_document, path_of, read};
use crate::names;

/// What is read of a job file at first. All that names the film stands before the plan, which is most of the file.
const HEAD: u64 = 4 << 10;

/// The jobs of one film.
#[derive(Debug, Default)]
pub struct FilmJobs {
    /// In the order of their starts.
    pub jobs: Vec<Job>,
    /// Every name that the film had, the ones that were asked for included.
    pub names: BTreeSet<PathBuf>,
    /// Files that may tell of it and can't be read.
    pub unread: Vec<(PathBuf, Unread)>,
}

impl FilmJobs {
    /// The job whose result has one of these names now, as far as the jobs know: the latest one that replaced the film.
    pub fn replacement(&self, films: &[PathBuf]) -> Option<&Job> {
        let is_there = |job: &&Job| replaced_by(job).is_some_and(|path| films.contains(&path));
        self.jobs.iter().rev().find(is_there)
    }
}

impl JobStore {
    /// The jobs of the film that is or was called by one of `films`, which are names of one file, or of its kept original: a film keeps all of its
    /// name but its extension, so that a file which doesn't hold the rest is no job of it.
    ///
    /// Measured with 100,000 jobs of 7 KB in the page cache, unoptimized: 4.2 s, where parsing them all takes 26.7 s.
    pub fn of_film(&self, films: &[PathBuf]) -> io::Result<FilmJobs> {
        let mut found = FilmJobs { names: films.iter().cloned().collect(), ..FilmJobs::default() };
        let entries = match std::fs::read_dir(&self.folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(found),
            entries => entries?,
        };
        let needles: Vec<Vec<u8>> = films.iter().map(|film| needle(film)).collect();
        let finders: Vec<Finder<'_>> = needles.iter().map(Finder::new).collect();
        let mut buffer = Vec::new();
        let mut all = Vec::new();
        for entry in entries {
            let path = entry?.path();
            if path.extension().is_none_or(|extension| extension != "json") {
                continue;
            }
            // One that can't be read now may be any film's.
            if mentions(&path, &finders, &mut buffer).unwrap_or(true) {
                match read(&path) {
                    Ok(job) => all.push(job),
                    Err(unread) => found.unread.push((path, unread)),
                }
            }
        }
        all.sort_by(|one, other| one.id.cmp(&other.id));
        found.unread.sort();
        (found.jobs, found.names) = related(all, found.names);
        Ok(found)
    }
}

/// How a job file spells the film's path up to its extension, or up to where a name made from it was cut.
fn needle(film: &Path) -> Vec<u8> {
    let stem = film.with_extension("");
    let whole = stem.file_name().and_then(names::before_the_cut).map(|name| stem.with_file_name(name));
    let path = path_document(&whole.unwrap_or(stem)).path;
    let mut spelt = serde_json::to_vec(&path).unwrap_or_default();
    spelt.pop();
    spelt
}

/// Whether a job file may tell of the film.
fn mentions(path: &Path, finders: &[Finder<'_>], buffer: &mut Vec<u8>) -> io::Result<bool> {
    buffer.clear();
    let mut file = File::open(path)?;
    (&mut file).take(HEAD).read_to_end(buffer)?;
    let found = |buffer: &[u8]| finders.iter().any(|finder| finder.find(buffer).is_some());
    if found(buffer) || memchr::memmem::find(buffer, b"\"plan\": {").is_some() {
        return Ok(found(buffer));
    }
    file.read_to_end(buffer)?;
    Ok(found(buffer))
}

/// Those of the jobs that are about a film of these names, and all names that it had.
fn related(jobs: Vec<Job>, mut names: BTreeSet<PathBuf>) -> (Vec<Job>, BTreeSet<PathBuf>) {
    let mut related = Vec::new();
    let mut rest = jobs;
    loop {
        let before = related.len();
        let (of_it, others): (Vec<Job>, Vec<Job>) = rest.into_iter().partition(|job| {
            let film = job.film();
            names.contains(&film)
                || names.contains(&names::backup(&film))
                || became(job).is_some_and(|path| names.contains(&path))
        });
        for job in &of_it {
            names.insert(job.film());
            names.extend(became(job));
        }
        related.extend(of_it);
        rest = others;
        if related.len() == before {
            break;
        }
    }
    related.sort_by(|one, other| one.id.cmp(&other.id));
    (related, names)
}

fn replaced_by(job: &Job) -> Option<PathBuf> {
    job.outcome.as_ref()?.replaced_by.as_ref().map(path_of)
}

/// The name that the film got, also where that was taken back since.
fn became(job: &Job) -> Option<PathBuf> {
    let undone = || job.undone.map(|_| job.film()).and_then(|film| names::renamed(&film));
    replaced_by(job).or_else(undone)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jobs::OutcomeRecord;

    fn job(id: &str, film: &str, replaced_by: Option<&str>) -> Job {
        let text = r#"{"format":"av1.job","version":"1.0","id":"","path":"","source":{"device":1,"inode":2,
            "size":100,"modified_ns":4,"changed_ns":5,"links":1},"temporary":{"path":"/.a.av1tmp"},
            "started":"2026-01-01T00:00:00Z","journal":[],"plan":PLAN}"#;
        let plan = include_str!("../../../av1plan/tests/data/plan-1.0.json");
        let mut job: Job = serde_json::from_str(&text.replace("PLAN", plan)).unwrap();
        id.clone_into(&mut job.id);
        job.path = path_document(Path::new(film));
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
        for name in ["/films/Film.avi", "/films/Film.mkv"] {
            let found = store.of_film(&[name.into()]).unwrap();
            let ids: Vec<&str> = found.jobs.iter().map(|job| job.id.as_str()).collect();
            assert_eq!(ids, ["1", "2", "3"], "{name}");
            assert_eq!(found.names.len(), 2, "{:?}", found.names);
            assert_eq!(found.replacement(&["/films/Film.mkv".into()]).unwrap().id, "2");
            assert!(found.replacement(&["/films/Film.avi".into()]).is_none());
        }
        let mut undone = job("2", "/films/Film.avi", None);
        undone.undone = Some(undone.started);
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
        // A sentence with ffmpeg's words in it may be of any length.
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
