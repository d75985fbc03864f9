//! What the jobs of a state folder tell without a daemon: what all came to, what failed lately, what was cut off.

use std::collections::HashSet;
use std::io;
use std::path::Path;

use av1plan::wire::PathDocument;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::state::code::Meaning;
use crate::state::index::peek_jobs;
use crate::state::jobs::{JobStore, JobSummary};
use crate::state::totals::Totals;
use crate::sys::path::path_document;

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
    /// Reads it. What is folded comes from the table of the index; where that isn't complete, from all files.
    pub fn read(state: &Path) -> io::Result<Self> {
        let store = JobStore::read_only(state);
        let mut history = Self::default();
        // Before the table, so that a job that ends meanwhile is in one of both.
        let plain = store.plain_jobs()?;
        let folded = peek_jobs(state, |table| {
            let mut unfolded = Vec::new();
            for job in &plain {
                if !table.contains(&job.id)? {
                    unfolded.push(job.clone());
                }
            }
            Ok((table.totals()?, table.failures(TOLD)?, unfolded))
        });
        let unfolded = if let Ok(Some((totals, failures, unfolded))) = folded {
            history.totals = totals;
            history.failures.extend(failures.into_iter().filter_map(FailedJob::of));
            unfolded
        } else {
            let known: HashSet<&str> = plain.iter().map(|job| job.id.as_str()).collect();
            store.each_finished(|job| match job {
                Ok(job) if !known.contains(job.id.as_str()) => history.count(job),
                // One that can't be read tells nothing; who works with the files says so.
                Ok(_) | Err(_) => {}
            })?;
            plain
        };
        for job in unfolded {
            history.count(job);
        }
        history.failures.sort_by(|one, other| other.job.cmp(&one.job));
        history.failures.truncate(TOLD);
        Ok(history)
    }

    fn count(&mut self, job: JobSummary) {
        if job.end.is_some() {
            self.totals.add(&job);
            self.failures.extend(FailedJob::of(job));
        } else {
            let path = path_document(&job.film);
            self.unfinished.push(Unfinished { job: job.id, path, started: job.started });
        }
    }
}

impl FailedJob {
    /// What a job tells of its failure; to have been interrupted is none to tell.
    fn of(job: JobSummary) -> Option<Self> {
        let end = job.end.filter(|end| end.failed && Meaning::of(&end.code) != Meaning::Stopped)?;
        let path = path_document(&job.film);
        Some(Self { job: job.id, path, ended: end.at, code: end.code, text: end.text, lasting: end.lasting })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::index::FILE_NAME;
    use crate::state::jobs::{Job, OutcomeRecord, test_job};
    use crate::state::totals::Savings;

    fn job(id: &str, code: Option<&str>) -> Job {
        let mut job = test_job(id, "/a.mkv");
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
        let from_files = History::read(folder.path()).unwrap();
        store.fold_finished(|_, _| true).unwrap();
        let history = History::read(folder.path()).unwrap();
        assert_eq!(history, from_files, "the table tells what the files tell");

        let counts: Vec<(&str, u64)> =
            history.totals.jobs.iter().map(|(code, count)| (code.as_str(), *count)).collect();
        assert_eq!(
            counts,
            [("damaged-source", 1), ("interrupted", 1), ("no-room", 1), ("replaced", 2), ("too-big", 1)]
        );
        assert_eq!(history.totals.savings, Savings { before: 200, after: 80 });
        assert_eq!(history.unfinished.iter().map(|job| job.job.as_str()).collect::<Vec<_>>(), ["4"]);
        let failures: Vec<_> = history.failures.iter().map(|job| (job.job.as_str(), job.lasting)).collect();
        assert_eq!(failures, [("6", false), ("3", true)]);
        assert_eq!(History::read(&folder.path().join("gone")).unwrap(), History::default());

        std::fs::write(folder.path().join(FILE_NAME), "no index any more").unwrap();
        assert_eq!(History::read(folder.path()).unwrap(), history, "nor is a damaged index missed");
    }
}
