//! What a plan promises of its result, in a form that the result's own probe can be held against.

use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::{PixelFormat, SizeGate, StreamType};
use crate::number::{Micros, Rational};
use crate::probe::{Color, DolbyVision, SideData, Tags};

/// The result must show all of this.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Contract {
    /// The streams in order. Exactly one of them is video, and it is AV1.
    pub streams: Vec<ExpectedStream>,
    /// The picture.
    pub picture: ExpectedPicture,
    /// The number of chapters.
    pub chapters: usize,
    /// The duration, where the source declares one.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "read::length")]
    pub duration: Option<Micros>,
    /// How far the duration may be off; not below zero.
    #[serde(deserialize_with = "read::tolerance")]
    pub duration_epsilon: Micros,
    /// What it may weigh.
    pub size: SizeGate,
    /// Tags of the whole file that the container keeps.
    #[serde(default, skip_serializing_if = "Tags::is_empty")]
    pub tags: Tags,
}

/// Numbers that no plan promises aren't read from a document either.
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

/// One stream of the result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ExpectedStream {
    /// The source stream it comes from.
    pub source: u32,
    /// Its type.
    pub kind: StreamType,
    /// Its codec in ffprobe's name.
    pub codec: String,
    /// Its language, where the source says one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// Its title, where the source says one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Audio channels; zero where the source doesn't say.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub channels: u32,
    /// Audio samples per second; zero where the source doesn't say.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub sample_rate: u32,
    /// Whether it is marked default; nothing where the muxer decides that by itself (MP4).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default: Option<bool>,
    /// Whether it is marked forced; nothing where the container can't say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub forced: Option<bool>,
    /// How long a track of sound is, where the source says so of each track by itself.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "read::length")]
    pub duration: Option<Micros>,
    /// What else it is tagged with, as far as the container keeps it.
    #[serde(default, skip_serializing_if = "Tags::is_empty")]
    pub tags: Tags,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// The picture of the result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ExpectedPicture {
    /// Columns of pixels: 1 to 65,536, as AV1 has it.
    #[serde(deserialize_with = "read::side")]
    pub width: u32,
    /// Rows of pixels, as many.
    #[serde(deserialize_with = "read::side")]
    pub height: u32,
    /// Shape of a pixel, where the source says one. WebM rounds it to whole pixels of display, so that it isn't held
    /// against a WebM.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sample_aspect_ratio: Option<Rational>,
    /// Bits and subsampling.
    pub pixel_format: PixelFormat,
    /// Colour tags; what the source doesn't tag may be anything.
    pub color: Color,
    /// Mastering display, as ffprobe writes its numbers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mastering_display: Option<String>,
    /// Content light level: brightest pixel, brightest average.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_light: Option<(u64, u64)>,
    /// Degrees that players turn the picture.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rotation: Option<i64>,
    /// The Dolby Vision record that is carried over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dolby_vision: Option<DolbyVision>,
    /// Whether HDR10+ is carried over.
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    pub hdr10_plus: bool,
}

impl ExpectedPicture {
    /// Takes over what `side_data` says of static HDR.
    pub(crate) fn expect_static_hdr(&mut self, side_data: &[SideData]) {
        for block in side_data {
            match block {
                SideData::MasteringDisplay(numbers) => self.mastering_display = Some(numbers.clone()),
                SideData::ContentLight { max_content, max_average } => {
                    self.content_light = Some((*max_content, *max_average));
                }
                SideData::Rotation(_) | SideData::DolbyVision(_) | SideData::Other(_) => {}
            }
        }
    }
}
