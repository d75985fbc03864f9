//! The result of the last walk of each root. While a root hangs, its previous result stays valid.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use crate::library::film::Film;
use crate::library::passed_over::PassedOver;
use crate::library::scan::Scan;

/// The results by root, as the config spells it.
#[derive(Debug, Default)]
pub(super) struct Roots(BTreeMap<PathBuf, RootSeen>);

/// What a walk found in a root.
#[derive(Debug, Default)]
pub(super) struct RootSeen {
    /// The real folder behind the root's path, which its films are found in; `None` if the root can't be read.
    real: Option<PathBuf>,
    films: usize,
    stopped: BTreeMap<&'static str, usize>,
    unreadable: usize,
    not_entered: PassedOver,
    /// Films that pass all gates but need no work, and that this run hasn't counted elsewhere.
    passed_over: usize,
}

impl RootSeen {
    pub(super) fn of(scan: &Scan) -> Self {
        Self {
            real: scan.roots.first().cloned(),
            films: scan.count(),
            stopped: scan.stopped.clone(),
            unreadable: scan.unreadable.len(),
            not_entered: scan.passed_over.clone(),
            passed_over: 0,
        }
    }
}

impl Roots {
    pub(super) fn insert(&mut self, root: PathBuf, seen: RootSeen) {
        self.0.insert(root, seen);
    }

    /// Forgets roots that the config no longer names.
    pub(super) fn keep_only(&mut self, roots: &[PathBuf]) {
        self.0.retain(|root, _| roots.contains(root));
    }

    /// Whether the real folder of a root is neither equal to nor inside the real folder of another root.
    pub(super) fn is_another(&self, root: &Path, real: &[PathBuf]) -> bool {
        let others = self.0.iter().filter(|(other, _)| *other != root);
        let mut others = others.filter_map(|(_, seen)| seen.real.as_ref());
        real.first().is_none_or(|real| !others.any(|other| real.starts_with(other)))
    }

    /// Forgets the results of the roots that were walked just now, given with their real folders. Returns the real
    /// folders of all other roots, except those inside a folder that was walked.
    pub(super) fn begin_anew(&mut self, walked: &HashMap<&Path, &[PathBuf]>) -> Vec<PathBuf> {
        self.0.retain(|root, _| !walked.contains_key(root.as_path()));
        let others = self.0.values().filter_map(|seen| seen.real.clone());
        let is_inside =
            |real: &PathBuf| walked.values().any(|now| now.iter().any(|now| real.starts_with(now)));
        others.filter(|real| !is_inside(real)).collect()
    }

    /// Counts a film of a root that needs no work.
    pub(super) fn pass_over(&mut self, film: &Film) {
        let mut seen = self.0.values_mut();
        if let Some(seen) = seen.find(|seen| seen.real.as_deref() == Some(&*film.root)) {
            seen.passed_over += 1;
        }
    }

    /// How many films are left alone, because a gate stops them or they need no work.
    pub(super) fn passed_over(&self) -> usize {
        self.0.values().map(|seen| seen.passed_over + seen.stopped.values().sum::<usize>()).sum()
    }

    /// How many films there are in total.
    pub(super) fn films(&self) -> usize {
        self.0.values().map(|seen| seen.films).sum()
    }

    /// How many roots, folders and files can't be read.
    pub(super) fn unreadable(&self) -> usize {
        self.0.values().map(|seen| seen.unreadable).sum()
    }

    /// Which folders and links weren't entered on purpose.
    pub(super) fn not_entered(&self) -> PassedOver {
        let mut all = PassedOver::default();
        self.0.values().for_each(|seen| all.add(&seen.not_entered));
        all
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
