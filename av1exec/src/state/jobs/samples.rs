//! The files of sample encodes, each of which is there for seconds.

use std::io;
use std::path::PathBuf;

use super::JobStore;
use crate::sys::{disk, names};

const ENDING: &str = ".sample.mkv";

impl JobStore {
    /// Returns the path of a sample with this stamp.
    pub fn sample(&self, stamp: &str) -> PathBuf {
        self.folder.join("logs").join(format!("{stamp}{ENDING}"))
    }

    /// Removes the samples that a killed program has left. The caller must hold the lock of the state folder.
    pub fn remove_samples(&self) -> io::Result<()> {
        for entry in std::fs::read_dir(self.folder.join("logs"))? {
            let entry = entry?;
            let name = entry.file_name();
            let stamp = name.to_str().and_then(|name| name.strip_suffix(ENDING));
            if stamp.is_some_and(|stamp| names::is_job_id(stamp.as_bytes())) {
                disk::unlink(&entry.path())?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_samples_are_removed() {
        let folder = tempfile::tempdir().unwrap();
        let jobs = JobStore::open(folder.path()).unwrap();
        let (left, other) = (jobs.sample(&jobs.new_id()), jobs.sample("holiday"));
        for path in [&left, &other, &jobs.log(&jobs.new_id())] {
            std::fs::write(path, "x").unwrap();
        }
        jobs.remove_samples().unwrap();
        assert!(!left.exists() && other.exists());
        assert_eq!(std::fs::read_dir(folder.path().join("logs")).unwrap().count(), 2);
    }
}
