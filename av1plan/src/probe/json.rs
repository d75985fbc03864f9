//! Reads ffprobe's JSON, field by field.

use alloc::borrow::Cow;
use alloc::collections::BTreeSet;
use alloc::string::String;
use alloc::vec::Vec;
use core::str::FromStr;

use serde::de::MapAccess;

use super::lenient::{Fields, List, Object, Scalar, Strict, skip};
use super::side_data::Block;
use super::{
    Audio, Color, Disposition, Format, MAX_STREAM_INDEX, MediaProbe, Micros, ProbeError, Stream, StreamKind,
    Tags, Video,
};

/// Reads the document that ffprobe prints with `-show_format -show_streams -show_chapters`.
pub(super) fn read(bytes: &[u8]) -> Result<MediaProbe, ProbeError> {
    let document: Document = parse(bytes)?;
    let streams = document.streams.ok_or(ProbeError::NotAProbe { detail: String::from(NO_STREAMS) })?;
    let mut taken = BTreeSet::new();
    let streams = streams.into_iter().zip(0_u32..).filter_map(|(Strict(raw), position)| {
        let stream = raw.into_stream(position);
        // `-map` can't tell two streams with the same index apart. The first one counts.
        taken.insert(stream.index).then_some(stream)
    });
    Ok(MediaProbe {
        streams: streams.collect(),
        format: document.format,
        chapters: document.chapters,
        hdr10_plus: None,
        survey: None,
    })
}

/// Reads the side data of all frames in a document that ffprobe prints with `-show_frames`.
pub(super) fn read_frames(bytes: &[u8]) -> Result<(Color, Vec<Block>), ProbeError> {
    let Frames(frames) = parse(bytes)?;
    let frames = frames.ok_or(ProbeError::NotAProbe { detail: String::from(NO_FRAMES) })?;
    let color = frames.first().map(|Strict(frame)| frame.color).unwrap_or_default();
    Ok((color, frames.into_iter().flat_map(|Strict(frame)| frame.side_data).collect()))
}

/// The error as text. It quotes what it stumbled over, which may be of any length.
fn shortened(error: &serde_json::Error) -> String {
    alloc::format!("{error}").chars().take(200).collect()
}

/// The error for a document without the list. ffprobe prints the list even if it is empty, unless it failed.
const NO_STREAMS: &str =
    "it has no list `streams`, as when ffprobe can't read the file or -show_streams is missing";
const NO_FRAMES: &str =
    "it has no list `frames`, as when ffprobe can't read the file or -show_frames is missing";

fn parse<T: for<'de> Fields<'de>>(bytes: &[u8]) -> Result<T, ProbeError> {
    if bytes.trim_ascii().is_empty() {
        return Err(ProbeError::Empty);
    }
    // Tags may hold any bytes, and ffprobe passes some of them on. Replacing invalid UTF-8 is slow, so the text is
    // checked first.
    let text = core::str::from_utf8(bytes).map_or_else(|_| String::from_utf8_lossy(bytes), Cow::Borrowed);
    match serde_json::from_str(&text) {
        Ok(Strict(document)) => Ok(document),
        Err(error) if error.is_data() => Err(ProbeError::NotAProbe { detail: shortened(&error) }),
        Err(error) => Err(ProbeError::NotJson { detail: shortened(&error) }),
    }
}

#[derive(Default)]
struct Document {
    streams: Option<Vec<Strict<RawStream>>>,
    format: Format,
    chapters: usize,
}

impl<'de> Fields<'de> for Document {
    fn field<A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<(), A::Error> {
        match key {
            "streams" => self.streams = Some(map.next_value()?),
            "format" => self.format = map.next_value::<Strict<Format>>()?.0,
            "chapters" => self.chapters = map.next_value::<List<Ignored>>()?.0.len(),
            _ => skip(map)?,
        }
        Ok(())
    }
}

/// An object that is only counted, not read.
#[derive(Default)]
struct Ignored;

impl<'de> Fields<'de> for Ignored {
    fn field<A: MapAccess<'de>>(&mut self, _: &str, map: &mut A) -> Result<(), A::Error> {
        skip(map)
    }
}

#[derive(Default)]
struct Frames(Option<Vec<Strict<Frame>>>);

#[derive(Default)]
struct Frame {
    color: Color,
    side_data: Vec<Block>,
}

impl<'de> Fields<'de> for Frames {
    fn field<A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<(), A::Error> {
        match key {
            "frames" => self.0 = Some(map.next_value()?),
            _ => skip(map)?,
        }
        Ok(())
    }
}

