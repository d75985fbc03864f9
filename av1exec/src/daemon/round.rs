//! A round over the library: jobs that were left open are listed and tidied up, then every root is walked.

use std::collections::HashSet;
use std::path::PathBuf;
use std::time::Instant;

use super::input::Walked;

/// Where a round stands.
#[derive(Debug, Default)]
pub(super) enum Round {
    /// None is under way.
    #[default]
    Resting,
    /// Jobs that haven't ended are listed.
    Listing,
    /// Those that nobody works on are tidied up.
    Tidying {
        /// Until when what hangs is waited for.
        deadline: Instant,
    },
    /// All roots are walked.
    Walking {
        /// What came so far.
        came: Vec<Walked>,
        /// Roots whose walk hasn't come.
        missing: HashSet<PathBuf>,
        /// Until when what hangs is waited for.
        deadline: Instant,
    },
}

impl Round {
    /// Whether another one may begin.
    pub(super) fn is_resting(&self) -> bool {
        matches!(self, Self::Resting)
    }

    /// Until when this step waits for what hangs.
    pub(super) fn deadline(&self) -> Option<Instant> {
        match self {
            Self::Tidying { deadline } | Self::Walking { deadline, .. } => Some(*deadline),
            Self::Resting | Self::Listing => None,
        }
    }

    /// What came so far goes by a config that holds no more. Which jobs are open depends on none, so that their listing goes on, and
    /// the walks after it.
    pub(super) fn give_up(&mut self) {
        if !matches!(self, Self::Listing) {
            *self = Self::Resting;
        }
    }
}
