//! Temporary files in the library that no job file refers to, for example after a machine has lost its state folder.
//!
//! The files of an interrupted job are handled by `replace::recover`; all others are handled here.

use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::sys::disk::{self, Identity};
use crate::sys::names::{self, Hidden};

/// How long a file must have been untouched before it is considered abandoned.
pub const ABANDONED_AFTER: Duration = Duration::from_hours(24);

/// What to do with a hidden file of av1d.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// Keep it, because it may be in use.
    Keep,
    /// Delete it, because nothing needs it.
    Delete,
    /// Keep it and report it: it is old, but its film doesn't exist, so that it may be all that is left of the film.
    Report,
}

/// What is known about a hidden file of av1d.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Leftover {
    /// The kind of file, by its name.
    pub kind: Hidden,
    /// Whether an unfinished job refers to it.
    pub journaled: bool,
    /// The time since the last change of its content, names or times. Its modification time alone isn't enough, because
    /// a finished result has the modification time of its film.
    pub untouched: Duration,
    /// Whether the film that it was made for exists.
    pub film_is_there: bool,
}

/// Decides what to do with the file; see the table of recovery in SAFETY.
pub fn fate(leftover: &Leftover) -> Fate {
    let Leftover { kind, journaled, untouched, film_is_there } = *leftover;
    match kind {
        _ if journaled || untouched < ABANDONED_AFTER => Fate::Keep,
        // A user asked for this file.
        Hidden::Planned => Fate::Keep,
        Hidden::Sidecar | Hidden::Rehearsal => Fate::Delete,
        Hidden::Result if film_is_there => Fate::Delete,
        Hidden::Result => Fate::Report,
    }
}

/// Applies [`fate`] to the file at `path`. `journaled` are the temporary files of unfinished jobs.
///
/// `now` is this machine's time. `stamped` returns the time of the clock that stamps files in that folder, such as
/// [`clock_beside`]: on a network share that is the server's clock, which may be days behind, so that a file made this
/// minute looks old. A file is deleted only if it is old by both clocks.
pub fn sweep(
    path: &Path,
    journaled: &[PathBuf],
    now: jiff::Timestamp,
    stamped: impl FnOnce(&Path) -> io::Result<i128>,
) -> io::Result<Fate> {
    let Some(kind) = path.file_name().and_then(names::hidden_kind) else { return Ok(Fate::Keep) };
    let identity = Identity::of(path)?;
    let touched = i128::from(identity.changed_ns.max(identity.modified_ns));
    let (journaled, film_is_there) = (journaled.iter().any(|known| known == path), has_film(path)?);
    let fate_at = |now: i128| {
        let untouched = u64::try_from(now.saturating_sub(touched)).map(Duration::from_nanos);
        fate(&Leftover { kind, journaled, untouched: untouched.unwrap_or_default(), film_is_there })
    };
    let mut fate = fate_at(now.as_nanosecond());
    // Reading that clock creates a file, so that it is done only before a deletion.
    if fate == Fate::Delete {
        fate = fate_at(stamped(path)?);
    }
    if fate == Fate::Delete {
        disk::unlink(path)?;
    }
    Ok(fate)
}

/// Returns the time, in nanoseconds since 1970, of the clock that stamps files in the folder of `path`. To read it, an
/// empty file is created there and removed at once.
pub fn clock_beside(path: &Path) -> io::Result<i128> {
    let probe = names::trial(disk::folder_of(path), "clock");
    let file = disk::create_new(&probe)?;
    let made = file.metadata().and_then(|made| Identity::from_metadata(&made));
    disk::unlink(&probe)?;
    made.map(|made| made.changed_ns.into())
}

/// Whether the folder contains a film whose temporary result would have exactly this name.
fn has_film(temporary: &Path) -> io::Result<bool> {
    let Some(job) = temporary.file_name().and_then(job_in) else { return Ok(false) };
    for entry in std::fs::read_dir(disk::folder_of(temporary))? {
        let entry = entry?;
        if entry.file_type()?.is_file() && names::temporary(&entry.path(), job) == temporary {
            return Ok(entry.metadata()?.len() > 0);
        }
    }
    Ok(false)
}

