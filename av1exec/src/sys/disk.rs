//! The only place that links, renames or unlinks files, and that creates any in a library; each call is synced where it
//! has to be.
//!
//! Nothing in here decides; its callers do. No function overwrites a file unless its name says so.

mod metadata;
mod space;

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, RenameFlags, XattrFlags};
use serde::{Deserialize, Serialize};

pub use metadata::copy_metadata;
pub use space::{Space, space};

/// Who a file is: the same values before and after mean that nobody touched it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// The device; holds within one boot only.
    pub device: u64,
    /// The inode.
    pub inode: u64,
    /// Bytes.
    pub size: u64,
    /// Modification time in nanoseconds since 1970.
    pub modified_ns: i64,
    /// Time of the inode's last change, in nanoseconds since 1970; nobody can put it back.
    pub changed_ns: i64,
    /// How many names it has.
    pub links: u64,
}

impl Identity {
    /// Reads `path` itself: a symlink is refused, as is anything else that is no regular file.
    pub fn of(path: &Path) -> io::Result<Self> {
        Self::from_metadata(&std::fs::symlink_metadata(path)?)
    }

    /// Takes it from what a directory walk has read already.
    pub fn from_metadata(metadata: &std::fs::Metadata) -> io::Result<Self> {
        if !metadata.is_file() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no regular file"));
        }
        let nanoseconds =
            |seconds: i64, rest: i64| seconds.saturating_mul(1_000_000_000).saturating_add(rest);
        Ok(Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            size: metadata.size(),
            modified_ns: nanoseconds(metadata.mtime(), metadata.mtime_nsec()),
            changed_ns: nanoseconds(metadata.ctime(), metadata.ctime_nsec()),
            links: metadata.nlink(),
        })
    }

    /// Whether both are one file, whatever happened to it.
    pub fn same_file(&self, other: &Self) -> bool {
        (self.device, self.inode) == (other.device, other.inode)
    }

    /// Whether size and modification time are the same: what the stable-file gate watches.
    pub fn same_content_stamp(&self, other: &Self) -> bool {
        (self.size, self.modified_ns) == (other.size, other.modified_ns)
    }
}

/// Creates an empty file that wasn't there.
pub fn create_new(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).custom_flags(no_follow()).open(path)
}

fn no_follow() -> i32 {
    i32::try_from(rustix::fs::OFlags::NOFOLLOW.bits()).unwrap_or_default()
}

/// Opens a file for reading, never through a symlink; that it is a regular one is for [`Identity::of`] to tell.
pub fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).custom_flags(no_follow()).open(path)
}

/// Opens a regular file for reading; what is none (a pipe would wait for its writer) is an error of kind `InvalidInput`.
pub(crate) fn open_regular(path: &Path) -> io::Result<File> {
    let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
    let flags = i32::try_from(flags.bits()).unwrap_or_default();
    // A link isn't followed, and is looked at first since the error of opening one has no kind of its own.
    Identity::of(path)?;
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path)?;
    Identity::from_metadata(&file.metadata()?)?;
    Ok(file)
}

/// Reads a regular file to its end.
pub(crate) fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut content = Vec::new();
    open_regular(path)?.read_to_end(&mut content)?;
    Ok(content)
}

/// Makes a file's content safe from a power cut. A failed sync is reported once only: who gets the error must not
/// trust the file any more.
pub fn sync(path: &Path) -> io::Result<()> {
    open(path)?.sync_all()
}

/// Makes the names in `path`'s folder safe from a power cut.
pub fn sync_folder_of(path: &Path) -> io::Result<()> {
    sync_folder(folder_of(path))
}

/// Makes the names in a folder safe from a power cut.
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// File systems on which `syncfs` is known to do what `fsync` of each file would: ext2 to ext4, XFS, btrfs, F2FS, and tmpfs, which needs
/// neither. FUSE and network file systems may pass it on to nobody.
const SYNCED_AS_A_WHOLE: [i64; 5] = [0xef53, 0x5846_5342, 0x9123_683e, 0xf2f5_2010, 0x0102_1994];

/// Makes all that was written to the file system of the folder `path` safe from a power cut, which is cheaper than [`sync`] for many files. Says
/// whether that could be done.
pub fn sync_all_of(path: &Path) -> io::Result<bool> {
    let folder = File::open(path)?;
    if !SYNCED_AS_A_WHOLE.contains(&rustix::fs::fstatfs(&folder)?.f_type) {
        return Ok(false);
    }
    rustix::fs::syncfs(&folder)?;
    Ok(true)
}

/// The folder that holds `path`.
pub fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Drops a synced file from the page cache, so that the next read comes from the disk.
pub fn drop_from_cache(path: &Path) -> io::Result<()> {
    let file = open(path)?;
    Ok(rustix::fs::fadvise(&file, 0, None, rustix::fs::Advice::DontNeed)?)
}

/// The hash of a file's content, read from start to end.
pub fn hash(path: &Path) -> io::Result<blake3::Hash> {
    hash_by_parts(open(path)?, &|| ())
}

