//! What the index stores about one film, and what to do next with that film.

use std::time::Duration;

use av1plan::{Config, Toolchain};
use jiff::{SignedDuration, Timestamp};

use super::retry::LONGEST_BACKOFF;
use crate::state::code::{Meaning, WANTED};
use crate::sys::disk::Identity;

/// The index's entry for one film.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilmEntry {
    /// The file's identity when it was last seen.
    pub identity: Identity,
    /// When the film was first seen.
    pub first_seen: Timestamp,
    /// Since when the file has been unchanged.
    pub unchanged_since: Timestamp,
    /// When the film was last seen. It is updated once a day only, because writing it at each walk would wear the disk
    /// out.
    pub last_seen: Timestamp,
    /// Whether ffprobe's output for the film is stored.
    pub is_probed: bool,
    /// The result of the last decision or attempt.
    pub last_outcome: Option<LastOutcome>,
}

/// The result of the last decision or attempt on a film, and the conditions under which it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastOutcome {
    /// `wanted`, or the code of the skip or outcome. See [`Meaning`].
    pub code: String,
    /// The fingerprint of the policy and tools that led to it.
    pub fingerprint: Fingerprint,
    /// When the film may be tried again.
    pub retry_after: RetryAfter,
    /// What the attempts have cost.
    pub spent: Spent,
}

/// The attempts that ended without a result since the film last changed, or a user asked for another attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Spent {
    /// How many attempts have failed.
    pub failures: u16,
    /// How many encodes were lost without a failure: there was no room for the result, or the film changed.
    pub put_off: u16,
}

impl Spent {
    /// Returns both numbers as one, for the index. An index of an older av1d holds only failures.
    pub fn packed(self) -> u32 {
        u32::from(self.put_off) << 16 | u32::from(self.failures)
    }

    /// Returns the numbers that [`Spent::packed`] made one of.
    pub fn unpacked(packed: u32) -> Self {
        let half = |bits: u32| u16::try_from(bits & 0xffff).unwrap_or(u16::MAX);
        Self { failures: half(packed), put_off: half(packed >> 16) }
    }
}

impl LastOutcome {
    /// Returns the meaning of the code.
    pub fn meaning(&self) -> Meaning {
        Meaning::of(&self.code)
    }
}

/// When a film may be tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RetryAfter {
    /// At once.
    Now,
    /// From this time on.
    Until(Timestamp),
    /// From this time on, or after the next start of the daemon, because whoever restarts it may have fixed the
    /// problem.
    ThisRun(Timestamp),
    /// After the policy or the film has changed.
    UntilReplanned,
    /// After the film has changed or a user asked for it.
    UntilAsked,
}

/// A hash of everything that a plan depends on besides the film: the policy and the toolchain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fingerprint(pub [u8; 16]);

impl Fingerprint {
    /// Returns the fingerprint of everything that plans depend on besides the films.
    pub fn of_planning(policy: &Config, toolchain: &Toolchain) -> Self {
        Self::of(&[env!("CARGO_PKG_VERSION"), &format!("{policy:?}"), &format!("{toolchain:?}")])
    }

    /// Returns the fingerprint of a sequence of texts.
    pub fn of(texts: &[&str]) -> Self {
        let mut hasher = blake3::Hasher::new();
        for text in texts {
            hasher.update(&u64::try_from(text.len()).unwrap_or(u64::MAX).to_le_bytes());
            hasher.update(text.as_bytes());
        }
        let mut bytes = [0; 16];
        hasher.finalize_xof().fill(&mut bytes);
        Self(bytes)
    }
}

/// What to do next with a film that no cheap gate stops.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Wait until the file has been unchanged for long enough.
    Settle,
    /// Run ffprobe.
    Probe,
    /// Plan the film from ffprobe's stored output.
    Plan,
    /// Encode the film.
    Encode,
    /// Wait until this time.
    Wait(Timestamp),
    /// Do nothing while the film and the conditions stay the same.
    Nothing,
}

impl FilmEntry {
    /// Creates the entry of a film that is seen for the first time.
    pub fn new(identity: Identity, now: Timestamp) -> Self {
        Self {
            identity,
            first_seen: now,
            unchanged_since: now,
            last_seen: now,
            is_probed: false,
            last_outcome: None,
        }
    }

    /// Updates the entry with the file's current identity. Returns whether anything changed that has to be written to
    /// the index.
    ///
    /// A changed file counts as a new film, and everything known about the old one is dropped. Device numbers and inode
    /// times may change without a change of the content, and so may the number of hard links, which a gate checks.
    pub fn see(&mut self, identity: Identity, now: Timestamp) -> bool {
        let same = self.identity.is_same_film(&identity);
        if !same {
            *self = Self { first_seen: self.first_seen, ..Self::new(identity, now) };
            return true;
        }
        let moved = self.identity != identity;
        self.identity = identity;
        // If the clock was set back, the film must not wait until the old time comes again.
        let ahead = self.unchanged_since > now;
        if ahead {
            self.unchanged_since = now;
        }
        let stale = now.duration_since(self.last_seen).abs() >= SignedDuration::from_hours(24);
        if stale {
            self.last_seen = now;
        }
        moved || ahead || stale
    }

