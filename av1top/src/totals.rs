//! Counts of jobs, and what was saved.

use jiff::{SignedDuration, Timestamp};

use crate::job::{Job, State};

/// Counts and sums over all jobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Totals {
    /// All jobs.
    pub jobs: usize,
    counts: [usize; State::ALL.len()],
    /// What replacing films saved.
    pub ever: Savings,
    /// The same of the last seven days.
    pub week: Savings,
}

/// Sizes of films that were replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Savings {
    /// Bytes of the originals.
    pub before: u64,
    /// Bytes of the results.
    pub after: u64,
}

impl Savings {
    /// Bytes that are free now.
    pub fn bytes(&self) -> u64 {
        self.before.saturating_sub(self.after)
    }

    fn add(&mut self, before: u64, after: u64) {
        self.before = self.before.saturating_add(before);
        self.after = self.after.saturating_add(after);
    }
}

impl Totals {
    /// The totals of `jobs`, each with how it stands.
    pub fn of<'a>(jobs: impl Iterator<Item = (&'a Job, State)>, now: Timestamp) -> Self {
        let week_ago = now.checked_sub(SignedDuration::from_hours(7 * 24)).unwrap_or(Timestamp::MIN);
        let mut totals = Self::default();
        for (job, state) in jobs {
            totals.jobs += 1;
            if let Some(count) = totals.counts.get_mut(state as usize) {
                *count += 1;
            }
            if let (State::Done, Some(after)) = (state, job.after) {
                totals.ever.add(job.before, after);
                if job.ended.is_some_and(|ended| ended > week_ago) {
                    totals.week.add(job.before, after);
                }
            }
        }
        totals
    }

    /// How many jobs stand like that.
    pub fn count(&self, state: State) -> usize {
        self.counts.get(state as usize).copied().unwrap_or_default()
    }
}
