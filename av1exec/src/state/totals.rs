//! What the jobs of a state folder came to, in numbers.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::jobs::JobSummary;

/// What jobs came to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// Jobs by the code of their outcome.
    pub jobs: BTreeMap<String, u64>,
    /// Bytes of the films that were replaced, before.
    pub bytes_before: u64,
    /// Bytes of what replaced them.
    pub bytes_after: u64,
}

impl Totals {
    /// Counts a finished job in.
    pub fn add(&mut self, job: &JobSummary) {
        let Some(end) = &job.end else { return };
        *self.jobs.entry(end.code.clone()).or_default() += 1;
        if let (Some(_), Some(after)) = (&end.replaced_by, end.size_after) {
            self.bytes_before = self.bytes_before.saturating_add(job.size);
            self.bytes_after = self.bytes_after.saturating_add(after);
        }
    }

    /// Counts in what other jobs came to.
    pub fn add_all(&mut self, other: &Self) {
        for (code, count) in &other.jobs {
            *self.jobs.entry(code.clone()).or_default() += count;
        }
        self.bytes_before = self.bytes_before.saturating_add(other.bytes_before);
        self.bytes_after = self.bytes_after.saturating_add(other.bytes_after);
    }

    /// Bytes that were saved.
    pub fn saved(&self) -> u64 {
        self.bytes_before.saturating_sub(self.bytes_after)
    }
}
