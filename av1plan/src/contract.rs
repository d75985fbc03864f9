//! What a plan promises of its result, in a form that the result's own probe can be held against.

use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::config::Config;
use crate::container::Container;
use crate::number::{Micros, Rational};
use crate::plan::{Kept, PixelFormat, StreamPlan, StreamType, Treatment, mapped};
use crate::probe::{Color, DolbyVision, MediaProbe, SideData, Stream, StreamKind};
use crate::size_gate::SizeGate;

/// The result must show all of this.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contract {
    /// The streams in order. Exactly one of them is video, and it is AV1.
    pub streams: Vec<ExpectedStream>,
    /// The picture.
    pub picture: ExpectedPicture,
    /// The number of chapters.
    pub chapters: usize,
    /// The duration, where the source declares one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration: Option<Micros>,
    /// How far the duration may be off.
    pub duration_epsilon: Micros,
    /// What it may weigh.
    pub size: SizeGate,
}

/// One stream of the result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// The picture of the result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExpectedPicture {
    /// Columns of pixels.
    pub width: u32,
    /// Rows of pixels.
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

/// Draws up the contract of a stream plan.
pub(crate) fn draw_up(
    probe: &MediaProbe,
    streams: &[StreamPlan],
    container: Container,
    picture: ExpectedPicture,
    size: u64,
    config: &Config,
) -> Contract {
    let expected = mapped(streams).filter_map(|(plan, kept)| {
        let source = probe.stream(plan.index)?;
        Some(expected_stream(source, plan.kind, kept, container))
    });
    Contract {
        streams: expected.collect(),
        picture,
        chapters: probe.chapters,
        duration: probe.duration(),
        duration_epsilon: config.duration_epsilon,
        size: SizeGate { original: size, max_ratio: config.max_size_ratio },
    }
}

fn expected_stream(source: &Stream, kind: StreamType, kept: &Kept, container: Container) -> ExpectedStream {
    let (channels, sample_rate) = match &source.kind {
        StreamKind::Audio(audio) => (audio.channels, audio.sample_rate),
        _ => (0, 0),
    };
    let codec = match kept.treatment {
        Treatment::Encode => "av1",
        Treatment::Copy => container.read_back(source.codec_name()),
        Treatment::Convert(to) => to.name(),
    };
    // MP4 marks the first track of each type default, whatever it is told, and has no flag for forced.
    let says_flags = container == Container::Matroska && kind != StreamType::Attachment;
    let flag = |name: &str| says_flags.then(|| kept.disposition.has(name));
    let tag = |name: &str| source.tags.get(name).filter(|text| !text.is_empty()).map(String::from);
    ExpectedStream {
        source: source.index,
        kind,
        codec: String::from(codec),
        language: tag("language").filter(|language| language != "und"),
        title: tag("title"),
        channels,
        sample_rate,
        default: flag("default"),
        forced: flag("forced"),
    }
}
