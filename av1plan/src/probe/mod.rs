//! What ffprobe says of a file, read leniently into strict types.
//!
//! [`MediaProbe::from_json`] takes the bytes that ffprobe prints with the arguments of
//! [`command::probe_arguments`](crate::command::probe_arguments). Fields that are missing, of the wrong type or absurd are
//! absent afterwards; a stream of a type this crate doesn't know is kept as [`StreamKind::Unknown`]. Only text that isn't a
//! document of ffprobe's at all is an error: it must be a JSON object with a list `streams`.

mod color;
mod disposition;
mod file;
mod json;
mod lenient;
mod packets;
mod side_data;
mod text;

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::number::{Micros, Rational};
pub use color::{Color, Matrix, Primaries, Range, Transfer};
pub use disposition::{Disposition, UnknownFlag};
pub use file::{FileFacts, Marker, Protection, Stability};
pub use packets::{Gap, PacketSummary, StreamPackets};
use side_data::Block;
pub use side_data::{DolbyVision, SideData};
pub use text::ProbeText;

/// A file as ffprobe sees it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct MediaProbe {
    /// The container's own fields.
    pub format: Format,
    /// The streams in ffprobe's order; no two of them have the same index.
    pub streams: Vec<Stream>,
    /// How many chapters there are.
    pub chapters: usize,
    /// Whether the first video frame carries per-frame HDR10+ metadata (SMPTE 2094-40), which is seen in frames only:
    /// nothing where no frame was probed. See [`MediaProbe::add_frame`].
    pub hdr10_plus: Option<bool>,
}

/// ffprobe's `format` block.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Format {
    /// The demuxer's names, like `matroska,webm`; empty where there was none.
    pub name: String,
    /// The name that ffprobe was given. Anybody's text: for showing, never for opening.
    pub filename: Option<String>,
    /// Bytes of the file.
    pub size: Option<u64>,
    /// The container's duration.
    pub duration: Option<Micros>,
    /// Where the earliest stream starts.
    pub start: Option<Micros>,
    /// Bits per second over all streams.
    pub bit_rate: Option<u64>,
    /// Container-wide tags: `encoder`, `title`, `major_brand`.
    pub tags: Tags,
}

/// One stream.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stream {
    /// ffprobe's absolute index, the number of `-map 0:INDEX`.
    pub index: u32,
    /// The codec's short name (`h264`, `subrip`); nothing for a codec that ffprobe doesn't know.
    pub codec: Option<String>,
    /// The codec's four letters in the container (`avc1`, `tmcd`), where it has them.
    pub codec_tag: Option<String>,
    /// The codec's profile (`Main 10`, `DTS-HD MA`).
    pub profile: Option<String>,
    /// What kind of stream this is, with what only such streams have.
    pub kind: StreamKind,
    /// The container's flags for this stream.
    pub disposition: Disposition,
    /// The stream's tags: `language`, `title`, `BPS`.
    pub tags: Tags,
    /// The first timestamp.
    pub start: Option<Micros>,
    /// The declared duration: the field, else the `DURATION` tag of Matroska.
    pub duration: Option<Micros>,
    /// Bits per second: the field, else the `BPS` tag that mkvmerge writes.
    pub bit_rate: Option<u64>,
    /// How many frames the container claims.
    pub frames: Option<u64>,
}

/// The highest index that a stream can have. ffmpeg reads it as an `int`: what is higher comes out negative, and -1 stands for every
/// stream (measured with 8.0: `-map 0:4294967295` maps all of them).
pub const MOST_INDEX: u32 = i32::MAX.unsigned_abs();

/// A stream's type.
#[allow(clippy::large_enum_variant, reason = "a file has one or two videos, and few streams in all")]
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum StreamKind {
    /// Moving pictures, and covers too.
    Video(Video),
    /// Sound.
    Audio(Audio),
    /// Text or picture subtitles.
    Subtitle,
    /// A font, a picture, any file inside the file.
    Attachment,
    /// Timecode, chapter text, metadata tracks.
    Data,
    /// A type this crate doesn't know, by ffprobe's name; empty where there was none.
    Unknown(String),
}

/// What a video stream has.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Video {
    /// Columns of pixels as stored; zero where ffprobe didn't say.
    pub width: u32,
    /// Rows of pixels as stored; zero where ffprobe didn't say.
    pub height: u32,
    /// How wide a pixel is, where it is known.
    pub sample_aspect_ratio: Option<Rational>,
    /// ffmpeg's name of the pixel format, like `yuv420p10le`.
    pub pixel_format: Option<String>,
    /// Which field of an interlaced frame comes first, in ffprobe's words.
    pub field_order: Option<String>,
    /// Frames per second over the whole stream.
    pub average_rate: Option<Rational>,
    /// The lowest rate that can represent all timestamps exactly.
    pub base_rate: Option<Rational>,
    /// How numbers become colours.
    pub color: Color,
    /// Colour tags that ffmpeg has no name for, as found: `primaries xyz`.
    pub unnamed_color: Vec<String>,
    /// Blocks beside the picture: mastering display, content light, Dolby Vision, display matrix.
    pub side_data: Vec<SideData>,
    /// Whether EIA-608/708 captions are inside the picture's bitstream.
    pub closed_captions: bool,
}

