//! How an attempt on a film ended, as data.

use std::fmt;
use std::path::PathBuf;

use av1plan::SkipReason;
pub use av1plan::explain::Bytes;
use av1plan::explain::Seconds;
use av1plan::judge::{Defect, Missing};
use strum::IntoStaticStr;

use crate::sys::stop::Stop;

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
    /// There isn't enough disk space; the film is tried again.
    NoRoom {
        /// The bytes needed besides the reserve.
        needed: u64,
        /// The free bytes.
        free: u64,
    },
    /// The system returned an error; the film is tried again.
    Failed {
        /// What failed, on which path, and why.
        reason: String,
    },
}

impl Outcome {
    /// Returns the outcome of work that was asked to stop: cancelled if only this job was, interrupted if all work was.
    pub fn stopped(stop: &Stop) -> Self {
        if stop.is_asked_of_part() { Self::Cancelled } else { Self::Interrupted }
    }

    /// Returns the stable code: that of the skip or the first defect if there is one.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Skipped(reason) => reason.code(),
            Self::Defective { defects, .. } => defects.first().map_or("defective", Defect::code),
            other => other.into(),
        }
    }

    /// Whether an attempt with this outcome failed.
    pub fn is_failure(&self) -> bool {
        match self {
            Self::Replaced { .. } | Self::Skipped(_) | Self::TooBig { .. } | Self::Cancelled => false,
            Self::Defective { .. }
            | Self::Unverified { .. }
            | Self::Unreadable { .. }
            | Self::Stalled { .. }
            | Self::Interrupted
            | Self::SourceChanged
            | Self::NoRoom { .. }
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
            | Self::NoRoom { .. }
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

    /// Returns what a user can do about it, if anything.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Defective { defects, .. } if defects.iter().any(Defect::blames_source) => {
                Some("the original is untouched; replace it by a whole copy")
            }
            Self::Defective { .. } => {
                Some("the original is untouched; the job's log has all that ffmpeg said")
            }
            Self::Unverified { .. } => Some(
                "the original is untouched; see the job's log, and whether this ffmpeg tells what others do",
            ),
            Self::Unreadable { .. } => Some("replace it by a whole copy, or move it out of the library"),
            Self::Stalled { .. } => {
                Some("the original is untouched; see the job's log, and whether the disk is well")
            }
            Self::NoRoom { .. } => {
                Some("make room on the film's file system; results are written beside the original")
            }
            Self::Failed { .. } => {
                Some("the original is untouched; check the rights in its folder, and the names beside it")
            }
            Self::Replaced { .. }
            | Self::Skipped(_)
            | Self::TooBig { .. }
            | Self::Interrupted
            | Self::Cancelled
            | Self::SourceChanged => None,
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Replaced { before, after, .. } => {
                write!(f, "{} to {}, {} saved", Bytes(*before), Bytes(*after), Saved(*before, *after))
            }
            Self::Skipped(reason) => write!(f, "skipped: {reason}"),
            Self::TooBig { before, after, limit } => write!(
                f,
                "the result of {} is too big for an original of {}: less than {} was asked for",
                Bytes(*after),
                Bytes(*before),
                Bytes(*limit)
            ),
            Self::Defective { defects, words } => {
                let texts: Vec<String> = defects.iter().map(ToString::to_string).collect();
                f.write_str(&texts.join("; "))?;
                if words.is_empty() { Ok(()) } else { write!(f, " (ffmpeg's last words: {words})") }
            }
            Self::Unverified { missing } => {
                let pieces: Vec<String> =
                    missing.iter().map(|piece| format!("{piece} [{}]", piece.code())).collect();
                write!(f, "the result couldn't be checked, and isn't taken: {}", pieces.join("; "))
            }
            Self::Unreadable { reason } | Self::Failed { reason } => f.write_str(reason),
            Self::Stalled { seconds } => {
                write!(f, "ffmpeg showed no sign of life for {} and was ended", Seconds(*seconds))
            }
            Self::Interrupted => f.write_str("stopped before it was done; the original is untouched"),
            Self::Cancelled => f.write_str("cancelled before it was done; the original is untouched"),
            Self::SourceChanged => {
                f.write_str("the file changed since it was looked at; it will be looked at again")
            }
            Self::NoRoom { needed, free } => {
                write!(
                    f,
                    "{} are needed besides a reserve, but only {} are free",
                    Bytes(*needed),
                    Bytes(*free)
                )
            }
        }
    }
}

/// Displays by how many percent the second size is smaller than the first.
#[derive(Debug, Clone, Copy)]
pub struct Saved(pub u64, pub u64);

impl fmt::Display for Saved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(before, after) = *self;
        let whole = i128::from(before.max(1));
        let saved = (i128::from(before) - i128::from(after)) * 100;
        // Rounded to the nearest percent.
        write!(f, "{} %", (saved * 2 + whole * saved.signum()) / (whole * 2))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn savings_are_a_share_of_the_original() {
        assert_eq!(Saved(1000, 400).to_string(), "60 %");
        assert_eq!(Saved(1000, 344).to_string(), "66 %");
        assert_eq!(Saved(1000, 346).to_string(), "65 %");
        assert_eq!(Saved(1000, 1100).to_string(), "-10 %");
        assert_eq!(Saved(0, 0).to_string(), "0 %");
    }

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
    fn what_the_machine_did_wrong_is_tried_again_and_what_the_film_did_is_not() {
        assert!(!Outcome::Interrupted.is_lasting());
        assert!(!Outcome::Stalled { seconds: 300 }.is_lasting());
        assert!(Outcome::Cancelled.is_lasting() && !Outcome::Cancelled.is_failure());
        assert!(!Outcome::NoRoom { needed: 1, free: 0 }.is_lasting());
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
