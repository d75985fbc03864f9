//! A plan's settings, streams, losses and contract as JSON.

use alloc::string::String;
use alloc::vec::Vec;

use serde::de::{Deserializer, Error as _};
use serde::{Deserialize, Serialize};

use super::{PathDocument, WireError};
use crate::command;
use crate::plan::{
    Classification, Container, Contract, Conversion, Decision, EncodePlan, EncoderSettings, Fate, Filter,
    Kept, Loss, PixelFormat, Reason, ResolutionClass, Rotation, Signal, SourceClass, StaleTag, StreamPlan,
    StreamType, Strictness, Timestamps, Treatment, VideoPlan,
};
use crate::probe::{Disposition, MOST_INDEX};

/// How a film is encoded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct EncodeDocument {
    /// `encoder` and its settings: `crf`, `preset`, `cpu_used`, `tiles`, `threads`, `qp`, `speed`; what an encoder lacks is
    /// absent.
    #[serde(flatten)]
    pub settings: EncoderSettings,
    /// The muxer.
    pub container: Container,
    /// Where the printed command writes to.
    pub output: String,
    /// The output's bytes in hexadecimal; absent where `output` is exact.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output_hex: Option<String>,
    /// Where the film came from.
    pub source_class: SourceClass,
    /// The signals' sum: positive for the web, negative for a disc.
    pub source_score: i32,
    /// What spoke for and against it.
    pub source_signals: Vec<Signal>,
    /// The row of the ladder.
    pub resolution: ResolutionClass,
    /// Bits and subsampling.
    pub pixel_format: PixelFormat,
    /// Filters in order.
    pub filters: Vec<Filter>,
    /// What becomes of the display matrix.
    pub rotation: Rotation,
    /// Whether Dolby Vision is carried over.
    pub dolby_vision: bool,
    /// About how many frames there are; absent where the source doesn't say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frames: Option<u64>,
    /// What the muxer must be allowed.
    pub strictness: Strictness,
    /// How timestamps pass through.
    pub timestamps: Timestamps,
    /// Each stream of the source.
    pub streams: Vec<StreamDocument>,
    /// What the result won't have.
    pub losses: Vec<Loss>,
    /// What the result must show.
    pub contract: Contract,
    /// ffmpeg's arguments, `ffmpeg` first, as they were printed: for showing, and never read back. Paths that aren't UTF-8 are
    /// shown readably here; take their bytes from `source` and `output_hex`.
    pub argv: Vec<String>,
}

/// What happens to one stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct StreamDocument {
    /// The source's absolute stream index, at most [`MOST_INDEX`].
    #[serde(deserialize_with = "index")]
    pub index: u32,
    /// Its type.
    pub kind: StreamType,
    /// `encode`, `copy`, `convert` or `drop`.
    pub action: String,
    /// The reason's code.
    pub reason: String,
    /// What it is converted to; absent where it isn't.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Conversion>,
    /// Its flags in the result; absent where it is dropped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disposition: Option<Disposition>,
    /// Tags that are removed since they would be false.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stale_tags: Vec<StaleTag>,
}

fn index<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    match u32::deserialize(deserializer)? {
        index @ 0..=MOST_INDEX => Ok(index),
        other => {
            Err(D::Error::custom(format_args!("a stream's index is at most {MOST_INDEX}, and not {other}")))
        }
    }
}

impl EncodeDocument {
    pub(super) fn new(plan: &EncodePlan, source: &PathDocument, output: &[u8]) -> Self {
        let EncodePlan {
            container,
            source_class: Classification { class, score, signals },
            resolution,
            video: VideoPlan { settings, pixel_format, filters, rotation, dolby_vision, frames },
            streams,
            strictness,
            timestamps,
            losses,
            contract,
            decisions: _, // beside `encode`, for a skip has them too
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
            rotation: *rotation,
            dolby_vision: *dolby_vision,
            frames: *frames,
            strictness: *strictness,
            timestamps: *timestamps,
            streams: streams.iter().map(|stream| StreamDocument::new(stream, plan)).collect(),
            losses: losses.clone(),
            contract: contract.clone(),
        }
    }

    pub(super) fn output(&self) -> PathDocument {
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
                rotation: self.rotation,
                dolby_vision: self.dolby_vision,
                frames: self.frames,
            },
            streams: self.streams.iter().map(StreamDocument::plan).collect::<Result<_, _>>()?,
            strictness: self.strictness,
            timestamps: self.timestamps,
            losses: self.losses.clone(),
            contract: self.contract.clone(),
            decisions,
        })
    }
}

/// The command that a person is shown.
pub(super) fn argv(plan: &EncodePlan, source: &PathDocument, output: &PathDocument) -> Vec<String> {
    let arguments = command::render(plan, source.path.as_str(), output.path.as_str());
    core::iter::once("ffmpeg".into()).chain(arguments).collect()
}

/// What no plan says: fields that are right each by itself, and wrong beside each other.
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
