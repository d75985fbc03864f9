//! What the job files of a state folder tell without a daemon: what all came to, what failed lately, what was cut off.

use std::path::{Path, PathBuf};

use av1plan::wire::PathDocument;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::jobs::{self, Job};
use crate::status::Totals;

/// How many of the latest job files are looked at for recent failures: a status must not take longer the more was done.
const LOOKED_AT: usize = 200;
/// How many failures are told.
const TOLD: usize = 5;

/// What happened so far.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct History {
    /// What all jobs came to.
    pub totals: Totals,
    /// Jobs without an end, the oldest first: they run, or were cut off.
    pub unfinished: Vec<Unfinished>,
    /// What failed lately, the latest first.
    pub failures: Vec<FailedJob>,
}

/// A job without an end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unfinished {
    /// The job.
    pub job: String,
    /// Its film.
    #[serde(flatten)]
    pub path: PathDocument,
    /// When it started.
    pub started: Timestamp,
}

/// A job that failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailedJob {
    /// The job.
    pub job: String,
    /// Its film.
    #[serde(flatten)]
    pub path: PathDocument,
    /// When it ended.
    pub ended: Timestamp,
    /// How, by code.
    pub code: String,
    /// The sentence.
    pub text: String,
    /// Whether the unchanged film isn't tried again by itself.
    pub lasting: bool,
}

impl History {
    /// What jobs tell, in the order of their starts.
    pub fn of<'a>(jobs: impl Iterator<Item = &'a Job>) -> Self {
        let mut history = Self::default();
        for job in jobs {
            let Some(outcome) = &job.outcome else {
                let (path, started) = (job.path.clone(), job.started);
                history.unfinished.push(Unfinished { job: job.id.clone(), path, started });
                continue;
            };
            let totals = &mut history.totals;
            *totals.jobs.entry(outcome.code.clone()).or_default() += 1;
            if let (Some(_), Some(after)) = (&outcome.replaced_by, outcome.size_after) {
                totals.bytes_before = totals.bytes_before.saturating_add(job.source.size);
                totals.bytes_after = totals.bytes_after.saturating_add(after);
            }
            history.failures.extend(failed(job));
        }
        history.failures.reverse();
        history.failures.truncate(TOLD);
        history
    }
}

/// What a job tells of its failure; to have been interrupted is none to tell.
fn failed(job: &Job) -> Option<FailedJob> {
    let outcome = job.outcome.as_ref().filter(|outcome| outcome.failed && outcome.code != "interrupted")?;
    Some(FailedJob {
        job: job.id.clone(),
        path: job.path.clone(),
        ended: job.ended.unwrap_or(job.started),
        code: outcome.code.clone(),
        text: outcome.text.clone(),
        lasting: outcome.lasting,
    })
}

/// What failed lately, the latest first, by the latest job files only.
pub fn recent_failures(state: &Path) -> std::io::Result<Vec<FailedJob>> {
    let mut paths: Vec<PathBuf> = match std::fs::read_dir(state) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
        entries => entries?.flatten().map(|entry| entry.path()).collect(),
    };
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    // Ids begin with the time.
    paths.sort_by(|one, other| other.cmp(one));
    let jobs = paths.iter().take(LOOKED_AT).filter_map(|path| jobs::read(path).ok());
    Ok(jobs.filter_map(|job| failed(&job)).take(TOLD).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jobs::{JobStore, OutcomeRecord};

    fn job(id: &str, code: Option<&str>) -> Job {
        let text = r#"{"format":"av1.job","version":"1.0","id":"","path":"/a.mkv","source":{"device":1,"inode":2,
            "size":100,"modified_ns":4,"changed_ns":5,"links":1},"temporary":{"path":"/.a.av1tmp"},
            "started":"2026-01-01T00:00:00Z","journal":[],"plan":PLAN}"#;
        let plan = include_str!("../../av1plan/tests/data/plan-1.0.json");
        let mut job: Job = serde_json::from_str(&text.replace("PLAN", plan)).unwrap();
        id.clone_into(&mut job.id);
        job.outcome = code.map(|code| OutcomeRecord {
            code: code.to_owned(),
            text: format!("it was {code}"),
            failed: !matches!(code, "replaced" | "too-big"),
            lasting: code == "damaged-source",
            size_after: matches!(code, "replaced" | "too-big").then_some(40),
            replaced_by: (code == "replaced").then(|| job.path.clone()),
        });
        job
    }

    #[test]
    fn jobs_are_counted_and_the_latest_failures_told_first() {
        let all = [
            job("1", Some("replaced")),
            job("2", Some("too-big")),
            job("3", Some("damaged-source")),
            job("4", None),
            job("5", Some("interrupted")),
            job("6", Some("no-room")),
            job("7", Some("replaced")),
        ];
        let folder = tempfile::tempdir().unwrap();
        let store = JobStore::open(folder.path()).unwrap();
        for job in &all {
            store.save(job).unwrap();
        }

        let history = History::of(store.load().unwrap().jobs.iter());

        let counts: Vec<(&str, u64)> =
            history.totals.jobs.iter().map(|(code, count)| (code.as_str(), *count)).collect();
        assert_eq!(
            counts,
            [("damaged-source", 1), ("interrupted", 1), ("no-room", 1), ("replaced", 2), ("too-big", 1)]
        );
        assert_eq!((history.totals.bytes_before, history.totals.bytes_after), (200, 80));
        assert_eq!(history.totals.saved(), 120);
        assert_eq!(history.unfinished.iter().map(|job| job.job.as_str()).collect::<Vec<_>>(), ["4"]);
        let failures: Vec<_> = history.failures.iter().map(|job| (job.job.as_str(), job.lasting)).collect();
        assert_eq!(failures, [("6", false), ("3", true)]);
        assert_eq!(recent_failures(folder.path()).unwrap(), history.failures);
        assert_eq!(recent_failures(&folder.path().join("gone")).unwrap(), []);
    }
}
