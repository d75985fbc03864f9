//! How an attempt on a film ended, as data.

mod text;

use std::io;
use std::path::PathBuf;

use av1plan::SkipReason;
pub use av1plan::explain::Bytes;
use av1plan::judge::{Defect, Missing};
use strum::IntoStaticStr;

use crate::sys::stop::Stop;
pub use text::Saved;

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq, Eq, IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
pub enum Outcome {
    /// The film was replaced and is AV1 now.
    Replaced {
        /// The result's path, which may differ from the film's.
        path: PathBuf,
        /// The original's size in bytes.
        before: u64,
        /// The result's size in bytes.
        after: u64,
    },
    /// The film is left alone, as planned.
    Skipped(SkipReason),
    /// The result wasn't small enough and was deleted; the film has a marker now.
    TooBig {
        /// The original's size in bytes.
        before: u64,
        /// The result's size in bytes.
        after: u64,
        /// The smallest size in bytes that is too big.
        limit: u64,
    },
    /// The result violates the plan's contract and was deleted.
    Defective {
        /// The violations; never empty.
        defects: Vec<Defect>,
        /// The last error that ffmpeg printed; empty if it printed none.
        words: String,
    },
    /// It couldn't be determined whether the result meets the plan's contract, so that it was deleted.
    Unverified {
        /// The missing evidence; never empty.
        missing: Vec<Missing>,
    },
    /// ffprobe can't read the film.
    Unreadable {
        /// The cause.
        reason: String,
    },
    /// ffmpeg made no progress and was ended.
    Stalled {
        /// After how many seconds without a sign of life it was ended.
        seconds: u64,
    },
    /// Work was stopped before the film was done; it is tried again.
    Interrupted,
    /// A user cancelled the work on this film. It isn't tried again until a user asks for it or the film changes.
    Cancelled,
    /// The film changed during the work; it is tried again.
    SourceChanged,
    /// The film was renamed, moved or deleted before anything was put in its place. Nothing is left of the work.
    FilmGone,
    /// There isn't enough disk space, so that ffmpeg wasn't started; the film is tried again.
    NoRoom {
        /// The bytes needed besides the reserve.
        needed: u64,
        /// The free bytes.
        free: u64,
    },
    /// The disk space or the quota ran out; the film is tried again.
    #[strum(serialize = "no-room")]
    RanOut {
        /// What failed, on which path, and why.
        reason: String,
        /// Whether an encode was lost.
        retry: Retry,
    },
    /// The system returned an error.
    Failed {
        /// What failed, on which path, and why.
        reason: String,
        /// What another attempt would be worth.
        retry: Retry,
    },
}

/// What another attempt on the unchanged film would cost, and whether it may succeed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// ffmpeg hadn't been started, so that hardly anything was lost. Another attempt is cheap.
    Cheap,
    /// ffmpeg had been started. Another attempt may succeed, but if it doesn't, it loses an encode again.
    Costly,
    /// The result was encoded, but a right is missing to put it in place. Another attempt would lose an encode again.
    Futile,
}

/// ffmpeg's exit codes for `ENOSPC` and `EDQUOT`: the lowest eight bits of the negative error number.
const OUT_OF_ROOM: [i32; 2] = [256 - 28, 256 - 122];

impl Outcome {
    /// Returns the outcome of work that was asked to stop: cancelled if only this job was, interrupted if all work was.
    pub fn stopped(stop: &Stop) -> Self {
        if stop.is_asked_of_part() { Self::Cancelled } else { Self::Interrupted }
    }

