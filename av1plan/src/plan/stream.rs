//! What happens to each stream of the source.

use alloc::vec::Vec;

use super::StatisticsTag;
use crate::name::named;
use crate::probe::{Disposition, Stream, StreamKind};

/// What happens to one stream of the source.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct StreamPlan {
    /// The source stream's index: the number of `-map 0:INDEX`.
    pub index: u32,
    /// The type of the stream.
    pub kind: StreamType,
    /// Whether the result has the stream, and what is done to it.
    pub fate: Fate,
}

named! {
    /// The type of a stream, without the details of [`StreamKind`].
    #[derive(PartialOrd, Ord)]
    #[non_exhaustive]
    pub enum StreamType: "a type of stream", name, names {
        /// Moving pictures, and covers too.
        Video = "video",
        /// Audio.
        Audio = "audio",
        /// Subtitles, of text or of pictures.
        Subtitle = "subtitle",
        /// An attached file, such as a font.
        Attachment = "attachment",
        /// Data: timecode, chapter titles, metadata.
        Data = "data",
        /// A type that this crate doesn't know.
        Unknown = "unknown",
    }
}

impl StreamType {
    /// The type of a probed stream.
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

/// Whether the result has the stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// The result has the stream.
    Kept(Kept),
    /// The result doesn't have the stream. If that is a loss, [`EncodePlan::losses`](super::EncodePlan::losses) lists
    /// it.
    Dropped,
}

/// What is done to a stream that the result has.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Kept {
    /// Whether it is encoded, copied or converted.
    pub treatment: Treatment,
    /// The disposition flags that it has in the result.
    pub disposition: Disposition,
    /// The tags that are removed because they would no longer be true.
    pub stale_tags: Vec<StatisticsTag>,
}

/// What is done to a stream that is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Treatment {
    /// The main video is encoded to AV1.
    Encode,
    /// Every packet is copied as it is.
    Copy,
    /// The stream is converted, because the container can't hold it in its own codec.
    Convert(Conversion),
}

named! {
    /// The codec that a stream is converted to. The name is that of ffmpeg's encoder. Audio keeps its depth, and text
    /// subtitles stay text.
    #[non_exhaustive]
    pub enum Conversion: "a conversion", name, names {
        /// Text subtitles for Matroska.
        Subrip = "subrip",
        /// Text subtitles for MP4.
        MovText = "mov_text",
        /// Text subtitles for WebM.
        Webvtt = "webvtt",
        /// PCM of 16 bits, little-endian.
        PcmS16 = "pcm_s16le",
        /// PCM of 32-bit floating-point numbers, little-endian; from big-endian ones.
        PcmF32 = "pcm_f32le",
        /// PCM of 64-bit floating-point numbers, little-endian; from big-endian ones.
        PcmF64 = "pcm_f64le",
        /// FLAC, from the decoded audio of any codec that the container can't hold.
        Flac = "flac",
        /// PCM of 24 bits, little-endian; from 20 or 24 bits.
        PcmS24 = "pcm_s24le",
    }
}

impl StreamPlan {
    /// What is done to the stream; `None` if it is dropped.
    pub fn kept(&self) -> Option<&Kept> {
        match &self.fate {
            Fate::Kept(kept) => Some(kept),
            Fate::Dropped => None,
        }
    }

    /// What happens to the stream, as a stable name: `encode`, `copy`, `convert` or `drop`.
    pub fn action(&self) -> &'static str {
        match self.kept().map(|kept| &kept.treatment) {
            Some(Treatment::Encode) => "encode",
            Some(Treatment::Copy) => "copy",
            Some(Treatment::Convert(_)) => "convert",
            None => "drop",
        }
    }
}

/// The streams that the result has, in the result's order: that of the source, but with attachments last. Matroska
/// lists attachments last in whatever order they are written.
pub(crate) fn mapped(streams: &[StreamPlan]) -> impl Iterator<Item = (&StreamPlan, &Kept)> {
    let kept = |attachments: bool| {
        let chosen = move |stream: &&StreamPlan| (stream.kind == StreamType::Attachment) == attachments;
        streams.iter().filter(chosen).filter_map(|stream| Some((stream, stream.kept()?)))
    };
    kept(false).chain(kept(true))
}
