//! All that is known of one film: what was done with it and why, what lies beside it, what is remembered of it, and what would be done now.
//!
//! Nothing is written, nothing locked, and no daemon asked. What can't be looked at (no ffmpeg, a damaged index) is said and left out.

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
use crate::settings::Settings;
use crate::state::index::{FilmEntry, Fingerprint, RetryAfter, peek};
use crate::state::jobs::{FilmJobs, Job, JobStore, plan_document};
use crate::sys::disk::Identity;
use crate::sys::failure::{Exit, Failure};
use crate::sys::path::{path_document, path_of};
use crate::sys::sanitize::display;
pub use outlook::Outlook;
use outlook::{Known, Memory, Place, outlook};
pub use sidecar::{Sidecar, SidecarKind};

/// What the document of an account calls itself.
pub const FORMAT: &str = "av1.why";
/// Its version: `major.minor`.
pub const VERSION: &str = "1.0";

/// All that is known of one film.
#[derive(Debug, Clone, Serialize)]
pub struct Account {
    /// Always [`FORMAT`].
    pub format: &'static str,
    /// `major.minor`.
    pub version: &'static str,
    /// The name that was asked for.
    #[serde(flatten)]
    pub path: PathDocument,
    /// The file, where there is one of any of its names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<FileLook>,
    /// Other names that it has or had.
    pub names: Vec<PathDocument>,
    /// What is to be expected of it.
    pub outlook: Outlook,
    /// Each time that it was worked on, the latest last.
    pub attempts: Vec<Attempt>,
    /// What lies beside it, and markers of the folders above.
    pub sidecars: Vec<Sidecar>,
    /// What the index remembers of it, by each of its names.
    pub remembered: Vec<Remembered>,
    /// What would be done now, with every decision; absent where the file is gone, or nobody could say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plan: Option<Document>,
    /// What couldn't be looked at.
    pub missing: Vec<Missing>,
}

/// The file as it is now.
#[derive(Debug, Clone, Serialize)]
pub struct FileLook {
    /// Its path.
    #[serde(flatten)]
    pub path: PathDocument,
    /// Its bytes.
    pub size: u64,
    /// When it was last written to.
    pub modified: Timestamp,
}

/// One time that a film was worked on.
#[derive(Debug, Clone, Serialize)]
pub struct Attempt {
    /// The job.
    pub job: String,
    /// The film's name then.
    #[serde(flatten)]
    pub path: PathDocument,
    /// When it started.
    pub started: Timestamp,
    /// When it ended; absent where it runs or was cut off.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended: Option<Timestamp>,
    /// How it ended, by code; `unfinished` where it didn't.
    pub code: String,
    /// The sentence.
    pub text: String,
    /// Whether it failed.
    pub failed: bool,
    /// Whether trying again would end the same way.
    pub lasting: bool,
    /// Bytes of the film then.
    pub size_before: u64,
    /// Bytes of the result, where there was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size_after: Option<u64>,
    /// The encoder's settings, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub settings: Option<String>,
    /// What the result lacks, or would have lacked: codes.
    pub losses: Vec<String>,
    /// The result's name, where it took the film's place and still has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replaced_by: Option<PathDocument>,
    /// When the replacement was taken back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub undone: Option<Timestamp>,
}

/// What the index remembers.
#[derive(Debug, Clone, Serialize)]
pub struct Remembered {
    /// By which name.
    #[serde(flatten)]
    pub path: PathDocument,
    /// When it was first seen.
    pub first_seen: Timestamp,
    /// Since when it has looked like this.
    pub unchanged_since: Timestamp,
    /// Whether the file still looks like this: of one that doesn't, nothing that is remembered holds.
    pub holds: bool,
    /// What came of it, by code; absent where nothing did yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// When it may be looked at again: `now`, `later`, `replanned` or `asked`.
    pub again: &'static str,
    /// When that is, for `later`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub again_at: Option<Timestamp>,
    /// How many attempts have failed.
    pub failures: u32,
}

/// Something that couldn't be looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Missing {
    /// `no-ffmpeg`, `probe`, `index`, `job` or `file`.
    pub code: &'static str,
    /// Why.
    pub text: String,
}

impl Account {
    /// Gathers all of it. `films` are the names of the one film that was asked for, the first as it was asked for; without `tools`
    /// there is no plan, and it says why.
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
        missing.extend(gone);
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
            place: film.as_ref().map_or(Place::Gone, |film| Place::of(film, &settings.library_roots)),
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
            sidecars: sidecar::of(&unique(&names), &root, identity.as_ref(), settings.policy.max_size_ratio),
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

/// In their order, each once.
fn unique(names: &[PathBuf]) -> Vec<PathBuf> {
    let mut unique: Vec<PathBuf> = Vec::new();
    for name in names {
        if !unique.contains(name) {
            unique.push(name.clone());
        }
    }
    unique
}

/// The file that has one of the names, and why there is none.
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

/// What would be done now.
async fn plan(
    film: &Film,
    settings: &Settings,
    tools: Result<&Tools, String>,
    missing: &mut Vec<Missing>,
) -> Option<Verdict> {
    let policy = &settings.policy;
    // What a cheap gate stops needs no ffmpeg.
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

/// Whether what is remembered is of the file as it is now.
fn holds(path: &Path, entry: &FilmEntry, current: Option<(&Path, &Identity)>) -> bool {
    current.is_some_and(|(film, identity)| {
        film == path && entry.identity.inode == identity.inode && entry.identity.same_content_stamp(identity)
    })
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

impl Attempt {
    fn of(job: &Job) -> Self {
        let outcome = job.outcome.as_ref();
        // What can't be read of a plan takes nothing from what became of it.
        let document = job.document().ok();
        let encode = document.as_ref().and_then(|document| document.encode.as_ref());
        let losses = encode.map(|encode| encode.losses.iter().map(|loss| loss.kind.code().to_owned()));
        Self {
            job: job.id.clone(),
            path: job.path.clone(),
            started: job.started,
            ended: job.ended,
            code: outcome.map_or("unfinished", |outcome| &outcome.code).to_owned(),
            text: outcome
                .map_or("it has no end yet: it runs, or was cut off", |outcome| &outcome.text)
                .to_owned(),
            failed: outcome.is_some_and(|outcome| outcome.failed),
            lasting: outcome.is_some_and(|outcome| outcome.lasting),
            size_before: job.source.size,
            size_after: outcome.and_then(|outcome| outcome.size_after),
            settings: encode.map(|encode| encode.settings.to_string()),
            losses: losses.map(Iterator::collect).unwrap_or_default(),
            replaced_by: outcome.and_then(|outcome| outcome.replaced_by.clone()),
            undone: job.undone,
        }
    }

    /// Whether the result has another name than the film had.
    pub fn was_renamed(&self) -> bool {
        self.replaced_by.as_ref().is_some_and(|by| path_of(by) != path_of(&self.path))
    }
}

impl Remembered {
    fn of(path: &Path, entry: &FilmEntry, current: Option<(&Path, &Identity)>) -> Self {
        let verdict = entry.verdict.as_ref();
        let (again, again_at) = match verdict.map_or(RetryAfter::Now, |verdict| verdict.retry_after) {
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
            code: verdict.map(|verdict| verdict.code.clone()),
            again,
            again_at,
            failures: entry.failures(),
        }
    }
}
