//! Counts what a run did, and remembers which problems it has reported already.

use std::collections::{BTreeSet, HashSet};
use std::path::{Path, PathBuf};

use crate::state::outcome::Outcome;

/// The totals of a run of the daemon.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Summary {
    /// Films that were replaced by their AV1 result.
    pub replaced: usize,
    /// Films that are left alone, including those whose result was too big.
    pub skipped: usize,
    /// Films whose attempt failed.
    pub failed: usize,
    /// Roots and folders that couldn't be read.
    pub unreadable: usize,
    /// Bytes that were saved.
    pub saved: u64,
    /// Whether the run was stopped early.
    pub stopped: bool,
}

/// How many reported problems are remembered at most.
const NAMED_AT_MOST: usize = 10_000;

/// The counts of a run.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) summary: Summary,
    /// Films that `summary` includes.
    counted: HashSet<PathBuf>,
    /// Problems that were reported, by path and message: each is reported once.
    named: HashSet<(PathBuf, String)>,
    /// Paths whose hanging disk was reported.
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

    /// Whether this problem of this path wasn't reported yet. Beyond [`NAMED_AT_MOST`] problems, older ones are
    /// forgotten and may be reported again.
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
