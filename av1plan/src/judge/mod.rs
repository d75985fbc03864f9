//! A plan's own contract held against what came out; then the size.

use alloc::string::String;
use alloc::vec::Vec;

mod closing;
mod course;
mod defect;
pub mod picture;
mod probe;
mod report;
mod times;

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

/// Phrases that ffmpeg says of a source whose data ends early or can't be read. It exits with 0 all the same.
const DAMAGE: [&str; 6] = [
    "File ended prematurely",
    "Read error",
    "Error during demuxing",
    "partial file",
    "concealing",
    "corrupt",
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
