//! Tells what a path holds: the original, the result, or something else.
//!
//! Promotion, recovery and undo ask the same questions, which are answered only here. How much proof an answer
//! needs depends on how long ago the file was last seen:
//!
//! | asked by | it is the original | it is the result |
//! |---|---|---|
//! | promotion | [`Under::is_original`]: inode, size and time | [`Under::is_result`], and its bytes once it is in place |
//! | recovery | the same | the same, and its bytes each time |
//! | undo | [`Under::looks_original`]: size and time, and it can be read | [`Under::has_size_of`], and its bytes |
//!
//! Promotion and recovery handle recent jobs, whose files are where the job left them. They accept only the same inode:
//! a different file with the same size and time belongs to somebody else. Only where a file system doesn't keep inode
//! numbers, which the rehearsal finds out, they have to do without: the journal then has inode 0. Undo may handle an
//! original that was kept for years. The library may have moved to another disk since, where inodes differ, and the
//! original was never hashed. Device numbers are always ignored, since a reboot changes them. Recovery also recognises
//! the original's or the result's inode after somebody has written to the file. Undo distinguishes damage from an edit:
//! damage doesn't change the modification time, and a result has its film's.

use std::fs::File;
use std::io::{self, ErrorKind};
use std::path::Path;

use crate::state::journal::Commit;
use crate::sys::disk::{self, Identity};

/// What a path holds, without reading the file's bytes.
#[derive(Debug)]
pub(crate) enum Under {
    /// Nothing. The folder may be gone as well, or may be an empty mount point: see
    /// [`holds_anything`](super::places::holds_anything).
    Nothing,
    /// A regular file.
    File(Identity),
    /// A folder, a symlink, a pipe or the like, which av1d never creates here.
    NoFile,
    /// Unknown, because the disk doesn't answer.
    Unknown(io::Error),
}

impl Under {
    pub(crate) fn look(path: &Path) -> Self {
        match std::fs::symlink_metadata(path) {
            Ok(metadata) => Identity::from_metadata(&metadata).map_or(Self::NoFile, Self::File),
            Err(error) if error.kind() == ErrorKind::NotFound => Self::Nothing,
            Err(error) => Self::Unknown(error),
        }
    }

    pub(crate) fn file(&self) -> Option<&Identity> {
        match self {
            Self::File(found) => Some(found),
            Self::Nothing | Self::NoFile | Self::Unknown(_) => None,
        }
    }

    fn is(&self, such: impl FnOnce(&Identity) -> bool) -> bool {
        self.file().is_some_and(such)
    }

    /// Whether it is the film as it was when its job started, by properties that a rename, a hard link and a reboot
    /// don't change.
    pub(crate) fn is_original(&self, original: &Identity) -> bool {
        let has_inode = |found: &Identity| original.inode == 0 || found.inode == original.inode;
        self.is(|found| has_inode(found) && found.same_content_stamp(original))
    }

    /// Whether it has the film's inode but was written to since. Without inode numbers nobody can tell.
    pub(crate) fn is_changed(&self, original: &Identity) -> bool {
        let has_inode = |found: &Identity| original.inode != 0 && found.inode == original.inode;
        self.is(|found| has_inode(found) && !found.same_content_stamp(original))
    }

    /// Whether it is the film as it was when its job started, even if it was copied to another disk.
    pub(crate) fn looks_original(&self, original: &Identity) -> bool {
        self.is(|found| found.same_content_stamp(original))
    }

    /// Whether it is the committed result, by its inode and size; by its size only where inode numbers aren't kept.
    /// [`Content`] checks its bytes.
    pub(crate) fn is_result(&self, commit: &Commit) -> bool {
        (commit.inode == 0 || self.has_inode_of(commit)) && self.has_size_of(commit)
    }

    /// Whether it has the inode of the committed result, whatever its content is.
    pub(crate) fn has_inode_of(&self, commit: &Commit) -> bool {
        self.is(|found| commit.inode != 0 && found.inode == commit.inode)
    }

    /// Whether it may be the committed result, even if it was copied to another disk. [`Content`] checks its bytes.
    pub(crate) fn has_size_of(&self, commit: &Commit) -> bool {
        self.is(|found| found.size == commit.size)
    }

