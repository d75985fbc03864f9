//! What ffprobe prints about a file, read leniently into strict types.
//!
//! [`MediaProbe::from_json`] takes the bytes that ffprobe prints with the arguments of
//! [`command::probe_arguments`](crate::command::probe_arguments). A field that is missing, of the wrong type or
//! absurd is absent afterwards. A stream of an unknown type is kept as [`StreamKind::Unknown`]. Only a text that
//! isn't a document of ffprobe's at all is an error: it must be a JSON object with a list `streams`.
//!
//! [`matroska`] reads what ffprobe doesn't show of a Matroska file.

pub mod asf;
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
mod stream;
mod survey;
mod text;

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use crate::number::Micros;
pub use color::{Color, Matrix, Primaries, Range, Transfer};
use damage::LOST_SYNC;
pub use damage::{damage_in, is_error, message_of};
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
pub use stream::{Audio, MAX_STREAM_INDEX, Stream, StreamKind, Tags, Video};
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

impl Format {
    /// Whether ffmpeg's demuxer with this name reads the file: `matroska`, `mov`, `avi`. It goes by the file's
    /// content, and not by its name.
    pub fn is_read_by(&self, demuxer: &str) -> bool {
        self.name.split(',').any(|name| name == demuxer)
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
