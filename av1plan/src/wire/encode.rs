//! The plan of an encode as JSON.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use serde::de::{Deserializer, Error as _};
use serde::{Deserialize, Serialize};

use super::{PathDocument, WireError};
use crate::command;
use crate::explain::write_loss;
use crate::plan::{
    Classification, Container, Contract, Conversion, Decision, EncodePlan, EncoderSettings, Fate, Filter,
    HeldPicture, Kept, Loss, LossKind, PixelFormat, Reason, ResolutionClass, Rotation, Signal, SourceClass,
    StatisticsTag, StreamPlan, StreamType, Strictness, Timestamps, Treatment, VideoPlan,
};
use crate::probe::{Disposition, MAX_STREAM_INDEX, ProbeDepth};

/// How a film is encoded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct EncodeDocument {
    /// The encoder and its settings. In JSON they are the keys `encoder` (ffmpeg's name) and `crf`, `preset`,
    /// `workers` and `nominal_rate` of SVT-AV1; `crf`, `cpu_used`, `tiles` and `threads` of libaom; `qp` and `speed`
    /// of rav1e.
    #[serde(flatten)]
    pub settings: EncoderSettings,
    /// The container of the result.
    pub container: Container,
    /// The path of the result in `argv`, in readable form.
    pub output: String,
    /// The bytes of that path in hexadecimal; `None`, and absent in JSON, if `output` is exact.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output_hex: Option<String>,
    /// What kind of source the film comes from.
    pub source_class: SourceClass,
    /// The sum of the signals' weights: positive for the web, negative for a disc.
    pub source_score: i32,
    /// The signals for and against it.
    pub source_signals: Vec<Signal>,
    /// The resolution class: the row of the ladder.
    pub resolution: ResolutionClass,
    /// Bits per sample and chroma subsampling of the result.
    pub pixel_format: PixelFormat,
    /// The filters between decoder and encoder, in the order in which they run.
    pub filters: Vec<Filter>,
    /// Whether ffmpeg keeps the filters as they are where the source's colour tags change; absent in JSON if not.
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    pub keeps_filters: bool,
    /// The last picture, if it is held; absent in JSON if not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held: Option<HeldPicture>,
    /// What happens to the display matrix.
    pub rotation: Rotation,
    /// Whether Dolby Vision's metadata is carried over.
    pub dolby_vision: bool,
    /// About how many frames the film has; `None`, and absent in JSON, if the source doesn't say enough.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frames: Option<u64>,
    /// How far the muxer may go beyond the standards.
    pub strictness: Strictness,
    /// Whether MP4's muxer stores the file's tags by their own names; absent in JSON if not.
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    pub tags_by_name: bool,
    /// How timestamps get from the source to the result.
    pub timestamps: Timestamps,
    /// How deep the source is probed; absent in JSON if it is ffmpeg's default.
    #[serde(default, skip_serializing_if = "is_usual")]
    pub probe_depth: ProbeDepth,
    /// How many packets may be damaged or undecodable; absent in JSON if none.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub damage_limit: u64,
    /// What happens to each stream of the source.
    pub streams: Vec<StreamDocument>,
    /// Everything of the source that the result won't have.
    pub losses: Vec<LossDocument>,
    /// What the result must have to be accepted.
    pub contract: Contract,
    /// The command for people to see, beginning with `ffmpeg`. It is never read back. A path that isn't UTF-8 is in
    /// readable form; its bytes are in `source` and `output_hex`.
    pub argv: Vec<String>,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_usual(depth: &ProbeDepth) -> bool {
    *depth == ProbeDepth::Usual
}

/// Something of the source that the result won't have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct LossDocument {
    /// The code of the kind of loss (see [`LossKind`]).
    pub code: String,
    /// The index of the source stream that is lost or loses something; `None`, and absent in JSON, if it is the
    /// film's main video.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stream: Option<u32>,
    /// What exactly is lost, as a fragment of a sentence.
    pub what: String,
}

impl fmt::Display for LossDocument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { code: _, stream, what } = self;
        write_loss(f, what, *stream)
    }
}