    /// Whether it has the film's modification time. A result gets that time, so a result without it was written to.
    pub(crate) fn has_time_of(&self, original: &Identity) -> bool {
        self.is(|found| found.modified_ns == original.modified_ns)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.is(|found| found.size == 0)
    }
}

/// The content of a file that could be opened. If a file can't be opened, nothing is known about its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Content {
    /// The committed result, byte for byte.
    Committed,
    /// Anything else.
    Different,
    /// Unknown, because the file can't be read to its end.
    Unreadable,
}

impl Content {
    /// Reads the whole file. `answered` is called each time the disk has returned a part.
    pub(crate) fn read(file: File, commit: &Commit, answered: &dyn Fn()) -> Self {
        match is_committed(file, commit, answered) {
            Ok(true) => Self::Committed,
            Ok(false) => Self::Different,
            Err(_) => Self::Unreadable,
        }
    }
}

/// Whether an open file holds the committed bytes. Returns an error if it can't be read to its end.
pub(crate) fn is_committed(file: File, commit: &Commit, answered: &dyn Fn()) -> io::Result<bool> {
    disk::hash_by_parts(file, answered).map(|hash| hash.to_hex().as_str() == commit.hash)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn what_is_no_regular_file_is_told_from_nothing_and_from_no_answer() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::write(path("file"), "x").unwrap();
        std::os::unix::fs::symlink(path("file"), path("link")).unwrap();
        assert!(matches!(Under::look(&path("none")), Under::Nothing));
        assert!(matches!(Under::look(&path("link")), Under::NoFile));
        assert!(matches!(Under::look(folder.path()), Under::NoFile));
        assert!(matches!(Under::look(&path("file").join("below")), Under::Unknown(_)));
        assert!(Under::look(&path("file")).file().is_some());
    }

    fn original() -> Identity {
        Identity { device: 1, inode: 2, size: 30, modified_ns: 4, changed_ns: 5, links: 1 }
    }

    #[test]
    fn an_original_is_the_very_file_and_looks_like_it_on_another_disk() {
        let original = original();
        let later = Identity { device: 9, changed_ns: 9, links: 2, ..original };
        let moved = Identity { inode: 9, ..later };
        let longer = Identity { size: 31, ..later };
        let written = Identity { modified_ns: 9, ..later };
        let elsewhere = Identity { inode: 9, ..written };
        let table = [
            // Identity found, is_original, is_changed, looks_original
            (later, true, false, true),
            (moved, false, false, true),
            (longer, false, true, false),
            (written, false, true, false),
            (elsewhere, false, false, false),
        ];
        for (found, is, changed, looks) in table {
            let under = Under::File(found);
            let told =
                (under.is_original(&original), under.is_changed(&original), under.looks_original(&original));
            assert_eq!(told, (is, changed, looks), "{found:?}");
        }
        for none in [Under::Nothing, Under::NoFile, Under::Unknown(disk::not_done())] {
            assert!(
                !none.is_original(&original)
                    && !none.is_changed(&original)
                    && !none.looks_original(&original)
            );
        }
    }

    #[test]
    fn a_result_is_known_by_its_inode_and_size_unread_and_by_its_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        fs::write(&path, "the result").unwrap();
        let found = Identity::of(&path).unwrap();
        let hash = disk::hash(&path).unwrap().to_hex().to_string();
        let commit = Commit { inode: found.inode, size: found.size, hash };
        let told = |found: Identity| {
            let under = Under::File(found);
            (under.is_result(&commit), under.has_inode_of(&commit), under.has_size_of(&commit))
        };
        assert_eq!(told(found), (true, true, true));
        assert_eq!(told(Identity { size: 9, ..found }), (false, true, false));
        assert_eq!(told(Identity { inode: 0, ..found }), (false, false, true));

        let read = || Content::read(disk::open(&path).unwrap(), &commit, &|| ());
        assert_eq!(read(), Content::Committed);
        fs::write(&path, "THE result").unwrap();
        assert_eq!(read(), Content::Different);
        // A folder can be opened, but not read.
        assert_eq!(Content::read(disk::open(folder.path()).unwrap(), &commit, &|| ()), Content::Unreadable);
    }
}
