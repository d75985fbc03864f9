//! What the jobs of a state folder came to, in numbers.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::jobs::JobSummary;

/// What jobs came to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// Jobs by the code of their outcome.
    pub jobs: BTreeMap<String, u64>,
    /// What replacing films saved.
    #[serde(flatten)]
    pub savings: Savings,
}

/// Sizes of films that were replaced.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Savings {
    /// Bytes of the originals.
    #[serde(rename = "bytes_before")]
    pub before: u64,
    /// Bytes of the results.
    #[serde(rename = "bytes_after")]
    pub after: u64,
}

impl Savings {
    /// Counts in films that were replaced: their bytes before and after.
    pub fn add(&mut self, before: u64, after: u64) {
        self.before = self.before.saturating_add(before);
        self.after = self.after.saturating_add(after);
    }

    /// Bytes that are free now.
    pub fn bytes(&self) -> u64 {
        self.before.saturating_sub(self.after)
    }
}

impl Totals {
    /// Counts a finished job in.
    pub fn add(&mut self, job: &JobSummary) {
        let Some(end) = &job.end else { return };
        *self.jobs.entry(end.code.clone()).or_default() += 1;
        if let (Some(_), Some(after)) = (&end.replaced_by, end.size_after) {
            self.savings.add(job.size, after);
        }
    }

    /// Counts in what other jobs came to.
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