impl LossDocument {
    fn new(loss: &Loss) -> Self {
        let Loss { kind, stream, what } = loss;
        Self { code: kind.code().into(), stream: *stream, what: what.clone() }
    }

    fn loss(&self) -> Result<Loss, WireError> {
        let Self { code, stream, what } = self;
        let kind = code.parse::<LossKind>().map_err(|_| WireError::unknown("a loss", code))?;
        Ok(Loss { kind, stream: *stream, what: what.clone() })
    }
}

/// What happens to one stream of the source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct StreamDocument {
    /// The source stream's index, at most [`MAX_STREAM_INDEX`].
    #[serde(deserialize_with = "index")]
    pub index: u32,
    /// The stream's type.
    pub kind: StreamType,
    /// What happens to the stream: `encode`, `copy`, `convert` or `drop`.
    pub action: String,
    /// The code of the reason; empty if the plan has no decision on the stream.
    pub reason: String,
    /// The codec that it is converted to; `None`, and absent in JSON, if it isn't converted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Conversion>,
    /// Its disposition flags in the result; `None`, and absent in JSON, if it is dropped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disposition: Option<Disposition>,
    /// The tags that are removed because they would no longer be true.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stale_tags: Vec<StatisticsTag>,
}

fn index<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    match u32::deserialize(deserializer)? {
        index @ 0..=MAX_STREAM_INDEX => Ok(index),
        other => Err(D::Error::custom(format_args!(
            "a stream's index is at most {MAX_STREAM_INDEX}, and not {other}"
        ))),
    }
}

impl EncodeDocument {
    pub(super) fn new(plan: &EncodePlan, source: &PathDocument, output: &[u8]) -> Self {
        let EncodePlan {
            container,
            source_class: Classification { class, score, signals },
            resolution,
            video:
                VideoPlan { settings, pixel_format, filters, keeps_filters, held, rotation, dolby_vision, frames },
            streams,
            strictness,
            tags_by_name,
            timestamps,
            probe_depth,
            damage_limit,
            losses,
            contract,
            decisions: _, // stored beside `encode`, because a skip has decisions too
        } = plan;
        let output = PathDocument::new(output);
        Self {
            settings: *settings,
            container: *container,
            argv: argv(plan, source, &output),
            output: output.path.clone(),
            output_hex: output.path_hex.clone(),
            source_class: *class,
            source_score: *score,
            source_signals: signals.clone(),
            resolution: *resolution,
            pixel_format: *pixel_format,
            filters: filters.clone(),
            keeps_filters: *keeps_filters,
            held: *held,
            rotation: *rotation,
            dolby_vision: *dolby_vision,
            frames: *frames,
            strictness: *strictness,
            tags_by_name: *tags_by_name,
            timestamps: *timestamps,
            probe_depth: *probe_depth,
            damage_limit: *damage_limit,
            streams: streams.iter().map(|stream| StreamDocument::new(stream, plan)).collect(),
            losses: losses.iter().map(LossDocument::new).collect(),
            contract: contract.clone(),
        }
    }

    /// The path of the result in the command that people see.
    pub fn output(&self) -> PathDocument {
        PathDocument { path: self.output.clone(), path_hex: self.output_hex.clone() }
    }

    pub(super) fn plan(&self, decisions: Vec<Decision>) -> Result<EncodePlan, WireError> {
        let plan = self.unchecked_plan(decisions)?;
        match contradiction(&plan) {
            Some(what) => Err(WireError::Contradiction { what }),
            None => Ok(plan),
        }
    }

