//! Checks a file that ffprobe can read: its contract, its decoding, and its pictures compared with the original's.

use std::io;
use std::path::Path;

use av1plan::judge::{Defect, Metric, MetricName, Missing, judge_alone};
use av1plan::{EncodePlan, Judgement, MediaProbe, command, judge};

use super::basis::Basis;
use super::{Finding, Request, Stage, Verification};
use crate::ffmpeg::evidence::{Gather, Made, Readable};
use crate::ffmpeg::quality::Compare;
use crate::ffmpeg::tools;

/// What the checks of such a file need.
pub(super) struct Look<'a> {
    pub(super) request: &'a Request<'a>,
    pub(super) basis: &'a Basis,
    pub(super) gather: &'a Gather<'a>,
    pub(super) readable: &'a Readable,
}

impl Look<'_> {
    pub(super) async fn take(
        &self,
        into: &mut Verification,
        report: &mut impl FnMut(Stage),
    ) -> io::Result<()> {
        let probe = &self.readable.probe;
        let mut defects = self.held_against_contract(into)?;
        defects.extend(self.decoded(&defects, report).await?);
        into.defects.extend(defects.iter().map(Finding::from));
        let (Some(original), Some(plan)) = (&self.basis.original, &self.basis.plan) else { return Ok(()) };
        if let Some(note) = incomparable(plan, probe, &original.probe, &defects) {
            into.notes.push(note);
            return Ok(());
        }
        report(Stage::Comparing);
        if let Some(Made(Some(defect))) = self.gather.picture(probe, &original.probe).await? {
            into.defects.push(Finding::from(&defect));
            let text = "no score was taken: what isn't the same picture has none";
            into.notes.push(Finding::new("not-scored", text));
            return Ok(());
        }
        let (source, result) = ((original.path.as_path(), &original.probe), (self.request.film, probe));
        self.scored(plan, (source, result), into, report).await
    }

    /// Checks the headers and packets.
    fn held_against_contract(&self, into: &mut Verification) -> io::Result<Vec<Defect>> {
        let Readable { probe, packets, .. } = self.readable;
        let mut defects = judge_alone(probe, packets, self.request.policy.duration_epsilon);
        let Some(plan) = &self.basis.plan else { return Ok(defects) };
        // How the ffmpeg run ended isn't known any more. Pictures and sound are checked separately afterwards.
        match judge(plan, &self.gather.evidence(Some(self.readable), None)) {
            Judgement::Accept => {}
            Judgement::Incomplete { missing } => {
                if let Some(piece) = missing.iter().find(|piece| !self.is_out_of_reach(**piece)) {
                    return Err(io::Error::other(format!("{piece} [{}]", piece.code())));
                }
            }
            Judgement::TooBig { size, limit } => into.notes.push(Finding::new(
                "too-big",
                format!("it is no smaller than asked for: {size} bytes, where less than {limit} would do"),
            )),
            // If both checks find the same defect, the contract's is kept, since it is more precise.
            Judgement::Defective(broken) => {
                defects.retain(|defect| broken.iter().all(|other| other.code() != defect.code()));
                let cut =
                    |defect: &Defect| matches!(defect, Defect::EndsEarly { .. } | Defect::Duration { .. });
                if broken.iter().any(cut) {
                    defects.retain(|defect| !matches!(defect, Defect::Truncated { .. }));
                }
                defects.extend(broken);
            }
        }
        Ok(defects)
    }

    /// Whether a piece of evidence can't be available, or not yet. If any other piece is missing, its check
    /// couldn't be made.
    fn is_out_of_reach(&self, piece: Missing) -> bool {
        match piece {
            Missing::Run | Missing::Decode | Missing::Picture => true,
            Missing::Opening => self.basis.original.is_none(),
            _ => false,
        }
    }

    async fn decoded(
        &self,
        defects: &[Defect],
        report: &mut impl FnMut(Stage),
    ) -> io::Result<Option<Defect>> {
        let probe = &self.readable.probe;
        if probe.main_video().is_none() {
            return Ok(None);
        }
        let of = probe.duration().and_then(|duration| u64::try_from(duration.0 / 1_000_000).ok());
        let reached = |done| report(Stage::Decoding { done, of });
        Ok(self.gather.decode(probe, defects, reached).await?.0)
    }

    async fn scored(
        &self,
        plan: &EncodePlan,
        (original, result): ((&Path, &MediaProbe), (&Path, &MediaProbe)),
        into: &mut Verification,
        report: &mut impl FnMut(Stage),
    ) -> io::Result<()> {
        let Request { tools, metric, extent, stall, .. } = *self.request;
        let filters = tools::ask(&tools.ffmpeg, command::filters_arguments(), tools::QUERY_TIMEOUT);
        let filters = filters.await.map_err(io::Error::other)?;
        let Some(chosen) = Metric::among(&filters, metric, plan) else {
            let wanted = metric
                .and_then(MetricName::filter)
                .map_or("neither libvmaf nor xpsnr".into(), |filter| format!("no {filter}"));
            let text = format!("this ffmpeg has {wanted}; the picture was compared in parts, and not scored");
            into.notes.push(Finding::new("no-metric", text));
            return Ok(());
        };
        let compare = Compare { tools, plan, original, result, metric: chosen, stall };
        let mut reached = |done, of| report(Stage::Scoring { done, of });
        match compare.run(extent, &mut reached).await {
            Ok(Some(summary)) => {
                let (mean, least, unit) = (summary.mean, chosen.least(), summary.unit);
                if mean < least {
                    let text = format!(
                        "its picture is far worse than the original's: {mean} {unit}, where a right result has {least} or more"
                    );
                    into.defects.push(Finding::new("bad-score", text));
                }
                into.picture = Some(summary);
            }
            Ok(None) => into.notes.push(Finding::new("not-scored", "no picture of one met one of the other")),
            // If a metric can't score a picture, for example one of only a few rows, that says nothing about the
            // result.
            Err(error) => into.notes.push(Finding::new("not-scored", error.to_string())),
        }
        Ok(())
    }
}

