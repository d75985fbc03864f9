//! Compares the numbers of a run of ffmpeg with each other: what was read, decoded, encoded and written.

use alloc::vec::Vec;

use super::{ClosingReport, Defect, RunReport};
use crate::plan::{EncodePlan, Treatment};

/// The defect of a run that exited with 0 but whose closing report is missing or contradicts itself.
pub(super) fn unfinished(run: &RunReport) -> Option<Defect> {
    let closing = run.closing.as_ref().filter(|_| run.exit_code == Some(0))?;
    if closing.contradicts_itself() {
        Some(Defect::ContradictoryReport)
    } else {
        (closing.is_empty() && run.frames.is_none()).then_some(Defect::Unfinished)
    }
}

/// Compares what ffmpeg read with what it wrote, stream by stream. A number that the closing report lacks isn't
/// checked.
pub(super) fn run_defects(plan: &EncodePlan, run: &RunReport) -> Vec<Defect> {
    let mut defects = Vec::new();
    let (dropped, duplicated) = (run.dropped.unwrap_or_default(), run.duplicated.unwrap_or_default());
    if (dropped, duplicated) != (0, 0) {
        defects.push(Defect::FramesDropped { dropped, duplicated });
    }
    let Some(closing) = &run.closing else { return defects };
    for ((stream, kept), position) in plan.mapped().zip(0_u32..) {
        defects.extend(match kept.treatment {
            Treatment::Encode => picture_defects(plan, closing, stream.index, position),
            Treatment::Copy => copy_defect(closing, stream.index, position).into_iter().collect(),
            // Converted audio has frames of another length, and empty lines of text aren't written again, so the
            // numbers may differ.
            Treatment::Convert(_) => Vec::new(),
        });
    }
    defects
}

/// Compares decoded frames with encoded ones. The number of packets that were read isn't compared: an edit list or a
/// start inside a group of pictures leaves some of them undecoded.
fn picture_defects(plan: &EncodePlan, closing: &ClosingReport, source: u32, position: u32) -> Vec<Defect> {
    let taken = closing.input(source);
    let errors = taken.and_then(|taken| taken.errors).filter(|count| *count > plan.damage_limit);
    let mut defects: Vec<Defect> = errors.map(|count| Defect::DecodeErrors { count }).into_iter().collect();
    let decoded = taken.and_then(|taken| taken.decoded);
    let encoded = closing.output(position).and_then(|given| given.encoded);
    if let Some((decoded, encoded)) = decoded.zip(encoded).filter(|(decoded, encoded)| decoded != encoded) {
        defects.push(Defect::FramesLost { decoded, encoded });
    }
    defects
}

fn copy_defect(closing: &ClosingReport, source: u32, position: u32) -> Option<Defect> {
    // An attachment has no packets, so the report has no line for it among the inputs.
    let (taken, given) = closing.input(source).zip(closing.output(position))?;
    let (read, written) = ((taken.packets, taken.bytes), (given.packets, given.bytes));
    (read != written).then_some(Defect::NotAllWritten { source, read, written })
}
