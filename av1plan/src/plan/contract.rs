//! What a plan promises of its result, in a form that can be compared with ffprobe's output for the result.

use alloc::collections::BTreeSet;
use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::{ExpectedHeaders, PixelFormat, SizeGate, StreamType};
use crate::number::{Micros, Rational};
use crate::probe::{Color, Disposition, DolbyVision, MasteringDisplay, PacketHash, SideData, Span, Tags};

/// The contract: everything that the result must have. [`judge`](crate::judge()) compares a result with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Contract {
    /// The result's streams in their order. Exactly one of them is video, and its codec is AV1.
    pub streams: Vec<ExpectedStream>,
    /// The picture of the video stream.
    pub picture: ExpectedPicture,
    /// How many chapters the result has: as many as the source.
    pub chapters: usize,
    /// How long the picture is, in microseconds, more than 0: as the packets of a surveyed source show, otherwise as
    /// the source declares. `None` if the source declares nothing, and then the result's length isn't checked.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "read::length")]
    pub duration: Option<Micros>,
    /// How far a length of the result may be from the source's, in microseconds; 0 or more.
    #[serde(deserialize_with = "read::tolerance")]
    pub duration_epsilon: Micros,
    /// How many bytes the result may have.
    pub size: SizeGate,
    /// The tags of the whole file that the container keeps. The result must have each of them with the same value.
    #[serde(default, skip_serializing_if = "Tags::is_empty")]
    pub tags: Tags,
    /// What the result's Matroska headers must say, which `mkvpropedit` writes; `None` if ffmpeg writes all that there
    /// is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub headers: Option<ExpectedHeaders>,
}

/// Deserializers that refuse numbers which no plan promises.
mod read {
    use serde::de::{Deserialize, Deserializer, Error};

    use super::Micros;

    pub(super) fn length<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Micros>, D::Error> {
        let length = Option::<Micros>::deserialize(deserializer)?;
        match length {
            Some(Micros(..=0)) => Err(D::Error::custom("a duration is more than 0 microseconds")),
            length => Ok(length),
        }
    }

    pub(super) fn tolerance<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Micros, D::Error> {
        match Micros::deserialize(deserializer)? {
            Micros(..=-1) => Err(D::Error::custom("a tolerance isn't below 0 microseconds")),
            tolerance => Ok(tolerance),
        }
    }

    pub(super) fn side<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
        match u32::deserialize(deserializer)? {
            side @ 1..=65_536 => Ok(side),
            other => Err(D::Error::custom(format_args!(
                "a side of a picture has 1 to 65536 pixels, and not {other}"
            ))),
        }
    }
}

/// What one stream of the result must be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ExpectedStream {
    /// The index of the source stream that it is made from.
    pub source: u32,
    /// The type of the stream.
    pub kind: StreamType,
    /// The codec, by ffprobe's name. Empty if ffprobe has no name for the source's codec: then every codec is
    /// accepted.
    pub codec: String,
    /// The language tag as the source has it; `None` if the source has none (or `und`), and then it isn't checked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// The title tag as the source has it; `None` if the source has none, and then it isn't checked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// How many audio channels; 0 if the stream isn't audio or the source doesn't say, and then they aren't checked.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub channels: u32,
    /// Audio samples per second; 0 if the stream isn't audio or the source doesn't say, and then they aren't checked.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub sample_rate: u32,
    /// Whether the stream is marked default; `None` if the container can't say so or its muxer decides (MP4, WebM,
    /// attachments), and then it isn't checked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default: Option<bool>,
    /// Whether the stream is marked forced; `None` if the container can't say so (MP4, WebM, attachments), and then
    /// it isn't checked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub forced: Option<bool>,
    /// The declared duration of an audio stream in microseconds, more than 0. `None` if the stream isn't audio, the
    /// source doesn't say how long this stream is by itself, or the source was surveyed, and then it isn't checked.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "read::length")]
    pub duration: Option<Micros>,
    /// The time that the source stream's packets take, for audio and video of a surveyed source. `None` if the source
    /// wasn't surveyed, and then it isn't checked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub span: Option<Span>,
    /// A hash of the source stream's packets, for a copied stream of a surveyed source. The result's must be equal if
    /// it has as many packets and bytes: a container may store packets in another form.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hash: Option<PacketHash>,
    /// Further disposition flags that the result's stream must have; it may have others, too.
    #[serde(default, skip_serializing_if = "Disposition::is_empty")]
    pub flags: Disposition,
    /// Further tags of the source stream that the container keeps. The result must have each of them with the same
    /// value.
    #[serde(default, skip_serializing_if = "Tags::is_empty")]
    pub tags: Tags,
}

