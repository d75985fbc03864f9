//! Everything that is known about one film: what was done with it and why, its sidecar files, what the index stores
//! about it, and what would be done now.
//!
//! Nothing is written, nothing is locked, and no daemon is asked. If a part can't be read, for example because
//! ffmpeg is missing or the index is damaged, it is left out and reported.

mod attempt;
mod outlook;
mod sidecar;

use std::path::{Path, PathBuf};

use av1plan::probe::Stability;
use av1plan::wire::{Document, PathDocument};
use av1plan::{Toolchain, Verdict};
use jiff::Timestamp;
use serde::Serialize;

use crate::ffmpeg::tools::Tools;
use crate::library::film::Film;
use crate::library::roots::root_of;
use crate::pipeline::look::Looked;
use crate::replace::refusals::Refusals;
use crate::settings::Settings;
use crate::state::index::{FilmEntry, Fingerprint, RetryAfter, peek};
use crate::state::jobs::{FilmJobs, JobStore, plan_document};
use crate::sys::disk::Identity;
use crate::sys::failure::{Exit, Failure};
use crate::sys::path::path_document;
use crate::sys::sanitize::display;
pub use attempt::Attempt;
pub use outlook::Outlook;
use outlook::{Known, Memory, Place, outlook};
pub use sidecar::{Sidecar, SidecarKind};

/// The `format` of an account's JSON document.
pub const FORMAT: &str = "av1.why";
/// The `version` of the document: `major.minor`.
pub const VERSION: &str = "1.0";

/// Everything that is known about one film.
#[derive(Debug, Clone, Serialize)]
pub struct Account {
    /// Always [`FORMAT`].
    pub format: &'static str,
    /// The document's version: `major.minor`.
    pub version: &'static str,
    /// The path that the user gave.
    #[serde(flatten)]
    pub path: PathDocument,
    /// The film's file; `None` if none of its names exists.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<FileLook>,
    /// Other names that the film has or had.
    pub names: Vec<PathDocument>,
    /// What will happen to the film.
    pub outlook: Outlook,
    /// All attempts on the film, the latest last.
    pub attempts: Vec<Attempt>,
    /// The film's sidecar files, and markers in the folders above.
    pub sidecars: Vec<Sidecar>,
    /// The index's entries for each of its names.
    pub remembered: Vec<Remembered>,
    /// The plan as it would be made now, with every decision; absent if the file is gone or can't be planned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plan: Option<Document>,
    /// The parts that couldn't be read.
    pub missing: Vec<Missing>,
}

/// The file as it is now.
#[derive(Debug, Clone, Serialize)]
pub struct FileLook {
    /// Its path.
    #[serde(flatten)]
    pub path: PathDocument,
    /// Its size in bytes.
    pub size: u64,
    /// Its modification time.
    pub modified: Timestamp,
}

/// An entry of the index.
#[derive(Debug, Clone, Serialize)]
pub struct Remembered {
    /// The path that the entry is stored under.
    #[serde(flatten)]
    pub path: PathDocument,
    /// When a walk first found the film.
    pub first_seen: Timestamp,
    /// Since when the file has been unchanged.
    pub unchanged_since: Timestamp,
    /// Whether the file is still as the entry describes it. If not, nothing in the entry applies.
    pub holds: bool,
    /// The code of the stored outcome; absent if there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// When the film may be tried again: `now`, `later`, `replanned` (once the settings or the film change) or
    /// `asked` (on a user's request).
    pub again: &'static str,
    /// The time, for `later`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub again_at: Option<Timestamp>,
    /// How many attempts have failed.
    pub failures: u16,
    /// How many encodes were lost without a failure: there was no room for the result, or the film changed.
    pub put_off: u16,
}

/// A part that couldn't be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Missing {
    /// The code: `no-ffmpeg`, `probe`, `index`, `job` or `file`.
    pub code: &'static str,
    /// The reason.
    pub text: String,
}

impl Account {
    /// Gathers the account. `films` are the names of one film; the first is the one that the user gave. Without
    /// `tools` there is no plan, and the error text says why.
    pub async fn gather(
        films: &[PathBuf],
        settings: &Settings,
        tools: Result<&Tools, String>,
        now: Timestamp,
    ) -> Result<Self, Failure> {
        let mut missing = Vec::new();
        let jobs = jobs_of(films, settings, &mut missing)?;
        let names: Vec<PathBuf> = films.iter().chain(&jobs.names).cloned().collect();
        let (film, gone) = look(&names, settings);
        let nowhere = if gone.is_some() { Place::Unseen } else { Place::Gone };
        missing.extend(gone);
        let refusals = Refusals::read(&settings.job_state_dir);
        let film = film.map(|film| refusals.apply(film, settings.policy.foreign_owner));
        let planned = match &film {
            Some(film) => plan(film, settings, tools.clone(), &mut missing).await,
            None => None,
        };
        let remembered = peek(&settings.job_state_dir, &unique(&names));
        if let Err(error) = &remembered {
            missing.push(Missing { code: "index", text: error.to_string() });
        }
        let current = film.as_ref().map(|film| (film.path.as_path(), &film.identity));
        let fingerprint =
            tools.ok().map(|tools| Fingerprint::of_planning(&settings.policy, &tools.toolchain));
        let known = Known {
            place: film.as_ref().map_or(nowhere, |film| Place::of(film, settings)),
            verdict: planned.as_ref(),
            memory: match &remembered {
                Err(_) => Memory::Unreadable,
                Ok(entries) => entries
                    .iter()
                    .find(|(path, entry)| holds(path, entry, current))
                    .map_or(Memory::Nothing, |(_, entry)| Memory::Of(entry)),
            },
            fingerprint,
            running: jobs.jobs.iter().rev().find(|job| job.outcome.is_none()),
        };
        let asked = films.first().cloned().unwrap_or_default();
        let root = root_of(&asked, &settings.library_roots);
        let identity = film.as_ref().map(|film| film.identity);
        Ok(Self {
            format: FORMAT,
            version: VERSION,
            path: path_document(&asked),
            file: film.as_ref().map(FileLook::of),
            names: unique(&names)
                .iter()
                .filter(|name| !films.contains(name))
                .map(|name| path_document(name))
                .collect(),
            outlook: outlook(&known, now),
            attempts: jobs.jobs.iter().map(Attempt::of).collect(),
            sidecars: sidecar::of(&unique(&names), &root, identity.as_ref(), &settings.policy),
            remembered: remembered
                .iter()
                .flatten()
                .map(|(path, entry)| Remembered::of(path, entry, current))
                .collect(),
            plan: film
                .as_ref()
                .zip(planned.as_ref())
                .map(|(film, verdict)| plan_document(&film.path, film.identity.size, verdict)),
            missing,
        })
    }
}

