//! A plan's own contract held against what came out; then the size.

use alloc::string::String;
use alloc::vec::Vec;

mod alone;
mod closing;
mod course;
mod defect;
pub mod picture;
mod probe;
mod report;
mod times;

pub use alone::judge_alone;
pub use defect::Defect;
use probe::{duration_defect, probe_defects};
pub use report::{ClosingReport, Given, Taken};
pub use times::frame_time;

use crate::number::Micros;
use crate::packets::PacketSummary;
use crate::plan::EncodePlan;
use crate::probe::MediaProbe;

/// What is known of an encode that ended, gathered by whoever ran it.
#[derive(Debug, Clone, Copy)]
pub struct Evidence<'a> {
    /// How ffmpeg ended.
    pub run: &'a RunReport,
    /// The result as ffprobe sees it; nothing where ffprobe couldn't read it.
    pub probe: Option<&'a MediaProbe>,
    /// The result's packets; nothing where they were not looked at.
    pub packets: Option<&'a PacketSummary>,
    /// The packets of the source's first seconds; nothing where they were not looked at.
    pub opening: Option<&'a PacketSummary>,
    /// The result's bytes.
    pub size: u64,
}

/// What ffmpeg's run showed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RunReport {
    /// ffmpeg's exit code; nothing where a signal ended it.
    pub exit_code: Option<i32>,
    /// Frames encoded, by the last progress report.
    pub frames: Option<u64>,
    /// Lines in which ffmpeg says that the source is damaged (see [`damage_in`]).
    pub damage: Vec<String>,
    /// What it said at its end; nothing where nobody listened.
    pub closing: Option<ClosingReport>,
    /// Frames that it left out, by the last progress report.
    pub dropped: Option<u64>,
    /// Frames that it showed twice, by the last progress report.
    pub duplicated: Option<u64>,
    /// The times of the frames that went into the encoder, in order; nothing where they weren't written down.
    pub sent: Option<Vec<Micros>>,
}

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

/// What becomes of a result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Judgement {
    /// It holds the contract and is small enough.
    Accept,
    /// It holds the contract but isn't small enough.
    TooBig {
        /// The result's bytes.
        size: u64,
        /// The smallest number of bytes that is too big.
        limit: u64,
    },
    /// It breaks the contract; never empty.
    Defective(Vec<Defect>),
}

/// Holds a result against its plan's contract. Total and pure.
pub fn judge(plan: &EncodePlan, evidence: &Evidence<'_>) -> Judgement {
    let contract = &plan.contract;
    let mut defects = run_defects(evidence.run);
    if evidence.probe.is_none() {
        defects.push(Defect::Unreadable);
    }
    defects.extend(evidence.probe.into_iter().flat_map(|probe| probe_defects(contract, probe)));
    defects.extend(closing::unfinished(evidence.run));
    defects.extend(closing::run_defects(plan, evidence.run));
    if let (Some(packets), Some(probe)) = (evidence.packets, evidence.probe) {
        defects.extend(course::packet_defects(plan, evidence, probe, packets));
    }
    defects.extend(evidence.probe.and_then(|probe| duration_defect(contract, probe)));
    if !defects.is_empty() {
        return Judgement::Defective(defects);
    }
    if contract.size.admits(evidence.size) {
        Judgement::Accept
    } else {
        Judgement::TooBig { size: evidence.size, limit: contract.size.limit() }
    }
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
