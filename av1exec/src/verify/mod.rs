//! Is a result what it should be? All of it is decoded, and held against the contract that it was made under, where there is one; with the
//! original, its pictures are compared and scored.
//!
//! Nothing is written and nothing locked: what is found is for a person or a script to act on.

mod basis;
mod compare;
mod score;

use std::io;
use std::path::Path;
use std::time::Duration;

use av1plan::judge::{Defect, Evidence, RunReport, judge_alone};
use av1plan::packets::PacketSummary;
use av1plan::probe::StreamKind;
use av1plan::quality::{Metric, MetricName};
use av1plan::wire::PathDocument;
use av1plan::{Config, EncodePlan, Judgement, MediaProbe, command, judge};
use serde::Serialize;
use strum::IntoStaticStr;

use crate::decode::{Decode, decode_alone};
use crate::disk::Identity;
use crate::failure::{Exit, Failure};
use crate::jobs::{JobStore, path_document};
use crate::probe::{self, ProbeError};
use crate::sample::Sample;
use crate::sanitize::display;
use crate::tools::{self, Tools};
use basis::Basis;
use compare::Compare;
pub use score::{Summary, Worst};

/// What the document of a verification calls itself.
pub const FORMAT: &str = "av1.verify";
/// Its version: `major.minor`.
pub const VERSION: &str = "1.0";

/// How much of the pictures is scored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// All of the film.
    Whole,
    /// Three windows of five seconds.
    Windows,
}

/// What is to be verified, and with what.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// ffmpeg and ffprobe.
    pub tools: &'a Tools,
    /// The jobs, one of which may have made it.
    pub jobs: &'a JobStore,
    /// By which the contract is drawn up where no job tells of one.
    pub policy: &'a Config,
    /// The result; its path is absolute.
    pub film: &'a Path,
    /// What it was made from, where that is there; absolute, too.
    pub original: Option<&'a Path>,
    /// How pictures are scored; the best there is without it.
    pub metric: Option<MetricName>,
    /// How much of them.
    pub extent: Extent,
    /// How long ffmpeg may show no sign of life.
    pub stall: Duration,
}

/// What is being done, for whoever waits. Times are seconds of film.
#[derive(Debug, Clone, Copy, PartialEq, Eq, IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
pub enum Stage {
    /// All packets are read.
    Reading,
    /// All bytes are held against the job's hash.
    Hashing,
    /// All of it is decoded.
    Decoding {
        /// How far.
        done: u64,
        /// Of how much, where that is known.
        of: Option<u64>,
    },
    /// Parts are compared with the original.
    Comparing,
    /// Pictures are scored.
    Scoring {
        /// How far.
        done: u64,
        /// Of how much, where that is known.
        of: Option<u64>,
    },
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Verification {
    /// Always [`FORMAT`].
    pub format: &'static str,
    /// `major.minor`.
    pub version: &'static str,
    /// The result.
    #[serde(flatten)]
    pub path: PathDocument,
    /// Its bytes.
    pub size: u64,
    /// Whether no defect was found.
    pub good: bool,
    /// What it was held against: `job`, `original` or `nothing`.
    pub contract: &'static str,
    /// The job that made it, where one is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub job: Option<String>,
    /// What is wrong with it.
    pub defects: Vec<Finding>,
    /// What couldn't be checked, and what is worth knowing.
    pub notes: Vec<Finding>,
    /// How its pictures score, where they were.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub picture: Option<Summary>,
}

/// Something that was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The stable code.
    pub code: &'static str,
    /// The sentence.
    pub text: String,
}

impl From<&Defect> for Finding {
    fn from(defect: &Defect) -> Self {
        Self { code: defect.code(), text: defect.to_string() }
    }
}

impl Finding {
    fn new(code: &'static str, text: impl Into<String>) -> Self {
        Self { code, text: text.into() }
    }
}

/// Verifies a result. A check that couldn't be made is a failure, which is no verdict on it.
pub async fn verify(request: &Request<'_>, mut tell: impl FnMut(Stage)) -> Result<Verification, Failure> {
    let size = Identity::of(request.film).map_err(|error| unreadable(request.film, &error))?.size;
    let basis = Basis::of(request).await?;
    let mut verification = Verification {
        format: FORMAT,
        version: VERSION,
        path: path_document(request.film),
        size,
        good: false,
        contract: basis.name(),
        job: basis.job.as_ref().map(|job| job.id.clone()),
        defects: Vec::new(),
        notes: basis.note.clone().into_iter().collect(),
        picture: None,
    };
    let failed = |error: io::Error| failed(request.film, &error);
    if let Some(job) = &basis.job {
        tell(Stage::Hashing);
        let found = basis::compare_bytes(request.film, job).await.map_err(failed)?;
        match found {
            Some(finding) if finding.code == basis::CONTENT_CHANGED => verification.defects.push(finding),
            found => verification.notes.extend(found),
        }
    }
    match probe::probe(request.tools, request.film).await {
        Ok(probe) => {
            let look = Look { request, basis: &basis, probe: &probe, size };
            look.take(&mut verification, &mut tell).await.map_err(failed)?;
        }
        Err(ProbeError::Failed(error)) => return Err(failed(io::Error::other(error))),
        Err(ProbeError::Refused { .. } | ProbeError::Document(_)) => {
            verification.defects.push(Finding::from(&Defect::Unreadable));
        }
    }
    verification.good = verification.defects.is_empty();
    Ok(verification)
}

/// A file that ffprobe can read.
struct Look<'a> {
    request: &'a Request<'a>,
    basis: &'a Basis,
    probe: &'a MediaProbe,
    size: u64,
}

