//! The stable-file gate: a file passes once it was observed unchanged for long enough. Any number of files are observed
//! at once.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use av1plan::probe::Stability;

use crate::sys::disk::Identity;

/// What was observed of each file. The current time is a parameter, so that the caller decides how to wait.
#[derive(Debug, Default)]
pub struct Settling {
    seen: HashMap<PathBuf, Sighting>,
}

#[derive(Debug, Clone, Copy)]
struct Sighting {
    identity: Identity,
    unchanged_since: Instant,
}

impl Settling {
    /// Records the state of `path` at `now`, and returns whether it has been in this state for `wait`.
    ///
    /// Only the observed time counts, not the modification time: a new copy may carry an old modification time.
    pub fn observe(&mut self, path: &Path, identity: Identity, now: Instant, wait: Duration) -> Stability {
        let since = match self.seen.get(path) {
            Some(seen) if seen.identity.is_same_film(&identity) => seen.unchanged_since,
            _ => now,
        };
        self.seen.insert(path.to_owned(), Sighting { identity, unchanged_since: since });
        if now.duration_since(since) >= wait { Stability::Stable } else { Stability::Settling }
    }

    /// Returns since when `path` has been in the state in which it was last observed.
    pub fn unchanged_since(&self, path: &Path) -> Option<Instant> {
        self.seen.get(path).map(|seen| seen.unchanged_since)
    }

    /// Drops all files for which `keep` returns `false`, so that memory doesn't grow beyond the library.
    pub fn retain(&mut self, keep: impl Fn(&Path) -> bool) {
        self.seen.retain(|path, _| keep(path));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: Identity =
        Identity { device: 1, inode: 2, size: 100, modified_ns: 5, changed_ns: 5, links: 1 };
    const WAIT: Duration = Duration::from_secs(10);

    #[test]
    fn a_file_is_stable_once_it_held_still_for_the_whole_wait() {
        let start = Instant::now();
        let mut settling = Settling::default();
        let mut look = |identity, after| {
            settling.observe(Path::new("a"), identity, start + Duration::from_secs(after), WAIT)
        };
        let grown = Identity { size: 101, ..FILE };
        let touched = Identity { modified_ns: 6, ..grown };
        let replaced = Identity { inode: 3, changed_ns: 6, ..touched };
        // A file system without lasting inode numbers.
        let renumbered = Identity { inode: 4, ..replaced };
        #[rustfmt::skip]
        let sightings = [
            (FILE, 0, Stability::Settling),
            (FILE, 9, Stability::Settling),
            (FILE, 10, Stability::Stable),
            (grown, 11, Stability::Settling),
            (grown, 20, Stability::Settling),
            (touched, 21, Stability::Settling),
            (touched, 31, Stability::Stable),
            (replaced, 32, Stability::Settling),
            (replaced, 42, Stability::Stable),
            (renumbered, 43, Stability::Stable),
        ];
        for (identity, after, stability) in sightings {
            assert_eq!(look(identity, after), stability, "after {after} s");
        }
    }

    #[test]
    fn without_a_wait_everything_is_stable_at_once() {
        let seen = Settling::default().observe(Path::new("a"), FILE, Instant::now(), Duration::ZERO);
        assert_eq!(seen, Stability::Stable);
    }
}
