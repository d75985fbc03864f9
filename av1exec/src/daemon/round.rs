//! A round over the library: unfinished jobs are listed and recovered, then every root is walked.

use std::collections::HashSet;
use std::path::PathBuf;
use std::time::Instant;

use super::input::Walked;

/// The step that a round is at.
#[derive(Debug, Default)]
pub(super) enum Round {
    /// No round is running.
    #[default]
    Resting,
    /// Unfinished jobs are being listed.
    Listing,
    /// Unfinished jobs that no running encode belongs to are being recovered.
    Tidying {
        /// When this step stops waiting for recoveries that hang.
        deadline: Instant,
    },
    /// All roots are being walked.
    Walking {
        /// Finished walks.
        came: Vec<Walked>,
        /// Roots whose walk hasn't ended.
        missing: HashSet<PathBuf>,
        /// When this step stops waiting for walks that hang.
        deadline: Instant,
    },
}

impl Round {
    /// Whether another round may begin.
    pub(super) fn is_resting(&self) -> bool {
        matches!(self, Self::Resting)
    }

    /// When the current step stops waiting for tasks that hang; `None` for steps without a deadline.
    pub(super) fn deadline(&self) -> Option<Instant> {
        match self {
            Self::Tidying { deadline } | Self::Walking { deadline, .. } => Some(*deadline),
            Self::Resting | Self::Listing => None,
        }
    }

    /// Discards the round because the config was replaced, and with it the results of walks by the old config. A
    /// listing of unfinished jobs goes on, and the walks after it, since which jobs are unfinished doesn't depend
    /// on the config.
    pub(super) fn give_up(&mut self) {
        if !matches!(self, Self::Listing) {
            *self = Self::Resting;
        }
    }
}
