//! What a run did, counted; and what of it was told already.

use std::collections::{BTreeSet, HashSet};
use std::path::{Path, PathBuf};

use crate::state::outcome::Outcome;

/// What a run of the daemon did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Summary {
    /// Films that are AV1 now.
    pub replaced: usize,
    /// Films that are left alone, too big results included.
    pub skipped: usize,
    /// Films that failed.
    pub failed: usize,
    /// Roots and folders that couldn't be read.
    pub unreadable: usize,
    /// Bytes that were saved.
    pub saved: u64,
    /// Whether it was stopped before it was done.
    pub stopped: bool,
}

/// So much trouble is remembered to have been told.
const NAMED_AT_MOST: usize = 10_000;

/// The counts of a run.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) summary: Summary,
    /// Films that are counted in it.
    counted: HashSet<PathBuf>,
    /// What can't be read or was found lying about, by path and sentence, told once.
    named: HashSet<(PathBuf, String)>,
    /// Paths whose disk hangs, as was told.
    pub(super) unanswered: BTreeSet<PathBuf>,
}

impl Tally {
    /// Counts how an attempt on a film ended.
    pub(super) fn count(&mut self, film: &Path, outcome: &Outcome) {
        match outcome {
            Outcome::Replaced { before, after, .. } => {
                self.summary.replaced += 1;
                self.summary.saved += before.saturating_sub(*after);
            }
            outcome if outcome.is_failure() => self.summary.failed += 1,
            _ => self.summary.skipped += 1,
        }
        self.counted.insert(match outcome {
            Outcome::Replaced { path, .. } => path.clone(),
            _ => film.to_owned(),
        });
    }

    /// Whether this run has counted a film.
    pub(super) fn has_counted(&self, film: &Path) -> bool {
        self.counted.contains(film)
    }

    /// Whether this wasn't told of this path yet, as far as that is remembered: after very much else it is told again.
    pub(super) fn is_news(&mut self, path: &Path, message: &str) -> bool {
        if self.named.len() >= NAMED_AT_MOST {
            self.named.clear();
        }
        self.named.insert((path.to_owned(), message.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_trouble_of_a_path_is_told_once() {
        let (mut tally, path) = (Tally::default(), Path::new("/a"));
        assert!(tally.is_news(path, "one") && !tally.is_news(path, "one"));
        assert!(tally.is_news(path, "another"), "another trouble of the same path");
    }
}
