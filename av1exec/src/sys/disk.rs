//! The only place that links, renames or unlinks files, and the only one that creates files in a library. Calls that
//! must survive a power cut are synced here.
//!
//! These functions make no decisions; their callers do. No function overwrites a file unless its name says so.

mod metadata;
mod rights;
mod space;

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, RenameFlags};
use serde::{Deserialize, Serialize};

pub use metadata::{NotSet, copy_metadata};
pub use rights::{is_frozen, keeps_owners, may_create_in, mount_of};
pub use space::{Space, space};

/// Identifies a file and its state: if all values are the same before and after, nobody has changed the file in
/// between.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// The device number. It is stable within one boot only.
    pub device: u64,
    /// The inode number; 0 if the file system shows another one for a second name of the same file, or for the same
    /// name later (see [`without_inode`](Self::without_inode)).
    pub inode: u64,
    /// The size in bytes.
    pub size: u64,
    /// Modification time in nanoseconds since 1970.
    pub modified_ns: i64,
    /// Time of the inode's last change (ctime), in nanoseconds since 1970. No program can set it back.
    pub changed_ns: i64,
    /// The number of hard links.
    pub links: u64,
}

impl Identity {
    /// Reads the identity of `path` itself. A symlink is an error, and so is anything else that isn't a regular file.
    pub fn of(path: &Path) -> io::Result<Self> {
        Self::from_metadata(&std::fs::symlink_metadata(path)?)
    }

    /// Builds the identity from metadata that a directory walk has already read.
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

    /// The identity of a file on a file system that doesn't keep inode numbers.
    #[must_use]
    pub fn without_inode(self) -> Self {
        Self { inode: 0, ..self }
    }

    /// Whether nothing shows that these are two files or two states of one. A reboot may have changed the device
    /// number.
    pub fn is_unchanged(&self, now: &Self) -> bool {
        let inode = if self.inode == 0 { 0 } else { now.inode };
        *self == Self { device: self.device, inode, ..*now }
    }

    /// Whether this is a film that was seen before, in the same state. Some file systems show another inode number each
    /// time; then the time of the last change tells.
    pub fn is_same_film(&self, now: &Self) -> bool {
        self.same_content_stamp(now) && (self.inode == now.inode || self.changed_ns == now.changed_ns)
    }

    /// Whether both have the same device and inode, even if the content has changed.
    pub fn same_file(&self, other: &Self) -> bool {
        (self.device, self.inode) == (other.device, other.inode)
    }

    /// Whether size and modification time are equal. The stable-file gate compares these two.
    pub fn same_content_stamp(&self, other: &Self) -> bool {
        (self.size, self.modified_ns) == (other.size, other.modified_ns)
    }
}

/// Creates an empty file. It fails if the path already exists.
pub fn create_new(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).custom_flags(no_follow()).open(path)
}

fn no_follow() -> i32 {
    i32::try_from(rustix::fs::OFlags::NOFOLLOW.bits()).unwrap_or_default()
}

/// Opens a file for reading, never through a symlink. Whether it is a regular file is not checked here; see
/// [`Identity::of`].
pub fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).custom_flags(no_follow()).open(path)
}

