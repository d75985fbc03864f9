//! What planning comes to: types, no logic.

mod container;
mod contract;
mod decision;
mod encoder;
mod loss;
mod picture;
mod resolution;
mod size_gate;
mod skip;
mod source_class;
mod stale_tag;
mod stream;

use alloc::boxed::Box;
use alloc::vec::Vec;

pub use container::{Container, Fit};
pub use contract::{Contract, ExpectedPicture, ExpectedStream};
pub use decision::{Decision, LOW_MILLIBITS, Reason, Topic};
pub use encoder::{
    Aom, CpuUsed, Crf, Encoder, EncoderSettings, NominalRate, OutOfRange, Preset, Quantizer, Rav1e, Speed,
    Svt, Threads, TileCount, Tiles, Workers,
};
pub use loss::{Loss, LossKind};
pub use picture::{Filter, PixelFormat, Rotation, Strictness, Timestamps};
pub use resolution::ResolutionClass;
pub use size_gate::SizeGate;
pub use skip::{Gate, SkipReason};
pub use source_class::{Classification, Signal, SourceClass};
pub(crate) use stale_tag::is_statistic;
pub use stale_tag::{NotStale, StaleTag};
pub(crate) use stream::mapped;
pub use stream::{Conversion, Fate, Kept, StreamPlan, StreamType, Treatment};

/// What to do with a film.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Encode it like this.
    Encode(Box<EncodePlan>),
    /// Leave it alone.
    Skip(Skip),
}

impl Verdict {
    /// All choices that were made on the way to the verdict.
    pub fn decisions(&self) -> &[Decision] {
        match self {
            Self::Encode(plan) => &plan.decisions,
            Self::Skip(skip) => &skip.decisions,
        }
    }
}

/// A film that is left alone, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Skip {
    /// The gate that was met.
    pub reason: SkipReason,
    /// What was decided before that.
    pub decisions: Vec<Decision>,
}

impl Skip {
    /// A skip for this reason, with no decisions before it.
    pub const fn new(reason: SkipReason) -> Self {
        Self { reason, decisions: Vec::new() }
    }
}

/// How one film becomes AV1. Rendered by [`command`](crate::command), explained by [`explain`](crate::explain),
/// written by [`wire`](crate::wire), and held against the result by [`judge`](crate::judge()).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct EncodePlan {
    /// The muxer of the result.
    pub container: Container,
    /// Where the film came from, as far as that can be seen.
    pub source_class: Classification,
    /// The row of the ladder.
    pub resolution: ResolutionClass,
    /// How the picture is encoded.
    pub video: VideoPlan,
    /// Each stream of the source, in the source's order.
    pub streams: Vec<StreamPlan>,
    /// What the muxer must be allowed.
    pub strictness: Strictness,
    /// How timestamps pass through.
    pub timestamps: Timestamps,
    /// What the result won't have.
    pub losses: Vec<Loss>,
    /// What the result must show.
    pub contract: Contract,
    /// Each choice in here, with its reason.
    pub decisions: Vec<Decision>,
}

/// How the picture is encoded.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct VideoPlan {
    /// The encoder and its settings.
    pub settings: EncoderSettings,
    /// Bits and subsampling.
    pub pixel_format: PixelFormat,
    /// Filters in the order they run in.
    pub filters: Vec<Filter>,
    /// What becomes of the display matrix.
    pub rotation: Rotation,
    /// Whether Dolby Vision's metadata is carried over.
    pub dolby_vision: bool,
    /// About how many frames there are, for showing progress only; nothing where the source doesn't say.
    pub frames: Option<u64>,
}

impl EncodePlan {
    /// The streams that the result has, in its order.
    pub fn mapped(&self) -> impl Iterator<Item = (&StreamPlan, &Kept)> {
        mapped(&self.streams)
    }

    /// The reason that was given for a stream's fate.
    pub fn stream_reason(&self, index: u32) -> Option<&Reason> {
        let about = |decision: &&Decision| decision.topic == Topic::Stream && decision.stream == Some(index);
        self.decisions.iter().find(about).map(|decision| &decision.reason)
    }
}
