//! The folder of job files: how they are named, written and read.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::{FORMAT, Job, JobSummary, MAJOR, archive, version};
use crate::sys::disk;

/// The folder of job files.
#[derive(Debug, Clone)]
pub struct JobStore {
    pub(super) folder: PathBuf,
    /// Locked while jobs are folded; all clones share it.
    pub(super) folding: Arc<Mutex<()>>,
}

/// The jobs of a store, and the files that can't be read as a job.
#[derive(Debug, Default)]
pub struct Jobs {
    /// The jobs by id, and thus by start time.
    pub jobs: Vec<Job>,
    /// Files that can't be read as a job, each with the reason.
    pub unread: Vec<(PathBuf, Unread)>,
}

/// Why a file can't be read as a job.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Unread {
    /// It is empty or isn't a job file: a power cut has truncated it, or it was overwritten.
    Damaged(String),
    /// A program with a later major version of the format wrote it, so that its content isn't understood here.
    Newer(String),
    /// The file couldn't be accessed because of a disk error or missing permissions; it may be intact.
    Unreachable(String),
}

impl std::fmt::Display for Unread {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Damaged(reason) => write!(f, "it can't be read as a job: {reason}"),
            Self::Unreachable(reason) => write!(f, "it can't be read for now: {reason}"),
            Self::Newer(version) => write!(f, "a newer av1d wrote it (version {version})"),
        }
    }
}

/// The files that a job's programs exchange with this one. Each exists for a part of the job only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scratch {
    /// The times of all frames, which ffmpeg writes during the encode.
    pub frame_times: PathBuf,
    /// The chapters, from mkvextract to mkvpropedit.
    pub chapters: PathBuf,
    /// The tags for mkvpropedit.
    pub tags: PathBuf,
}

impl Scratch {
    /// Removes those that exist. They do no harm, so that a failure isn't reported.
    pub fn remove(&self) {
        for path in [&self.frame_times, &self.chapters, &self.tags] {
            drop(disk::unlink(path));
        }
    }
}

impl JobStore {
    /// Opens the store in `folder`, which is created if it doesn't exist.
    pub fn open(folder: &Path) -> io::Result<Self> {
        let logs = folder.join("logs");
        std::fs::create_dir_all(&logs).map_err(|error| {
            let logs = crate::sys::sanitize::display(&logs);
            io::Error::new(error.kind(), format!("{logs} can't be made: {error}"))
        })?;
        Ok(Self::read_only(folder))
    }

