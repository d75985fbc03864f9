//! What the index stores about one film, and what to do next with that film.

use std::time::Duration;

use av1plan::{Config, SkipReason, Toolchain};
use jiff::{SignedDuration, Timestamp};

use crate::state::code::Meaning;
use crate::state::outcome::Outcome;
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
    /// How many attempts have failed.
    pub failures: u32,
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
        let same = self.identity.inode == identity.inode && self.identity.same_content_stamp(&identity);
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

    /// Returns how many attempts have failed so far.
    pub fn failures(&self) -> u32 {
        self.last_outcome.as_ref().map_or(0, |last_outcome| last_outcome.failures)
    }
}

/// The longest wait before a retry. A later time comes from a clock that was wrong and is ignored.
const LONGEST_BACKOFF: SignedDuration = SignedDuration::from_hours(24);

/// How many attempts may fail before a user has to ask for another one.
const TRIES: u32 = 3;

/// Returns what to store after an attempt with this outcome, if `failures` attempts failed before.
///
/// If the film itself is the cause (a damaged source, a result that is too big), it isn't tried again. If the machine
/// may be the cause, it is tried again after one hour, then two, and after the third failure only when a user asks for
/// it. Obstacles (no space, no permission, a film that changed) don't count as failures; the film is tried again after
/// ten minutes, or after an hour if each attempt may lose a whole encode, and at every start.
pub fn remember(outcome: &Outcome, fingerprint: Fingerprint, failures: u32, now: Timestamp) -> LastOutcome {
    let failures = failures.saturating_add(1);
    let after_hours = |hours: i64| now + SignedDuration::from_hours(hours);
    let before = failures - 1;
    let (retry_after, failures) = match outcome {
        Outcome::Skipped(reason) if is_asked_at_each_walk(reason) => (RetryAfter::Now, before),
        Outcome::Skipped(_) if outcome.is_lasting() => (RetryAfter::UntilReplanned, 0),
        // A result that was too big is normally recorded in the film's marker; this is for a marker that couldn't be
        // written.
        Outcome::TooBig { .. } => (RetryAfter::UntilReplanned, 0),
        // A film that is AV1 is left alone under any policy, and a user's cancellation holds until the user revokes it.
        Outcome::Replaced { .. } | Outcome::Cancelled => (RetryAfter::UntilAsked, 0),
        Outcome::Interrupted => (RetryAfter::Now, before),
        Outcome::Defective { .. } | Outcome::Stalled { .. } if outcome.blames_film() => {
            (RetryAfter::UntilAsked, failures)
        }
        Outcome::Unreadable { .. } => (RetryAfter::UntilAsked, failures),
        Outcome::Defective { .. } | Outcome::Unverified { .. } | Outcome::Stalled { .. } => {
            let retry_after = if failures >= TRIES {
                RetryAfter::UntilAsked
            } else {
                RetryAfter::Until(after_hours(1 << before))
            };
            (retry_after, failures)
        }
        // The wait is longer because a whole encode is lost each time.
        Outcome::Failed { .. } => (RetryAfter::ThisRun(after_hours(1)), before),
        Outcome::Skipped(_) | Outcome::SourceChanged | Outcome::NoRoom { .. } => {
            (RetryAfter::ThisRun(now + SignedDuration::from_mins(10)), before)
        }
    };
    LastOutcome { code: outcome.code().to_owned(), fingerprint, retry_after, failures }
}

/// Whether each walk checks this gate again, at no cost. A film in the queue may reach such a gate after the walk that
/// found it; once the marker or the other hard link is gone, no stored outcome may hold the film back.
fn is_asked_at_each_walk(reason: &SkipReason) -> bool {
    matches!(
        reason,
        SkipReason::Extension { .. }
            | SkipReason::SkipMarker { .. }
            | SkipReason::NotStable
            | SkipReason::TooSmall { .. }
            | SkipReason::Hardlinked { .. }
            | SkipReason::ReadOnly
            | SkipReason::TargetExists { .. }
            | SkipReason::BackupExists
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::code::WANTED;
    use av1plan::judge::{Defect, Missing};

    const FILE: Identity =
        Identity { device: 1, inode: 2, size: 100, modified_ns: 5, changed_ns: 5, links: 1 };
    const ONE: Fingerprint = Fingerprint([1; 16]);
    const TWO: Fingerprint = Fingerprint([2; 16]);
    const STILL: Duration = Duration::from_secs(10);

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + seconds).unwrap()
    }

    #[test]
    fn a_film_that_was_touched_is_a_new_one_and_one_that_was_not_isnt() {
        let last_outcome =
            LastOutcome { code: WANTED.into(), fingerprint: ONE, retry_after: RetryAfter::Now, failures: 1 };
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
        for touched in [
            Identity { size: 101, ..FILE },
            Identity { modified_ns: 6, ..FILE },
            Identity { inode: 3, ..FILE },
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
            Some(LastOutcome { code: code.into(), fingerprint: ONE, retry_after, failures: 1 })
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
    fn each_end_is_remembered_for_as_long_as_its_cause_lasts() {
        let defective = |defect| Outcome::Defective { defects: vec![defect], words: String::new() };
        let damaged = defective(Defect::DamagedSource { line: String::new() });
        let failed = defective(Defect::RunFailed { exit_code: Some(1) });
        let unverified = Outcome::Unverified { missing: vec![Missing::ClosingReport] };
        let no_room = Outcome::NoRoom { needed: 2, free: 1 };
        let (minutes, hours) = (
            |minutes: i64| RetryAfter::ThisRun(at(minutes * 60)),
            |hours: i64| RetryAfter::Until(at(hours * 3600)),
        );
        let table = [
            (Outcome::Skipped(SkipReason::AlreadyAv1), 0, RetryAfter::UntilReplanned, 0),
            (Outcome::Skipped(SkipReason::FolderReadOnly), 0, minutes(10), 0),
            (Outcome::Failed { reason: String::new() }, 1, minutes(60), 1),
            (Outcome::Skipped(SkipReason::Hardlinked { links: 2 }), 1, RetryAfter::Now, 1),
            (Outcome::TooBig { before: 1, after: 1, limit: 1 }, 0, RetryAfter::UntilReplanned, 0),
            (Outcome::Cancelled, 0, RetryAfter::UntilAsked, 0),
            (Outcome::Interrupted, 2, RetryAfter::Now, 2),
            (damaged, 0, RetryAfter::UntilAsked, 1),
            (failed.clone(), 0, hours(1), 1),
            (failed.clone(), 1, hours(2), 2),
            (failed, 2, RetryAfter::UntilAsked, 3),
            (unverified.clone(), 0, hours(1), 1),
            (unverified, 2, RetryAfter::UntilAsked, 3),
            (no_room.clone(), 2, minutes(10), 2),
            (no_room, u32::MAX, minutes(10), u32::MAX - 1),
        ];
        for (outcome, before, retry_after, failures) in table {
            let last_outcome = remember(&outcome, ONE, before, at(0));
            assert_eq!(
                (last_outcome.retry_after, last_outcome.failures),
                (retry_after, failures),
                "{outcome:?} after {before}"
            );
        }
    }

    #[test]
    fn a_fingerprint_tells_texts_apart() {
        assert_eq!(Fingerprint::of(&["a", "b"]), Fingerprint::of(&["a", "b"]));
        assert_ne!(Fingerprint::of(&["a", "b"]), Fingerprint::of(&["ab", ""]));
    }
}
