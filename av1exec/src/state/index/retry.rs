//! Decides when a film is tried again after an attempt.

use av1plan::SkipReason;
use jiff::{SignedDuration, Timestamp};

use super::entry::{Fingerprint, LastOutcome, RetryAfter, Spent};
use crate::state::outcome::{Outcome, Retry};

/// The longest wait before a retry. A later time comes from a clock that was wrong and is ignored.
pub(super) const LONGEST_BACKOFF: SignedDuration = SignedDuration::from_hours(24);

/// How many attempts may fail before a user has to ask for another one.
const TRIES: u16 = 3;

/// How long an obstacle is waited for if hardly anything is lost by trying.
const OBSTACLE: SignedDuration = SignedDuration::from_mins(10);

/// Returns what to store after an attempt with this outcome, where earlier attempts cost `before`.
///
/// - What would come again isn't tried again until its cause changes: the config or the tools (a result that breaks its
///   contract), or the film (a damaged source, a picture that changes its size).
/// - What may be the machine's fault (a stall, an ffmpeg that crashed, a replacement that the system refused) is tried
///   again after one hour, then two, and after the third failure only when a user asks for it.
/// - An encode that is lost because the room ran out or the film changed isn't a failure. The film is tried again after
///   ten minutes; from the third such encode on after one hour, then two, and so on, up to a day.
/// - What ends before ffmpeg is started costs hardly anything. It is tried again after ten minutes or an hour, and at
///   every start, without a limit.
///
/// All that costs an encode is counted, and the count is stored, so that a daemon that restarts again and again doesn't
/// encode a film more often than one that runs.
pub fn remember(outcome: &Outcome, fingerprint: Fingerprint, before: Spent, now: Timestamp) -> LastOutcome {
    let failed = Spent { failures: before.failures.saturating_add(1), ..before };
    let (retry_after, spent) = match outcome {
        Outcome::Skipped(reason) if is_asked_at_each_walk(reason) => (RetryAfter::Now, before),
        Outcome::Skipped(_) if outcome.is_lasting() => (RetryAfter::UntilReplanned, Spent::default()),
        // Permissions of users and file systems may change.
        Outcome::Skipped(_) | Outcome::NoRoom { .. } | Outcome::RanOut { retry: Retry::Cheap, .. } => {
            (RetryAfter::ThisRun(now + OBSTACLE), before)
        }
        Outcome::Failed { retry: Retry::Cheap, .. } => {
            (RetryAfter::ThisRun(now + SignedDuration::from_hours(1)), before)
        }
        // A film that is AV1 is left alone under any policy, and a user's cancellation holds until the user revokes it.
        Outcome::Replaced { .. } | Outcome::Cancelled => (RetryAfter::UntilAsked, Spent::default()),
        Outcome::Interrupted | Outcome::FilmGone => (RetryAfter::Now, before),
        // A result that was too big is normally recorded in the film's marker; this is for a marker that couldn't be
        // written. Whoever restarts the daemon may have fixed that.
        Outcome::TooBig { .. } if failed.failures < TRIES => {
            (RetryAfter::ThisRun(now + LONGEST_BACKOFF), failed)
        }
        Outcome::Unreadable { .. } | Outcome::Failed { retry: Retry::Futile, .. } => {
            (RetryAfter::UntilAsked, failed)
        }
        Outcome::Defective { .. } if outcome.blames_film() => (RetryAfter::UntilAsked, failed),
        Outcome::TooBig { .. } | Outcome::Unverified { .. } => (RetryAfter::UntilReplanned, failed),
        Outcome::Defective { .. } if outcome.is_lasting() => (RetryAfter::UntilReplanned, failed),
        Outcome::Defective { .. }
        | Outcome::Stalled { .. }
        | Outcome::Failed { retry: Retry::Costly, .. } => (after_failures(failed.failures, now), failed),
        Outcome::RanOut { .. } | Outcome::SourceChanged => {
            let spent = Spent { put_off: before.put_off.saturating_add(1), ..before };
            (after_lost_encodes(spent.put_off, now), spent)
        }
    };
    LastOutcome { code: outcome.code().to_owned(), fingerprint, retry_after, spent }
}

/// When a film may be tried again after this many failures that may be the machine's fault.
fn after_failures(failures: u16, now: Timestamp) -> RetryAfter {
    match failures {
        0 | 1 => RetryAfter::Until(now + SignedDuration::from_hours(1)),
        2 => RetryAfter::Until(now + SignedDuration::from_hours(2)),
        TRIES.. => RetryAfter::UntilAsked,
    }
}

/// When a film may be tried again after this many encodes were lost without a failure.
fn after_lost_encodes(lost: u16, now: Timestamp) -> RetryAfter {
    let wait = match lost.checked_sub(3) {
        None => OBSTACLE,
        Some(doublings @ 0..=4) => SignedDuration::from_hours(1 << doublings),
        Some(_) => LONGEST_BACKOFF,
    };
    RetryAfter::Until(now + wait)
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
            | SkipReason::Immutable
            | SkipReason::TargetExists { .. }
            | SkipReason::BackupExists
    )
}

#[cfg(test)]
mod tests;
