//! Finds out whether somebody holds a lock without trying to take it: a lock taken for a moment, just as a test, would
//! stop an av1d that starts in that moment. The kernel lists all held locks in `/proc/locks` (`proc_locks(5)`).

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::Holder;
use super::holder::host;
use crate::sys::disk;
use crate::sys::orphan::ProcessId;

/// Whether somebody holds a lock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// Nobody holds it.
    Free,
    /// A process holds it: the one that the lock file names, if it names one.
    Held(Option<Holder>),
    /// It can't be known from here. The lock file may name its last holder.
    Unknown(Option<Holder>),
}

/// Finds out whether somebody holds the lock at `path`, without creating or taking it.
pub fn look(path: &Path) -> io::Result<Standing> {
    let found = match fs::symlink_metadata(path) {
        Ok(found) if found.is_file() => found,
        Ok(_) => return Err(io::Error::new(ErrorKind::AlreadyExists, "it is no regular file")),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            return Ok(Standing::Free);
        }
        Err(error) => return Err(error),
    };
    let locks = fs::read_to_string("/proc/locks").ok();
    let listed = locks.as_deref().map(|locks| process_in(locks, found.ino()).is_some());
    let holder = match disk::open(path) {
        Ok(mut file) => holder(&mut file, locks.as_deref(), found.ino()),
        Err(_) if listed == Some(true) => None,
        Err(error) => return Err(error),
    };
    Ok(standing(listed, holder, &host()))
}

/// Returns who holds a lock file that can't be locked.
pub(super) fn holder_of(file: &mut File) -> Option<Holder> {
    let inode = file.metadata().ok()?.ino();
    holder(file, fs::read_to_string("/proc/locks").ok().as_deref(), inode)
}

/// Returns the holder that the lock file names. A holder without the right to write it isn't named there: if the named
/// one has ended, the kernel's list may know a process that is alive.
fn holder(file: &mut File, locks: Option<&str>, inode: u64) -> Option<Holder> {
    let named = Holder::read(file);
    if named.as_ref().is_some_and(|named| !named.is_dead()) {
        return named;
    }
    let process = locks.and_then(|locks| process_in(locks, inode)).map(ProcessId::of);
    let listed = process.map(|process| Holder { host: host(), process });
    listed.filter(|listed| !listed.is_dead()).or(named)
}

/// Concludes from `/proc/locks` of the machine `here` whether a lock is held: `listed` says whether the lock is in that
/// list, or is `None` if there is no list.
///
/// A lock that isn't listed may still be held: a container's list leaves out the locks of other containers, and a
/// machine's list leaves out those that other machines hold on a network share.
fn standing(listed: Option<bool>, holder: Option<Holder>, here: &str) -> Standing {
    match listed {
        Some(true) => Standing::Held(holder),
        Some(false) if holder.as_ref().is_none_or(|holder| holder.host == here) => Standing::Free,
        _ => Standing::Unknown(holder),
    }
}

/// Returns the process that has an `flock` lock on this inode according to `/proc/locks`. The device isn't compared: on
/// some file systems the device number in the list differs from the one that `stat` returns.
fn process_in(locks: &str, inode: u64) -> Option<u32> {
    locks.lines().find_map(|line| {
        let mut words = line.split_whitespace();
        // `->` in front of the kind marks a process that waits for the lock.
        let kind = words.nth(1)?;
        // The list has zero for a process that has ended, and -1 for one on another machine.
        let process = words.nth(2)?.parse().unwrap_or_default();
        let found: u64 = words.next()?.rsplit(':').next()?.parse().ok()?;
        (kind == "FLOCK" && found == inode).then_some(process)
    })
}

#[cfg(test)]
mod tests {
    use super::super::{Locks, STATE_LOCK};
    use super::*;

    #[test]
    fn a_look_makes_no_lock() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(look(&folder.path().join(STATE_LOCK)).unwrap(), Standing::Free);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_look_does_not_try_the_lock() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(STATE_LOCK);
        let file = File::create(&path).unwrap();
        // A test that tried to take a shared lock would succeed here and wrongly report the lock as free.
        file.lock_shared().unwrap();
        assert!(matches!(look(&path).unwrap(), Standing::Held(_) | Standing::Unknown(_)));
    }

    #[test]
    fn who_has_it_is_told_as_long_as_he_has_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(STATE_LOCK);
        let locks = Locks::take(folder.path(), &[], || ()).unwrap();
        // `Unknown` is accepted: on some kernels the list isn't available.
        let told = |standing| {
            let (Standing::Held(Some(holder)) | Standing::Unknown(Some(holder))) = standing else {
                panic!("{standing:?}")
            };
            assert_eq!(holder.process.pid, std::process::id());
        };
        told(look(&path).unwrap());
        drop(locks);
        assert!(matches!(look(&path).unwrap(), Standing::Free | Standing::Unknown(_)));
    }

    #[test]
    fn a_holder_that_may_not_write_the_file_is_told_too() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(STATE_LOCK);
        let dead = ProcessId { boot: "another".into(), ..ProcessId::current() };
        Holder { host: host(), process: dead }.write(&mut File::create(&path).unwrap()).unwrap();
        let line = format!("1: FLOCK  ADVISORY  WRITE {} fe:00:42 0 EOF\n", std::process::id());
        for (locks, expected) in [(line.as_str(), "here"), ("", "another")] {
            let told = holder(&mut disk::open(&path).unwrap(), Some(locks), 42).unwrap();
            assert_eq!(told.process == ProcessId::current(), expected == "here", "{locks}");
        }
    }

    #[test]
    fn what_is_no_lock_is_not_opened() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(STATE_LOCK);
        rustix::fs::mkfifoat(rustix::fs::CWD, &path, rustix::fs::Mode::RUSR).unwrap();
        assert!(look(&path).is_err(), "and it doesn't wait for whoever writes into it");
    }

    #[test]
    fn a_held_lock_is_found_in_the_list() {
        let locks = "1: POSIX  ADVISORY  WRITE 700 fe:00:41 0 EOF\n\
                     2: FLOCK  ADVISORY  WRITE 7317 fe:00:42 0 EOF\n\
                     2: -> FLOCK  ADVISORY  WRITE 7318 fe:00:43 0 EOF\n";
        let held = [41, 42, 43, 4].map(|inode| process_in(locks, inode));
        assert_eq!(held, [None, Some(7317), None, None]);
    }

    #[test]
    fn a_lock_that_others_could_hold_unseen_is_not_called_free() {
        let by = |host: &str| Some(Holder { host: host.into(), process: ProcessId::current() });
        for (listed, holder, expected) in [
            (Some(true), by("here"), Standing::Held(by("here"))),
            (Some(true), by("there"), Standing::Held(by("there"))),
            (Some(false), by("here"), Standing::Free),
            (Some(false), None, Standing::Free),
            (Some(false), by("there"), Standing::Unknown(by("there"))),
            (None, by("here"), Standing::Unknown(by("here"))),
            (None, None, Standing::Unknown(None)),
        ] {
            assert_eq!(standing(listed, holder, "here"), expected);
        }
    }
}
