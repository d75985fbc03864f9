//! Limits the encode logs: the oldest are deleted first, and those of unfinished jobs are kept.

use std::io;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use super::JobStore;
use crate::sys::{disk, names};

/// The limits for logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogLimits {
    /// How long a log is kept after the last write to it.
    pub age: Duration,
    /// How many bytes all logs together may take.
    pub bytes: u64,
}

/// A log file.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Log {
    written: SystemTime,
    path: PathBuf,
    job: String,
    bytes: u64,
}

impl LogLimits {
    /// Returns the logs to delete: those that are too old, and the oldest beyond the size limit. A log with a time in
    /// the future counts as new.
    fn surplus(self, mut logs: Vec<Log>, now: SystemTime) -> Vec<Log> {
        logs.sort_by(|one, other| (other.written, &other.job).cmp(&(one.written, &one.job)));
        let mut kept: u64 = 0;
        logs.retain(|log| {
            kept = kept.saturating_add(log.bytes);
            let age = now.duration_since(log.written).unwrap_or_default();
            kept > self.bytes || age > self.age
        });
        logs
    }
}

impl JobStore {
    /// Deletes the logs beyond the limits, except for those of unfinished jobs. Returns how many were deleted.
    pub fn prune_logs(&self, limits: LogLimits) -> io::Result<usize> {
        let mut pruned = Ok(0);
        for log in limits.surplus(self.logs()?, SystemTime::now()) {
            if !self.plain(&log.job).exists() {
                // If a log can't be deleted, the others are deleted all the same.
                let deleted = disk::unlink(&log.path);
                pruned = pruned.and_then(|count| deleted.map(|()| count + 1));
            }
        }
        pruned
    }

    fn logs(&self) -> io::Result<Vec<Log>> {
        let mut logs = Vec::new();
        for entry in std::fs::read_dir(self.folder.join("logs"))? {
            let entry = entry?;
            let path = entry.path();
            let job = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            // Other files in this folder aren't av1d's and are left alone.
            let is_log = path.extension().is_some_and(|extension| extension == "log")
                && names::is_job_id(job.as_bytes());
            if is_log
                && let Ok(metadata) = entry.metadata()
                && metadata.is_file()
            {
                logs.push(Log { written: metadata.modified()?, path, job, bytes: metadata.len() });
            }
        }
        Ok(logs)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::state::jobs::test_job;

    #[test]
    fn the_oldest_go_first_by_age_and_by_bytes() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_hours(24 * 1000);
        let log = |job: &str, days: i64, bytes| Log {
            written: if days < 0 {
                now + Duration::from_hours(24)
            } else {
                now - Duration::from_hours(24 * days.unsigned_abs())
            },
            path: PathBuf::from(job),
            job: job.to_owned(),
            bytes,
        };
        let logs = vec![log("old", 9, 10), log("older", 11, 10), log("new", 1, 30), log("ahead", -1, 10)];
        for (days, bytes, gone) in [
            (10, 1000, vec!["older"]),
            (100, 1000, vec![]),
            (100, 50, vec!["older"]),
            (100, 49, vec!["old", "older"]),
            (5, 39, vec!["new", "old", "older"]),
            (0, 0, vec!["ahead", "new", "old", "older"]),
        ] {
            let limits = LogLimits { age: Duration::from_hours(24 * days), bytes };
            let surplus: Vec<String> =
                limits.surplus(logs.clone(), now).into_iter().map(|log| log.job).collect();
            assert_eq!(surplus, gone, "{days} days, {bytes} bytes");
        }
    }

    #[test]
    fn the_log_of_a_job_that_runs_and_what_is_no_log_stay() {
        let folder = tempfile::tempdir().unwrap();
        let store = JobStore::open(folder.path()).unwrap();
        let (runs, done) = ("20261126-134501-000001", "20261126-134501-000002");
        store.save(&test_job(runs, "/films/a.mkv")).unwrap();
        for job in [runs, done, "precious"] {
            fs::write(store.log(job), "x".repeat(1000)).unwrap();
        }
        fs::create_dir(store.log("20261126-134501-000003")).unwrap();
        std::os::unix::fs::symlink("/etc/passwd", store.log("20261126-134501-000004")).unwrap();
        let limits = LogLimits { bytes: 0, age: Duration::from_hours(24) };
        assert_eq!(store.prune_logs(limits).unwrap(), 1);
        assert!(store.log(runs).exists() && store.log("precious").exists() && !store.log(done).exists());
        assert_eq!(fs::read_dir(folder.path().join("logs")).unwrap().count(), 4);
        assert_eq!(store.prune_logs(limits).unwrap(), 0);
    }
}