/// Returns why the result's frames can't be paired with those of the original; `None` if they can.
fn incomparable(
    plan: &EncodePlan,
    result: &MediaProbe,
    original: &MediaProbe,
    defects: &[Defect],
) -> Option<Finding> {
    let note = |text: String| Some(Finding::new("not-compared", text));
    let (Some((_, found)), Some((_, source))) = (result.main_video(), original.main_video()) else {
        return note("one of the two has no picture".to_owned());
    };
    let missing = |defect: &&Defect| {
        use Defect::{
            DecodeError, EmptyStream, EndsEarly, FrameRate, GapInPicture, MiddleMissing, Truncated,
        };
        matches!(
            defect,
            DecodeError { .. }
                | EmptyStream { .. }
                | EndsEarly { .. }
                | FrameRate { .. }
                | GapInPicture { .. }
                | MiddleMissing { .. }
                | Truncated { .. }
        )
    };
    if let Some(defect) = defects.iter().find(missing) {
        return note(format!("the picture isn't compared with the original's: [{}]", defect.code()));
    }
    let expected = &plan.contract.picture;
    if (found.width, found.height) != (expected.width, expected.height) {
        return note(format!(
            "the picture can't be compared: it is {}x{}, where the original's would be {}x{} (cropped or scaled)",
            found.width, found.height, expected.width, expected.height
        ));
    }
    // Deinterlacing can turn two fields into two frames, and inverse telecine removes frames: then the frame rates
    // differ.
    let rates = found.average_rate.zip(source.average_rate);
    let rates = rates.map(|(found, source)| (found.thousandths(), source.thousandths()));
    match rates.filter(|(found, source)| found.min(source) > &0 && found.abs_diff(*source) > source / 50) {
        Some((found, source)) => note(format!(
            "the picture can't be compared: it has {} frames a second, and the original {} (deinterlaced or decimated)",
            decimal(found),
            decimal(source)
        )),
        None => None,
    }
}

fn decimal(thousandths: u64) -> String {
    format!("{}.{:03}", thousandths / 1000, thousandths % 1000)
}
