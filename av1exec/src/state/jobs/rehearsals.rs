//! Records of rehearsals that run, so that the next start removes what a killed one has left in a folder of films.

use std::ffi::OsString;
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use super::JobStore;
use crate::sys::disk;

const EXTENSION: &str = "rehearsal";

impl JobStore {
    /// Records that a rehearsal with this stamp is going to create files in a folder.
    pub fn begin_rehearsal(&self, stamp: &str, folder: &Path) -> io::Result<()> {
        disk::write_whole(&self.rehearsal(stamp), folder.as_os_str().as_bytes())
    }

    /// Removes the record of a rehearsal.
    pub fn end_rehearsal(&self, stamp: &str) -> io::Result<()> {
        disk::unlink(&self.rehearsal(stamp))
    }

    /// Returns the stamps and folders of the recorded rehearsals.
    pub fn rehearsals(&self) -> io::Result<Vec<(String, PathBuf)>> {
        let mut recorded = Vec::new();
        for entry in std::fs::read_dir(self.folder.join("logs"))? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == EXTENSION)
                && let Some(stamp) = path.file_stem().and_then(|stem| stem.to_str())
            {
                // One that can't be read is in nobody's way: a walk removes what it stands for a day later.
                let folder = disk::read(&path).map(|bytes| PathBuf::from(OsString::from_vec(bytes)));
                recorded.extend(folder.ok().map(|folder| (stamp.to_owned(), folder)));
            }
        }
        Ok(recorded)
    }

    fn rehearsal(&self, stamp: &str) -> PathBuf {
        self.folder.join("logs").join(format!("{stamp}.{EXTENSION}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rehearsal_is_recorded_until_it_ends_with_any_folder() {
        let state = tempfile::tempdir().unwrap();
        let jobs = JobStore::open(state.path()).unwrap();
        let folder = PathBuf::from(OsString::from_vec(b"/films/\xff\n".to_vec()));
        jobs.begin_rehearsal("20261122-134501-357123", &folder).unwrap();
        assert_eq!(jobs.rehearsals().unwrap(), [("20261122-134501-357123".to_owned(), folder)]);
        jobs.end_rehearsal("20261122-134501-357123").unwrap();
        assert_eq!(jobs.rehearsals().unwrap(), []);
    }
}
