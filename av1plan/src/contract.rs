//! What a plan promises of its result, in a form that the result's own probe can be held against.

use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::config::Config;
use crate::container::Container;
use crate::number::{Micros, Rational};
use crate::plan::{Kept, PixelFormat, StreamPlan, StreamType, Treatment, mapped};
use crate::probe::{Color, DolbyVision, MediaProbe, SideData, Stream, StreamKind, Tags};
use crate::size_gate::SizeGate;
use crate::stale_tag::is_statistic;

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
        Some(expected_stream(probe, source, plan.kind, kept, container))
    });
    Contract {
        streams: expected.collect(),
        picture,
        chapters: probe.chapters,
        duration: probe.duration(),
        duration_epsilon: config.duration_epsilon.max(Micros(0)),
        size: SizeGate { original: size, max_ratio: config.max_size_ratio },
        tags: file_tags(probe, container),
    }
}

fn expected_stream(
    probe: &MediaProbe,
    source: &Stream,
    kind: StreamType,
    kept: &Kept,
    container: Container,
) -> ExpectedStream {
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
        duration: sound_duration(probe, source),
        tags: stream_tags(probe, source, kept, container),
    }
}

/// How long a track of sound is by itself. The header of ASF says of every track how long the file is.
fn sound_duration(probe: &MediaProbe, source: &Stream) -> Option<Micros> {
    let is_audio = matches!(source.kind, StreamKind::Audio(_));
    source.duration.filter(|_| is_audio && probe.format.name != "asf")
}

/// The title: the tag that every container has a place for. Others that look alike in two containers aren't always kept.
fn file_tags(probe: &MediaProbe, container: Container) -> Tags {
    let own = match container {
        Container::Matroska | Container::Webm => "matroska",
        Container::Mp4 => "mov",
    };
    let title = probe.format.tags.get("title").filter(|title| is_kept(title));
    let title = title.filter(|_| probe.format.name.split(',').any(|name| name == own));
    Tags(title.map(|title| (String::from("title"), String::from(title))).into_iter().collect())
}

/// What Matroska keeps of Matroska's own tags (measured): all but those that its muxer writes anew or as something else.
/// MP4 and WebM keep few, and none is promised.
fn stream_tags(probe: &MediaProbe, source: &Stream, kept: &Kept, container: Container) -> Tags {
    let is_matroska = |name: &str| name.split(',').any(|name| name == "matroska");
    if container != Container::Matroska || !is_matroska(&probe.format.name) {
        return Tags::default();
    }
    let held = |(name, value): &(&str, &str)| {
        let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        let anew = WRITTEN_ANEW.iter().any(|anew| anew.eq_ignore_ascii_case(name));
        plain
            && !anew
            && !is_statistic(name)
            && !kept.stale_tags.iter().any(|stale| stale.as_str() == *name)
            && is_kept(value)
    };
    let tags = source.tags.iter().filter(held);
    Tags(tags.map(|(name, value)| (String::from(name), String::from(value))).collect())
}

/// Held by name already, or the muxer's own, or a field of the track rather than a tag.
const WRITTEN_ANEW: [&str; 10] = [
    "language",
    "title",
    "duration",
    "encoder",
    "creation_time",
    "handler_name",
    "vendor_id",
    "stereo_mode",
    "rotate",
    "timecode",
];

/// Text that comes out of every container as it went in.
fn is_kept(value: &str) -> bool {
    !value.is_empty() && value.trim() == value && !value.chars().any(char::is_control) && value.len() < 1024
}
