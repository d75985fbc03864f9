//! The folder of job files: how they are named, written and read.

use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::Deserialize;

use super::{FORMAT, Job, MAJOR, version};
use crate::disk;

/// The folder of job files.
#[derive(Debug, Clone)]
pub struct JobStore {
    pub(super) folder: PathBuf,
}

/// All jobs of a store, and the files that hold none.
#[derive(Debug, Default)]
pub struct Jobs {
    /// By id, so in the order of their starts.
    pub jobs: Vec<Job>,
    /// Files that can't be read as a job, and why.
    pub unread: Vec<(PathBuf, Unread)>,
}

/// Why a file couldn't be read as a job.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Unread {
    /// It is empty or isn't what this program writes: cut off by a power cut, or overwritten.
    Damaged(String),
    /// A program of a later major version wrote it; what it says isn't known here.
    Newer(String),
}

impl std::fmt::Display for Unread {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Damaged(reason) => write!(f, "it can't be read as a job: {reason}"),
            Self::Newer(version) => write!(f, "a newer av1d wrote it (version {version})"),
        }
    }
}

impl JobStore {
    /// Opens the store in `folder`, which is made where it isn't there.
    pub fn open(folder: &Path) -> io::Result<Self> {
        std::fs::create_dir_all(folder.join("logs"))?;
        Ok(Self { folder: folder.to_owned() })
    }

    /// A store that is only read; its folder may not be there.
    pub fn read_only(folder: &Path) -> Self {
        Self { folder: folder.to_owned() }
    }

    /// A new id: the time to the microsecond, so that ids sort by their starts.
    pub fn new_id(&self) -> String {
        Timestamp::now().strftime("%Y%m%d-%H%M%S-%6f").to_string()
    }

    /// Where a job's log is.
    pub fn log(&self, id: &str) -> PathBuf {
        self.folder.join("logs").join(format!("{id}.log"))
    }

    /// Puts a damaged job file out of the way, under a name that is in nobody's, and says which.
    pub fn set_aside(&self, path: &Path) -> io::Result<PathBuf> {
        let mut aside = path.as_os_str().to_owned();
        aside.push(format!(".{}.damaged", self.new_id()));
        let aside = PathBuf::from(aside);
        disk::rename_without_overwriting(path, &aside)?;
        disk::sync_folder_of(path)?;
        Ok(aside)
    }

    /// Where a job's ffmpeg writes the times of its frames to, until they are judged.
    pub fn frame_times(&self, id: &str) -> PathBuf {
        self.folder.join("logs").join(format!("{id}.times"))
    }

    /// Writes a job, whole and synced. One that a newer program wrote is only read, since writing it would lose what only
    /// that program knows.
    pub fn save(&self, job: &Job) -> io::Result<()> {
        if job.is_newer() {
            let message = format!("a newer av1d wrote it (version {})", job.version);
            return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
        }
        let mut json = serde_json::to_vec_pretty(job)?;
        json.push(b'\n');
        disk::write_whole(&self.folder.join(format!("{}.json", job.id)), &json)
    }

    /// Takes a job's file away again: nothing came of it that anybody needs to know of.
    pub fn forget(&self, job: &Job) -> io::Result<()> {
        let path = self.folder.join(format!("{}.json", job.id));
        disk::unlink(&path)?;
        disk::sync_folder_of(&path)
    }

    /// Reads all jobs; a folder that isn't there has none.
    pub fn load(&self) -> io::Result<Jobs> {
        let mut loaded = Jobs::default();
        let entries = match std::fs::read_dir(&self.folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(loaded),
            entries => entries?,
        };
        for entry in entries {
            let path = entry?.path();
            if path.extension().is_none_or(|extension| extension != "json") {
                continue;
            }
            match read(&path) {
                Ok(job) => loaded.jobs.push(job),
                Err(unread) => loaded.unread.push((path, unread)),
            }
        }
        loaded.jobs.sort_by(|one, other| one.id.cmp(&other.id));
        loaded.unread.sort();
        Ok(loaded)
    }
}

/// Reads one job file.
pub fn read(path: &Path) -> Result<Job, Unread> {
    #[derive(Deserialize)]
    struct Head {
        format: String,
        version: String,
    }
    let damaged = |error: &dyn std::error::Error| Unread::Damaged(error.to_string());
    let bytes = std::fs::read(path).map_err(|error| damaged(&error))?;
    let head: Head = serde_json::from_slice(&bytes).map_err(|error| damaged(&error))?;
    if head.format != FORMAT {
        return Err(Unread::Damaged(format!("it is of format {:?}", head.format)));
    }
    match version(&head.version) {
        None => Err(Unread::Damaged(format!("it is of version {:?}", head.version))),
        Some((major, _)) if major > MAJOR => Err(Unread::Newer(head.version)),
        Some(_) => serde_json::from_slice(&bytes).map_err(|error| damaged(&error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jobs::VERSION;

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
            let jobs = store.load().unwrap();
            assert!(jobs.jobs.is_empty());
            assert_eq!(matches!(jobs.unread[0].1, Unread::Newer(_)), newer, "{content}");
        }
    }

    #[test]
    fn a_damaged_file_is_set_aside_and_not_met_again() {
        let (folder, store) = store_with("a.json", "{");
        let aside = store.set_aside(&folder.path().join("a.json")).unwrap();
        assert_eq!(std::fs::read(aside).unwrap(), b"{");
        assert!(store.load().unwrap().unread.is_empty());
    }

    #[test]
    fn a_job_of_a_newer_minor_version_is_read_and_not_written() {
        let minor = VERSION.replace(".0", ".7");
        let text = r#"{"format":"av1.job","version":"VERSION","id":"a","path":"/a.mkv","source":{"device":1,"inode":2,
            "size":3,"modified_ns":4,"changed_ns":5,"links":1},"temporary":{"path":"/.a.av1tmp"},"started":"2026-01-01T00:00:00Z",
            "journal":[],"plan":PLAN,"what only it knows":1}"#;
        let plan = include_str!("../../../av1plan/tests/data/plan-1.0.json");
        let text = text.replace("VERSION", &minor).replace("PLAN", plan);
        let (folder, store) = store_with("a.json", &text);
        let jobs = store.load().unwrap();
        assert_eq!(jobs.unread, []);
        assert!(jobs.jobs[0].is_newer());
        assert!(store.save(&jobs.jobs[0]).is_err());
        assert_eq!(std::fs::read_to_string(folder.path().join("a.json")).unwrap(), text);
    }
}