impl Look<'_> {
    async fn take(&self, into: &mut Verification, tell: &mut impl FnMut(Stage)) -> io::Result<()> {
        tell(Stage::Reading);
        let mut defects = self.held_against_contract(into).await?;
        defects.extend(self.decoded(&defects, tell).await?);
        into.defects.extend(defects.iter().map(Finding::from));
        let (Some(original), Some(plan)) = (&self.basis.original, &self.basis.plan) else { return Ok(()) };
        if let Some(note) = incomparable(plan, self.probe, &original.probe, &defects) {
            into.notes.push(note);
            return Ok(());
        }
        tell(Stage::Comparing);
        let (source, result) = ((original.path.as_path(), &original.probe), (self.request.film, self.probe));
        let sample = Sample { tools: self.request.tools, plan, source, result };
        if let Some(defect) = sample.take().await? {
            into.defects.push(Finding::from(&defect));
            let text = "no score was taken: what isn't the same picture has none";
            into.notes.push(Finding::new("not-scored", text));
            return Ok(());
        }
        self.scored(plan, (source, result), into, tell).await
    }

    /// One pass over the headers and packets.
    async fn held_against_contract(&self, into: &mut Verification) -> io::Result<Vec<Defect>> {
        let Request { tools, film, .. } = *self.request;
        let picture = self.probe.main_video().map_or(0, |(stream, _)| stream.index);
        let packets = probe::packets(tools, film, picture).await.map_err(io::Error::other)?;
        let mut defects = judge_alone(self.probe, &packets, self.request.policy.duration_epsilon);
        let Some(plan) = &self.basis.plan else { return Ok(defects) };
        let opening = match &self.basis.original {
            Some(original) => Some(probe::opening(tools, &original.path).await.map_err(io::Error::other)?),
            None => None,
        };
        match self.judged(plan, &packets, opening.as_ref()) {
            Judgement::Accept => {}
            Judgement::TooBig { size, limit } => into.notes.push(Finding::new(
                "too-big",
                format!("it is no smaller than asked for: {size} bytes, where less than {limit} would do"),
            )),
            // The contract says it better, where it says the same.
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

    fn judged(
        &self,
        plan: &EncodePlan,
        packets: &PacketSummary,
        opening: Option<&PacketSummary>,
    ) -> Judgement {
        // Nobody knows any more how ffmpeg ended; what isn't known isn't asked for.
        let run = RunReport { exit_code: Some(0), ..RunReport::default() };
        let evidence =
            Evidence { run: &run, probe: Some(self.probe), packets: Some(packets), opening, size: self.size };
        judge(plan, &evidence)
    }

    async fn decoded(&self, defects: &[Defect], tell: &mut impl FnMut(Stage)) -> io::Result<Option<Defect>> {
        let Request { tools, film, stall, .. } = *self.request;
        if self.probe.main_video().is_none() {
            return Ok(None);
        }
        let of = self.probe.duration().and_then(|duration| u64::try_from(duration.0 / 1_000_000).ok());
        let reached = |done| tell(Stage::Decoding { done, of });
        let in_order = !defects.iter().any(|defect| matches!(defect, Defect::StreamCount { .. }));
        match (&self.basis.original, &self.basis.plan) {
            (Some(original), Some(plan)) if in_order => {
                Decode { tools, plan, source: &original.path, result: film, stall }.run(reached).await
            }
            _ => {
                let sounds = self.probe.streams.iter();
                let sounds = sounds.filter(|stream| matches!(stream.kind, StreamKind::Audio(_)));
                let sounds: Vec<u32> = sounds.map(|stream| stream.index).collect();
                decode_alone(tools, film, &sounds, stall, reached).await
            }
        }
    }

    async fn scored(
        &self,
        plan: &EncodePlan,
        (original, result): ((&Path, &MediaProbe), (&Path, &MediaProbe)),
        into: &mut Verification,
        tell: &mut impl FnMut(Stage),
    ) -> io::Result<()> {
        let Request { tools, metric, extent, stall, .. } = *self.request;
        let filters = tools::ask(&tools.ffmpeg, command::filters_arguments(), tools::PATIENCE);
        let filters = filters.await.map_err(io::Error::other)?;
        let Some(chosen) = Metric::among(&filters, metric, plan) else {
            let wanted = metric.map_or("neither libvmaf nor xpsnr", |metric| match metric {
                MetricName::Vmaf => "no libvmaf",
                MetricName::Xpsnr => "no xpsnr",
            });
            let text = format!("this ffmpeg has {wanted}; the picture was compared in parts, and not scored");
            into.notes.push(Finding::new("no-metric", text));
            return Ok(());
        };
        let compare = Compare { tools, plan, original, result, metric: chosen, stall };
        match compare.run(extent, tell).await {
            Ok(Some(summary)) => into.picture = Some(summary),
            Ok(None) => into.notes.push(Finding::new("not-scored", "no picture of one met one of the other")),
            // What a metric can't do (a picture of a few rows) says nothing of the result.
            Err(error) => into.notes.push(Finding::new("not-scored", error.to_string())),
        }
        Ok(())
    }
}

/// Why pictures can't be paired with the original's; nothing where they can.
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
    // Two fields of one frame that became two, or a pulldown that was taken back.
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

fn failed(film: &Path, error: &io::Error) -> Failure {
    let message = format!("failed to verify {}: {error}", display(film));
    Failure::new(Exit::Failed, message).hint("this says nothing of the film; try again once that is mended")
}

fn unreadable(path: &Path, error: &io::Error) -> Failure {
    let failure = Failure::new(Exit::Failed, format!("failed to look at {}: {error}", display(path)));
    failure.hint("give the path of a regular file that this user may read")
}
