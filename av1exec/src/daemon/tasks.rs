//! What runs beside the loop: for each film at most one thing, for each root at most one walk.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::time::Instant;

/// What is done with a film, or waits to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Doing {
    /// What ffprobe said of it before is read from the index.
    Read,
    /// ffprobe is asked.
    Probe,
    /// It is refused, and waits until that can be said beside it.
    Refused,
    /// It is said beside it why it is refused.
    Explain,
    /// It was to hold still, and is looked at.
    Look,
    /// A job of it that was left open is tidied up.
    Tidy,
    /// It is encoded, judged and replaced.
    Encode,
}

impl Doing {
    const COUNT: usize = 7;
}

/// A task that runs beside the loop, by what it is about: for one that ends without a word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Task {
    /// Something with one film.
    Film(PathBuf, Doing),
    /// What ffprobe said of films before is read.
    Read(Vec<PathBuf>),
    /// Films are looked at.
    Look(Vec<PathBuf>),
    /// The walk of a root, as the config has it.
    Walk(PathBuf),
    /// Jobs that haven't ended are listed.
    List,
    /// A person's word is carried out.
    CarryOut,
    /// The config is read.
    Reload,
}

/// Whether the config is being read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Reloading {
    /// It isn't.
    #[default]
    No,
    /// It is.
    Once,
    /// It is, and is to be read once more, since it may have changed while it was.
    Again,
}

/// The table.
#[derive(Debug, Default)]
pub(super) struct Tasks {
    films: HashMap<PathBuf, Doing>,
    counts: [usize; Doing::COUNT],
    /// Roots that are being walked, as the config has them, with when that began. One that hangs stays, and isn't walked anew meanwhile.
    walks: BTreeMap<PathBuf, Instant>,
    /// Words of persons that are carried out.
    pub(super) carrying_out: usize,
    /// Whether the config is being read.
    pub(super) reloading: Reloading,
}

impl Tasks {
    /// Notes that something is done with a film. Says no where something is done with it already.
    #[must_use]
    pub(super) fn begin(&mut self, film: &Path, doing: Doing) -> bool {
        if self.films.contains_key(film) {
            return false;
        }
        self.films.insert(film.to_owned(), doing);
        self.add(doing);
        true
    }

    /// Notes that something else is done with a film that is in the table.
    pub(super) fn go_on(&mut self, film: &Path, doing: Doing) {
        self.end(film);
        self.films.insert(film.to_owned(), doing);
        self.add(doing);
    }

    /// Notes that nothing is done with a film any more.
    pub(super) fn end(&mut self, film: &Path) {
        let ended = self.films.remove(film);
        if let Some(count) = ended.and_then(|doing| self.counts.get_mut(doing as usize)) {
            *count = count.saturating_sub(1);
        }
    }

    /// Notes that nothing is done with these films any more.
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

    /// Whether anything is done with a film.
    pub(super) fn is_busy(&self, film: &Path) -> bool {
        self.films.contains_key(film)
    }

    /// What is done with a film.
    pub(super) fn of(&self, film: &Path) -> Option<Doing> {
        self.films.get(film).copied()
    }

    /// With how many films this is done.
    pub(super) fn count(&self, doing: Doing) -> usize {
        self.counts.get(doing as usize).copied().unwrap_or_default()
    }

    /// The films that are encoded.
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

    /// When the walk began that has been under way the longest.
    pub(super) fn oldest_walk(&self) -> Option<Instant> {
        self.walks.values().min().copied()
    }

    /// Whether a root is being walked.
    pub(super) fn is_walking(&self) -> bool {
        !self.walks.is_empty()
    }
}
