//! Jobs: one JSON file for each attempt on a film, rewritten atomically at each step.
//!
//! The file of an unfinished job is in the state folder itself; there are never more of them than encodes that are
//! running or were interrupted. The files of finished jobs are compressed and kept in `finished/`, in one subfolder per
//! month, and summarized in a table of the index, so that nothing has to read them all. The files are authoritative: a
//! lost table is rebuilt from them.

mod archive;
mod folding;
mod logs;
mod lookup;
mod rehearsals;
mod samples;
mod store;
mod summary;

use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use av1plan::Verdict;
use av1plan::wire::{Document, PathDocument, WireError};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::state::code::UNDONE;
use crate::state::journal::{Commit, JournalEntry};
use crate::state::outcome::Outcome;
use crate::sys::disk::Identity;
use crate::sys::names;
use crate::sys::orphan::ProcessId;
use crate::sys::path::{path_document, path_of};
pub use folding::{Folded, FoldingError};
pub use logs::LogLimits;
pub use lookup::FilmJobs;
pub use store::{JobStore, Jobs, Scratch, Unread, read};
pub use summary::{JobEnd, JobSummary, PlanSummary};

/// The value of `format` in every job file.
pub const FORMAT: &str = "av1.job";
/// The version of the format that is written: `major.minor`.
pub const VERSION: &str = "1.0";
/// [`VERSION`] as numbers.
const MAJOR: u32 = 1;
const MINOR: u32 = 0;

/// A job: one attempt on a film.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Job {
    /// Always [`FORMAT`].
    pub format: String,
    /// `major.minor`.
    pub version: String,
    /// The unique id. Ids sort by start time.
    pub id: String,
    /// The film's path.
    #[serde(flatten)]
    pub path: PathDocument,
    /// The film's identity when the job started.
    pub source: Identity,
    /// The path of the temporary result.
    pub temporary: PathDocument,
    /// The ffmpeg process that the job runs or ran.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub child: Option<ProcessId>,
    /// When the job started.
    pub started: Timestamp,
    /// When the job ended; `None` while it runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<Timestamp>,
    /// The steps of the replacement that were reached.
    pub journal: Vec<JournalEntry>,
    /// The verified result, recorded before it may take the film's place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<Commit>,
    /// How the job ended; `None` while it runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<OutcomeRecord>,
    /// When a user undid the replacement; `None` if it wasn't undone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undone: Option<Timestamp>,
    /// The plan as a JSON document, exactly as it was written; see [`Job::document`]. It is kept unparsed, so that an
    /// interrupted job can be recovered even if its plan can no longer be read.
    pub plan: Box<RawValue>,
}

/// An [`Outcome`] in the form of a job file.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct OutcomeRecord {
    /// The stable code.
    pub code: String,
    /// The sentence that describes the outcome.
    pub text: String,
    /// Whether the attempt failed.
    pub failed: bool,
    /// Whether trying the unchanged film again would end the same way.
    pub lasting: bool,
    /// The size of the result in bytes, if there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size_after: Option<u64>,
    /// The film's path after the replacement, if it was replaced.
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

/// Returns the document of a plan for the film at `path`.
pub fn plan_document(path: &Path, size: u64, verdict: &Verdict) -> Document {
    Document::new(path.as_os_str().as_bytes(), size, names::planned(path).as_os_str().as_bytes(), verdict)
}

impl Job {
    /// Creates a job that starts now.
    pub fn new(id: String, film: &Path, source: Identity, temporary: &Path, plan: &Document) -> Self {
        // Serializing a document can't fail; the fallback is never used.
        let plan = RawValue::from_string(plan.to_json()).unwrap_or_else(|_| RawValue::NULL.to_owned());
        Self {
            format: FORMAT.to_owned(),
            version: VERSION.to_owned(),
            id,
            path: path_document(film),
            source,
            temporary: path_document(temporary),
            child: None,
            started: Timestamp::now(),
            ended: None,
            journal: Vec::new(),
            commit: None,
            outcome: None,
            undone: None,
            plan,
        }
    }

    /// Parses the plan, with every decision and loss.
    pub fn document(&self) -> Result<Document, WireError> {
        Document::from_json(self.plan.get().as_bytes())
    }

    /// Returns the film's path.
    pub fn film(&self) -> PathBuf {
        path_of(&self.path)
    }

    /// Whether a program with a later minor version of the format wrote the file.
    pub fn is_newer(&self) -> bool {
        version(&self.version).is_some_and(|(_, minor)| minor > MINOR)
    }

    /// Records that the replacement was undone now. It no longer counts as saved space, which is summed over jobs with
    /// [`OutcomeRecord::replaced_by`].
    pub fn undo(&mut self) {
        self.undone = Some(Timestamp::now());
        if let Some(outcome) = &mut self.outcome {
            outcome.text = format!("the original is back, as somebody asked (it was {})", outcome.text);
            UNDONE.clone_into(&mut outcome.code);
            outcome.replaced_by = None;
        }
    }

    /// Records how the job ended, now.
    pub fn end(&mut self, outcome: &Outcome) {
        self.ended = Some(Timestamp::now());
        self.outcome = Some(OutcomeRecord::from(outcome));
    }
}

/// Parses `major.minor`.
fn version(text: &str) -> Option<(u32, u32)> {
    let (major, minor) = text.split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

/// A job for tests that no process works on.
#[cfg(test)]
pub(crate) fn test_job(id: &str, film: &str) -> Job {
    let source = Identity { device: 1, inode: 2, size: 100, modified_ns: 4, changed_ns: 5, links: 1 };
    let plan = include_bytes!("../../../av1plan/tests/data/plan-1.0.json");
    let plan = Document::from_json(plan).unwrap_or_else(|error| unreachable!("{error}"));
    Job::new(id.to_owned(), Path::new(film), source, Path::new("/.a.av1tmp"), &plan)
}
