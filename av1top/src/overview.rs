//! Counts of jobs, and what was saved.

use av1exec::state::totals::Savings;
use jiff::{SignedDuration, Timestamp};

use crate::job::{Job, State};

/// Counts and sums over all jobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Overview {
    /// All jobs.
    pub jobs: usize,
    counts: [usize; State::ALL.len()],
    /// What replacing films saved.
    pub ever: Savings,
    /// The same of the last seven days.
    pub week: Savings,
}

impl Overview {
    /// The overview of `jobs`, each with how it stands.
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

    /// How many jobs stand like that.
    pub fn count(&self, state: State) -> usize {
        self.counts.get(state as usize).copied().unwrap_or_default()
    }
}
