//! What the codes mean that are written down of films and jobs: into the index, into job files, into the status.

use av1plan::SkipReason;

/// What a code says became of a film, or of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    /// It is to be encoded.
    Wanted,
    /// It is AV1 now.
    Replaced,
    /// Its replacement was taken back, as somebody asked.
    Undone,
    /// Its result wasn't small enough.
    TooBig,
    /// Somebody took it out of work.
    Cancelled,
    /// Work was stopped, or the film changed meanwhile: nothing is wrong with the film or the machine.
    Stopped,
    /// It is left alone, by the code of a [`SkipReason`] or of a loss that is refused.
    Skipped,
    /// It failed. A code that isn't known here is that of a failure: those are what must be seen.
    Failed,
}

/// The code of a film that is to be encoded.
pub const WANTED: &str = "wanted";
/// The code of a replacement that was taken back.
pub const UNDONE: &str = "undone";

impl Meaning {
    /// What a code means.
    pub fn of(code: &str) -> Self {
        match code {
            WANTED => Self::Wanted,
            UNDONE => Self::Undone,
            "replaced" => Self::Replaced,
            "too-big" => Self::TooBig,
            "cancelled" => Self::Cancelled,
            "interrupted" | "source-changed" => Self::Stopped,
            code if SkipReason::codes().contains(&code) => Self::Skipped,
            _ => Self::Failed,
        }
    }

    /// The word by which films with this code are counted, where they aren't counted by the code itself.
    pub fn word(self) -> Option<&'static str> {
        match self {
            Self::Wanted => Some("queued"),
            Self::Replaced => Some("done"),
            Self::Undone | Self::TooBig | Self::Cancelled | Self::Stopped | Self::Skipped | Self::Failed => {
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::outcome::Outcome;

    #[test]
    fn each_outcome_has_the_meaning_of_its_code() {
        let table = [
            (Outcome::Replaced { path: "/a".into(), before: 2, after: 1 }, Meaning::Replaced),
            (Outcome::TooBig { before: 1, after: 1, limit: 1 }, Meaning::TooBig),
            (Outcome::Cancelled, Meaning::Cancelled),
            (Outcome::Interrupted, Meaning::Stopped),
            (Outcome::SourceChanged, Meaning::Stopped),
            (Outcome::Skipped(SkipReason::AlreadyAv1), Meaning::Skipped),
            (Outcome::Skipped(SkipReason::FolderReadOnly), Meaning::Skipped),
            (Outcome::Stalled { seconds: 1 }, Meaning::Failed),
            (Outcome::Unreadable { reason: String::new() }, Meaning::Failed),
            (Outcome::NoRoom { needed: 2, free: 1 }, Meaning::Failed),
            (Outcome::Failed { reason: String::new() }, Meaning::Failed),
        ];
        for (outcome, meaning) in table {
            assert_eq!(Meaning::of(outcome.code()), meaning, "{outcome:?}");
        }
        assert_eq!(Meaning::of("dolby-vision"), Meaning::Skipped, "a loss that is refused");
        assert_eq!(Meaning::of("of a later version"), Meaning::Failed);
    }
}
