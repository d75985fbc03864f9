//! What a film would lose when it is encoded, known before anything runs.

use alloc::string::String;

use crate::name::named;
use serde::{Deserialize, Serialize};

/// Something of the source film that the result won't have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Loss {
    /// The kind of loss, whose code is public.
    #[serde(rename = "code")]
    pub kind: LossKind,
    /// The index of the source stream that is lost or loses something; `None` if it is the film's main video or the
    /// whole file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stream: Option<u32>,
    /// What exactly is lost, as a fragment of a sentence: `mjpeg cover`, `russian audio "Dub" (ac3)`.
    pub what: String,
}

impl Loss {
    /// The stable code of the kind of loss.
    pub const fn code(&self) -> &'static str {
        self.kind.code()
    }
}

named! {
    /// A kind of loss. Its code is what the config's `refuse_losses` lists, and the code of the skip if the film is
    /// refused for it.
    #[derive(PartialOrd, Ord)]
    #[non_exhaustive]
    pub enum LossKind: "a kind of loss", code, codes {
        /// Dolby Vision's dynamic metadata.
        DolbyVision = "dolby-vision",
        /// HDR10+'s dynamic metadata.
        Hdr10Plus = "hdr10-plus",
        /// A second film in the file: a multi-angle or picture-in-picture video stream.
        ExtraVideo = "extra-video",
        /// EIA-608/708 captions inside the video bitstream.
        ClosedCaptions = "closed-captions",
        /// A data stream, such as timecode or metadata, that the container can't hold.
        Data = "data",
        /// Colour that the result can't hold: 4:2:2 and 4:4:4 become 4:2:0, more than 10 bits become 10, transparency
        /// is dropped, or a colour tag has no number in AV1 or no name in ffmpeg.
        Chroma = "chroma",
        /// An audio stream that the container can't hold in any form. The loss of the last audio stream is always
        /// refused.
        Audio = "audio",
        /// A subtitle stream that the container can't hold in any form.
        Subtitle = "subtitle",
        /// An attachment, such as a font, that the container can't hold.
        Attachment = "attachment",
        /// A stream of a type that this crate doesn't know.
        UnknownStream = "unknown-stream",
        /// A cover or another still picture. These are never kept.
        Cover = "cover",
        /// An audio or subtitle stream in a language of the config's `drop_languages`.
        Language = "language",
        /// What belongs to other files too: the order in which an ordered edition plays its chapters, or links to files
        /// before and behind the film.
        Linked = "linked",
        /// The second view of a film for two eyes (MV-HEVC).
        ExtraView = "extra-view",
        /// Side data of the picture that nothing carries over, such as an ICC profile or a timecode of each frame.
        SideData = "side-data",
        /// Tags that the result's container has no place for, or whose levels and order ffmpeg can't write.
        Tags = "tags",
        /// Chapters that ffmpeg doesn't read: of further editions, below others, out of order; and titles in further
        /// languages.
        Chapters = "chapters",
        /// A language that the result can't say as exactly, such as `pt-BR`.
        LanguageTag = "language-tag",
        /// A mark of a stream that the result can't have, such as that of lyrics or of a disabled track.
        TrackFlag = "track-flag",
    }
}
