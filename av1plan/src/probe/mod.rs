//! What ffprobe prints about a file, read leniently into strict types.
//!
//! [`MediaProbe::from_json`] takes the bytes that ffprobe prints with the arguments of
//! [`command::probe_arguments`](crate::command::probe_arguments). A field that is missing, of the wrong type or
//! absurd is absent afterwards. A stream of an unknown type is kept as [`StreamKind::Unknown`]. Only a text that
//! isn't a document of ffprobe's at all is an error: it must be a JSON object with a list `streams`.
//!
//! [`matroska`] reads what ffprobe doesn't show of a Matroska file.

mod color;
mod damage;
mod depth;
mod disposition;
mod file;
mod format;
mod json;
mod lenient;
mod mastering;
pub mod matroska;
mod packets;
mod pictures;
mod side_data;
mod survey;
mod text;

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::number::{Micros, Rational};
pub use color::{Color, Matrix, Primaries, Range, Transfer};
pub use damage::{damage_in, message_of};
pub use depth::ProbeDepth;
pub use disposition::{Disposition, UnknownFlag};
pub use file::{FileFacts, Marker, Protection, Stability};
pub(crate) use format::{FORMAT_WHITELIST, takes_format};
pub use format::{is_refused_format, refused_format};
pub use mastering::{MasteringDisplay, NotAMasteringDisplay};
pub use matroska::{MatroskaFacts, TrackFacts};
pub use packets::{Complaint, Damaged, Gap, Jumps, PacketHash, PacketSummary, StreamPackets};
pub use pictures::{PictureSummary, Seen, Shape};
use side_data::Block;
pub use side_data::{DolbyVision, SideData};
pub use survey::{Span, Survey, SurveyError};
pub use text::ProbeText;

/// A file as ffprobe describes it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct MediaProbe {
    /// The fields that concern the whole file.
    pub format: Format,
    /// The streams in ffprobe's order. No two of them have the same index.
    pub streams: Vec<Stream>,
    /// How many chapters the file has.
    pub chapters: usize,
    /// Whether the first video frame has HDR10+ metadata (SMPTE 2094-40), which ffprobe shows in frames only. `None`
    /// if no frame was probed; see [`MediaProbe::add_frame`].
    pub hdr10_plus: Option<bool>,
    /// What all packets and key frames show; `None` if nobody looked at them. See [`MediaProbe::add_survey`].
    pub survey: Option<Box<Survey>>,
}

impl MediaProbe {
    /// The probe of a file of which only the format is known, since ffprobe may not read it. See [`refused_format`].
    pub fn of_format(name: String) -> Self {
        Self { format: Format { name, ..Format::default() }, ..Self::default() }
    }
}

/// What ffprobe prints about the whole file: its `format` block.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Format {
    /// The names of ffmpeg's demuxer, like `matroska,webm`; empty if the document has none.
    pub name: String,
    /// The file name that ffprobe was given; `None` if the document has none. A document may contain any text here,
    /// so show it but never open it.
    pub filename: Option<String>,
    /// The size of the file in bytes; `None` if the document has none.
    pub size: Option<u64>,
    /// The duration that the container declares, in microseconds and above 0; `None` if it declares none.
    pub duration: Option<Micros>,
    /// The earliest start of a stream, in microseconds; `None` if ffprobe doesn't know.
    pub start: Option<Micros>,
    /// Bits per second of all streams together; `None` if ffprobe doesn't know.
    pub bit_rate: Option<u64>,
    /// The tags of the whole file: `encoder`, `title`, `major_brand`.
    pub tags: Tags,
}

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

