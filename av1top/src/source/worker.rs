//! Who works on a state folder that no daemon answers for: whether the lock in it is held.
//!
//! The lock is never tried: an av1d that starts in that moment would find it taken. The kernel tells who holds what in
//! `/proc/locks` (`proc_locks(5)`).

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use av1exec::index;
use av1exec::lock::{Holder, STATE_LOCK};
use jiff::Timestamp;

use crate::message::{Rest, Worker};

/// Whether an av1d works on `folder`.
pub(super) fn find(folder: &Path) -> Worker {
    let path = folder.join(STATE_LOCK);
    let inode = match fs::symlink_metadata(&path) {
        Ok(metadata) if metadata.is_file() => metadata.ino(),
        Err(error) if error.kind() == ErrorKind::NotFound => return gone(folder),
        _ => return Worker::Unknown,
    };
    match fs::read_to_string("/proc/locks") {
        Ok(locks) if is_held(&locks, inode) => {
            let holder = fs::File::open(&path).ok().and_then(|mut file| Holder::read(&mut file));
            Worker::Working(holder.map_or_else(String::new, |holder| holder.to_string()))
        }
        Ok(_) => gone(folder),
        Err(_) => Worker::Unknown,
    }
}

/// What whoever worked there left.
fn gone(folder: &Path) -> Worker {
    let written = |name: &str| fs::metadata(folder.join(name)).and_then(|metadata| metadata.modified()).ok();
    let log = format!("{}-wal", index::FILE_NAME);
    let last = [STATE_LOCK, index::FILE_NAME, &log].into_iter().filter_map(written).max();
    Worker::Gone(Rest {
        last_sign: last.and_then(|time| Timestamp::try_from(time).ok()),
        // An index that can't be read is for the next daemon to set aside.
        films: index::census(folder).unwrap_or_default(),
    })
}

/// Whether `/proc/locks` has a lock of the whole file (flock) on that inode. The device isn't compared: some file systems
/// tell the kernel's users another one than the kernel's lists.
fn is_held(locks: &str, inode: u64) -> bool {
    locks.lines().any(|line| {
        let mut words = line.split_whitespace();
        // `->` before the kind is one who waits.
        let kind = words.nth(1);
        let file = words.nth(3);
        let found = file.and_then(|file| file.rsplit(':').next()).and_then(|inode| inode.parse().ok());
        kind == Some("FLOCK") && found == Some(inode)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_held_lock_is_seen_without_touching_it() {
        let locks = "1: POSIX  ADVISORY  WRITE 700 fe:00:41 0 EOF\n\
                     2: FLOCK  ADVISORY  WRITE 7317 fe:00:42 0 EOF\n\
                     2: -> FLOCK  ADVISORY  WRITE 7318 fe:00:43 0 EOF\n";
        let held = [41, 42, 43, 4].map(|inode| is_held(locks, inode));
        assert_eq!(held, [false, true, false, false]);
    }

    #[test]
    fn a_worker_is_seen_as_long_as_it_works() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(find(folder.path()), Worker::Gone(Rest::default()));
        let locks = av1exec::lock::Locks::take(folder.path(), &[], || ()).unwrap();
        match find(folder.path()) {
            Worker::Working(who) => assert!(who.starts_with(&format!("process {} on ", std::process::id()))),
            // A kernel that doesn't tell is none that tells wrongly.
            other => assert_eq!(other, Worker::Unknown),
        }
        drop(locks);
        assert!(matches!(
            find(folder.path()),
            Worker::Unknown | Worker::Gone(Rest { last_sign: Some(_), .. })
        ));
    }
}