    fn unchecked_plan(&self, decisions: Vec<Decision>) -> Result<EncodePlan, WireError> {
        Ok(EncodePlan {
            container: self.container,
            source_class: Classification {
                class: self.source_class,
                score: self.source_score,
                signals: self.source_signals.clone(),
            },
            resolution: self.resolution,
            video: VideoPlan {
                settings: self.settings,
                pixel_format: self.pixel_format,
                filters: self.filters.clone(),
                keeps_filters: self.keeps_filters,
                held: self.held,
                rotation: self.rotation,
                dolby_vision: self.dolby_vision,
                frames: self.frames,
            },
            streams: self.streams.iter().map(StreamDocument::plan).collect::<Result<_, _>>()?,
            strictness: self.strictness,
            tags_by_name: self.tags_by_name,
            timestamps: self.timestamps,
            probe_depth: self.probe_depth,
            damage_limit: self.damage_limit,
            losses: self.losses.iter().map(LossDocument::loss).collect::<Result<_, _>>()?,
            contract: self.contract.clone(),
            decisions,
        })
    }
}

/// The command that people see, beginning with `ffmpeg`.
pub(super) fn argv(plan: &EncodePlan, source: &PathDocument, output: &PathDocument) -> Vec<String> {
    let arguments = command::render(plan, source.path.as_str(), output.path.as_str());
    core::iter::once("ffmpeg".into()).chain(arguments).collect()
}

/// What contradicts itself in a plan: fields that are each valid, but not together. `None` if nothing does.
fn contradiction(plan: &EncodePlan) -> Option<&'static str> {
    let mut indexes: Vec<u32> = plan.streams.iter().map(|stream| stream.index).collect();
    indexes.sort_unstable();
    if indexes.windows(2).any(|pair| pair.first() == pair.last()) {
        return Some("two of `streams` have one `index`");
    }
    let of_picture = |(stream, kept): &(&StreamPlan, &Kept)| {
        stream.kind == StreamType::Video || kept.treatment == Treatment::Encode
    };
    let pictures: Vec<_> = plan.mapped().filter(of_picture).collect();
    let is_film = |(stream, kept): &(&StreamPlan, &Kept)| {
        stream.kind == StreamType::Video && kept.treatment == Treatment::Encode
    };
    if pictures.len() != 1 || !pictures.iter().all(is_film) {
        return Some("exactly one of `streams` is video that is kept, and that is encoded");
    }
    let kept = plan.mapped().map(|(stream, _)| (stream.index, stream.kind));
    if !kept.eq(plan.contract.streams.iter().map(|promised| (promised.source, promised.kind))) {
        return Some("`contract.streams` aren't the `streams` that are kept");
    }
    let filters = &plan.video.filters;
    let twice =
        |(position, filter): (usize, &Filter)| filters.iter().take(position).any(|other| other == filter);
    filters.iter().enumerate().any(twice).then_some("one of `filters` is there twice")
}

impl StreamDocument {
    fn new(stream: &StreamPlan, plan: &EncodePlan) -> Self {
        let StreamPlan { index, kind, fate: _ } = stream;
        let kept = stream.kept();
        let to = kept.and_then(|kept| match kept.treatment {
            Treatment::Convert(to) => Some(to),
            Treatment::Encode | Treatment::Copy => None,
        });
        Self {
            index: *index,
            kind: *kind,
            action: stream.action().into(),
            reason: plan.stream_reason(*index).map(Reason::code).unwrap_or_default().into(),
            to,
            disposition: kept.map(|kept| kept.disposition),
            stale_tags: kept.map(|kept| kept.stale_tags.clone()).unwrap_or_default(),
        }
    }

    fn plan(&self) -> Result<StreamPlan, WireError> {
        let treatment = match (self.action.as_str(), self.to) {
            ("encode", None) => Some(Treatment::Encode),
            ("copy", None) => Some(Treatment::Copy),
            ("convert", Some(to)) => Some(Treatment::Convert(to)),
            ("drop", None) => None,
            _ => {
                return Err(WireError::Contradiction {
                    what: "a stream's `action` and `to` don't go together",
                });
            }
        };
        let fate = match treatment {
            Some(treatment) => Fate::Kept(Kept {
                treatment,
                disposition: self.disposition.unwrap_or_default(),
                stale_tags: self.stale_tags.clone(),
            }),
            None => Fate::Dropped,
        };
        Ok(StreamPlan { index: self.index, kind: self.kind, fate })
    }
}
