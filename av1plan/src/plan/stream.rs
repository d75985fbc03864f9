//! What becomes of each stream.

use alloc::vec::Vec;

use super::StaleTag;
use crate::name::named;
use crate::probe::{Disposition, Stream, StreamKind};

/// What happens to one stream of the source.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct StreamPlan {
    /// The source's absolute stream index.
    pub index: u32,
    /// The stream's type.
    pub kind: StreamType,
    /// Kept or dropped.
    pub fate: Fate,
}

named! {
    /// A stream's type, without what only one type has.
    #[derive(PartialOrd, Ord)]
    #[non_exhaustive]
    pub enum StreamType: "a type of stream", name, names {
        /// Pictures.
        Video = "video",
        /// Sound.
        Audio = "audio",
        /// Subtitles.
        Subtitle = "subtitle",
        /// A file inside the file.
        Attachment = "attachment",
        /// Timecode and the like.
        Data = "data",
        /// None of these.
        Unknown = "unknown",
    }
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
#[non_exhaustive]
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

named! {
    /// What a stream is converted to: plain sound of the same depth, or text as text.
    #[non_exhaustive]
    pub enum Conversion: "a conversion", name, names {
        /// Text for Matroska.
        Subrip = "subrip",
        /// Text for MP4.
        MovText = "mov_text",
        /// Text for WebM.
        Webvtt = "webvtt",
        /// PCM of 16 bits.
        PcmS16 = "pcm_s16le",
        /// PCM of 32-bit floating-point numbers, from the same in another order of bytes.
        PcmF32 = "pcm_f32le",
        /// The same of 64 bits.
        PcmF64 = "pcm_f64le",
        /// Sound in a codec that the container has no place for, as it decodes.
        Flac = "flac",
        /// PCM of 24 bits, which holds 20 as well.
        PcmS24 = "pcm_s24le",
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
