//! The result of planning, as types: the verdict on a film, the plan of an encode, and the contract that its result
//! must hold.

mod container;
mod contract;
mod decision;
mod encoder;
mod headers;
mod loss;
mod metric;
mod picture;
mod prediction;
mod reason;
mod resolution;
mod size_gate;
mod skip;
mod skipped;
mod source_class;
mod stale_tag;
mod stream;

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::probe::ProbeDepth;
pub use container::{Container, Fit};
pub use contract::{Contract, ExpectedPicture, ExpectedStream};
pub use decision::{Decision, Topic};
pub use encoder::{
    Aom, CpuUsed, Crf, Encoder, EncoderSettings, Level, NominalRate, OutOfRange, Parallelism, Preset,
    Quantizer, Rav1e, Speed, Svt, Threads, TileCount, Tiles,
};
pub use headers::{ExpectedHeaders, ExpectedTrack};
pub use loss::{Loss, LossKind};
pub use metric::MetricName;
pub use picture::{Filter, HeldPicture, PixelFormat, Rotation, Strictness, Timestamps};
pub use prediction::{PredictedScore, Prediction, Sought, TrialResult};
pub use reason::{LOW_MILLIBITS, Reason};
pub use resolution::ResolutionClass;
pub use size_gate::SizeGate;
pub use skip::{Gate, PictureProperty, SkipReason};
pub use source_class::{Classification, Signal, SourceClass};
pub(crate) use stale_tag::is_statistic;
pub use stale_tag::{NotAStatisticsTag, StatisticsTag};
pub(crate) use stream::mapped;
pub use stream::{Conversion, Fate, Kept, StreamPlan, StreamType, Treatment};

/// What to do with a film: the outcome of [`plan`](crate::plan()).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The film is encoded by this plan.
    Encode(Box<EncodePlan>),
    /// The film is left alone, for this reason.
    Skip(Skip),
}

impl Verdict {
    /// All decisions that led to the verdict, in the order of [`Topic`] and then of streams.
    pub fn decisions(&self) -> &[Decision] {
        match self {
            Self::Encode(plan) => &plan.decisions,
            Self::Skip(skip) => &skip.decisions,
        }
    }
}

/// The verdict on a film that is left alone.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Skip {
    /// Why the film is skipped.
    pub reason: SkipReason,
    /// The decisions that led to the skip. The one on [`Topic::Gate`] has the code of the skip.
    pub decisions: Vec<Decision>,
}

impl Skip {
    /// A skip for `reason`, without any decisions.
    pub const fn new(reason: SkipReason) -> Self {
        Self { reason, decisions: Vec::new() }
    }
}

/// How one film becomes AV1. [`command`](crate::command) renders the plan as ffmpeg arguments,
/// [`explain`](crate::explain) turns its decisions into sentences, [`wire`](crate::wire) stores it as JSON, and
/// [`judge`](crate::judge()) compares the result with it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct EncodePlan {
    /// The container of the result.
    pub container: Container,
    /// What kind of source the film comes from, as far as the file shows it.
    pub source_class: Classification,
    /// The resolution class: the row of the ladder (the table of encoder settings by picture size) that the settings
    /// come from.
    pub resolution: ResolutionClass,
    /// How the picture is encoded.
    pub video: VideoPlan,
    /// What happens to each stream of the source, in the source's order.
    pub streams: Vec<StreamPlan>,
    /// How far the muxer may go beyond the standards (ffmpeg's `-strict`).
    pub strictness: Strictness,
    /// Whether MP4's muxer stores the file's tags by their own names, and not in the places that players know.
    pub tags_by_name: bool,
    /// How timestamps get from the source to the result.
    pub timestamps: Timestamps,
    /// How deep the source must be probed for ffmpeg to find all of its streams.
    pub probe_depth: ProbeDepth,
    /// How many packets may be damaged or undecodable for the result to be accepted. With 0, the first one ends the
    /// encode.
    pub damage_limit: u64,
    /// Everything of the source that the result won't have.
    pub losses: Vec<Loss>,
    /// What the result must have to be accepted.
    pub contract: Contract,
    /// The decisions behind this plan, each with its reason, in the order of [`Topic`] and then of streams.
    pub decisions: Vec<Decision>,
}

/// How the picture is encoded.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct VideoPlan {
    /// The encoder and its settings.
    pub settings: EncoderSettings,
    /// Bits per sample and chroma subsampling of the result.
    pub pixel_format: PixelFormat,
    /// The filters between decoder and encoder, in the order in which they run.
    pub filters: Vec<Filter>,
    /// Whether ffmpeg keeps the filters as they are where the source's colour tags change. Then all pictures are
    /// converted to the first ones' matrix and range, which are the result's. Otherwise it would build the filters
    /// anew, convert nothing, and the deinterlacer would lose the frame that it holds (measured with 8.0).
    pub keeps_filters: bool,
    /// The last picture, if it is held; `None` if it lasts as long as the encoder says.
    pub held: Option<HeldPicture>,
    /// What happens to the display matrix, which makes players turn the picture.
    pub rotation: Rotation,
    /// Whether Dolby Vision's metadata is carried over.
    pub dolby_vision: bool,
    /// About how many frames the film has, for showing progress only; `None` if the source doesn't say enough.
    pub frames: Option<u64>,
}

impl EncodePlan {
    /// The streams that the result has, in the result's order: attachments come last.
    pub fn mapped(&self) -> impl Iterator<Item = (&StreamPlan, &Kept)> {
        mapped(&self.streams)
    }

    /// The reason for what happens to the source stream `index`; `None` if the source has no such stream.
    pub fn stream_reason(&self, index: u32) -> Option<&Reason> {
        let about = |decision: &&Decision| decision.topic == Topic::Stream && decision.stream == Some(index);
        self.decisions.iter().find(about).map(|decision| &decision.reason)
    }
}
