//! Examines a folder and the abilities of its file system, which are tried out with files that this module creates.

use std::fs::File;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use procfs::process::Process;

use crate::sys::disk::{self, Space};
use crate::sys::names;

/// What was found in an existing folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Folder {
    /// Whether the folder is empty, or why its entries can't be listed.
    pub(super) listing: Result<Listing, String>,
    /// What the file system can do, or why no file could be created.
    pub(super) abilities: Result<Abilities, String>,
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

/// The abilities of a folder's file system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Abilities {
    /// Whether a new file is on the same device as the folder.
    pub(super) same_device: bool,
    pub(super) hard_links: Tried,
    /// `RENAME_NOREPLACE`: a rename that fails if the new name exists.
    pub(super) rename_without_overwriting: Tried,
    /// `RENAME_EXCHANGE`: an atomic swap of two names.
    pub(super) exchange: Tried,
    pub(super) extended_attributes: Tried,
}

/// Whether an operation works.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Tried {
    Works,
    /// It failed, with the system's error message.
    Refused(String),
}

impl From<io::Result<()>> for Tried {
    fn from(result: io::Result<()>) -> Self {
        match result {
            Ok(()) => Self::Works,
            Err(error) => Self::Refused(error.to_string()),
        }
    }
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
        abilities: try_out(folder, found.dev()).map_err(|error| error.to_string()),
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

fn try_out(folder: &Path, device: u64) -> io::Result<Abilities> {
    let [first, second] = ["doctor-1", "doctor-2"].map(|what| names::trial(folder, what));
    let file = disk::create_new(&first)?;
    let own = Own(first);
    Ok(Abilities {
        same_device: file.metadata()?.dev() == device,
        extended_attributes: disk::try_attribute(&file).into(),
        hard_links: try_link(&own.0, &second).into(),
        rename_without_overwriting: try_rename(&own.0, &second).into(),
        exchange: try_exchange(&own.0, &second).into(),
    })
}

fn try_link(first: &Path, second: &Path) -> io::Result<()> {
    disk::link(first, second)?;
    let _own = Own(second.to_owned());
    seen(second)
}

fn try_rename(first: &Path, second: &Path) -> io::Result<()> {
    disk::rename_without_overwriting(first, second)?;
    let _own = Own(second.to_owned());
    seen(second)?;
    disk::rename_without_overwriting(second, first)
}

fn try_exchange(first: &Path, second: &Path) -> io::Result<()> {
    let other: File = disk::create_new(second)?;
    let _own = Own(second.to_owned());
    disk::exchange(first, second)?;
    if std::fs::symlink_metadata(first)?.ino() == other.metadata()?.ino() {
        Ok(())
    } else {
        Err(disk::not_done())
    }
}

/// Whether the new name exists: some file systems report success without having done anything.
fn seen(path: &Path) -> io::Result<()> {
    std::fs::symlink_metadata(path).map(drop).map_err(|_| disk::not_done())
}

/// Returns the type of the file system that holds `path`, from `/proc/self/mountinfo`; `None` before Linux 5.8.
fn kind(path: &Path) -> Option<String> {
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
        let abilities = looked.abilities.unwrap();
        assert!(abilities.same_device);
        assert_eq!(
            (abilities.hard_links, abilities.rename_without_overwriting),
            (Tried::Works, Tried::Works)
        );
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

    #[test]
    fn somebody_elses_file_is_neither_used_nor_removed() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        for name in ["first", "second"] {
            std::fs::write(path(name), name).unwrap();
        }
        for tried in [try_link, try_rename, try_exchange] {
            assert!(tried(&path("first"), &path("second")).is_err());
        }
        for name in ["first", "second"] {
            assert_eq!(std::fs::read_to_string(path(name)).unwrap(), name);
        }
    }
}