    /// Returns what to do with the film. `held_still` is how long it must have been unchanged, if this process hasn't
    /// watched it itself.
    pub fn next(&self, fingerprint: &Fingerprint, held_still: Duration, now: Timestamp) -> Next {
        // If the clock was set back, the film must not wait for years.
        let is_ahead = |until: Timestamp| until > now && until.duration_since(now) <= LONGEST_BACKOFF;
        let still = Duration::try_from(now.duration_since(self.unchanged_since)).unwrap_or_default();
        if still < held_still {
            return Next::Settle;
        }
        if !self.is_probed {
            return match &self.last_outcome {
                // ffprobe couldn't read the film.
                Some(LastOutcome { retry_after: RetryAfter::UntilAsked, .. }) => Next::Nothing,
                // ffprobe's output couldn't be stored, but what came of it is known.
                Some(LastOutcome { retry_after: RetryAfter::UntilReplanned, fingerprint: by, .. })
                    if by == fingerprint =>
                {
                    Next::Nothing
                }
                Some(LastOutcome {
                    retry_after: RetryAfter::Until(until) | RetryAfter::ThisRun(until),
                    ..
                }) if is_ahead(*until) => Next::Wait(*until),
                _ => Next::Probe,
            };
        }
        let Some(last_outcome) = &self.last_outcome else { return Next::Plan };
        match last_outcome.retry_after {
            RetryAfter::UntilAsked => Next::Nothing,
            // A changed policy doesn't shorten this wait, because the cause may have been the machine. After the wait
            // the changed fingerprint leads to a new plan.
            RetryAfter::Until(until) | RetryAfter::ThisRun(until) if is_ahead(until) => Next::Wait(until),
            _ if last_outcome.fingerprint != *fingerprint => Next::Plan,
            RetryAfter::UntilReplanned => Next::Nothing,
            RetryAfter::Now | RetryAfter::Until(_) | RetryAfter::ThisRun(_)
                if last_outcome.meaning() == Meaning::Wanted =>
            {
                Next::Encode
            }
            RetryAfter::Now | RetryAfter::Until(_) | RetryAfter::ThisRun(_) => Next::Plan,
        }
    }

    /// Returns what the attempts have cost so far.
    pub fn spent(&self) -> Spent {
        self.last_outcome.as_ref().map_or_else(Spent::default, |last_outcome| last_outcome.spent)
    }

