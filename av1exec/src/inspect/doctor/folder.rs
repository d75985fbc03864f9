//! What a folder is and what its file system can do, tried out with files of our own.

use std::fs::File;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use procfs::process::Process;
use rustix::fs::{AtFlags, CWD, StatxFlags};

use crate::sys::disk::{self, Space};
use crate::sys::names;

/// What was found in a folder that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Folder {
    /// Whether what is in it can be listed, and whether there is anything.
    pub(super) listing: Result<Listing, String>,
    /// What could be done with a file of our own, or why none could be made.
    pub(super) abilities: Result<Abilities, String>,
    /// Room, where the system tells.
    pub(super) space: Option<Space>,
    /// The file system's type, where the system tells: `ext4`, `nfs4`.
    pub(super) kind: Option<String>,
}

/// What is in a folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Listing {
    /// Nothing but hidden files.
    Empty,
    /// Something.
    Filled,
}

/// What the file system of a folder can do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Abilities {
    /// A file that is made is on the folder's own device.
    pub(super) same_device: bool,
    pub(super) hard_links: Tried,
    /// `RENAME_NOREPLACE`.
    pub(super) rename_without_overwriting: Tried,
    /// `RENAME_EXCHANGE`.
    pub(super) exchange: Tried,
    pub(super) extended_attributes: Tried,
}

/// What came of trying.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Tried {
    Works,
    /// It doesn't, and this is the system's reason.
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

/// A file that this process made, which goes when this does.
#[derive(Debug)]
pub(super) struct Own(pub(super) PathBuf);

impl Drop for Own {
    fn drop(&mut self) {
        // Where that fails, the next daemon's sweep takes it away in a root; elsewhere it stays.
        drop(disk::unlink(&self.0));
    }
}

/// Looks at a folder; an error where there is none.
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
    let [first, second] = [1, 2].map(|number| names::trial(folder, number));
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

/// Some file systems say that all went well and have done nothing.
fn seen(path: &Path) -> io::Result<()> {
    std::fs::symlink_metadata(path).map(drop).map_err(|_| disk::not_done())
}

/// The type of the file system that holds `path`, as `/proc/self/mountinfo` has it; nothing before Linux 5.8.
fn kind(path: &Path) -> Option<String> {
    let found = rustix::fs::statx(CWD, path, AtFlags::empty(), StatxFlags::MNT_ID).ok()?;
    let mounts = Process::myself().ok()?.mountinfo().ok()?;
    mounts
        .into_iter()
        .find(|mount| u64::try_from(mount.mnt_id) == Ok(found.stx_mnt_id))
        .map(|mount| mount.fs_type)
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
