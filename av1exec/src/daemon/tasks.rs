//! The table of running tasks: at most one per film, and at most one walk per root.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::time::Instant;

/// What is being done with a film, or is about to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Doing {
    /// Its stored ffprobe output is being read from the index.
    Read,
    /// ffprobe runs on it.
    Probe,
    /// It is refused, and its `.why.txt` is still to be written.
    Refused,
    /// It is refused, and its `.why.txt` is being written.
    Explain,
    /// It had to be stable, and its file is being checked again.
    Look,
    /// An unfinished job of it is being recovered.
    Tidy,
    /// It is being encoded, judged and replaced.
    Encode,
}

impl Doing {
    const COUNT: usize = 7;
}

/// A task that runs concurrently with the loop, by what it works on. This is needed if the task ends without a
/// result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Task {
    /// A task on one film.
    Film(PathBuf, Doing),
    /// Reads the stored ffprobe output of films.
    Read(Vec<PathBuf>),
    /// Checks whether films have changed.
    Look(Vec<PathBuf>),
    /// Walks a root, as the config spells it.
    Walk(PathBuf),
    /// Lists unfinished jobs.
    List,
    /// Writes or removes a marker.
    CarryOut,
    /// Reads the config.
    Reload,
}

/// Whether the config is being read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Reloading {
    /// No.
    #[default]
    No,
    /// Yes.
    Once,
    /// Yes, and it has to be read once more, since it may have changed meanwhile.
    Again,
}

/// The table of running tasks.
#[derive(Debug, Default)]
pub(super) struct Tasks {
    films: HashMap<PathBuf, Doing>,
    counts: [usize; Doing::COUNT],
    /// Roots that are being walked, as the config spells them, and when each walk began. A root that hangs stays
    /// here, so that no second walk of it begins.
    walks: BTreeMap<PathBuf, Instant>,
    /// How many markers are being written or removed.
    pub(super) carrying_out: usize,
    /// Whether the config is being read.
    pub(super) reloading: Reloading,
}

impl Tasks {
    /// Notes that work on a film begins. Returns `false`, and changes nothing, if the film is busy.
    #[must_use]
    pub(super) fn begin(&mut self, film: &Path, doing: Doing) -> bool {
        if self.films.contains_key(film) {
            return false;
        }
        self.films.insert(film.to_owned(), doing);
        self.add(doing);
        true
    }

    /// Replaces what is being done with a film.
    pub(super) fn go_on(&mut self, film: &Path, doing: Doing) {
        self.end(film);
        self.films.insert(film.to_owned(), doing);
        self.add(doing);
    }

    /// Notes that work on a film has ended.
    pub(super) fn end(&mut self, film: &Path) {
        let ended = self.films.remove(film);
        if let Some(count) = ended.and_then(|doing| self.counts.get_mut(doing as usize)) {
            *count = count.saturating_sub(1);
        }
    }

    /// Notes that work on these films has ended.
    pub(super) fn end_all(&mut self, films: &[PathBuf]) {
        for film in films {
            self.end(film);
        }
    }

    fn add(&mut self, doing: Doing) {
        if let Some(count) = self.counts.get_mut(doing as usize) {
            *count += 1;
        }
    }

    /// Whether a film is being worked on.
    pub(super) fn is_busy(&self, film: &Path) -> bool {
        self.films.contains_key(film)
    }

    /// What is being done with a film.
    pub(super) fn of(&self, film: &Path) -> Option<Doing> {
        self.films.get(film).copied()
    }

    /// How many films this is being done with.
    pub(super) fn count(&self, doing: Doing) -> usize {
        self.counts.get(doing as usize).copied().unwrap_or_default()
    }

    /// The films that are being encoded.
    pub(super) fn encodes(&self) -> impl Iterator<Item = &Path> {
        let encodes = self.films.iter().filter(|(_, doing)| **doing == Doing::Encode);
        encodes.map(|(film, _)| film.as_path())
    }

    /// Notes that a root is being walked.
    pub(super) fn begin_walk(&mut self, root: &Path, began: Instant) {
        self.walks.insert(root.to_owned(), began);
    }

    /// Notes that the walk of a root ended.
    pub(super) fn end_walk(&mut self, root: &Path) {
        self.walks.remove(root);
    }

    /// The roots that are being walked.
    pub(super) fn walked_roots(&self) -> impl Iterator<Item = &PathBuf> {
        self.walks.keys()
    }

    /// When the oldest of the running walks began.
    pub(super) fn oldest_walk(&self) -> Option<Instant> {
        self.walks.values().min().copied()
    }

    /// Whether any root is being walked.
    pub(super) fn is_walking(&self) -> bool {
        !self.walks.is_empty()
    }
}