impl Contract {
    /// Whether the lengths of audio and video were measured, and not only declared.
    pub fn is_measured(&self) -> bool {
        self.streams.iter().any(|stream| stream.kind == StreamType::Video && stream.span.is_some())
    }
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// What the picture of the result must be. A field that is `None` isn't checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ExpectedPicture {
    /// Columns of pixels: 1 to 65,536, the range of the AV1 standard.
    #[serde(deserialize_with = "read::side")]
    pub width: u32,
    /// Rows of pixels: 1 to 65,536, the range of the AV1 standard.
    #[serde(deserialize_with = "read::side")]
    pub height: u32,
    /// The shape of a pixel, width to height. `None` if the source doesn't say, and in WebM, which rounds the shape
    /// so that the picture is displayed in whole pixels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sample_aspect_ratio: Option<Rational>,
    /// Bits per sample and chroma subsampling.
    pub pixel_format: PixelFormat,
    /// The colour tags. A tag that the source doesn't have may have any value in the result.
    pub color: Color,
    /// The display on which the film was mastered; `None` if the source doesn't say all of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mastering_display: Option<MasteringDisplay>,
    /// The content light level in candela per square metre: the brightest pixel (`MaxCLL`) and the highest average of
    /// a frame (`MaxFALL`). `None` if the source doesn't say, or says that the first is 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_light: Option<(u64, u64)>,
    /// How far players turn the picture, in degrees counter-clockwise, as ffprobe prints it; `None` if they don't
    /// turn it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rotation: Option<i64>,
    /// Whether players show the picture as in a mirror, besides turning it.
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    pub mirrored: bool,
    /// Further side data that the result's video stream must have, by ffprobe's names of their types.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub side_data: BTreeSet<String>,
    /// The Dolby Vision configuration record that the result must have; `None` if the result has no Dolby Vision.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dolby_vision: Option<DolbyVision>,
    /// Whether the frames of the result must have HDR10+ metadata.
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    pub hdr10_plus: bool,
}

impl ExpectedPicture {
    /// Whether a result can be judged only with its first frame (see
    /// [`command::frame_probe_arguments`](crate::command::frame_probe_arguments)): HDR10+ is in frames only, and a
    /// container may leave out static HDR metadata that the frames have. ffmpeg's Matroska muxer leaves out a light
    /// level of which one number is 0 (measured with 8.0).
    pub fn needs_first_frame(&self) -> bool {
        self.hdr10_plus || self.mastering_display.is_some() || self.content_light.is_some()
    }

    /// Adds the static HDR metadata (mastering display, content light level) that is in `side_data`; a later block
    /// counts.
    ///
    /// Nothing is promised that no muxer stores (measured with ffmpeg 8.0): a display of which a number is missing,
    /// and a light level whose first number is 0, which means that nobody knows it.
    pub(crate) fn expect_static_hdr<'a>(&mut self, side_data: impl Iterator<Item = &'a SideData>) {
        for block in side_data {
            match block {
                SideData::MasteringDisplay(display) if display.is_complete() => {
                    self.mastering_display = Some(display.clone());
                }
                SideData::ContentLight { max_content, max_average } => {
                    self.content_light = (*max_content > 0).then_some((*max_content, *max_average));
                }
                SideData::MasteringDisplay(_)
                | SideData::Rotation(_)
                | SideData::Mirrored(_)
                | SideData::Spherical(_)
                | SideData::Stereo(_)
                | SideData::DolbyVision(_)
                | SideData::Cropping { .. }
                | SideData::Other(_) => {}
            }
        }
    }
}