impl<'de> Fields<'de> for Frame {
    fn field<A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<(), A::Error> {
        match key {
            "side_data_list" => self.side_data = map.next_value::<List<Block>>()?.0,
            "color_range" => self.color.range = known(Scalar::read(map)?),
            "color_space" => self.color.matrix = known(Scalar::read(map)?),
            "color_transfer" => self.color.transfer = known(Scalar::read(map)?),
            "color_primaries" => self.color.primaries = known(Scalar::read(map)?),
            _ => skip(map)?,
        }
        Ok(())
    }
}

impl<'de> Fields<'de> for Format {
    fn field<A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<(), A::Error> {
        match key {
            "format_name" => self.name = Scalar::read(map)?.text().unwrap_or_default(),
            "filename" => self.filename = Scalar::read(map)?.text(),
            "size" => self.size = Scalar::read(map)?.unsigned(),
            "duration" => self.duration = Scalar::read(map)?.micros().filter(is_positive),
            "start_time" => self.start = Scalar::read(map)?.micros(),
            "bit_rate" => self.bit_rate = Scalar::read(map)?.unsigned(),
            "tags" => self.tags = map.next_value::<Object<Tags>>()?.0,
            _ => skip(map)?,
        }
        Ok(())
    }
}

impl<'de> Fields<'de> for Tags {
    fn field<A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<(), A::Error> {
        if let Some(value) = Scalar::read(map)?.text() {
            self.0.insert(String::from(key), value);
        }
        Ok(())
    }
}

impl<'de> Fields<'de> for Disposition {
    fn field<A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<(), A::Error> {
        // Most flags aren't set, so the others needn't be looked up.
        if Scalar::read(map)?.flag() {
            *self = self.with(key, true);
        }
        Ok(())
    }
}

/// A stream's type, by ffprobe's name.
enum RawKind {
    Video,
    Audio,
    Subtitle,
    Attachment,
    Data,
    Other(String),
}

impl Default for RawKind {
    fn default() -> Self {
        Self::Other(String::new())
    }
}

impl RawKind {
    fn named(name: &Scalar<'_>) -> Self {
        match name {
            Scalar::Text(name) => match &**name {
                "video" => Self::Video,
                "audio" => Self::Audio,
                "subtitle" => Self::Subtitle,
                "attachment" => Self::Attachment,
                "data" => Self::Data,
                other => Self::Other(String::from(other)),
            },
            _ => Self::default(),
        }
    }
}

/// All fields of a stream, before its type decides which of them are used.
#[derive(Default)]
struct RawStream {
    index: Option<u32>,
    kind: RawKind,
    codec: Option<String>,
    codec_tag: Option<String>,
    profile: Option<String>,
    video: Video,
    audio: Audio,
    bits_per_raw_sample: Option<u32>,
    disposition: Disposition,
    tags: Tags,
    start: Option<Micros>,
    duration: Option<Micros>,
    bit_rate: Option<u64>,
    frames: Option<u64>,
}

impl<'de> Fields<'de> for RawStream {
    fn field<A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<(), A::Error> {
        let Self { video, audio, .. } = self;
        let Color { range, matrix, transfer, primaries } = &mut video.color;
        let unnamed = &mut video.unnamed_color;
        match key {
            "index" => self.index = Scalar::read(map)?.small().filter(|index| *index <= MAX_STREAM_INDEX),
            "codec_type" => self.kind = RawKind::named(&Scalar::read(map)?),
            "codec_name" => self.codec = Scalar::read(map)?.known_text().filter(|name| name != "none"),
            "codec_tag_string" => {
                self.codec_tag = Scalar::read(map)?.known_text().filter(|tag| !tag.starts_with("[0]"));
            }
            "profile" => self.profile = Scalar::read(map)?.known_text(),
            "width" => video.width = Scalar::read(map)?.small().unwrap_or_default(),
            "height" => video.height = Scalar::read(map)?.small().unwrap_or_default(),
            "sample_aspect_ratio" => {
                video.sample_aspect_ratio = Scalar::read(map)?.rational().filter(|ratio| ratio.numerator > 0);
            }
            "pix_fmt" => video.pixel_format = Scalar::read(map)?.known_text(),
            "field_order" => video.field_order = Scalar::read(map)?.known_text(),
            "avg_frame_rate" => {
                video.average_rate = Scalar::read(map)?.rational().filter(|rate| rate.numerator > 0);
            }
            "r_frame_rate" => {
                video.base_rate = Scalar::read(map)?.rational().filter(|rate| rate.numerator > 0);
            }
            "color_range" => *range = named("range", Scalar::read(map)?, unnamed),
            "color_space" => *matrix = named("matrix", Scalar::read(map)?, unnamed),
            "color_transfer" => *transfer = named("transfer", Scalar::read(map)?, unnamed),
            "color_primaries" => *primaries = named("primaries", Scalar::read(map)?, unnamed),
            // A list of numbers: `0,1`.
            "view_ids_available" => {
                let ids = Scalar::read(map)?.known_text().unwrap_or_default();
                let views = ids.split(',').filter(|id| !id.is_empty()).count();
                video.views = u32::try_from(views).unwrap_or(u32::MAX);
            }
            "closed_captions" => video.closed_captions = Scalar::read(map)?.flag(),
            "side_data_list" => {
                let blocks = map.next_value::<List<Block>>()?.0;
                video.side_data = blocks.into_iter().map(Block::into_side_data).collect();
            }
            "channels" => audio.channels = Scalar::read(map)?.small().unwrap_or_default(),
            "sample_rate" => audio.sample_rate = Scalar::read(map)?.small().unwrap_or_default(),
            "bits_per_sample" => audio.bits_per_sample = Scalar::read(map)?.small().filter(|bits| *bits > 0),
            "bits_per_raw_sample" => {
                self.bits_per_raw_sample = Scalar::read(map)?.small().filter(|bits| *bits > 0);
            }
            "start_time" => self.start = Scalar::read(map)?.micros(),
            "duration" => self.duration = Scalar::read(map)?.micros().filter(is_positive),
            "bit_rate" => self.bit_rate = Scalar::read(map)?.unsigned().filter(|rate| *rate > 0),
            "nb_frames" => self.frames = Scalar::read(map)?.unsigned().filter(|frames| *frames > 0),
            "disposition" => self.disposition = map.next_value::<Object<Disposition>>()?.0,
            "tags" => self.tags = map.next_value::<Object<Tags>>()?.0,
            _ => skip(map)?,
        }
        Ok(())
    }
}