    /// Opens a store for reading only; its folder needn't exist.
    pub fn read_only(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), folding: Arc::default() }
    }

    /// The state folder.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Creates a new id from the time in microseconds, so that ids sort by start time.
    pub fn new_id(&self) -> String {
        crate::sys::names::stamp()
    }

    /// Returns the path of a job's log.
    pub fn log(&self, id: &str) -> PathBuf {
        self.folder.join("logs").join(format!("{id}.log"))
    }

    /// Renames a damaged job file to a name that no job has, and returns that name.
    pub fn set_aside(&self, path: &Path) -> io::Result<PathBuf> {
        let mut aside = path.as_os_str().to_owned();
        aside.push(format!(".{}.damaged", self.new_id()));
        let aside = PathBuf::from(aside);
        disk::rename_without_overwriting(path, &aside)?;
        disk::sync_folder_of(path)?;
        Ok(aside)
    }

    /// Returns the paths of the files that a job's programs exchange with this one.
    pub fn scratch(&self, id: &str) -> Scratch {
        let file = |extension| self.folder.join("logs").join(format!("{id}.{extension}"));
        Scratch { frame_times: file("times"), chapters: file("chapters.xml"), tags: file("tags.xml") }
    }

    /// Writes a job atomically and syncs it. A job that a newer program wrote isn't written, because fields that only
    /// that program knows would be lost.
    ///
    /// A finished job is also folded: see [`JobStore::fold_finished`]. If that fails, it isn't reported as an error,
    /// because nothing is lost and it is tried again later.
    pub fn save(&self, job: &Job) -> io::Result<()> {
        if job.is_newer() {
            let message = format!("a newer av1d wrote it (version {})", job.version);
            return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
        }
        let mut json = serde_json::to_vec_pretty(job)?;
        json.push(b'\n');
        if job.outcome.is_none() {
            return disk::write_whole(&self.plain(&job.id), &json);
        }
        let _alone = self.alone();
        disk::write_whole(&self.plain(&job.id), &json)?;
        drop(self.fold(&job.id));
        Ok(())
    }

    /// Deletes the file of an unfinished job, if nothing happened in it that needs to be recorded.
    pub fn forget(&self, job: &Job) -> io::Result<()> {
        let path = self.plain(&job.id);
        disk::unlink(&path)?;
        disk::sync_folder_of(&path)
    }

    /// Deletes the temporary files that killed processes left when writing job files. The caller must hold the lock and
    /// must not have written anything yet.
    pub(crate) fn clear_drafts(&self) -> io::Result<()> {
        for entry in std::fs::read_dir(&self.folder)? {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().as_encoded_bytes();
            if name.starts_with(b".") && name.ends_with(b".json.av1new") {
                disk::unlink(&path)?;
            }
        }
        Ok(())
    }

    /// Reads the jobs without an outcome; none if the folder doesn't exist. Of finished jobs whose plain files still
    /// exist, only the head is parsed.
    pub fn unfinished(&self) -> io::Result<Jobs> {
        let mut found = Jobs::default();
        for (id, path) in self.plain_files()? {
            match read_unfinished(&path, &id) {
                Ok(job) => found.jobs.extend(job),
                Err(unread) => found.unread.push((path, unread)),
            }
        }
        Ok(found)
    }

    /// Returns the jobs with plain files: the unfinished ones and those not folded yet. Unreadable files are ignored.
    pub(crate) fn plain_jobs(&self) -> io::Result<Vec<JobSummary>> {
        let files = self.plain_files()?.into_iter();
        Ok(files.filter_map(|(_, path)| read(&path).ok()).map(|job| JobSummary::from(&job)).collect())
    }

    /// Reads the job `id`, finished or not.
    pub fn get(&self, id: &str) -> Result<Job, Unread> {
        match disk::read(&self.plain(id)) {
            // The plain file is newer than a folded one.
            Ok(json) => parse(&json, id),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                archive::read(&archive::path(&self.folder, id), id)
            }
            Err(error) => Err(unread(&error)),
        }
    }

    /// Returns the path of the file of the job `id`, finished or not.
    pub fn path(&self, id: &str) -> PathBuf {
        let plain = self.plain(id);
        if plain.exists() { plain } else { archive::path(&self.folder, id) }
    }

    /// Returns the path of a job's plain file.
    pub(super) fn plain(&self, id: &str) -> PathBuf {
        self.folder.join(format!("{id}.json"))
    }

    /// Lists the plain job files by id, and thus by start time.
    pub(super) fn plain_files(&self) -> io::Result<Vec<(String, PathBuf)>> {
        let entries = match std::fs::read_dir(&self.folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        let mut found = Vec::new();
        for entry in entries {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "json") {
                let id = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
                found.push((id, path));
            }
        }
        found.sort();
        Ok(found)
    }
}

/// Reads one plain job file.
pub fn read(path: &Path) -> Result<Job, Unread> {
    let json = disk::read(path).map_err(|error| unread(&error))?;
    let id = path.file_stem().unwrap_or_default().to_string_lossy();
    parse(&json, &id)
}

/// Classifies a read error: anything but a regular file or an intact compressed file counts as damaged, and any other
/// error as temporary.
pub(super) fn unread(error: &io::Error) -> Unread {
    use io::ErrorKind::{InvalidData, InvalidInput, UnexpectedEof};
    match error.kind() {
        InvalidData | InvalidInput | UnexpectedEof => Unread::Damaged(error.to_string()),
        _ => Unread::Unreachable(error.to_string()),
    }
}

