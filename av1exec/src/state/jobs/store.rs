//! The folder of job files: how they are named, written and read.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use jiff::Timestamp;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::{FORMAT, Job, JobSummary, MAJOR, archive, version};
use crate::sys::disk;

/// The folder of job files.
#[derive(Debug, Clone)]
pub struct JobStore {
    pub(super) folder: PathBuf,
    /// Held by who folds jobs; all clones have the same.
    pub(super) folding: Arc<Mutex<()>>,
}

/// Jobs of a store, and the files that hold none.
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
    /// The disk or the rights say no, which tells nothing of what is in it.
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

impl JobStore {
    /// Opens the store in `folder`, which is made where it isn't there.
    pub fn open(folder: &Path) -> io::Result<Self> {
        let logs = folder.join("logs");
        std::fs::create_dir_all(&logs).map_err(|error| {
            let logs = crate::sys::sanitize::display(&logs);
            io::Error::new(error.kind(), format!("{logs} can't be made: {error}"))
        })?;
        Ok(Self::read_only(folder))
    }

    /// A store that is only read; its folder may not be there.
    pub fn read_only(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), folding: Arc::default() }
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
    ///
    /// A finished job is folded, too: see [`JobStore::fold_finished`]. That it couldn't be is no error, since nothing is lost: it is done
    /// at the next occasion.
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

    /// Takes the file of an unfinished job away again: nothing came of it that anybody needs to know of.
    pub fn forget(&self, job: &Job) -> io::Result<()> {
        let path = self.plain(&job.id);
        disk::unlink(&path)?;
        disk::sync_folder_of(&path)
    }

    /// Takes away what writers that were killed have left of job files. Only for who holds the lock, before anything is written.
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

    /// Reads the jobs that have no outcome yet; a folder that isn't there has none. Of finished jobs whose files lie here still no more
    /// than the head is read.
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

    /// The jobs whose files lie in the folder itself: the unfinished ones, and those that aren't folded yet. Files that can't be read
    /// are passed over.
    pub(crate) fn plain_jobs(&self) -> io::Result<Vec<JobSummary>> {
        let files = self.plain_files()?.into_iter();
        Ok(files.filter_map(|(_, path)| read(&path).ok()).map(|job| JobSummary::from(&job)).collect())
    }

    /// Reads the job `id`, finished or not.
    pub fn get(&self, id: &str) -> Result<Job, Unread> {
        match disk::read(&self.plain(id)) {
            // What lies in the folder itself is newer than what was folded before.
            Ok(json) => parse(&json, id),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                archive::read(&archive::path(&self.folder, id), id)
            }
            Err(error) => Err(unread(&error)),
        }
    }

    /// Where the file of the job `id` is, finished or not.
    pub fn path(&self, id: &str) -> PathBuf {
        let plain = self.plain(id);
        if plain.exists() { plain } else { archive::path(&self.folder, id) }
    }

    /// Where the file of an unfinished job is.
    pub(super) fn plain(&self, id: &str) -> PathBuf {
        self.folder.join(format!("{id}.json"))
    }

    /// The job files that lie in the folder itself, by id, so in the order of their starts.
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

/// Reads one job file that isn't compressed.
pub fn read(path: &Path) -> Result<Job, Unread> {
    let json = disk::read(path).map_err(|error| unread(&error))?;
    let id = path.file_stem().unwrap_or_default().to_string_lossy();
    parse(&json, &id)
}

/// Why a file couldn't be read: what is no regular file, or no whole compressed one, is none of ours; all else may pass.
pub(super) fn unread(error: &io::Error) -> Unread {
    use io::ErrorKind::{InvalidData, InvalidInput, UnexpectedEof};
    match error.kind() {
        InvalidData | InvalidInput | UnexpectedEof => Unread::Damaged(error.to_string()),
        _ => Unread::Unreachable(error.to_string()),
    }
}

/// What stands in every job file, of whatever version.
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

/// Reads the content of the file of the job `id`.
pub(super) fn parse(json: &[u8], id: &str) -> Result<Job, Unread> {
    head(json)?;
    let job: Job = serde_json::from_slice(json).map_err(|error| Unread::Damaged(error.to_string()))?;
    // Files are found and written by their id.
    if job.id != id {
        return Err(Unread::Damaged(format!("it is of job {:?}, and is called {id:?}", job.id)));
    }
    Ok(job)
}

/// Reads a job file that isn't compressed; nothing where the job is finished.
fn read_unfinished(path: &Path, id: &str) -> Result<Option<Job>, Unread> {
    let json = match disk::read(path) {
        Ok(json) => json,
        // It ended, and was folded since it was listed.
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
