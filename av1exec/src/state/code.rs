//! The meaning of the codes that the index, the job files and the status hold for films and jobs.

use av1plan::SkipReason;

/// What a code says about a film or a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    /// The film is to be encoded.
    Wanted,
    /// The film was replaced and is AV1 now.
    Replaced,
    /// The replacement was undone on a user's request.
    Undone,
    /// The result wasn't small enough.
    TooBig,
    /// A user cancelled the job or excluded the film.
    Cancelled,
    /// The work was stopped, or the film changed in the meantime: neither the film nor the machine is at fault.
    Stopped,
    /// The film is skipped; the code is that of a [`SkipReason`] or of a refused loss.
    Skipped,
    /// The job failed. Unknown codes count as failures, because failures must be seen.
    Failed,
}

/// The code of a film that is to be encoded.
pub const WANTED: &str = "wanted";
/// The code of a replacement that was undone.
pub const UNDONE: &str = "undone";

impl Meaning {
    /// Returns the meaning of a code.
    pub fn of(code: &str) -> Self {
        match code {
            WANTED => Self::Wanted,
            UNDONE => Self::Undone,
            "replaced" => Self::Replaced,
            "too-big" => Self::TooBig,
            "cancelled" => Self::Cancelled,
            "interrupted" | "source-changed" | "film-gone" => Self::Stopped,
            code if SkipReason::codes().contains(&code) => Self::Skipped,
            _ => Self::Failed,
        }
    }

    /// Returns the word under which films with this meaning are counted, or `None` if they are counted under their
    /// code.
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
    use crate::state::outcome::{Outcome, Retry};

    #[test]
    fn each_outcome_has_the_meaning_of_its_code() {
        let table = [
            (Outcome::Replaced { path: "/a".into(), before: 2, after: 1 }, Meaning::Replaced),
            (Outcome::TooBig { before: 1, after: 1, limit: 1 }, Meaning::TooBig),
            (Outcome::Cancelled, Meaning::Cancelled),
            (Outcome::Interrupted, Meaning::Stopped),
            (Outcome::SourceChanged, Meaning::Stopped),
            (Outcome::FilmGone, Meaning::Stopped),
            (Outcome::Skipped(SkipReason::AlreadyAv1), Meaning::Skipped),
            (Outcome::Skipped(SkipReason::FolderReadOnly), Meaning::Skipped),
            (Outcome::Stalled { seconds: 1 }, Meaning::Failed),
            (Outcome::Unreadable { reason: String::new() }, Meaning::Failed),
            (Outcome::NoRoom { needed: 2, free: 1 }, Meaning::Failed),
            (Outcome::RanOut { reason: String::new(), retry: Retry::Costly }, Meaning::Failed),
            (Outcome::Failed { reason: String::new(), retry: Retry::Cheap }, Meaning::Failed),
        ];
        for (outcome, meaning) in table {
            assert_eq!(Meaning::of(outcome.code()), meaning, "{outcome:?}");
        }
        assert_eq!(Meaning::of("dolby-vision"), Meaning::Skipped, "a loss that is refused");
        assert_eq!(Meaning::of("of a later version"), Meaning::Failed);
    }
}
