//! What the last walk of each root came to. A root that hangs keeps what it had.

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};

use crate::scan::Scan;

/// Each root that was walked, as the config has it.
#[derive(Debug, Default)]
pub(super) struct Roots(BTreeMap<PathBuf, RootSeen>);

/// What a walk found in a root.
#[derive(Debug, Default)]
pub(super) struct RootSeen {
    /// The folder behind it, which films are found in; nothing where it can't be read.
    real: Option<PathBuf>,
    films: usize,
    stopped: BTreeMap<&'static str, usize>,
    unreadable: usize,
}

impl RootSeen {
    pub(super) fn of(scan: &Scan) -> Self {
        Self {
            real: scan.roots.first().cloned(),
            films: scan.count(),
            stopped: scan.stopped.clone(),
            unreadable: scan.unreadable.len(),
        }
    }

    /// How many films a cheap gate stops.
    pub(super) fn stopped(&self) -> usize {
        self.stopped.values().sum()
    }
}

impl Roots {
    pub(super) fn insert(&mut self, root: PathBuf, seen: RootSeen) {
        self.0.insert(root, seen);
    }

    /// Forgets roots that the config doesn't name any more.
    pub(super) fn keep_only(&mut self, roots: &[PathBuf]) {
        self.0.retain(|root, _| roots.contains(root));
    }

    /// Whether the folder behind a root is another than those of all other roots, and in none of them.
    pub(super) fn is_another(&self, root: &Path, real: &[PathBuf]) -> bool {
        let others = self.0.iter().filter(|(other, _)| *other != root);
        let mut others = others.filter_map(|(_, seen)| seen.real.as_ref());
        real.first().is_none_or(|real| !others.any(|other| real.starts_with(other)))
    }

    /// The folders behind some of them.
    pub(super) fn real_of(&self, roots: &HashSet<&PathBuf>) -> Vec<PathBuf> {
        let seen = self.0.iter().filter(|(root, _)| roots.contains(root));
        seen.filter_map(|(_, seen)| seen.real.clone()).collect()
    }

    /// How many films cheap gates stop in some of them.
    pub(super) fn passed_over_in(&self, roots: &HashSet<&PathBuf>) -> usize {
        self.0.iter().filter(|(root, _)| roots.contains(root)).map(|(_, seen)| seen.stopped()).sum()
    }

    /// How many films there are in all.
    pub(super) fn films(&self) -> usize {
        self.0.values().map(|seen| seen.films).sum()
    }

    /// How many roots, folders and files can't be read.
    pub(super) fn unreadable(&self) -> usize {
        self.0.values().map(|seen| seen.unreadable).sum()
    }

    /// How many films each cheap gate stops, by its code.
    pub(super) fn stopped(&self) -> BTreeMap<&'static str, usize> {
        let mut all = BTreeMap::new();
        for (code, count) in self.0.values().flat_map(|seen| &seen.stopped) {
            *all.entry(*code).or_default() += count;
        }
        all
    }
}
