//! Totals over the jobs of a state folder.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::jobs::JobSummary;

/// The totals of jobs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// The number of jobs for each outcome code.
    pub jobs: BTreeMap<String, u64>,
    /// The space saved by replacing films.
    #[serde(flatten)]
    pub savings: Savings,
}

/// The total sizes of the films that were replaced.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Savings {
    /// The size of the originals in bytes.
    #[serde(rename = "bytes_before")]
    pub before: u64,
    /// The size of the results in bytes.
    #[serde(rename = "bytes_after")]
    pub after: u64,
}

impl Savings {
    /// Adds a replaced film with its sizes before and after.
    pub fn add(&mut self, before: u64, after: u64) {
        self.before = self.before.saturating_add(before);
        self.after = self.after.saturating_add(after);
    }

    /// Returns the saved bytes.
    pub fn bytes(&self) -> u64 {
        self.before.saturating_sub(self.after)
    }
}

impl Totals {
    /// Adds a finished job.
    pub fn add(&mut self, job: &JobSummary) {
        let Some(end) = &job.end else { return };
        *self.jobs.entry(end.code.clone()).or_default() += 1;
        if let (Some(_), Some(after)) = (&end.replaced_by, end.size_after) {
            self.savings.add(job.size, after);
        }
    }

    /// Adds the totals of other jobs.
    pub fn add_all(&mut self, other: &Self) {
        for (code, count) in &other.jobs {
            *self.jobs.entry(code.clone()).or_default() += count;
        }
        self.savings.add(other.savings.before, other.savings.after);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_has_jobs_and_sizes_side_by_side() {
        let jobs = [("replaced".to_owned(), 2)].into();
        let totals = Totals { jobs, savings: Savings { before: u64::MAX, after: 4 } };
        let text = r#"{"jobs":{"replaced":2},"bytes_before":18446744073709551615,"bytes_after":4}"#;
        assert_eq!(serde_json::to_string(&totals).unwrap(), text);
        assert_eq!(serde_json::from_str::<Totals>(text).unwrap(), totals);
    }

    #[test]
    fn sums_stop_at_the_largest_number_and_savings_at_none() {
        let mut savings = Savings::default();
        savings.add(1000, 400);
        assert_eq!(savings.bytes(), 600);
        savings.add(0, u64::MAX);
        assert_eq!((savings, savings.bytes()), (Savings { before: 1000, after: u64::MAX }, 0));
    }
}
