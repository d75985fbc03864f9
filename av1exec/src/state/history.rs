//! What a state folder says without a daemon: totals of all jobs, recent failures, and unfinished jobs.

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

/// The number of recent failures to list.
const TOLD: usize = 5;

/// The history of a state folder.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct History {
    /// The totals of all jobs.
    pub totals: Totals,
    /// Jobs without an outcome, the oldest first: they are running or were interrupted.
    pub unfinished: Vec<Unfinished>,
    /// Recent failures, the latest first.
    pub failures: Vec<FailedJob>,
}

/// A job without an outcome.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unfinished {
    /// The job's id.
    pub job: String,
    /// The film's path.
    #[serde(flatten)]
    pub path: PathDocument,
    /// When the job started.
    pub started: Timestamp,
}

/// A job that failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailedJob {
    /// The job's id.
    pub job: String,
    /// The film's path.
    #[serde(flatten)]
    pub path: PathDocument,
    /// When the job ended.
    pub ended: Timestamp,
    /// The code of the failure.
    pub code: String,
    /// The sentence that describes the failure.
    pub text: String,
    /// Whether the film isn't tried again unless it changes or a user asks for it.
    pub lasting: bool,
}

impl History {
    /// Reads the history. Folded jobs come from the table of the index, or from their files if the table isn't
    /// complete.
    pub fn read(state: &Path) -> io::Result<Self> {
        let store = JobStore::read_only(state);
        let mut history = Self::default();
        // The plain files are read before the table, so that a job that ends in the meantime is found in one of the
        // two.
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
                // Unreadable files are ignored here; the commands that work on job files report them.
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
    /// Returns the failure of a job, or `None` if it didn't fail. An interrupted job isn't a failure.
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
