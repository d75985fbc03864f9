//! What the daemon knows of the films: the index, and what it has seen itself.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use av1plan::gates::Stability;
use jiff::Timestamp;

use crate::index::{Entry, Fingerprint, Index, Next, Verdict};
use crate::probe::ProbeText;
use crate::scan::Film;
use crate::stable::Settling;

/// How long a film that isn't seen any more is remembered: a disk that is away for the holidays must not cost a new
/// probe of everything on it.
const MEMORY: jiff::SignedDuration = jiff::SignedDuration::from_hours(24 * 30);

/// What is known of all films that no cheap gate stops.
#[derive(Debug)]
pub(super) struct Library {
    index: Index,
    entries: BTreeMap<PathBuf, Entry>,
    /// Entries that are to be written down.
    changed: BTreeSet<PathBuf>,
    settling: Settling,
}

impl Library {
    pub(super) fn new(index: Index, entries: BTreeMap<PathBuf, Entry>) -> Self {
        Self { index, entries, changed: BTreeSet::new(), settling: Settling::default() }
    }

    /// Takes in how a film looks now, and says what to do with it.
    pub(super) fn see(
        &mut self,
        film: &Film,
        fingerprint: &Fingerprint,
        wait: Duration,
        now: Moment,
    ) -> Next {
        let known = self.entries.entry(film.path.clone());
        let entry = known.or_insert_with(|| Entry::new(film.identity, now.wall));
        let is_new = entry.first_seen == now.wall;
        if entry.see(film.identity, now.wall) || is_new {
            self.changed.insert(film.path.clone());
        }
        // What this process has watched itself needs no clock that somebody may set.
        let watched = self.settling.observe(&film.path, film.identity, now.here, wait);
        let held_still = if watched == Stability::Stable { Duration::ZERO } else { wait };
        entry.next(fingerprint, held_still, now.wall)
    }

    /// What came of a film.
    pub(super) fn verdict(&self, path: &Path) -> Option<&Verdict> {
        self.entries.get(path)?.verdict.as_ref()
    }

    /// How many attempts at a film have failed.
    pub(super) fn failures(&self, path: &Path) -> u32 {
        self.entries.get(path).map_or(0, Entry::failures)
    }

    /// Remembers what came of a film; forgets it with nothing.
    pub(super) fn remember(&mut self, path: &Path, verdict: Option<Verdict>) {
        if let Some(entry) = self.entries.get_mut(path) {
            entry.verdict = verdict;
            self.changed.insert(path.to_owned());
        }
    }

    /// Forgets all that is known of a film but that it was seen, so that it is worked on again.
    pub(super) fn forget(&mut self, path: &Path) -> bool {
        let Some(entry) = self.entries.get_mut(path) else { return false };
        (entry.verdict, entry.is_probed) = (None, false);
        self.changed.insert(path.to_owned());
        true
    }

    /// Keeps what ffprobe said of a film.
    pub(super) fn keep_probe(&mut self, path: &Path, text: &ProbeText) -> rusqlite::Result<()> {
        let Some(entry) = self.entries.get_mut(path) else { return Ok(()) };
        entry.is_probed = true;
        self.index.save_probe(path, entry, text)
    }

    /// What ffprobe said of a film.
    pub(super) fn probe(&self, path: &Path) -> Option<ProbeText> {
        // One that can't be read is asked for again.
        self.index.probe(path).ok().flatten()
    }

    /// Forgets films that nobody has seen for a month.
    pub(super) fn forget_unseen(&mut self, now: Timestamp) -> rusqlite::Result<()> {
        let gone: Vec<PathBuf> = self
            .entries
            .extract_if(.., |_, entry| now.duration_since(entry.last_seen) > MEMORY)
            .map(|(path, _)| path)
            .collect();
        self.settling.retain(|path| self.entries.contains_key(path));
        if gone.is_empty() {
            return Ok(());
        }
        self.index.forget(gone.iter().map(PathBuf::as_path))
    }

    /// Writes down what changed.
    pub(super) fn flush(&mut self) -> rusqlite::Result<()> {
        if self.changed.is_empty() {
            return Ok(());
        }
        let entries = self.changed.iter().filter_map(|path| Some((path.as_path(), self.entries.get(path)?)));
        self.index.save(entries)?;
        // Kept until then: a disk that is full now may not be later.
        self.changed.clear();
        Ok(())
    }
}

/// Now, by the clock on the wall and by one that nobody sets.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment {
    pub(super) wall: Timestamp,
    pub(super) here: Instant,
}

impl Moment {
    pub(super) fn now() -> Self {
        Self { wall: Timestamp::now(), here: Instant::now() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disk::Identity;
    use crate::index::Opened;
    use av1plan::gates::Protection;

    const ONE: Fingerprint = Fingerprint([1; 16]);
    const WAIT: Duration = Duration::from_secs(10);

    fn library(folder: &Path) -> Library {
        let Opened { index, entries, .. } = Index::open(folder).unwrap();
        Library::new(index, entries)
    }

    fn film() -> Film {
        Film {
            path: "/a.mkv".into(),
            identity: Identity { device: 1, inode: 1, size: 5, modified_ns: 7, changed_ns: 0, links: 1 },
            root: Path::new("/").into(),
            marker: None,
            protection: Protection::None,
            target_exists: false,
            backup_exists: false,
        }
    }

    fn after(start: Moment, seconds: u64) -> Moment {
        let wall = start.wall + jiff::SignedDuration::from_secs(i64::try_from(seconds).unwrap());
        Moment { wall, here: start.here + Duration::from_secs(seconds) }
    }

    #[test]
    fn a_film_that_held_still_before_a_restart_needs_not_wait_again() {
        let folder = tempfile::tempdir().unwrap();
        let start = Moment::now();
        let mut first = library(folder.path());
        assert_eq!(first.see(&film(), &ONE, WAIT, start), Next::Settle, "an old time proves nothing");
        assert_eq!(first.see(&film(), &ONE, WAIT, after(start, 9)), Next::Settle);
        first.flush().unwrap();
        drop(first);
        let mut second = library(folder.path());
        assert_eq!(second.see(&film(), &ONE, WAIT, after(start, 10)), Next::Probe);
    }

    #[test]
    fn what_this_process_watched_itself_needs_no_clock() {
        let folder = tempfile::tempdir().unwrap();
        let start = Moment::now();
        let mut library = library(folder.path());
        library.see(&film(), &ONE, WAIT, start);
        // Set back by an hour between two looks.
        let later = Moment { wall: start.wall - jiff::SignedDuration::from_hours(1), ..after(start, 10) };
        assert_eq!(library.see(&film(), &ONE, WAIT, later), Next::Probe);
    }

    #[test]
    fn an_entry_outlives_an_unmounted_disk_but_not_a_month() {
        let folder = tempfile::tempdir().unwrap();
        let start = Moment::now();
        let mut library = library(folder.path());
        library.see(&film(), &ONE, WAIT, start);
        library.flush().unwrap();
        library.forget_unseen(after(start, 29 * 86_400).wall).unwrap();
        assert_eq!(library.entries.len(), 1);
        library.forget_unseen(after(start, 31 * 86_400).wall).unwrap();
        assert_eq!((library.entries.len(), library.index.load().unwrap().len()), (0, 0));
    }
}
