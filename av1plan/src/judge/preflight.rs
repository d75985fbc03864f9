//! The preflight: a few seconds of a film are encoded before hours are spent on all of it. What fails there would fail
//! at the end, too.

use alloc::vec::Vec;

use super::headers::header_defects;
use super::probe::probe_defects;
use super::{Defect, Evidence, ResultProbe};
use crate::number::Micros;
use crate::plan::EncodePlan;

/// A part of a film that is encoded in a preflight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sample {
    /// Where ffmpeg seeks to, in microseconds from the start of the file. 0 means that it doesn't seek.
    pub start: Micros,
    /// The duration of the sample in microseconds.
    pub length: Micros,
}

/// The duration of a sample: a few dozen frames show all that a preflight looks for.
const LENGTH: Micros = Micros::from_secs(2);

/// Films that aren't longer than this aren't worth a preflight, which would take more than a hundredth of the encode's
/// CPU time: for 1080p it took 10 s, and the encode 7 s for each second of film (measured, SVT-AV1 at preset 4).
const SHORTEST: Micros = Micros::from_secs(180);

/// The samples of a film: its start, its middle, and a place near its end. Empty if the film is short, or wasn't
/// surveyed: then nobody knows where its streams have packets.
///
/// If a stream begins late, the start is left out: a muxer may refuse a stream without packets.
pub fn samples(plan: &EncodePlan) -> Vec<Sample> {
    let spans = || plan.contract.streams.iter().filter_map(|stream| stream.span);
    let (Some(first), Some(first_end)) = (
        spans().map(|span| span.start).min(),
        spans().map(|span| Micros(span.start.0.saturating_add(span.length.0))).min(),
    ) else {
        return Vec::new();
    };
    let all_there = spans().map(|span| span.start).max().unwrap_or(first);
    let film = first_end.0.saturating_sub(all_there.0);
    if film < SHORTEST.0 {
        return Vec::new();
    }
    let late = all_there.0.saturating_sub(first.0);
    let place = |percent: i64| Micros(late.saturating_add(film / 100 * percent));
    let is_late = late > LENGTH.0 / 2;
    let places = if is_late { [place(5), place(50), place(90)] } else { [Micros(0), place(50), place(90)] };
    places.map(|start| Sample { start, length: LENGTH }).into()
}

/// Judges a sample by the contract of the film, without what only the whole film can hold: lengths, counts, chapters.
///
/// A sample behind a seek whose run failed shows nothing, since some files can't be seeked in.
pub fn judge_preflight(plan: &EncodePlan, sample: Sample, evidence: &Evidence<'_>) -> Vec<Defect> {
    let failed = evidence.run.is_some_and(|run| run.exit_code != Some(0));
    if failed && sample.start.0 > 0 {
        return Vec::new();
    }
    let mut defects: Vec<Defect> =
        evidence.run.into_iter().flat_map(|run| super::run_defects(plan, run)).collect();
    match evidence.probe {
        Some(ResultProbe::Read(probe)) => defects.extend(probe_defects(&plan.contract, probe)),
        // An end in the middle of a file may leave a sample without packets.
        Some(ResultProbe::Unreadable) if sample.start.0 == 0 => defects.push(Defect::Unreadable),
        Some(ResultProbe::Unreadable) | None => {}
    }
    if let (Some(expected), Some(found)) = (&plan.contract.headers, evidence.headers) {
        defects.extend(header_defects(expected, found));
    }
    defects.extend(evidence.found().cloned());
    defects.retain(|defect| !matches!(defect, Defect::Chapters { .. }));
    defects
}