/// What an audio stream has.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Audio {
    /// How many channels; zero where ffprobe didn't say.
    pub channels: u32,
    /// Samples per second; zero where ffprobe didn't say.
    pub sample_rate: u32,
    /// Significant bits of a sample (24 in a `pcm_bluray` of 24 bits), where they are known.
    pub bits_per_sample: Option<u32>,
}

/// Tags of a file or a stream. Names are as written; look-ups ignore case, since Matroska's writers disagree on it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Tags(pub(crate) BTreeMap<String, String>);

impl Tags {
    /// The value of the tag `name`, in any case.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All tags, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }
}

impl Stream {
    /// The codec's name, empty where it isn't known.
    pub fn codec_name(&self) -> &str {
        self.codec.as_deref().unwrap_or_default()
    }

    /// The video fields, if this is a video stream and no cover.
    pub fn moving_picture(&self) -> Option<&Video> {
        match &self.kind {
            StreamKind::Video(video) if !self.is_cover() => Some(video),
            _ => None,
        }
    }

    /// Whether this is a picture that belongs to the file rather than a film in it: an attached picture, a still
    /// image, or a track of thumbnails.
    pub fn is_cover(&self) -> bool {
        matches!(self.kind, StreamKind::Video(_))
            && ["attached_pic", "still_image", "timed_thumbnails"]
                .iter()
                .any(|flag| self.disposition.has(flag))
    }

    /// Whether the codec is one for still pictures, and nothing says that there are more than one. Some programs add
    /// covers as tracks without a mark; beside a film, such a track is one.
    pub(crate) fn may_be_a_picture(&self) -> bool {
        let is_single = match self.frames {
            Some(frames) => frames <= 1,
            // Matroska counts no frames, but says how long a track lasts: a film longer than any picture is shown.
            None => self.duration.is_none_or(|duration| duration <= Micros::from_secs(1)),
        };
        is_single && matches!(self.codec_name(), "mjpeg" | "png" | "bmp" | "tiff" | "webp")
    }

    /// The language tag, as written.
    pub fn language(&self) -> Option<&str> {
        self.tags.get("language")
    }
}

impl MediaProbe {
    /// Reads what ffprobe printed.
    pub fn from_json(bytes: &[u8]) -> Result<Self, ProbeError> {
        json::read(bytes)
    }

    /// Adds what ffprobe printed of the first video frame, with the arguments of
    /// [`command::frame_probe_arguments`](crate::command::frame_probe_arguments): whether it has HDR10+ or
    /// captions, and the HDR metadata that stands in the picture's bitstream only, where the container repeats none of it.
    pub fn add_frame(&mut self, bytes: &[u8]) -> Result<(), ProbeError> {
        let blocks = json::read_frames(bytes)?;
        self.hdr10_plus = Some(blocks.iter().any(Block::is_hdr10_plus));
        let captions = blocks.iter().any(Block::is_captions);
        let main = self.main_video().map(|(stream, _)| stream.index);
        let stream = self.streams.iter_mut().find(|stream| Some(stream.index) == main);
        if let Some(StreamKind::Video(video)) = stream.map(|stream| &mut stream.kind) {
            video.closed_captions |= captions;
            for found in blocks.into_iter().filter_map(Block::into_hdr_of_frame) {
                let kind = core::mem::discriminant(&found);
                if video.side_data.iter().all(|known| core::mem::discriminant(known) != kind) {
                    video.side_data.push(found);
                }
            }
        }
        Ok(())
    }

    /// The stream with this absolute index.
    pub fn stream(&self, index: u32) -> Option<&Stream> {
        self.streams.iter().find(|stream| stream.index == index)
    }

    /// The film itself: the video stream marked default, else the first one; covers don't count, and what may be one only
    /// where there is nothing else.
    pub fn main_video(&self) -> Option<(&Stream, &Video)> {
        let videos = self.streams.iter().filter_map(|stream| Some((stream, stream.moving_picture()?)));
        let films = videos.clone().filter(|(stream, _)| !stream.may_be_a_picture());
        let default = films.clone().find(|(stream, _)| stream.disposition.has("default"));
        default.or_else(|| films.clone().next()).or_else(|| videos.clone().next())
    }

    /// How long the film is: the main video's own duration, else the container's.
    pub fn duration(&self) -> Option<Micros> {
        self.main_video().and_then(|(stream, _)| stream.duration).or(self.format.duration)
    }
}

/// Why a text can't be read as what ffprobe prints.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProbeError {
    /// The text is empty, which is what ffprobe prints for a file that it can't open.
    #[error("ffprobe printed nothing")]
    Empty,
    /// The text isn't JSON, or was cut off.
    #[error("this is not the JSON that ffprobe prints: {detail}")]
    NotJson {
        /// What is wrong, with line and column.
        detail: String,
    },
    /// The text is JSON, but no document of ffprobe's: `null`, `{}`, a list, another program's document.
    #[error("this JSON is not what ffprobe prints: {detail}")]
    NotAProbe {
        /// What is missing or of the wrong type.
        detail: String,
    },
}
