//! Opens lock files so that every user sees them, whatever the umask.

use std::fs::{File, Metadata, OpenOptions, Permissions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

use crate::sys::disk;

/// An open lock file. A lock needs no right to write, except on NFS; only the holder's name is written.
#[derive(Debug)]
pub(super) enum Opened {
    Writable(File),
    Readable(File),
    /// There is none, and this user can't create one.
    CantCreate(io::Error),
    /// The folder doesn't exist.
    Gone,
}

/// Opens the lock file at `path`, or creates it. Symlinks aren't followed, and pipes aren't waited for.
///
/// # Errors
///
/// If there is something at `path` that this user can't open. A lock that can't be seen must not count as free.
pub(super) fn open(path: &Path) -> io::Result<Opened> {
    // An existing file is opened without `O_CREAT`, which some kernels refuse for files of others
    // (`fs.protected_regular`).
    match options().write(true).open(path) {
        Ok(file) => return Ok(Opened::Writable(shown(file, path))),
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) if is_denied(&error) => return readable(path, error),
        Err(error) => return Err(error),
    }
    match options().write(true).create_new(true).open(path) {
        Ok(file) => Ok(Opened::Writable(shown(file, path))),
        // Another process created it in the meantime.
        Err(error) if error.kind() == ErrorKind::AlreadyExists => options()
            .write(true)
            .open(path)
            .map(Opened::Writable)
            .or_else(|error| if is_denied(&error) { readable(path, error) } else { Err(error) }),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            Ok(Opened::Gone)
        }
        Err(error) if is_denied(&error) => Ok(Opened::CantCreate(error)),
        Err(error) => Err(error),
    }
}

fn options() -> OpenOptions {
    let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
    let mut options = OpenOptions::new();
    options.read(true).mode(0o644).custom_flags(i32::try_from(flags.bits()).unwrap_or_default());
    options
}

fn is_denied(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem)
}

/// Opens a file that can't be written. `denied` is returned if it doesn't exist.
fn readable(path: &Path, denied: io::Error) -> io::Result<Opened> {
    match options().open(path) {
        Ok(file) => Ok(Opened::Readable(file)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Opened::CantCreate(denied)),
        Err(error) => Err(error),
    }
}

/// Lets others open the file, if it belongs to this user. Where that fails, the mount decides who may.
fn shown(file: File, path: &Path) -> File {
    let (found, folder) = (file.metadata(), disk::folder_of(path).metadata());
    if let (Ok(found), Ok(folder)) = (found, folder) {
        let mode = found.mode() & 0o7777;
        let wanted = mode | rights(&folder, found.gid());
        if wanted != mode && found.is_file() {
            drop(file.set_permissions(Permissions::from_mode(wanted)));
        }
    }
    file
}

fn rights(folder: &Metadata, group: u32) -> u32 {
    rights_in(folder.mode(), folder.gid() == group)
}

/// Returns the rights that a lock file needs in a folder of this mode: everybody may read it, and whoever may replace
/// it may write it. NFS demands that from whoever locks it.
fn rights_in(folder: u32, same_group: bool) -> u32 {
    const STICKY: u32 = 0o1000;
    let (group, others) = match folder & STICKY {
        0 => (if same_group { folder & 0o020 } else { 0 }, folder & 0o002),
        _ => (0, 0),
    };
    0o644 | group | others
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybody_may_read_it_and_whoever_may_replace_it_may_write_it() {
        for (folder, same_group, expected) in [
            (0o755, true, 0o644),
            (0o700, true, 0o644),
            (0o2775, true, 0o664),
            (0o2775, false, 0o644),
            (0o777, true, 0o666),
            (0o777, false, 0o646),
            (0o1777, true, 0o644),
        ] {
            assert_eq!(rights_in(folder, same_group), expected, "{folder:o} {same_group}");
        }
    }

    #[test]
    fn a_file_that_others_could_not_read_is_shown_to_them() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let mode = |path: &Path| path.metadata().unwrap().mode() & 0o777;
        assert!(matches!(open(&path).unwrap(), Opened::Writable(_)));
        assert_eq!(mode(&path), 0o644);
        // As an older version left it under a strict umask.
        std::fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        assert!(matches!(open(&path).unwrap(), Opened::Writable(_)));
        assert_eq!(mode(&path), 0o644);
    }

    #[test]
    fn a_folder_that_is_gone_has_no_lock_and_a_pipe_is_not_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        assert!(matches!(open(&folder.path().join("gone/lock")).unwrap(), Opened::Gone));
        let pipe = folder.path().join("pipe");
        rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, rustix::fs::Mode::RUSR).unwrap();
        drop(open(&pipe));
    }
}