/// Opens a regular file for reading. Anything else is an error of kind `InvalidInput`; opening a pipe would block until
/// somebody writes to it.
pub(crate) fn open_regular(path: &Path) -> io::Result<File> {
    let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
    let flags = i32::try_from(flags.bits()).unwrap_or_default();
    // Symlinks are rejected by this check first, because the error that `open` gives for them has no `ErrorKind` of its
    // own.
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

/// Syncs a file's content to the disk, so that it survives a power cut. The kernel reports a failed sync only once:
/// after an error the file must not be trusted any more.
pub fn sync(path: &Path) -> io::Result<()> {
    open(path)?.sync_all()
}

/// Syncs the folder that contains `path`, so that its file names survive a power cut.
pub fn sync_folder_of(path: &Path) -> io::Result<()> {
    sync_folder(folder_of(path))
}

/// Syncs a folder, so that its file names survive a power cut.
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Magic numbers of the file systems on which `syncfs` is known to do the same as `fsync` of each file: ext2 to ext4,
/// XFS, btrfs, F2FS, and tmpfs, which needs neither. FUSE and network file systems may ignore `syncfs`.
const SYNCED_AS_A_WHOLE: [i64; 5] = [0xef53, 0x5846_5342, 0x9123_683e, 0xf2f5_2010, 0x0102_1994];

/// Syncs everything written to the file system that holds the folder `path`, so that it survives a power cut. For many
/// files this is cheaper than [`sync`] of each. Returns `false` if `syncfs` can't be relied on there.
pub fn sync_all_of(path: &Path) -> io::Result<bool> {
    let folder = File::open(path)?;
    if !SYNCED_AS_A_WHOLE.contains(&rustix::fs::fstatfs(&folder)?.f_type) {
        return Ok(false);
    }
    rustix::fs::syncfs(&folder)?;
    Ok(true)
}

/// Returns the folder that contains `path`.
pub fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Drops a synced file from the page cache, so that the next read comes from the disk.
pub fn drop_from_cache(path: &Path) -> io::Result<()> {
    let file = open(path)?;
    Ok(rustix::fs::fadvise(&file, 0, None, rustix::fs::Advice::DontNeed)?)
}

/// Returns the hash of a file's whole content.
pub fn hash(path: &Path) -> io::Result<blake3::Hash> {
    hash_by_parts(open(path)?, &|| ())
}

/// Returns the hash of an open file's whole content, and calls `answered` after each part that the disk has delivered.
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

/// Creates a hard link. It fails if `to` already exists.
pub fn link(from: &Path, to: &Path) -> io::Result<()> {
    std::fs::hard_link(from, to)
}

/// Renames a file. It fails if `to` already exists. Where the system can't rename like that (NTFS, mergerfs), the file
/// gets a second name and then loses the first one; a power cut in between leaves both.
pub fn rename_without_overwriting(from: &Path, to: &Path) -> io::Result<()> {
    match rename_noreplace(from, to) {
        Err(error) if matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported) => {
            link(from, to).map_err(|_| error)?;
            let Ok(linked) = Identity::of(to) else { return Err(not_done()) };
            sync_folder_of(to)?;
            // Somebody may have put another file there in the meantime, which isn't this function's to delete.
            if !Identity::of(from)?.same_content_stamp(&linked) {
                return Err(io::Error::other("another file took its place meanwhile"));
            }
            unlink(from)
        }
        result => result,
    }
}

/// Renames a file with `RENAME_NOREPLACE`, which not every file system knows.
pub fn rename_noreplace(from: &Path, to: &Path) -> io::Result<()> {
    Ok(rustix::fs::renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE)?)
}

/// Renames atomically and replaces whatever has the name `to`.
pub fn rename_over(from: &Path, to: &Path) -> io::Result<()> {
    std::fs::rename(from, to)
}

/// Removes a name. A name that doesn't exist is no error; a name that still exists afterwards is.
pub fn unlink(path: &Path) -> io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Ok(()) if std::fs::symlink_metadata(path).is_ok() => Err(not_done()),
        result => result,
    }
}

/// The error for a call that reported success but did nothing: some network and union file systems return 0 and change
/// nothing.
pub fn not_done() -> io::Error {
    io::Error::other("it was said to be done, but the disk shows that it wasn't")
}

/// Writes a small file atomically: writes a temporary file beside it, syncs it, renames it into place, and syncs the
/// folder. If `path` is a symlink, the symlink is replaced and its target stays as it is.
pub fn write_whole(path: &Path, content: &[u8]) -> io::Result<()> {
    let temporary = temporary_beside(path);
    let written = write_synced(&temporary, content).and_then(|()| rename_over(&temporary, path));
    if written.is_err() {
        // The first error is the one to report.
        drop(unlink(&temporary));
    }
    written.and_then(|()| sync_folder_of(path))
}

/// Removes the temporary file that a process killed during [`write_whole`] has left beside `path`.
pub fn unlink_draft_of(path: &Path) -> io::Result<()> {
    unlink(&temporary_beside(path))
}

/// The temporary name is always the same for a given file, so that the next write removes what a killed process left.
/// The lock keeps two processes from writing at once.
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
    // Removes a temporary file left by a killed process.
    unlink(path)?;
    let mut file = create_new(path)?;
    file.write_all(content)?;
    Ok(file)
}

/// Like [`write_whole`], but without syncing; the caller has to sync. Until then a power cut may leave a partial file.
pub(crate) fn replace_unsynced(path: &Path, content: &[u8]) -> io::Result<()> {
    let temporary = temporary_beside(path);
    let written = write_draft(&temporary, content).and_then(|_| rename_over(&temporary, path));
    if written.is_err() {
        // The first error is the one to report.
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
