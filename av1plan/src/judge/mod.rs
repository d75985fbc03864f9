//! Judges the result of an encode: first by the plan's contract, then by its size, then by whether all evidence was
//! gathered.

use alloc::vec::Vec;

mod alone;
mod closing;
mod complaint;
mod course;
mod defect;
mod evidence;
mod headers;
mod metric;
pub mod picture;
pub mod preflight;
mod probe;
mod progress;
mod report;
mod run;
mod times;

pub use alone::judge_alone;
pub use complaint::Complaints;
pub use defect::{Defect, Plane};
pub use evidence::{Check, Decode, Evidence, Missing, ResultProbe};
pub use metric::{Metric, MetricName, Model};
use probe::{duration_defect, probe_defects};
pub use progress::{Progress, ProgressReader, projected_size, remaining_time};
pub use report::{ClosingReport, InputStats, OutputStats};
pub use run::RunReport;
pub use times::frame_time;

use serde::{Deserialize, Serialize};

use crate::name::coded;
use crate::plan::EncodePlan;

/// The judgement on a result. Only [`Judgement::Accept`] allows it to replace its film.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code", content = "facts", rename_all = "kebab-case")]
pub enum Judgement {
    /// The result holds its contract and is small enough, and all evidence was gathered.
    Accept,
    /// The result isn't small enough. No evidence shows that it breaks its contract.
    TooBig {
        /// The size of the result in bytes.
        size: u64,
        /// The smallest size in bytes that is rejected.
        limit: u64,
    },
    /// The result breaks its contract: the list of its defects, which is never empty.
    Defective(Vec<Defect>),
    /// No evidence speaks against the result, but some is missing, so it must not replace its film. The list of
    /// missing pieces is never empty.
    Incomplete {
        /// The missing pieces, in the order in which they are best gathered.
        missing: Vec<Missing>,
    },
}

coded! {
    Judgement {
        Accept = "accept",
        TooBig = "too-big",
        Defective = "defective",
        Incomplete = "incomplete",
    }
}

/// Judges the result of an encode by its plan. `judge` has no side effects and never fails: any evidence leads to a
/// judgement.
///
/// Call it with the cheap evidence first. If [`Judgement::Incomplete`] then names only [`Missing::Decode`] and
/// [`Missing::Picture`], those two slow checks are worth their time.
pub fn judge(plan: &EncodePlan, evidence: &Evidence<'_>) -> Judgement {
    let contract = &plan.contract;
    let probe = evidence.readable();
    let mut defects: Vec<Defect> = evidence.run.into_iter().flat_map(|run| run_defects(plan, run)).collect();
    if evidence.probe == Some(ResultProbe::Unreadable) {
        defects.push(Defect::Unreadable);
    }
    defects.extend(probe.into_iter().flat_map(|probe| probe_defects(contract, probe)));
    if let (Some(expected), Some(headers)) = (&contract.headers, evidence.headers) {
        defects.extend(headers::header_defects(expected, headers));
    }
    if let Some(run) = evidence.run {
        defects.extend(closing::unfinished(run));
        defects.extend(closing::run_defects(plan, run));
    }
    if let (Some(packets), Some(probe)) = (evidence.packets, probe) {
        defects.extend(course::packet_defects(plan, evidence, probe, packets));
    }
    defects.extend(probe.and_then(|probe| duration_defect(contract, probe, evidence.packets)));
    defects.extend(evidence.found().cloned());
    if !defects.is_empty() {
        return Judgement::Defective(defects);
    }
    if !contract.size.admits(evidence.size) {
        return Judgement::TooBig { size: evidence.size, limit: contract.size.limit() };
    }
    let missing = evidence.missing(plan);
    if missing.is_empty() { Judgement::Accept } else { Judgement::Incomplete { missing } }
}

fn run_defects(plan: &EncodePlan, run: &RunReport) -> Vec<Defect> {
    let failed = (run.exit_code != Some(0)).then_some(Defect::RunFailed { exit_code: run.exit_code });
    // Damage that is accepted was measured before; which packets couldn't be decoded shows in the closing report.
    let damage = run
        .damage
        .first()
        .filter(|_| plan.damage_limit == 0)
        .map(|line| Defect::DamagedSource { line: line.clone() });
    let changed = run.other_size(&plan.contract.picture);
    let changed = changed.map(|(width, height)| Defect::PictureChanges { width, height });
    changed.into_iter().chain(damage).chain(failed).collect()
}
