//! The summary of a job: what lists, totals and searches need, about a twentieth of its file.

use std::path::PathBuf;

use av1plan::plan::{EncoderSettings, ResolutionClass, SizeGate};
use jiff::Timestamp;
use serde::Deserialize;

use super::Job;
use crate::sys::names;
use crate::sys::path::path_of;

/// The summary of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobSummary {
    /// The job's id.
    pub id: String,
    /// The film's path when the job started.
    pub film: PathBuf,
    /// The size of the film in bytes at that time.
    pub size: u64,
    /// The plan; `None` if it can't be read.
    pub plan: Option<PlanSummary>,
    /// When the job started.
    pub started: Timestamp,
    /// How the job ended; `None` while it runs.
    pub end: Option<JobEnd>,
}

/// The summary of a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlanSummary {
    /// The smallest size in bytes at which a result is too big.
    pub size_limit: u64,
    /// The resolution class.
    pub resolution: ResolutionClass,
    /// The encoder's settings.
    pub settings: EncoderSettings,
}

/// How a job ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobEnd {
    /// When it ended, or when it started if the job file doesn't say.
    pub at: Timestamp,
    /// The stable code.
    pub code: String,
    /// The sentence that describes a failure; empty for other outcomes, whose sentences are in their job files only.
    pub text: String,
    /// Whether the attempt failed.
    pub failed: bool,
    /// Whether trying the unchanged film again would end the same way.
    pub lasting: bool,
    /// The size of the result in bytes, if there was one.
    pub size_after: Option<u64>,
    /// The result's path, if it replaced the film and wasn't undone.
    pub replaced_by: Option<PathBuf>,
    /// When the replacement was undone.
    pub undone: Option<Timestamp>,
}

/// The part of a plan that the summary needs.
#[derive(Deserialize)]
struct PlanExcerpt {
    encode: EncodeExcerpt,
}

#[derive(Deserialize)]
struct EncodeExcerpt {
    #[serde(flatten)]
    settings: EncoderSettings,
    resolution: ResolutionClass,
    contract: ContractExcerpt,
}

#[derive(Deserialize)]
struct ContractExcerpt {
    size: SizeGate,
}

impl From<&Job> for JobSummary {
    /// An unreadable plan is ignored: the outcome doesn't depend on it.
    fn from(job: &Job) -> Self {
        let plan = serde_json::from_str::<PlanExcerpt>(job.plan.get()).ok().map(|plan| plan.encode);
        Self {
            id: job.id.clone(),
            film: job.film(),
            size: job.source.size,
            plan: plan.map(|plan| PlanSummary {
                size_limit: plan.contract.size.limit(),
                resolution: plan.resolution,
                settings: plan.settings,
            }),
            started: job.started,
            end: job.outcome.as_ref().map(|outcome| JobEnd {
                at: job.ended.unwrap_or(job.started),
                code: outcome.code.clone(),
                text: if outcome.failed { outcome.text.clone() } else { String::new() },
                failed: outcome.failed,
                lasting: outcome.lasting,
                size_after: outcome.size_after,
                replaced_by: outcome.replaced_by.as_ref().map(path_of),
                undone: job.undone,
            }),
        }
    }
}

impl JobSummary {
    /// Returns the name that the result got, even if the replacement was undone later.
    pub fn became(&self) -> Option<PathBuf> {
        let end = self.end.as_ref()?;
        end.replaced_by.clone().or_else(|| end.undone.and_then(|_| names::renamed(&self.film)))
    }
}

#[cfg(test)]
mod tests {
    use av1plan::wire::Document;
    use serde_json::value::RawValue;

    use super::*;
    use crate::state::jobs::test_job;

    #[test]
    fn a_summary_says_what_the_plan_says_and_does_without_one_that_cant_be_read() {
        let mut job = test_job("1", "/films/a.mkv");
        let document: Document = job.document().unwrap();
        let encode = document.encode.unwrap();
        let summary = JobSummary::from(&job);
        let (size_limit, resolution) = (encode.contract.size.limit(), encode.resolution);
        assert_eq!(summary.plan, Some(PlanSummary { size_limit, resolution, settings: encode.settings }));
        for plan in ["null", "{}", r#"{"encode":{"crf":"low"}}"#, "[1]"] {
            job.plan = RawValue::from_string(plan.to_owned()).unwrap();
            let without = JobSummary { plan: None, ..summary.clone() };
            assert_eq!(JobSummary::from(&job), without, "{plan}");
        }
    }
}
