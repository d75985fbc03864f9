//! Counts of jobs, and the saved space.

use av1exec::state::totals::Savings;
use jiff::{SignedDuration, Timestamp};

use crate::job::{Job, State};

/// Counts and sums over all jobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Overview {
    /// The number of all jobs.
    pub jobs: usize,
    counts: [usize; State::ALL.len()],
    /// The space saved by replacing films.
    pub ever: Savings,
    /// The space saved in the last seven days.
    pub week: Savings,
}

impl Overview {
    /// Computes the overview of `jobs`, each with its state.
    pub fn of<'a>(jobs: impl Iterator<Item = (&'a Job, State)>, now: Timestamp) -> Self {
        let week_ago = now.checked_sub(SignedDuration::from_hours(7 * 24)).unwrap_or(Timestamp::MIN);
        let mut overview = Self::default();
        for (job, state) in jobs {
            overview.jobs += 1;
            if let Some(count) = overview.counts.get_mut(state as usize) {
                *count += 1;
            }
            if let (State::Done, Some(after)) = (state, job.after) {
                overview.ever.add(job.before, after);
                if job.ended.is_some_and(|ended| ended > week_ago) {
                    overview.week.add(job.before, after);
                }
            }
        }
        overview
    }

    /// Returns the number of jobs in this state.
    pub fn count(&self, state: State) -> usize {
        self.counts.get(state as usize).copied().unwrap_or_default()
    }
}