/// The fields that every version of a job file has.
#[derive(Deserialize)]
struct Head {
    format: String,
    version: String,
    outcome: Option<IgnoredAny>,
}

fn head(json: &[u8]) -> Result<Head, Unread> {
    let head: Head = serde_json::from_slice(json).map_err(|error| Unread::Damaged(error.to_string()))?;
    if head.format != FORMAT {
        return Err(Unread::Damaged(format!("it is of format {:?}", head.format)));
    }
    match version(&head.version) {
        None => Err(Unread::Damaged(format!("it is of version {:?}", head.version))),
        Some((major, _)) if major > MAJOR => Err(Unread::Newer(head.version)),
        Some(_) => Ok(head),
    }
}

/// Parses the content of the file of the job `id`.
pub(super) fn parse(json: &[u8], id: &str) -> Result<Job, Unread> {
    head(json)?;
    let job: Job = serde_json::from_slice(json).map_err(|error| Unread::Damaged(error.to_string()))?;
    // Files are found and written by their id, so that the name must match the content.
    if job.id != id {
        return Err(Unread::Damaged(format!("it is of job {:?}, and is called {id:?}", job.id)));
    }
    Ok(job)
}

/// Reads a plain job file; returns `None` if the job is finished.
fn read_unfinished(path: &Path, id: &str) -> Result<Option<Job>, Unread> {
    let json = match disk::read(path) {
        Ok(json) => json,
        // The job has ended and was folded since the files were listed.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unread(&error)),
    };
    if head(&json)?.outcome.is_some() { Ok(None) } else { parse(&json, id).map(Some) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::jobs::VERSION;

    fn store_with(name: &str, content: &str) -> (tempfile::TempDir, JobStore) {
        let folder = tempfile::tempdir().unwrap();
        let store = JobStore::open(folder.path()).unwrap();
        std::fs::write(folder.path().join(name), content).unwrap();
        (folder, store)
    }

    #[test]
    fn what_is_no_job_is_told_apart() {
        let table = [
            ("", false),
            ("{", false),
            ("[1]", false),
            ("\0\0\0\0", false),
            (r#"{"format":"another","version":"1.0"}"#, false),
            (r#"{"format":"av1.job","version":"one"}"#, false),
            (r#"{"format":"av1.job","version":"1.0"}"#, false),
            (r#"{"format":"av1.job","version":"2.0"}"#, true),
        ];
        for (content, newer) in table {
            let (_folder, store) = store_with("a.json", content);
            let jobs = store.unfinished().unwrap();
            assert!(jobs.jobs.is_empty());
            assert_eq!(matches!(jobs.unread[0].1, Unread::Newer(_)), newer, "{content}");
        }
    }

    #[test]
    fn a_damaged_file_is_set_aside_and_not_met_again() {
        let (folder, store) = store_with("a.json", "{");
        let aside = store.set_aside(&folder.path().join("a.json")).unwrap();
        assert_eq!(std::fs::read(aside).unwrap(), b"{");
        assert!(store.unfinished().unwrap().unread.is_empty());
    }

    #[test]
    fn a_job_of_a_newer_minor_version_is_read_and_not_written() {
        let minor = VERSION.replace(".0", ".7");
        let text = r#"{"format":"av1.job","version":"VERSION","id":"a","path":"/a.mkv","source":{"device":1,"inode":2,
            "size":3,"modified_ns":4,"changed_ns":5,"links":1},"temporary":{"path":"/.a.av1tmp"},"started":"2026-01-01T00:00:00Z",
            "journal":[],"plan":PLAN,"what only it knows":1}"#;
        let plan = include_str!("../../../../av1plan/tests/data/plan-1.0.json");
        let text = text.replace("VERSION", &minor).replace("PLAN", plan);
        let (folder, store) = store_with("a.json", &text);
        let jobs = store.unfinished().unwrap();
        assert_eq!(jobs.unread, []);
        assert!(jobs.jobs[0].is_newer());
        assert!(store.save(&jobs.jobs[0]).is_err());
        assert_eq!(std::fs::read_to_string(folder.path().join("a.json")).unwrap(), text);
    }
}
