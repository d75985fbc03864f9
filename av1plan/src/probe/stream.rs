//! A stream of a file, with the fields that streams of its type have.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::{Color, Disposition, SideData};
use crate::number::{Micros, Rational};

/// One stream of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stream {
    /// The stream's index: the number of `-map 0:INDEX`. At most [`MAX_STREAM_INDEX`].
    pub index: u32,
    /// ffprobe's name of the codec (`h264`, `subrip`); `None` if ffprobe has no name for it.
    pub codec: Option<String>,
    /// The four-character code of the codec in the container (`avc1`, `tmcd`); `None` if there is none.
    pub codec_tag: Option<String>,
    /// The codec's profile (`Main 10`, `DTS-HD MA`); `None` if ffprobe doesn't know it.
    pub profile: Option<String>,
    /// The stream's type, with the fields that only such streams have.
    pub kind: StreamKind,
    /// The stream's disposition flags.
    pub disposition: Disposition,
    /// The stream's tags: `language`, `title`, `BPS`.
    pub tags: Tags,
    /// The first timestamp in microseconds; `None` if ffprobe doesn't know it.
    pub start: Option<Micros>,
    /// The declared duration in microseconds and above 0: the field `duration`, otherwise Matroska's tag `DURATION`.
    /// `None` if there is neither.
    pub duration: Option<Micros>,
    /// Bits per second: the field `bit_rate`, otherwise the tag `BPS` that mkvmerge writes. `None` if there is
    /// neither.
    pub bit_rate: Option<u64>,
    /// How many frames the container declares; `None` if it declares none.
    pub frames: Option<u64>,
    /// The types of side data of a stream that isn't video, by ffprobe's names.
    pub side_data: Vec<String>,
}

/// The highest index that a stream can have. ffmpeg reads an index as an `int`: a higher one becomes negative, and -1
/// means every stream (measured with ffmpeg 8.0: `-map 0:4294967295` maps all of them).
pub const MAX_STREAM_INDEX: u32 = i32::MAX.unsigned_abs();

/// A stream's type, with the fields that only such streams have.
#[allow(clippy::large_enum_variant, reason = "a file has one or two videos, and few streams in all")]
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum StreamKind {
    /// Moving pictures, and covers too.
    Video(Video),
    /// Audio.
    Audio(Audio),
    /// Subtitles, of text or of pictures.
    Subtitle,
    /// An attached file, such as a font or a picture.
    Attachment,
    /// Data: timecode, chapter titles, metadata.
    Data,
    /// A type that this crate doesn't know, by ffprobe's name; empty if the document has none.
    Unknown(String),
}

/// The fields of a video stream.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Video {
    /// Columns of pixels, without those that the container crops; 0 if ffprobe doesn't say.
    pub width: u32,
    /// Rows of pixels, without those that the container crops; 0 if ffprobe doesn't say.
    pub height: u32,
    /// The shape of a pixel, width to height; `None` if it isn't known.
    pub sample_aspect_ratio: Option<Rational>,
    /// ffmpeg's name of the pixel format, like `yuv420p10le`; `None` if it isn't known.
    pub pixel_format: Option<String>,
    /// The field order in ffprobe's words: `progressive`, or which field of a frame comes first (`tt`, `bb`, `tb`,
    /// `bt`). `None` if it isn't known.
    pub field_order: Option<String>,
    /// Frames per second on average over the whole stream (`avg_frame_rate`); `None` if it isn't known.
    pub average_rate: Option<Rational>,
    /// The base rate in frames per second (`r_frame_rate`): the lowest rate that can represent all timestamps
    /// exactly. `None` if it isn't known.
    pub base_rate: Option<Rational>,
    /// The colour tags.
    pub color: Color,
    /// The colour tags of the first frame, if it was probed. A broadcast may say in its frames only that it is HLG.
    pub frame_color: Color,
    /// Colour tags whose value ffmpeg has no name for, as found: `primaries xyz`.
    pub unnamed_color: Vec<String>,
    /// Side data: mastering display, content light level, Dolby Vision, display matrix, and every other block by its
    /// name.
    pub side_data: Vec<SideData>,
    /// The HDR metadata of the first frame, if it was probed: [`SideData::MasteringDisplay`],
    /// [`SideData::ContentLight`], and a [`SideData::DolbyVision`] without a profile.
    pub frame_side_data: Vec<SideData>,
    /// Whether the video bitstream contains EIA-608/708 captions.
    pub closed_captions: bool,
    /// How many views ffmpeg can decode: 2 in MV-HEVC; 0 if ffprobe doesn't say.
    pub views: u32,
}