fn jobs_of(films: &[PathBuf], settings: &Settings, missing: &mut Vec<Missing>) -> Result<FilmJobs, Failure> {
    let jobs = JobStore::read_only(&settings.job_state_dir).of_film(films).map_err(|error| {
        Failure::new(Exit::Failed, format!("failed to read the jobs: {error}"))
            .hint("run this as a user who may read `job_state_dir`")
    })?;
    let unread = jobs.unread.iter();
    missing.extend(
        unread.map(|(path, unread)| Missing { code: "job", text: format!("{}: {unread}", display(path)) }),
    );
    Ok(jobs)
}

/// Removes duplicates and keeps the order.
fn unique(names: &[PathBuf]) -> Vec<PathBuf> {
    let mut unique: Vec<PathBuf> = Vec::new();
    for name in names {
        if !unique.contains(name) {
            unique.push(name.clone());
        }
    }
    unique
}

/// Returns the first of the names that exists as a film. If there is none, returns the first error other than a
/// missing file.
fn look(names: &[PathBuf], settings: &Settings) -> (Option<Film>, Option<Missing>) {
    let mut gone = None;
    for name in names {
        match Film::look_below(name, &settings.library_roots, &settings.policy) {
            Ok(film) => return (Some(film), None),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => {
                let text = format!("failed to look at {}: {error}", display(name));
                gone.get_or_insert(Missing { code: "file", text });
            }
        }
    }
    (None, gone)
}

/// Plans the film as it would be planned now.
async fn plan(
    film: &Film,
    settings: &Settings,
    tools: Result<&Tools, String>,
    missing: &mut Vec<Missing>,
) -> Option<Verdict> {
    let policy = &settings.policy;
    // If a gate that doesn't need ffprobe stops the film, no tools are needed.
    if let Some(stopped) = Looked::stopped(film, Stability::Stable, &[policy]) {
        let assumed = Toolchain::assumed();
        let toolchain = tools.as_ref().map_or(&assumed, |tools| &tools.toolchain);
        return Some(stopped.plan(toolchain, policy));
    }
    let tools = match tools {
        Ok(tools) => tools,
        Err(text) => {
            missing.push(Missing { code: "no-ffmpeg", text });
            return None;
        }
    };
    match Looked::at(film, Stability::Stable, None, tools, &[policy]).await {
        Ok(looked) => Some(looked.plan(&tools.toolchain, policy)),
        Err(error) => {
            missing.push(Missing { code: "probe", text: error.to_string() });
            None
        }
    }
}

/// Whether an entry of the index describes the file as it is now.
fn holds(path: &Path, entry: &FilmEntry, current: Option<(&Path, &Identity)>) -> bool {
    current.is_some_and(|(film, identity)| film == path && entry.identity.is_same_film(identity))
}

impl FileLook {
    fn of(film: &Film) -> Self {
        let modified = Timestamp::from_nanosecond(film.identity.modified_ns.into());
        Self {
            path: path_document(&film.path),
            size: film.identity.size,
            modified: modified.unwrap_or(Timestamp::UNIX_EPOCH),
        }
    }
}

impl Remembered {
    fn of(path: &Path, entry: &FilmEntry, current: Option<(&Path, &Identity)>) -> Self {
        let last = entry.last_outcome.as_ref();
        let (again, again_at) = match last.map_or(RetryAfter::Now, |last| last.retry_after) {
            RetryAfter::Now => ("now", None),
            RetryAfter::Until(until) | RetryAfter::ThisRun(until) => ("later", Some(until)),
            RetryAfter::UntilReplanned => ("replanned", None),
            RetryAfter::UntilAsked => ("asked", None),
        };
        Self {
            path: path_document(path),
            first_seen: entry.first_seen,
            unchanged_since: entry.unchanged_since,
            holds: holds(path, entry, current),
            code: last.map(|last| last.code.clone()),
            again,
            again_at,
            failures: entry.spent().failures,
            put_off: entry.spent().put_off,
        }
    }
}
