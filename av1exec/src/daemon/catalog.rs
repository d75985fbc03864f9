//! What the daemon knows about the films: the contents of the index, and its own observations.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use av1plan::probe::Stability;
use jiff::Timestamp;

use super::keeper::Written;
use crate::library::film::Film;
use crate::library::stable::Settling;
use crate::state::index::{FilmEntry, Fingerprint, LastOutcome, Next, Spent, Write};
use crate::sys::disk::Identity;
use av1plan::probe::ProbeText;

/// How long a film that is no longer seen stays in the index. If a disk is away for the holidays, its films must
/// not all be probed again.
const MEMORY: jiff::SignedDuration = jiff::SignedDuration::from_hours(24 * 30);

/// How many results of ffprobe may wait to be written. Each has some kilobytes, at worst megabytes.
const PROBES_WAITING: usize = 8;

/// What is known about all films that no cheap gate (one that needs no ffprobe) stops.
#[derive(Debug)]
pub(super) struct Catalog {
    entries: BTreeMap<PathBuf, FilmEntry>,
    /// Entries that have changed since they were last written.
    changed: BTreeSet<PathBuf>,
    /// Whether entries are being written. Further changes are collected for the next write.
    is_writing: bool,
    /// Writes that haven't been handed to the index thread.
    writes: Vec<Write>,
    /// How many writes haven't been carried out yet.
    outstanding: usize,
    /// Whether the index thread is gone, so that nothing can be written.
    is_writer_gone: bool,
    /// Since when each file has been unchanged, as observed by this process.
    stability: Settling,
}

impl Catalog {
    pub(super) fn new(entries: BTreeMap<PathBuf, FilmEntry>) -> Self {
        Self {
            entries,
            changed: BTreeSet::new(),
            is_writing: false,
            writes: Vec::new(),
            outstanding: 0,
            is_writer_gone: false,
            stability: Settling::default(),
        }
    }

    fn write(&mut self, write: Write) {
        if !self.is_writer_gone {
            self.outstanding += 1;
            self.writes.push(write);
        }
    }

    /// Takes the pending writes, in order.
    pub(super) fn take_writes(&mut self) -> Vec<Write> {
        std::mem::take(&mut self.writes)
    }

    /// Notes that the index thread is gone: changes are no longer stored.
    pub(super) fn writer_is_gone(&mut self) {
        (self.is_writer_gone, self.outstanding) = (true, 0);
        self.writes.clear();
    }

    /// Records how a film looks now, and returns what to do with it next.
    pub(super) fn see(
        &mut self,
        film: &Film,
        fingerprint: &Fingerprint,
        wait: Duration,
        now: Moment,
    ) -> Next {
        let known = self.entries.entry(film.path.clone());
        let entry = known.or_insert_with(|| FilmEntry::new(film.identity, now.wall));
        let is_new = entry.first_seen == now.wall;
        if entry.see(film.identity, now.wall) || is_new {
            self.changed.insert(film.path.clone());
        }
        // A file that this process has watched for long enough is stable, even if the wall clock was changed
        // meanwhile.
        let watched = self.stability.observe(&film.path, film.identity, now.here, wait);
        let held_still = if watched == Stability::Stable { Duration::ZERO } else { wait };
        entry.next(fingerprint, held_still, now.wall)
    }

    /// The stored outcome of a film.
    pub(super) fn last_outcome(&self, path: &Path) -> Option<&LastOutcome> {
        self.entries.get(path)?.last_outcome.as_ref()
    }

    /// What the attempts on a film have cost.
    pub(super) fn spent(&self, path: &Path) -> Spent {
        self.entries.get(path).map_or_else(Spent::default, FilmEntry::spent)
    }

    /// Stores that a film was planned and is to be encoded.
    pub(super) fn want(&mut self, path: &Path, fingerprint: Fingerprint) {
        let wanted = self.entries.get(path).map(|entry| entry.wanted(fingerprint));
        self.remember(path, wanted);
    }

    /// Stores the outcome of a film; `None` removes it.
    pub(super) fn remember(&mut self, path: &Path, last_outcome: Option<LastOutcome>) {
        if let Some(entry) = self.entries.get_mut(path) {
            entry.last_outcome = last_outcome;
            self.changed.insert(path.to_owned());
        }
    }

