//! What becomes of each stream.

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};
use strum::IntoStaticStr;

use super::StaleTag;
use crate::probe::{Disposition, Stream, StreamKind};

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
    /// The type of a stream of a probe.
    pub(crate) fn of(stream: &Stream) -> Self {
        match stream.kind {
            StreamKind::Video(_) => Self::Video,
            StreamKind::Audio(_) => Self::Audio,
            StreamKind::Subtitle => Self::Subtitle,
            StreamKind::Attachment => Self::Attachment,
            StreamKind::Data => Self::Data,
            StreamKind::Unknown(_) => Self::Unknown,
        }
    }

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

/// The streams that the result has, in its order: the source's, but attachments last, where Matroska lists them whatever
/// order they are written in.
pub(crate) fn mapped(streams: &[StreamPlan]) -> impl Iterator<Item = (&StreamPlan, &Kept)> {
    let kept = |attachments: bool| {
        let chosen = move |stream: &&StreamPlan| (stream.kind == StreamType::Attachment) == attachments;
        streams.iter().filter(chosen).filter_map(|stream| Some((stream, stream.kept()?)))
    };
    kept(false).chain(kept(true))
}