    /// Returns what to store when the film was planned and is to be encoded.
    ///
    /// Failures that were due to the config or the tools say nothing about others. The machine's failures stay counted.
    pub fn wanted(&self, fingerprint: Fingerprint) -> LastOutcome {
        let is_outdated = |last: &LastOutcome| {
            last.retry_after == RetryAfter::UntilReplanned && last.fingerprint != fingerprint
        };
        let last = self.last_outcome.as_ref().filter(|last| !is_outdated(last));
        let spent = last.map_or_else(Spent::default, |last| last.spent);
        LastOutcome { code: WANTED.to_owned(), fingerprint, retry_after: RetryAfter::Now, spent }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: Identity =
        Identity { device: 1, inode: 2, size: 100, modified_ns: 5, changed_ns: 5, links: 1 };
    const ONE: Fingerprint = Fingerprint([1; 16]);
    const TWO: Fingerprint = Fingerprint([2; 16]);
    const STILL: Duration = Duration::from_secs(10);
    const ONCE: Spent = Spent { failures: 1, put_off: 0 };

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + seconds).unwrap()
    }

    #[test]
    fn a_film_that_was_touched_is_a_new_one_and_one_that_was_not_isnt() {
        let last_outcome =
            LastOutcome { code: WANTED.into(), fingerprint: ONE, retry_after: RetryAfter::Now, spent: ONCE };
        let known =
            FilmEntry { is_probed: true, last_outcome: Some(last_outcome), ..FilmEntry::new(FILE, at(0)) };
        let seen = |identity| {
            let mut entry = known.clone();
            let changed = entry.see(identity, at(60));
            (changed, entry.is_probed, entry.unchanged_since)
        };
        assert_eq!(seen(FILE), (false, true, at(0)));
        let rebooted = Identity { device: 9, changed_ns: 9, links: 2, ..FILE };
        assert_eq!(seen(rebooted), (true, true, at(0)), "no reason to probe it again");
        let renumbered = Identity { inode: 3, ..FILE };
        assert_eq!(seen(renumbered), (true, true, at(0)), "a file system without lasting inode numbers");
        for touched in [
            Identity { size: 101, ..FILE },
            Identity { modified_ns: 6, ..FILE },
            Identity { inode: 3, changed_ns: 6, ..FILE },
        ] {
            assert_eq!(seen(touched), (true, false, at(60)), "{touched:?}");
        }
    }

    #[test]
    fn a_clock_that_was_set_back_starts_the_wait_anew() {
        let mut entry = FilmEntry::new(FILE, at(100_000));
        assert!(entry.see(FILE, at(0)));
        assert_eq!(entry.next(&ONE, STILL, at(9)), Next::Settle);
        assert_eq!(entry.next(&ONE, STILL, at(10)), Next::Probe);
    }

    #[test]
    fn each_memory_has_its_next_step() {
        let last_outcome = |code: &str, retry_after| {
            Some(LastOutcome { code: code.into(), fingerprint: ONE, retry_after, spent: ONCE })
        };
        let later = RetryAfter::Until(at(500));
        #[rustfmt::skip]
        let table = [
            // what, probed, last outcome, fingerprint now, next
            ("new", false, None, ONE, Next::Probe),
            ("probed", true, None, ONE, Next::Plan),
            ("to be encoded", true, last_outcome(WANTED, RetryAfter::Now), ONE, Next::Encode),
            ("to be encoded, by an old config", true, last_outcome(WANTED, RetryAfter::Now), TWO, Next::Plan),
            ("skipped", true, last_outcome("already-av1", RetryAfter::UntilReplanned), ONE, Next::Nothing),
            ("skipped by an old config", true, last_outcome("already-av1", RetryAfter::UntilReplanned), TWO, Next::Plan),
            ("failed, rests", true, last_outcome("stalled", later), ONE, Next::Wait(at(500))),
            ("failed, has rested", true, last_outcome("stalled", RetryAfter::Until(at(50))), ONE, Next::Plan),
            ("in the way", true, last_outcome("no-room", RetryAfter::ThisRun(at(500))), ONE, Next::Wait(at(500))),
            ("failed for good", true, last_outcome("damaged-source", RetryAfter::UntilAsked), TWO, Next::Nothing),
            ("defective, and its probe was lost", false, last_outcome("tag", RetryAfter::UntilReplanned), ONE, Next::Nothing),
            ("defective by an old config", false, last_outcome("tag", RetryAfter::UntilReplanned), TWO, Next::Probe),
            ("unreadable", false, last_outcome("unreadable", RetryAfter::UntilAsked), TWO, Next::Nothing),
            ("a result of ours, by an old config", false, last_outcome("replaced", RetryAfter::UntilAsked), TWO, Next::Nothing),
            ("ffprobe failed", false, last_outcome("failed", later), ONE, Next::Wait(at(500))),
            ("ffprobe failed, has rested", false, last_outcome("failed", RetryAfter::Until(at(50))), ONE, Next::Probe),
        ];
        for (what, is_probed, last_outcome, fingerprint, next) in table {
            let entry = FilmEntry { is_probed, last_outcome, ..FilmEntry::new(FILE, at(0)) };
            assert_eq!(entry.next(&fingerprint, STILL, at(100)), next, "{what}");
            assert_eq!(entry.next(&fingerprint, STILL, at(9)), Next::Settle, "{what}");
        }
    }

    #[test]
    fn the_machines_failures_outlive_a_change_of_the_config_and_the_configs_dont() {
        let spent = |retry_after, fingerprint| {
            let last = LastOutcome { code: "x".into(), fingerprint: ONE, retry_after, spent: ONCE };
            let entry = FilmEntry { last_outcome: Some(last), ..FilmEntry::new(FILE, at(0)) };
            entry.wanted(fingerprint).spent
        };
        assert_eq!(spent(RetryAfter::UntilReplanned, ONE), ONCE);
        assert_eq!(spent(RetryAfter::UntilReplanned, TWO), Spent::default());
        assert_eq!(spent(RetryAfter::Until(at(0)), TWO), ONCE);
    }

    #[test]
    fn the_index_holds_all_that_was_spent_in_one_number() {
        for spent in [Spent::default(), ONCE, Spent { failures: u16::MAX, put_off: 7 }] {
            assert_eq!(Spent::unpacked(spent.packed()), spent);
        }
        assert_eq!(Spent::unpacked(3), Spent { failures: 3, put_off: 0 }, "as an older av1d wrote it");
    }

    #[test]
    fn a_fingerprint_tells_texts_apart() {
        assert_eq!(Fingerprint::of(&["a", "b"]), Fingerprint::of(&["a", "b"]));
        assert_ne!(Fingerprint::of(&["a", "b"]), Fingerprint::of(&["ab", ""]));
    }
}
