//! Jobs: one JSON file for each attempt on a film, written whole at each step.
//!
//! The file of an unfinished job lies in the state folder itself; there are never more of them than encodes that run or were cut
//! off. The files of finished ones are compressed and kept in `finished/`, a folder a month, and summed up in a table of the index, so
//! that nothing has to read them all. The files are the truth: a table that is lost is made anew from them.

mod archive;
mod folding;
mod logs;
mod lookup;
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
pub use store::{JobStore, Jobs, Unread, read};
pub use summary::{JobEnd, JobSummary, PlanSummary};

/// What every job file calls itself.
pub const FORMAT: &str = "av1.job";
/// The version that is written: `major.minor`.
pub const VERSION: &str = "1.0";
/// [`VERSION`] as numbers.
const MAJOR: u32 = 1;
const MINOR: u32 = 0;

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
    /// The ffmpeg that works or worked for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub child: Option<ProcessId>,
    /// When it started.
    pub started: Timestamp,
    /// When it ended; absent while it runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<Timestamp>,
    /// Steps of the replacement that were reached.
    pub journal: Vec<JournalEntry>,
    /// The result that was found good, from the moment on that it may take the film's place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<Commit>,
    /// How it ended; absent while it runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<OutcomeRecord>,
    /// When a person took the replacement back; absent where it holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undone: Option<Timestamp>,
    /// The document of what was planned, as it was written: see [`Job::document`]. An open job is recovered also where its
    /// plan can't be read any more.
    pub plan: Box<RawValue>,
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

/// The document of a plan for the film at `path`.
pub fn plan_document(path: &Path, size: u64, verdict: &Verdict) -> Document {
    Document::new(path.as_os_str().as_bytes(), size, names::planned(path).as_os_str().as_bytes(), verdict)
}

impl Job {
    /// A job that starts now.
    pub fn new(id: String, film: &Path, source: Identity, temporary: &Path, plan: &Document) -> Self {
        // A document can always be written as JSON; the fallback can't come about.
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

    /// What was planned, with every decision and loss.
    pub fn document(&self) -> Result<Document, WireError> {
        Document::from_json(self.plan.get().as_bytes())
    }

    /// The film's path.
    pub fn film(&self) -> PathBuf {
        path_of(&self.path)
    }

    /// Whether a program of a later minor version wrote it.
    pub fn is_newer(&self) -> bool {
        version(&self.version).is_some_and(|(_, minor)| minor > MINOR)
    }

    /// Notes that its replacement was taken back, now. It saves nothing any more: who counts what was saved goes by
    /// [`OutcomeRecord::replaced_by`].
    pub fn undo(&mut self) {
        self.undone = Some(Timestamp::now());
        if let Some(outcome) = &mut self.outcome {
            outcome.text = format!("the original is back, as somebody asked (it was {})", outcome.text);
            UNDONE.clone_into(&mut outcome.code);
            outcome.replaced_by = None;
        }
    }

    /// Notes how it ended, now.
    pub fn end(&mut self, outcome: &Outcome) {
        self.ended = Some(Timestamp::now());
        self.outcome = Some(OutcomeRecord::from(outcome));
    }
}

/// `major.minor` as numbers.
fn version(text: &str) -> Option<(u32, u32)> {
    let (major, minor) = text.split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

/// A job that nobody works on, for tests.
#[cfg(test)]
pub(crate) fn test_job(id: &str, film: &str) -> Job {
    let source = Identity { device: 1, inode: 2, size: 100, modified_ns: 4, changed_ns: 5, links: 1 };
    let plan = include_bytes!("../../../av1plan/tests/data/plan-1.0.json");
    let plan = Document::from_json(plan).unwrap_or_else(|error| unreachable!("{error}"));
    Job::new(id.to_owned(), Path::new(film), source, Path::new("/.a.av1tmp"), &plan)
}
