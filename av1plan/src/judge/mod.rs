//! A plan's own contract held against what came out; then the size; then whether all was looked at.

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
pub use evidence::{Check, Decode, Evidence, Missing, Probed};
pub use metric::{Metric, MetricName, Model};
use probe::{duration_defect, probe_defects};
pub use progress::{Progress, ProgressReader, projected, remaining};
pub use report::{ClosingReport, Given, Taken};
pub use run::RunReport;
pub use times::frame_time;

use serde::{Deserialize, Serialize};

use crate::name::coded;
use crate::plan::EncodePlan;

/// Phrases that ffmpeg says of a source whose data ends early or can't be read. It exits with 0 all the same. Those of single
/// containers and decoders were found by damaging films in every way (`make fuzz-media`, ffmpeg 8.0).
const DAMAGE: [&str; 20] = [
    "unavailable for requested intra",
    "error while decoding MB",
    "File ended prematurely",
    "Read error",
    "Error during demuxing",
    "partial file",
    "concealing",
    "corrupt",
    // Matroska and WebM.
    "exceeds containing master element",
    "invalid as first byte of an EBML number",
    "inside parent with finite size",
    // WMV's container: a packet without its header, and lengths that can't be.
    "ff asf bad header",
    "packet_obj_size",
    "invalid padsize",
    "invalid packet header length",
    // WMV's pictures and the older MPEG-4s'.
    "dc overflow",
    "ignoring overflow",
    // Motion JPEG.
    "error count: ",
    "error y=",
    "error dc",
];

/// Whether a line of ffmpeg's log, printed with levels, says that the source is damaged.
///
/// Only warnings and errors count: file names and tags are printed too, and they may say anything.
pub fn damage_in(line: &str) -> bool {
    let message = ["[warning] ", "[error] ", "[fatal] "].iter().find_map(|level| line.split_once(level));
    message.is_some_and(|(_, message)| DAMAGE.iter().any(|phrase| message.contains(phrase)))
}

/// What becomes of a result. Only [`Judgement::Accept`] lets it take its film's place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code", content = "facts", rename_all = "kebab-case")]
pub enum Judgement {
    /// It holds the contract and is small enough, and all that there is to look at was looked at.
    Accept,
    /// It isn't small enough; nothing that was seen of it breaks the contract.
    TooBig {
        /// The result's bytes.
        size: u64,
        /// The smallest number of bytes that is too big.
        limit: u64,
    },
    /// It breaks the contract; never empty.
    Defective(Vec<Defect>),
    /// Nothing that was seen speaks against it, but not everything was looked at: no reason to let it take a film's place. What is
    /// missing, in the order in which it is best gathered; never empty.
    Incomplete {
        /// The pieces.
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

/// Compares a result with its plan's contract. Pure, and never fails: every evidence gets a judgement.
///
/// Cheap evidence can be given first: where [`Judgement::Incomplete`] names nothing but [`Missing::Decode`] and
/// [`Missing::Picture`], those checks are worth their time.
pub fn judge(plan: &EncodePlan, evidence: &Evidence<'_>) -> Judgement {
    let contract = &plan.contract;
    let probe = evidence.readable();
    let mut defects: Vec<Defect> = evidence.run.into_iter().flat_map(run_defects).collect();
    if evidence.probe == Some(Probed::Unreadable) {
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
    defects.extend(probe.and_then(|probe| duration_defect(contract, probe)));
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

    /// As ffmpeg 8.0 printed them, of films that were damaged for it and of whole ones.
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
            // Of any Opus, at its end.
            ("[opus @ 0x55] [error] Error parsing Opus packet header.", false),
            // A name may say anything.
            ("[in#0 @ 0x55] [info] Input #0, matroska,webm, from 'file:/films/dc overflow.mkv':", false),
        ];
        for (line, damaged) in table {
            assert_eq!(damage_in(line), damaged, "{line}");
        }
    }
}
