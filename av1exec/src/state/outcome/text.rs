//! An outcome in words, and what a user can do about it.

use std::fmt;

use av1plan::explain::{Bytes, Seconds};
use av1plan::judge::Defect;
use av1plan::probe::message_of;

use super::{Outcome, Retry};

impl Outcome {
    /// Returns what a user can do about it, if anything.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Defective { defects, .. } if defects.iter().any(Defect::shows_damage) => {
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
            Self::RanOut { .. } => Some(
                "make room on the film's file system and on that of `job_state_dir`, or raise the quota; results are \
                 written beside the original",
            ),
            Self::Failed { retry: Retry::Futile, .. } => Some(
                "the original is untouched; give av1d the right to replace it (`lsattr` shows whether it is immutable), \
                 then `av1cli retry` it",
            ),
            Self::Failed { .. } => {
                Some("the original is untouched; check the rights in its folder, and the names beside it")
            }
            Self::Replaced { .. }
            | Self::Skipped(_)
            | Self::TooBig { .. }
            | Self::Interrupted
            | Self::Cancelled
            | Self::SourceChanged
            | Self::FilmGone => None,
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
                // Other defects say themselves what is wrong; all that ffmpeg said is in the job's log.
                let failed = defects.iter().any(|defect| matches!(defect, Defect::RunFailed { .. }));
                if failed && !words.is_empty() { write!(f, ": {}", message_of(words)) } else { Ok(()) }
            }
            Self::Unverified { missing } => {
                let pieces: Vec<String> =
                    missing.iter().map(|piece| format!("{piece} [{}]", piece.code())).collect();
                write!(f, "the result couldn't be checked, and isn't taken: {}", pieces.join("; "))
            }
            Self::Unreadable { reason } | Self::RanOut { reason, .. } | Self::Failed { reason, .. } => {
                f.write_str(reason)
            }
            Self::Stalled { seconds } => {
                write!(f, "ffmpeg showed no sign of life for {} and was ended", Seconds(*seconds))
            }
            Self::Interrupted => f.write_str("stopped before it was done; the original is untouched"),
            Self::Cancelled => f.write_str("cancelled before it was done; the original is untouched"),
            Self::SourceChanged => {
                f.write_str("the file changed since it was looked at; it will be looked at again")
            }
            Self::FilmGone => {
                f.write_str("it was renamed, moved or deleted meanwhile; nothing is left of the work on it")
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
}
