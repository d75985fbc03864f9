//! Jobs: one JSON file for each film that was worked on, written whole at each step.

use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use av1plan::Verdict;
use av1plan::wire::{Document, PathDocument};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::disk::{self, Identity};
use crate::names;
use crate::outcome::Outcome;
use crate::promote::{Commit, Step};

/// What every job file calls itself.
pub const FORMAT: &str = "av1.job";
/// The version that is written: `major.minor`.
pub const VERSION: &str = "1.0";

/// A film that is or was worked on.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Job {
    /// Always [`FORMAT`].
    pub format: String,
    /// `major.minor`.
    pub version: String,
    /// Unique, and in the order of starts.
    pub id: String,
    /// The film.
    #[serde(flatten)]
    pub path: PathDocument,
    /// The film as it was when the job started.
    pub source: Identity,
    /// The temporary result.
    pub temporary: PathDocument,
    /// When it started.
    pub started: Timestamp,
    /// When it ended; absent while it runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<Timestamp>,
    /// Steps of the replacement that were reached.
    pub journal: Vec<Entry>,
    /// The result that was found good, from the moment on that it may take the film's place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<Commit>,
    /// How it ended; absent while it runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<OutcomeRecord>,
    /// What was planned, with every decision and loss.
    pub plan: Document,
}

/// A step of the replacement.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Entry {
    /// Which.
    pub step: Step,
    /// When.
    pub at: Timestamp,
}

/// An [`Outcome`] as a job file has it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct OutcomeRecord {
    /// The stable code.
    pub code: String,
    /// The sentence.
    pub text: String,
    /// Whether the attempt failed.
    pub failed: bool,
    /// Whether trying the unchanged film again would end the same way.
    pub lasting: bool,
    /// Bytes of the result, where there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size_after: Option<u64>,
    /// Where the film is now, where it was replaced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaced_by: Option<PathDocument>,
}

impl From<&Outcome> for OutcomeRecord {
    fn from(outcome: &Outcome) -> Self {
        let (size_after, replaced_by) = match outcome {
            Outcome::Replaced { path, after, .. } => (Some(*after), Some(path_document(path))),
            Outcome::TooBig { after, .. } => (Some(*after), None),
            _ => (None, None),
        };
        Self {
            code: outcome.code().to_owned(),
            text: outcome.to_string(),
            failed: outcome.is_failure(),
            lasting: outcome.is_lasting(),
            size_after,
            replaced_by,
        }
    }
}

/// A path as JSON holds it, losing nothing.
pub fn path_document(path: &Path) -> PathDocument {
    PathDocument::new(path.as_os_str().as_bytes())
}

/// The document of a plan for the film at `path`.
pub fn plan_document(path: &Path, size: u64, verdict: &Verdict) -> Document {
    Document::new(path.as_os_str().as_bytes(), size, names::planned(path).as_os_str().as_bytes(), verdict)
}

/// The path that a document holds; its readable form where the bytes are damaged.
pub fn path_of(document: &PathDocument) -> PathBuf {
    let bytes = document.bytes().unwrap_or_else(|| document.path.clone().into_bytes());
    PathBuf::from(std::ffi::OsString::from_vec(bytes))
}

impl Job {
    /// A job that starts now.
    pub fn new(id: String, film: &Path, source: Identity, temporary: &Path, plan: Document) -> Self {
        Self {
            format: FORMAT.to_owned(),
            version: VERSION.to_owned(),
            id,
            path: path_document(film),
            source,
            temporary: path_document(temporary),
            started: Timestamp::now(),
            ended: None,
            journal: Vec::new(),
            commit: None,
            outcome: None,
            plan,
        }
    }

    /// The film's path.
    pub fn film(&self) -> PathBuf {
        path_of(&self.path)
    }

    /// Notes how it ended, now.
    pub fn end(&mut self, outcome: &Outcome) {
        self.ended = Some(Timestamp::now());
        self.outcome = Some(OutcomeRecord::from(outcome));
    }
}

/// The folder of job files.
#[derive(Debug, Clone)]
pub struct JobStore {
    folder: PathBuf,
}

/// All jobs of a store, and the files that hold none.
#[derive(Debug, Default)]
pub struct Jobs {
    /// By id, so in the order of their starts.
    pub jobs: Vec<Job>,
    /// Files that can't be read as a job, and why. They are left alone.
    pub damaged: Vec<(PathBuf, String)>,
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

    /// Where a job's ffmpeg writes the times of its frames to, until they are judged.
    pub fn frame_times(&self, id: &str) -> PathBuf {
        self.folder.join("logs").join(format!("{id}.times"))
    }

    /// Writes a job, whole and synced.
    pub fn save(&self, job: &Job) -> io::Result<()> {
        let mut json = serde_json::to_vec_pretty(job)?;
        json.push(b'\n');
        disk::write_whole(&self.folder.join(format!("{}.json", job.id)), &json)
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
                Err(reason) => loaded.damaged.push((path, reason)),
            }
        }
        loaded.jobs.sort_by(|one, other| one.id.cmp(&other.id));
        loaded.damaged.sort();
        Ok(loaded)
    }
}

fn read(path: &Path) -> Result<Job, String> {
    let bytes = std::fs::read(path).map_err(|error| error.to_string())?;
    let job: Job = serde_json::from_slice(&bytes).map_err(|error| error.to_string())?;
    let major = |version: &str| version.split('.').next().map(str::to_owned);
    if job.format != FORMAT || major(&job.version) != major(VERSION) {
        return Err(format!("it is of format {:?}, version {:?}", job.format, job.version));
    }
    Ok(job)
}