/// Returns the job id in the name of a temporary result.
fn job_in(name: &OsStr) -> Option<&str> {
    let name = name.as_bytes().strip_suffix(names::TEMPORARY.as_bytes())?;
    let job = name.rsplit(|byte| *byte == b'.').next()?;
    str::from_utf8(job).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: Duration = ABANDONED_AFTER;

    #[test]
    fn only_what_nobody_can_need_goes() {
        let leftover = |kind, journaled, untouched, film_is_there| Leftover {
            kind,
            journaled,
            untouched,
            film_is_there,
        };
        let almost = Duration::from_hours(23);
        let table = [
            ("an old result", leftover(Hidden::Result, false, DAY, true), Fate::Delete),
            ("a job counts on it", leftover(Hidden::Result, true, DAY * 9, true), Fate::Keep),
            ("touched today", leftover(Hidden::Result, false, almost, true), Fate::Keep),
            ("the film is gone", leftover(Hidden::Result, false, DAY, false), Fate::Report),
            ("a printed command wrote it", leftover(Hidden::Planned, false, DAY * 9, true), Fate::Keep),
            ("half a sidecar", leftover(Hidden::Sidecar, false, DAY, false), Fate::Delete),
            ("a rehearsal", leftover(Hidden::Rehearsal, false, DAY, false), Fate::Delete),
        ];
        for (what, leftover, expected) in table {
            assert_eq!(fate(&leftover), expected, "{what}");
        }
    }

    #[test]
    fn old_results_go_and_everything_else_stays() {
        let folder = tempfile::tempdir().unwrap();
        let film = folder.path().join("Film.avi");
        let id = "20260101-120000-123456";
        let result = names::temporary(&film, id);
        let lonely = names::temporary(&folder.path().join("Gone.mkv"), id);
        let planned = names::planned(&film);
        let foreign = folder.path().join(".something.av1tmp");
        for path in [&film, &result, &lonely, &planned, &foreign] {
            std::fs::write(path, "x").unwrap();
        }
        let day = jiff::SignedDuration::from_hours(25);
        let (now, tomorrow) = (jiff::Timestamp::now(), jiff::Timestamp::now() + day);
        let there = |path: &Path| Ok(clock_beside(path)? + day.as_nanos());
        let sweep = |path: &Path, journaled: &[PathBuf], now| sweep(path, journaled, now, there);
        assert_eq!(sweep(&result, &[], now).unwrap(), Fate::Keep);
        assert_eq!(sweep(&result, std::slice::from_ref(&result), tomorrow).unwrap(), Fate::Keep);
        assert_eq!(sweep(&lonely, &[], tomorrow).unwrap(), Fate::Report);
        for kept in [&planned, &foreign, &film] {
            assert_eq!(sweep(kept, &[], tomorrow).unwrap(), Fate::Keep, "{}", kept.display());
        }
        assert!(result.exists());
        assert_eq!(sweep(&result, &[], tomorrow).unwrap(), Fate::Delete);
        assert!(!result.exists() && lonely.exists() && planned.exists() && foreign.exists());
    }

    #[test]
    fn a_server_whose_clock_is_days_behind_makes_no_file_old() {
        let folder = tempfile::tempdir().unwrap();
        let film = folder.path().join("Film.mkv");
        let result = names::temporary(&film, "20260101-120000-123456");
        for path in [&film, &result] {
            std::fs::write(path, "x").unwrap();
        }
        // Simulates a result that was made this moment and stamped by a clock nine days behind.
        let later = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(9 * 24);
        assert_eq!(sweep(&result, &[], later, clock_beside).unwrap(), Fate::Keep);
        assert!(sweep(&result, &[], later, |_| Err(io::Error::other("read-only"))).is_err());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2, "asking leaves nothing behind");
        assert!(result.exists());
    }
}