    /// Returns the outcome of an attempt that an I/O error ended after ffmpeg had been started.
    pub fn after_encode(kind: io::ErrorKind, reason: String) -> Self {
        match kind {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                Self::RanOut { reason, retry: Retry::Costly }
            }
            // A read-only file system isn't meant here: the next attempt finds that out before it starts ffmpeg.
            io::ErrorKind::PermissionDenied => Self::Failed { reason, retry: Retry::Futile },
            _ => Self::Failed { reason, retry: Retry::Costly },
        }
    }

    /// Returns the outcome of a result that violates the contract. If ffmpeg's exit code says that the disk was full or
    /// the quota exceeded, that is the cause.
    pub fn defective(defects: Vec<Defect>, words: String) -> Self {
        let ran_out = |defect: &Defect| {
            let Defect::RunFailed { exit_code: Some(code) } = defect else { return false };
            OUT_OF_ROOM.contains(code)
        };
        if defects.iter().any(ran_out) && !defects.iter().any(Defect::blames_source) {
            let reason = format!("ffmpeg had no room left: {words}");
            return Self::RanOut { reason, retry: Retry::Costly };
        }
        Self::Defective { defects, words }
    }

    /// Returns the stable code: that of the skip or the first defect if there is one.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Skipped(reason) => reason.code(),
            Self::Defective { defects, .. } => defects.first().map_or("defective", Defect::code),
            other => other.into(),
        }
    }

    /// How a line about this outcome begins.
    pub fn heading(&self) -> &'static str {
        match self {
            Self::FilmGone => "gone",
            other if other.is_failure() => "failed",
            _ => "done",
        }
    }

    /// Whether an attempt with this outcome failed.
    pub fn is_failure(&self) -> bool {
        match self {
            Self::Replaced { .. }
            | Self::Skipped(_)
            | Self::TooBig { .. }
            | Self::Cancelled
            | Self::FilmGone => false,
            Self::Defective { .. }
            | Self::Unverified { .. }
            | Self::Unreadable { .. }
            | Self::Stalled { .. }
            | Self::Interrupted
            | Self::SourceChanged
            | Self::NoRoom { .. }
            | Self::RanOut { .. }
            | Self::Failed { .. } => true,
        }
    }

    /// Whether trying the unchanged film again would end the same way, whatever changes on the machine.
    ///
    /// A failed encode or an unreadable result may be the machine's fault (a full disk, too little memory), unless
    /// ffmpeg says that the source is damaged.
    pub fn is_lasting(&self) -> bool {
        match self {
            // Permissions of users and file systems may change; and a stalled ffmpeg may be the fault of a disk that
            // didn't answer in time.
            Self::Skipped(
                SkipReason::FolderReadOnly | SkipReason::ForeignOwner | SkipReason::NoSafeRename,
            )
            | Self::Unverified { .. }
            | Self::Stalled { .. }
            | Self::Interrupted
            | Self::SourceChanged
            | Self::FilmGone
            | Self::NoRoom { .. }
            | Self::RanOut { .. }
            | Self::Failed { .. } => false,
            Self::Replaced { .. }
            | Self::Skipped(_)
            | Self::TooBig { .. }
            | Self::Unreadable { .. }
            | Self::Cancelled => true,
            Self::Defective { defects, .. } => {
                let machine = |defect: &Defect| {
                    matches!(defect, Defect::RunFailed { .. } | Defect::Unreadable | Defect::Unfinished)
                };
                defects.iter().any(Defect::blames_source) || !defects.iter().any(machine)
            }
        }
    }

    /// Whether the film itself is certainly at fault, so that no machine would do better.
    pub fn blames_film(&self) -> bool {
        matches!(self, Self::Defective { defects, .. } if defects.iter().any(Defect::blames_source))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_stopped_alone_was_cancelled() {
        let (all, stop) = crate::sys::stop::stop_switch();
        let (cancel, one) = stop.part();
        cancel.stop();
        assert_eq!(Outcome::stopped(&one).code(), "cancelled");
        all.stop();
        assert_eq!(Outcome::stopped(&one).code(), "interrupted");
    }

    #[test]
    fn an_error_after_an_encode_says_whether_it_may_come_again() {
        let table = [
            (io::ErrorKind::StorageFull, "no-room", None),
            (io::ErrorKind::QuotaExceeded, "no-room", None),
            (io::ErrorKind::PermissionDenied, "failed", Some(Retry::Futile)),
            (io::ErrorKind::ReadOnlyFilesystem, "failed", Some(Retry::Costly)),
            (io::ErrorKind::TimedOut, "failed", Some(Retry::Costly)),
        ];
        for (kind, code, expected) in table {
            let outcome = Outcome::after_encode(kind, String::new());
            let retry = match outcome {
                Outcome::Failed { retry, .. } => Some(retry),
                _ => None,
            };
            assert_eq!((outcome.code(), retry), (code, expected), "{kind:?}");
        }
    }

    #[test]
    fn an_ffmpeg_that_ran_out_of_room_made_no_defective_result() {
        let run = |exit_code| Defect::RunFailed { exit_code };
        let damaged = || Defect::DamagedSource { line: String::new() };
        let table = [
            (vec![run(Some(228))], "no-room"),
            (vec![run(Some(134)), Defect::Unreadable], "no-room"),
            (vec![run(Some(1))], "run-failed"),
            (vec![run(None)], "run-failed"),
            (vec![damaged(), run(Some(228))], "damaged-source"),
        ];
        for (defects, code) in table {
            assert_eq!(Outcome::defective(defects.clone(), String::new()).code(), code, "{defects:?}");
        }
    }

    #[test]
    fn what_the_machine_did_wrong_is_tried_again_and_what_the_film_did_is_not() {
        assert!(!Outcome::Interrupted.is_lasting());
        assert!(!Outcome::Stalled { seconds: 300 }.is_lasting());
        assert!(Outcome::Cancelled.is_lasting() && !Outcome::Cancelled.is_failure());
        assert!(!Outcome::NoRoom { needed: 1, free: 0 }.is_lasting());
        assert!(!Outcome::RanOut { reason: String::new(), retry: Retry::Costly }.is_lasting());
        assert!(Outcome::Unreadable { reason: String::new() }.is_lasting());
        let defective = |defects: Vec<Defect>| Outcome::Defective { defects, words: String::new() };
        let (failed, damaged) =
            (Defect::RunFailed { exit_code: Some(228) }, Defect::DamagedSource { line: String::new() });
        assert!(!defective(vec![failed.clone()]).is_lasting());
        assert!(defective(vec![damaged, failed]).is_lasting());
        assert!(defective(vec![Defect::Chapters { expected: 1, found: 0 }]).is_lasting());
        assert!(Outcome::TooBig { before: 1, after: 1, limit: 1 }.is_lasting());
    }
}