/// The fields of an audio stream.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Audio {
    /// How many channels; 0 if ffprobe doesn't say.
    pub channels: u32,
    /// Samples per second; 0 if ffprobe doesn't say.
    pub sample_rate: u32,
    /// Significant bits of a sample (24 in a `pcm_bluray` of 24 bits); `None` if they aren't known.
    pub bits_per_sample: Option<u32>,
}

/// The tags of a file or a stream. Names are stored as written. Look-ups ignore case, since programs that write
/// Matroska spell names in different cases.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Tags(pub(crate) BTreeMap<String, String>);

impl Tags {
    /// The value of the tag `name`, whatever the case of its name; `None` if there is no such tag.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// Whether there are no tags.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All tags as pairs of name and value, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }
}

impl Stream {
    /// ffprobe's name of the codec; empty if it isn't known.
    pub fn codec_name(&self) -> &str {
        self.codec.as_deref().unwrap_or_default()
    }

    /// The fields of a video stream; `None` if the stream isn't video or is a cover.
    pub fn moving_picture(&self) -> Option<&Video> {
        match &self.kind {
            StreamKind::Video(video) if !self.is_cover() => Some(video),
            _ => None,
        }
    }

    /// Whether the stream is video but only a picture that belongs to the file: an attached picture, a still image,
    /// or a track of thumbnails.
    pub fn is_cover(&self) -> bool {
        matches!(self.kind, StreamKind::Video(_))
            && ["attached_pic", "still_image", "timed_thumbnails"]
                .iter()
                .any(|flag| self.disposition.has(flag))
    }

    /// Whether each frame of its codec is a key frame.
    pub(crate) fn has_key_frames_only(&self) -> bool {
        const ALL_KEY: [&str; 18] = [
            "cfhd", "cllc", "dnxhd", "dvvideo", "ffv1", "ffvhuff", "hq_hqa", "hqx", "huffyuv", "jpeg2000",
            "magicyuv", "mjpeg", "mjpegb", "prores", "rawvideo", "utvideo", "v210", "v410",
        ];
        ALL_KEY.contains(&self.codec_name())
    }

    /// Whether the stream has a codec for still pictures and nothing says that it holds more than one picture. Some
    /// programs add a cover as an unmarked video track; beside a film, such a track is taken for a cover.
    pub(crate) fn may_be_a_picture(&self) -> bool {
        let is_single = match self.frames {
            Some(frames) => frames <= 1,
            // Matroska doesn't store the number of frames, but it stores how long a track lasts. A track of more than
            // one second is a film.
            None => self.duration.is_none_or(|duration| duration <= Micros::from_secs(1)),
        };
        is_single && matches!(self.codec_name(), "mjpeg" | "png" | "bmp" | "tiff" | "webp")
    }

    /// The language tag as written; `None` if there is none.
    pub fn language(&self) -> Option<&str> {
        self.tags.get("language")
    }
}

impl Video {
    /// The colour tags that an encoder is given: each that the first frame has, otherwise the container's.
    pub(crate) fn encoded_color(&self) -> Color {
        let (frame, container) = (self.frame_color, self.color);
        Color {
            range: frame.range.or(container.range),
            matrix: frame.matrix.or(container.matrix),
            transfer: frame.transfer.or(container.transfer),
            primaries: frame.primaries.or(container.primaries),
        }
    }

    /// A size in columns and rows without those that the container crops.
    pub(super) fn cropped(&self, width: u32, height: u32) -> (u32, u32) {
        let crop = self.side_data.iter().find_map(|block| match *block {
            SideData::Cropping { top, bottom, left, right } => {
                Some((left.saturating_add(right), top.saturating_add(bottom)))
            }
            _ => None,
        });
        let (columns, rows) = crop.unwrap_or_default();
        (width.saturating_sub(columns), height.saturating_sub(rows))
    }

    /// The side data of the container, followed by that of the first frame.
    pub(crate) fn all_side_data(&self) -> impl Iterator<Item = &SideData> {
        self.side_data.iter().chain(&self.frame_side_data)
    }
}