impl Format {
    /// Whether ffmpeg's demuxer with this name reads the file: `matroska`, `mov`, `avi`. It goes by the file's
    /// content, and not by its name.
    pub fn is_read_by(&self, demuxer: &str) -> bool {
        self.name.split(',').any(|name| name == demuxer)
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
    fn cropped(&self, width: u32, height: u32) -> (u32, u32) {
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

impl MediaProbe {
    /// Reads what ffprobe printed with the arguments of
    /// [`command::probe_arguments`](crate::command::probe_arguments).
    ///
    /// # Errors
    ///
    /// If the text is empty, isn't JSON, or is JSON but not ffprobe's: an object with a list `streams` of objects, in
    /// which `format` is an object if it is there. ffprobe prints `{}` about a file that it can't read.
    pub fn from_json(bytes: &[u8]) -> Result<Self, ProbeError> {
        json::read(bytes)
    }

    /// Adds what ffprobe printed of the first video frame with the arguments of
    /// [`command::frame_probe_arguments`](crate::command::frame_probe_arguments): whether the frame has HDR10+
    /// metadata or captions, its colour tags, and its static HDR metadata. Where container and frame differ, the
    /// frame is what an encoder is given.
    ///
    /// # Errors
    ///
    /// If the text is empty, isn't JSON, or is JSON but not an object with a list `frames`. The probe is unchanged
    /// then.
    pub fn add_frame(&mut self, bytes: &[u8]) -> Result<(), ProbeError> {
        let (color, blocks) = json::read_frames(bytes)?;
        self.hdr10_plus = Some(blocks.iter().any(Block::is_hdr10_plus));
        let captions = blocks.iter().any(Block::is_captions);
        let main = self.main_video().map(|(stream, _)| stream.index);
        let stream = self.streams.iter_mut().find(|stream| Some(stream.index) == main);
        if let Some(StreamKind::Video(video)) = stream.map(|stream| &mut stream.kind) {
            video.closed_captions |= captions;
            video.frame_color = color;
            video.frame_side_data = blocks.into_iter().filter_map(Block::into_hdr_of_frame).collect();
        }
        Ok(())
    }

    /// The stream with this index; `None` if there is none.
    pub fn stream(&self, index: u32) -> Option<&Stream> {
        self.streams.iter().find(|stream| stream.index == index)
    }

    /// The stream that is the film's picture, with its video fields: the video stream that is marked default,
    /// otherwise the first one. Covers are never chosen. An unmarked track that may be a cover (one still picture) is
    /// chosen only if there is no other video. `None` if there is no video.
    pub fn main_video(&self) -> Option<(&Stream, &Video)> {
        let videos = self.streams.iter().filter_map(|stream| Some((stream, stream.moving_picture()?)));
        let films = videos.clone().filter(|(stream, _)| !stream.may_be_a_picture());
        let default = films.clone().find(|(stream, _)| stream.disposition.has("default"));
        default.or_else(|| films.clone().next()).or_else(|| videos.clone().next())
    }

    /// How long the film is, in microseconds: the time that the main video's packets take if they were looked at,
    /// otherwise its declared duration, otherwise the container's. `None` if nothing says it.
    pub fn duration(&self) -> Option<Micros> {
        let main = self.main_video().map(|(stream, _)| stream);
        let measured = main.and_then(|main| self.span(main.index)).map(|span| span.length);
        measured.or(main.and_then(|main| main.duration)).or(self.format.duration)
    }

    /// The time that the packets of the stream `index` take; `None` if they weren't looked at, or there are none.
    pub fn span(&self, index: u32) -> Option<Span> {
        let is_decoded = self.stream(index).is_some_and(|stream| matches!(stream.kind, StreamKind::Video(_)));
        self.survey.as_ref()?.span(index, is_decoded)
    }
}

/// Why a text can't be read as ffprobe's output.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProbeError {
    /// The text is empty.
    #[error("ffprobe printed nothing")]
    Empty,
    /// The text isn't JSON, or it was cut off.
    #[error("this is not the JSON that ffprobe prints: {detail}")]
    NotJson {
        /// What is wrong, with line and column.
        detail: String,
    },
    /// The text is JSON, but not a document of ffprobe's: `null`, `{}`, a list, another program's document.
    #[error("this JSON is not what ffprobe prints: {detail}")]
    NotAProbe {
        /// What is missing or of the wrong type.
        detail: String,
    },
}