    /// Forgets the outcome and the probe of a film, so that it is worked on again. Returns `false` if the film is
    /// unknown.
    pub(super) fn forget(&mut self, path: &Path) -> bool {
        let Some(entry) = self.entries.get_mut(path) else { return false };
        (entry.last_outcome, entry.is_probed) = (None, false);
        self.changed.insert(path.to_owned());
        true
    }

    /// Stores the ffprobe output of a film.
    pub(super) fn keep_probe(&mut self, path: &Path, text: ProbeText) {
        let Some(entry) = self.entries.get_mut(path) else { return };
        entry.is_probed = true;
        let entry = Box::new(entry.clone());
        self.write(Write::Probe(path.to_owned(), entry, text));
    }

    /// Stores the ffprobe output, the survey and the samples of a film, unless its file has changed since.
    pub(super) fn keep_examination(&mut self, path: &Path, examined: &Identity, text: &ProbeText) {
        let is_same = |entry: &FilmEntry| entry.identity.is_same_film(examined);
        if self.entries.get(path).is_some_and(is_same) {
            self.keep_probe(path, text.clone());
        }
    }

    /// Discards the ffprobe output of a film, so that ffprobe is run again.
    fn forget_probe(&mut self, path: PathBuf) {
        if let Some(entry) = self.entries.get_mut(&path) {
            entry.is_probed = false;
            self.changed.insert(path);
        }
    }

    /// Whether so many writes are outstanding that no further probe should be started.
    pub(super) fn is_behind(&self) -> bool {
        self.outstanding >= PROBES_WAITING
    }

    /// Forgets films that no walk has found for a month.
    pub(super) fn forget_unseen(&mut self, now: Timestamp) {
        let gone: Vec<PathBuf> = self
            .entries
            .extract_if(.., |_, entry| now.duration_since(entry.last_seen) > MEMORY)
            .map(|(path, _)| path)
            .collect();
        self.stability.retain(|path| self.entries.contains_key(path));
        if !gone.is_empty() {
            self.write(Write::Forget(gone));
        }
    }

    /// Queues a write of all changed entries, unless one is under way.
    pub(super) fn flush(&mut self) {
        if self.is_writing || self.changed.is_empty() {
            return;
        }
        self.is_writing = true;
        let changed = std::mem::take(&mut self.changed).into_iter();
        let entries = changed.filter_map(|path| self.entries.get_key_value(&path));
        let entries: Vec<_> = entries.map(|(path, entry)| (path.clone(), entry.clone())).collect();
        self.write(Write::Entries(entries));
    }

    /// Handles the end of a transaction, then queues what changed meanwhile.
    pub(super) fn has_written(&mut self, (writes, result): Written) -> rusqlite::Result<()> {
        self.outstanding = self.outstanding.saturating_sub(writes.len());
        for write in writes {
            match write {
                Write::Entries(entries) => {
                    self.is_writing = false;
                    if result.is_err() {
                        // The disk may be full now but not later: the next flush tries again.
                        self.changed.extend(entries.into_iter().map(|(path, _)| path));
                    }
                }
                // The index may still hold the ffprobe output of an earlier file of this name.
                Write::Probe(path, ..) if result.is_err() => self.forget_probe(path),
                Write::Probe(..) | Write::Forget(_) => {}
            }
        }
        if result.is_ok() {
            self.flush();
        }
        result
    }
}