impl RawStream {
    /// The finished stream. Its index is `position`, its place in the list, if it has no valid index of its own.
    fn into_stream(self, position: u32) -> Stream {
        let Self { tags, mut audio, .. } = self;
        audio.bits_per_sample = self.bits_per_raw_sample.or(audio.bits_per_sample);
        let mut video = self.video;
        video.unnamed_color.sort();
        (video.width, video.height) = video.cropped(video.width, video.height);
        let side_data = match self.kind {
            RawKind::Video => Vec::new(),
            _ => video.side_data.iter().map(|block| String::from(block.name())).collect(),
        };
        let kind = match self.kind {
            RawKind::Video => StreamKind::Video(video),
            RawKind::Audio => StreamKind::Audio(audio),
            RawKind::Subtitle => StreamKind::Subtitle,
            RawKind::Attachment => StreamKind::Attachment,
            RawKind::Data => StreamKind::Data,
            RawKind::Other(name) => StreamKind::Unknown(name),
        };
        let from_tag = || tags.get("DURATION").and_then(Micros::parse).filter(is_positive);
        let bps =
            || statistic(&tags, "BPS").and_then(|text| text.trim().parse().ok()).filter(|rate| *rate > 0);
        Stream {
            index: self.index.unwrap_or(position),
            codec: self.codec,
            codec_tag: self.codec_tag,
            profile: self.profile,
            kind,
            disposition: self.disposition,
            start: self.start,
            duration: self.duration.or_else(from_tag),
            bit_rate: self.bit_rate.or_else(bps),
            frames: self.frames,
            side_data,
            tags,
        }
    }
}

/// Reads a colour tag by ffmpeg's name. A value that ffmpeg has no name for is added to `unnamed`.
fn named<T: FromStr>(tag: &str, value: Scalar<'_>, unnamed: &mut Vec<String>) -> Option<T> {
    let word = value.known_text();
    // A key may occur twice in the object; the last one counts.
    unnamed.retain(|other| !other.starts_with(tag));
    let word = word?;
    let known = word.parse().ok();
    if known.is_none() {
        let shown: String = word.chars().take(40).collect();
        unnamed.push(alloc::format!("{tag} {shown}"));
    }
    known
}

/// A colour tag, if ffmpeg has a name for it.
fn known<T: FromStr>(value: Scalar<'_>) -> Option<T> {
    value.known_text()?.parse().ok()
}

/// The value of a statistics tag of mkvmerge: `BPS`, or `BPS-eng` as older versions named it.
fn statistic<'tags>(tags: &'tags Tags, name: &str) -> Option<&'tags str> {
    tags.get(name).or_else(|| {
        let suffixed = |key: &str| {
            key.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name))
                && key.as_bytes().get(name.len()) == Some(&b'-')
        };
        tags.iter().find(|(key, _)| suffixed(key)).map(|(_, value)| value)
    })
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "`Option::filter` hands out references")]
fn is_positive(duration: &Micros) -> bool {
    duration.0 > 0
}
