//! The result of planning: types, no logic.

use alloc::boxed::Box;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr};

use crate::classify::Classification;
use crate::container::Container;
use crate::contract::Contract;
use crate::decision::{Decision, Reason, Topic};
use crate::encode::EncoderSettings;
use crate::gates::SkipReason;
use crate::ladder::ResolutionClass;
use crate::loss::Loss;
use crate::probe::{Disposition, Primaries, Transfer};
pub use crate::stale_tag::{NotStale, StaleTag};

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
pub struct Skip {
    /// The gate that was met.
    pub reason: SkipReason,
    /// What was decided before that.
    pub decisions: Vec<Decision>,
}

/// How one film becomes AV1. Rendered by [`command`](crate::command), explained by [`explain`](crate::explain),
/// written by [`wire`](crate::wire), and held against the result by [`judge`](crate::judge()).
#[derive(Debug, Clone, PartialEq, Eq)]
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

/// The two formats that all three encoders take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, IntoStaticStr, EnumString)]
pub enum PixelFormat {
    /// Eight bits, 4:2:0.
    #[serde(rename = "yuv420p")]
    #[strum(serialize = "yuv420p")]
    Yuv420p,
    /// Ten bits, 4:2:0.
    #[serde(rename = "yuv420p10le")]
    #[strum(serialize = "yuv420p10le")]
    Yuv420p10,
}

impl PixelFormat {
    /// ffmpeg's name.
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// A step between decoder and encoder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Filter {
    /// One frame out of each frame that is flagged as interlaced; others pass untouched.
    Deinterlace,
    /// Convert from RGB, which 4:2:0 can't hold, and tag the result with these primaries and this transfer.
    #[serde(rename_all = "snake_case")]
    FromRgb {
        /// The source's, else those of HD.
        primaries: Primaries,
        /// The source's, else that of HD.
        transfer: Transfer,
        /// The result's format, which the tags have to be set in.
        pixel_format: PixelFormat,
    },
    /// Add a column or a row where the size is odd.
    PadToEven,
    /// Say that pixels are square.
    SquarePixels,
}

/// What becomes of the display matrix that turns phone video.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rotation {
    /// There is none.
    None,
    /// The picture is encoded as stored and the matrix is copied: Matroska, MP4 and WebM all have a place for it.
    Kept,
}

/// What the muxer must be allowed, from the least to the most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Strictness {
    /// Nothing beyond the standards.
    #[default]
    Normal,
    /// Dolby Vision's record in MP4.
    Unofficial,
    /// TrueHD in MP4.
    Experimental,
}

/// How timestamps pass through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, IntoStaticStr)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum Timestamps {
    /// As the source has them.
    Exact,
    /// The same, with the guards for web sources: missing ones generated, every frame passed on, negative ones shifted.
    WebSafe,
    /// The same without generating any: AVI's packets have none by design, and made-up ones come out in disorder.
    WebSafeUntouched,
}

/// What happens to one stream of the source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamPlan {
    /// The source's absolute stream index.
    pub index: u32,
    /// The stream's type.
    pub kind: StreamType,
    /// Kept or dropped.
    pub fate: Fate,
}

/// A stream's type, without what only one type has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, IntoStaticStr)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum StreamType {
    /// Pictures.
    Video,
    /// Sound.
    Audio,
    /// Subtitles.
    Subtitle,
    /// A file inside the file.
    Attachment,
    /// Timecode and the like.
    Data,
    /// None of these.
    Unknown,
}

impl StreamType {
    /// The stable name.
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// Kept or dropped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// The result has it.
    Kept(Kept),
    /// The result doesn't have it; the losses say so where it is one.
    Dropped,
}

/// A stream that the result has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// What is done to it.
    pub treatment: Treatment,
    /// Its flags in the result.
    pub disposition: Disposition,
    /// Tags that would be false in the result and are removed.
    pub stale_tags: Vec<StaleTag>,
}

/// What is done to a stream that is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Treatment {
    /// The main video: encoded to AV1.
    Encode,
    /// Every packet as it is.
    Copy,
    /// Converted, since the container can't hold it as it is.
    Convert(Conversion),
}

/// What a stream is converted to: plain sound of the same depth, or text as text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Conversion {
    /// Text for Matroska.
    Subrip,
    /// Text for MP4.
    MovText,
    /// Text for WebM.
    Webvtt,
    /// PCM of 16 bits.
    #[serde(rename = "pcm_s16le")]
    #[strum(serialize = "pcm_s16le")]
    PcmS16,
    /// PCM of 32-bit floating-point numbers, from the same in another order of bytes.
    #[serde(rename = "pcm_f32le")]
    #[strum(serialize = "pcm_f32le")]
    PcmF32,
    /// The same of 64 bits.
    #[serde(rename = "pcm_f64le")]
    #[strum(serialize = "pcm_f64le")]
    PcmF64,
    /// Sound in a codec that the container has no place for, as it decodes.
    Flac,
    /// PCM of 24 bits, which holds 20 as well.
    #[serde(rename = "pcm_s24le")]
    #[strum(serialize = "pcm_s24le")]
    PcmS24,
}

impl Conversion {
    /// ffmpeg's name, of the encoder and of the codec alike.
    pub fn name(self) -> &'static str {
        self.into()
    }
}

impl StreamPlan {
    /// The stream as the result has it.
    pub fn kept(&self) -> Option<&Kept> {
        match &self.fate {
            Fate::Kept(kept) => Some(kept),
            Fate::Dropped => None,
        }
    }

    /// The action's stable name: `encode`, `copy`, `convert` or `drop`.
    pub fn action(&self) -> &'static str {
        match self.kept().map(|kept| &kept.treatment) {
            Some(Treatment::Encode) => "encode",
            Some(Treatment::Copy) => "copy",
            Some(Treatment::Convert(_)) => "convert",
            None => "drop",
        }
    }
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

/// The streams that the result has, in its order: the source's, but attachments last, where Matroska lists them whatever
/// order they are written in.
pub(crate) fn mapped(streams: &[StreamPlan]) -> impl Iterator<Item = (&StreamPlan, &Kept)> {
    let kept = |attachments: bool| {
        let chosen = move |stream: &&StreamPlan| (stream.kind == StreamType::Attachment) == attachments;
        streams.iter().filter(chosen).filter_map(|stream| Some((stream, stream.kept()?)))
    };
    kept(false).chain(kept(true))
}