/// A point in time, by the wall clock and by the monotonic clock.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment {
    pub(super) wall: Timestamp,
    pub(super) here: Instant,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::index::{Index, Opened};
    use av1plan::probe::Protection;

    const ONE: Fingerprint = Fingerprint([1; 16]);
    const WAIT: Duration = Duration::from_secs(10);

    /// Returns a catalog and the index that it is written to.
    fn opened(folder: &Path) -> (Catalog, Index) {
        let Opened { index, entries, .. } = Index::open(folder).unwrap();
        (Catalog::new(entries), index)
    }

    /// Carries out all pending writes, until none is left or one fails.
    fn write_all(catalog: &mut Catalog, index: &mut Index) -> rusqlite::Result<()> {
        catalog.flush();
        loop {
            let writes = catalog.take_writes();
            if writes.is_empty() {
                return Ok(());
            }
            let result = index.write(&writes);
            catalog.has_written((writes, result))?;
        }
    }

    fn now() -> Moment {
        Moment { wall: Timestamp::now(), here: Instant::now() }
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
        let start = now();
        let (mut first, mut index) = opened(folder.path());
        assert_eq!(first.see(&film(), &ONE, WAIT, start), Next::Settle, "an old time proves nothing");
        assert_eq!(first.see(&film(), &ONE, WAIT, after(start, 9)), Next::Settle);
        write_all(&mut first, &mut index).unwrap();
        drop(index);
        let (mut second, _index) = opened(folder.path());
        assert_eq!(second.see(&film(), &ONE, WAIT, after(start, 10)), Next::Probe);
    }

    #[test]
    fn what_this_process_watched_itself_needs_no_clock() {
        let start = now();
        let mut catalog = Catalog::new(BTreeMap::new());
        catalog.see(&film(), &ONE, WAIT, start);
        // Between the two observations the wall clock is set back by an hour.
        let later = Moment { wall: start.wall - jiff::SignedDuration::from_hours(1), ..after(start, 10) };
        assert_eq!(catalog.see(&film(), &ONE, WAIT, later), Next::Probe);
    }

    #[test]
    fn an_entry_outlives_an_unmounted_disk_but_not_a_month() {
        let folder = tempfile::tempdir().unwrap();
        let start = now();
        let (mut catalog, mut index) = opened(folder.path());
        catalog.see(&film(), &ONE, WAIT, start);
        write_all(&mut catalog, &mut index).unwrap();
        catalog.forget_unseen(after(start, 29 * 86_400).wall);
        assert_eq!(catalog.entries.len(), 1);
        catalog.forget_unseen(after(start, 31 * 86_400).wall);
        write_all(&mut catalog, &mut index).unwrap();
        assert_eq!((catalog.entries.len(), Index::open(folder.path()).unwrap().entries.len()), (0, 0));
    }

    #[test]
    fn what_couldnt_be_written_is_written_later_and_no_probe_is_taken_for_anothers() {
        let folder = tempfile::tempdir().unwrap();
        let (mut catalog, mut index) = opened(folder.path());
        let text = |probe: &[u8]| ProbeText::new(probe.to_vec());
        catalog.see(&film(), &ONE, WAIT, now());
        catalog.keep_probe(&film().path, text(b"first"));
        write_all(&mut catalog, &mut index).unwrap();

        // Writes fail for a while, and meanwhile the film changes.
        let other = rusqlite::Connection::open(folder.path().join(crate::state::index::FILE_NAME)).unwrap();
        other.execute_batch("ALTER TABLE films RENAME TO away").unwrap();
        let changed = Film { identity: Identity { size: 6, ..film().identity }, ..film() };
        catalog.see(&changed, &ONE, WAIT, now());
        catalog.flush();
        catalog.keep_probe(&film().path, text(b"second"));
        assert!(write_all(&mut catalog, &mut index).is_err());
        other.execute_batch("ALTER TABLE away RENAME TO films").unwrap();
        write_all(&mut catalog, &mut index).unwrap();
        drop(index);
        let Opened { index, entries, .. } = Index::open(folder.path()).unwrap();
        let entry = &entries[&changed.path];
        assert_eq!((entry.identity, entry.is_probed), (changed.identity, false));
        assert_eq!(index.probe(&changed.path, &changed.identity).unwrap(), None);
    }

    #[test]
    fn what_changes_while_it_is_written_is_written_next() {
        let folder = tempfile::tempdir().unwrap();
        let (mut catalog, mut index) = opened(folder.path());
        catalog.see(&film(), &ONE, WAIT, now());
        catalog.flush();
        for failures in 0..50 {
            let code = "failed".to_owned();
            let last_outcome = LastOutcome {
                code,
                fingerprint: ONE,
                retry_after: crate::state::index::RetryAfter::Now,
                spent: Spent { failures, put_off: 0 },
            };
            catalog.remember(&film().path, Some(last_outcome));
            catalog.flush();
        }
        assert_eq!(catalog.outstanding, 1, "the rest gathers");
        write_all(&mut catalog, &mut index).unwrap();
        let known = Index::open(folder.path()).unwrap().entries;
        assert_eq!(known[Path::new("/a.mkv")].spent().failures, 49);
    }
}