/// The same of an open file; `answered` is called each time when the disk has handed over a part.
pub fn hash_by_parts(mut file: File, answered: &dyn Fn()) -> io::Result<blake3::Hash> {
    let mut hasher = blake3::Hasher::new();
    let mut part = vec![0; 1 << 20];
    loop {
        let length = match file.read(&mut part) {
            Ok(0) => return Ok(hasher.finalize()),
            Ok(length) => length,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        hasher.update(part.get(..length).unwrap_or_default());
        answered();
    }
}

/// Gives a file a second name; an existing one stops it.
pub fn link(from: &Path, to: &Path) -> io::Result<()> {
    std::fs::hard_link(from, to)
}

/// Renames; an existing file of the new name stops it.
pub fn rename_without_overwriting(from: &Path, to: &Path) -> io::Result<()> {
    Ok(rustix::fs::renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE)?)
}

/// Swaps two files' names in one step.
pub fn exchange(one: &Path, other: &Path) -> io::Result<()> {
    Ok(rustix::fs::renameat_with(CWD, one, CWD, other, RenameFlags::EXCHANGE)?)
}

/// Sets an extended attribute, to see whether the file system has them.
pub fn try_attribute(file: &File) -> io::Result<()> {
    Ok(rustix::fs::fsetxattr(file, "user.av1d", b"1", XattrFlags::empty())?)
}

/// Renames over whatever has the new name, in one step.
pub fn rename_over(from: &Path, to: &Path) -> io::Result<()> {
    std::fs::rename(from, to)
}

/// Takes a name away; that it is gone already is no error, that it is still there afterwards is.
pub fn unlink(path: &Path) -> io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Ok(()) if std::fs::symlink_metadata(path).is_ok() => Err(not_done()),
        result => result,
    }
}

/// The error of a call that was said to be done and wasn't: some network and union file systems say 0 and leave
/// everything as it was.
pub fn not_done() -> io::Error {
    io::Error::other("it was said to be done, but the disk shows that it wasn't")
}

/// Writes a small file whole or not at all: a temporary one beside it, synced, renamed into place, folder synced. A
/// symlink of that name is replaced, not written through.
pub fn write_whole(path: &Path, content: &[u8]) -> io::Result<()> {
    let temporary = temporary_beside(path);
    let written = write_synced(&temporary, content).and_then(|()| rename_over(&temporary, path));
    if written.is_err() {
        // The error that counts is the first one.
        drop(unlink(&temporary));
    }
    written.and_then(|()| sync_folder_of(path))
}

/// Takes away what a writer that was killed in the middle of [`write_whole`] left beside `path`.
pub fn unlink_draft_of(path: &Path) -> io::Result<()> {
    unlink(&temporary_beside(path))
}

/// The same name each time, so that the next write of this file clears what a killed one left. Two writers at once are kept
/// apart by the lock.
fn temporary_beside(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default();
    let short = crate::sys::names::fit(name, 200);
    let mut temporary = std::ffi::OsString::from(".");
    temporary.push(short);
    temporary.push(crate::sys::names::UNFINISHED);
    folder_of(path).join(temporary)
}

fn write_synced(path: &Path, content: &[u8]) -> io::Result<()> {
    write_draft(path, content)?.sync_all()
}

fn write_draft(path: &Path, content: &[u8]) -> io::Result<File> {
    // Left over by a process that was killed between two calls.
    unlink(path)?;
    let mut file = create_new(path)?;
    file.write_all(content)?;
    Ok(file)
}

/// Like [`write_whole`], but for the caller to sync: until then a power cut may leave half of it.
pub(crate) fn replace_unsynced(path: &Path, content: &[u8]) -> io::Result<()> {
    let temporary = temporary_beside(path);
    let written = write_draft(&temporary, content).and_then(|_| rename_over(&temporary, path));
    if written.is_err() {
        // The error that counts is the first one.
        drop(unlink(&temporary));
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_file_is_written_whole_and_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.json");
        write_whole(&path, b"one").unwrap();
        write_whole(&path, b"two").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"two");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_a_killed_writer_left_is_cleared_by_the_next() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("Film.mkv.av1skip");
        write_synced(&temporary_beside(&path), b"ha").unwrap();
        write_whole(&path, b"half").unwrap();
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
        write_synced(&temporary_beside(&path), b"ha").unwrap();
        unlink_draft_of(&path).unwrap();
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_planted_symlink_is_replaced_and_its_target_is_untouched() {
        let folder = tempfile::tempdir().unwrap();
        let victim = folder.path().join("victim");
        std::fs::write(&victim, "precious").unwrap();
        let path = folder.path().join("Film.mkv.why.txt");
        std::os::unix::fs::symlink(&victim, &path).unwrap();
        write_whole(&path, b"text").unwrap();
        assert_eq!(std::fs::read(&victim).unwrap(), b"precious");
        assert!(std::fs::symlink_metadata(&path).unwrap().is_file());
    }

    #[test]
    fn only_regular_files_have_an_identity() {
        let folder = tempfile::tempdir().unwrap();
        let link = folder.path().join("link");
        std::os::unix::fs::symlink("/etc/hostname", &link).unwrap();
        assert!(Identity::of(folder.path()).is_err());
        assert!(Identity::of(&link).is_err());
    }
}
