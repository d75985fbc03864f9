//! Judges the result of an encode: first by the plan's contract, then by its size, then by whether all evidence was
//! gathered.

use alloc::vec::Vec;

mod alone;
mod closing;
mod complaint;
mod course;
mod defect;
mod evidence;
mod metric;
pub mod picture;
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

/// Phrases that ffmpeg prints about a source whose data ends early or can't be read; it exits with 0 all the same.
/// The phrases of single containers and decoders were found by damaging films in many ways (`make fuzz-media`, ffmpeg
/// 8.0).
const DAMAGE: [&str; 20] = [
    "unavailable for requested intra",
    "error while decoding MB",
    "File ended prematurely",
    "Read error",
    "Error during demuxing",
    "partial file",
    "concealing",
    "corrupt",
    // The demuxer of Matroska and WebM.
    "exceeds containing master element",
    "invalid as first byte of an EBML number",
    "inside parent with finite size",
    // The demuxer of WMV's container (ASF): a packet without its header, and impossible lengths.
    "ff asf bad header",
    "packet_obj_size",
    "invalid padsize",
    "invalid packet header length",
    // The decoders of WMV's video and of older variants of MPEG-4.
    "dc overflow",
    "ignoring overflow",
    // The decoder of Motion JPEG.
    "error count: ",
    "error y=",
    "error dc",
];

/// Whether a line of ffmpeg's log, printed with levels (`-loglevel level+...`), says that the source is damaged.
///
/// Only warnings and errors count. ffmpeg also prints file names and tags, which may contain any text.
pub fn damage_in(line: &str) -> bool {
    let message = ["[warning] ", "[error] ", "[fatal] "].iter().find_map(|level| line.split_once(level));
    message.is_some_and(|(_, message)| DAMAGE.iter().any(|phrase| message.contains(phrase)))
}

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
    let mut defects: Vec<Defect> = evidence.run.into_iter().flat_map(run_defects).collect();
    if evidence.probe == Some(ResultProbe::Unreadable) {
        defects.push(Defect::Unreadable);
    }
    defects.extend(probe.into_iter().flat_map(|probe| probe_defects(contract, probe)));
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

fn run_defects(run: &RunReport) -> Vec<Defect> {
    let failed = (run.exit_code != Some(0)).then_some(Defect::RunFailed { exit_code: run.exit_code });
    let damage = run.damage.first().map(|line| Defect::DamagedSource { line: line.clone() });
    damage.into_iter().chain(failed).collect()
}

#[cfg(test)]
mod tests {
    use super::damage_in;

    /// Lines that ffmpeg 8.0 printed, of damaged films and of whole ones.
    #[test]
    fn what_ffmpeg_says_of_a_damaged_film() {
        let table = [
            ("[wmv2 @ 0x55] [error] dc overflow- block: 0 qscale: 2//", true),
            ("[wmv2 @ 0x55] [error] ignoring overflow at 6 0", true),
            ("[h264 @ 0x55] [error] left block unavailable for requested intra mode", true),
            ("[mjpeg @ 0x55] [error] error count: 64", true),
            ("[mjpeg @ 0x55] [error] error y=5 x=3", true),
            ("[asf @ 0x55] [error] ff asf bad header 0  at:1156775", true),
            ("[asf @ 0x55] [error] packet_obj_size 1133406229 invalid", true),
            (
                "[matroska,webm @ 0x55] [error] 0x00 at pos 202 (0xca) invalid as first byte of an EBML number",
                true,
            ),
            (
                "[matroska,webm @ 0x55] [error] Element at 0x5f8dc ending at 0x9e7df exceeds containing master \
                 element ending at 0x7a177",
                true,
            ),
            ("[matroska,webm @ 0x55] [error] File ended prematurely at pos. 6969 (0x1b39)", true),
            // ffmpeg prints this at the end of every Opus stream.
            ("[opus @ 0x55] [error] Error parsing Opus packet header.", false),
            // A file name or a tag may contain any text.
            ("[in#0 @ 0x55] [info] Input #0, matroska,webm, from 'file:/films/dc overflow.mkv':", false),
        ];
        for (line, damaged) in table {
            assert_eq!(damage_in(line), damaged, "{line}");
        }
    }
}
