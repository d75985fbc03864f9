//! Examines a folder: its entries, whether files can be created in it, and what holds it.

use std::io;
use std::path::{Path, PathBuf};

use procfs::process::Process;

use crate::sys::disk::{self, Space};
use crate::sys::names;

/// What was found in an existing folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Folder {
    /// Whether the folder is empty, or why its entries can't be listed.
    pub(super) listing: Result<Listing, String>,
    /// Why no file could be created, if none could.
    pub(super) writable: Result<(), String>,
    /// The free and total space, if the system reports it.
    pub(super) space: Option<Space>,
    /// The file system's type, such as `ext4` or `nfs4`, if the system reports it.
    pub(super) kind: Option<String>,
}

/// Whether a folder is empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Listing {
    /// It has no entries except hidden ones.
    Empty,
    /// It has entries.
    Filled,
}

/// A file that this process created. Dropping this deletes it.
#[derive(Debug)]
pub(super) struct Own(pub(super) PathBuf);

impl Drop for Own {
    fn drop(&mut self) {
        // If that fails, the file stays; inside a root, the next daemon deletes it as an abandoned temporary file.
        drop(disk::unlink(&self.0));
    }
}

/// Examines a folder. Returns an error if there is none.
pub(super) fn look(folder: &Path) -> io::Result<Folder> {
    let found = std::fs::metadata(folder)?;
    if !found.is_dir() {
        return Err(io::ErrorKind::NotADirectory.into());
    }
    Ok(Folder {
        listing: list(folder).map_err(|error| error.to_string()),
        writable: try_out(folder).map_err(|error| error.to_string()),
        space: disk::space(folder).ok(),
        kind: kind(folder),
    })
}

fn list(folder: &Path) -> io::Result<Listing> {
    for entry in std::fs::read_dir(folder)? {
        if !entry?.file_name().as_encoded_bytes().starts_with(b".") {
            return Ok(Listing::Filled);
        }
    }
    Ok(Listing::Empty)
}

/// Whether a file can be created in a folder. It is removed at once.
fn try_out(folder: &Path) -> io::Result<()> {
    let own = Own(names::trial(folder, "doctor"));
    disk::create_new(&own.0).map(drop)
}

/// The mount points below a folder, at most `most` of them.
pub(super) fn mounts_below(folder: &Path, most: usize) -> Vec<PathBuf> {
    let mounts = Process::myself().and_then(|own| own.mountinfo());
    let points = mounts.into_iter().flatten().map(|mount| mount.mount_point);
    let mut below: Vec<PathBuf> =
        points.filter(|point| point != folder && point.starts_with(folder)).collect();
    below.sort();
    below.dedup();
    below.truncate(most);
    below
}

/// Returns the type of the file system that holds `path`, from `/proc/self/mountinfo`; `None` before Linux 5.8.
pub(super) fn kind(path: &Path) -> Option<String> {
    let mount_id = disk::mount_of(path)?;
    let mounts = Process::myself().ok()?.mountinfo().ok()?;
    mounts.into_iter().find(|mount| u64::try_from(mount.mnt_id) == Ok(mount_id)).map(|mount| mount.fs_type)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_left_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let looked = look(folder.path()).unwrap();
        assert_eq!(looked.listing, Ok(Listing::Empty));
        assert_eq!(looked.writable, Ok(()));
        assert!(looked.space.is_some_and(|space| space.total > 0));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "nothing is left");
        std::fs::write(folder.path().join("Film.mkv"), "x").unwrap();
        assert_eq!(look(folder.path()).unwrap().listing, Ok(Listing::Filled));
    }

    #[test]
    fn what_is_no_folder_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        std::fs::write(&file, "x").unwrap();
        assert_eq!(look(&file).unwrap_err().kind(), io::ErrorKind::NotADirectory);
        assert_eq!(look(&folder.path().join("gone")).unwrap_err().kind(), io::ErrorKind::NotFound);
    }
}
