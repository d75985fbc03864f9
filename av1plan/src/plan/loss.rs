//! What a film would lose on its way, said before anything runs.

use alloc::string::String;

use crate::name::named;
use serde::{Deserialize, Serialize};

/// Something of the original that the result won't have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Loss {
    /// The kind, whose code is public.
    #[serde(rename = "code")]
    pub kind: LossKind,
    /// The stream that is lost or loses something; nothing where it is the film's main picture.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stream: Option<u32>,
    /// What exactly, as a fragment: `mjpeg cover`, `russian audio "Dub" (ac3)`.
    pub what: String,
}

impl Loss {
    /// The stable code of its kind.
    pub const fn code(&self) -> &'static str {
        self.kind.code()
    }
}

named! {
    /// The kinds of loss; their names are what `refuse_losses` takes and what a refused film is skipped with.
    #[derive(PartialOrd, Ord)]
    #[non_exhaustive]
    pub enum LossKind: "a kind of loss", code, codes {
        /// Dolby Vision's dynamic metadata.
        DolbyVision = "dolby-vision",
        /// HDR10+'s dynamic metadata.
        Hdr10Plus = "hdr10-plus",
        /// A second film in the file: a multi-angle or picture-in-picture track.
        ExtraVideo = "extra-video",
        /// EIA-608/708 captions inside the picture's bitstream.
        ClosedCaptions = "closed-captions",
        /// A timecode or metadata track.
        Data = "data",
        /// Colour that the result can't hold: 4:2:2 and 4:4:4 become 4:2:0, 12 bits become 10, a tag has no number in AV1.
        Chroma = "chroma",
        /// An audio track that the container can't hold.
        Audio = "audio",
        /// A subtitle that the container can't hold.
        Subtitle = "subtitle",
        /// An attachment that the container can't hold.
        Attachment = "attachment",
        /// A stream of a type that nobody knows.
        UnknownStream = "unknown-stream",
        /// An attached picture, such as a cover; they are always dropped.
        Cover = "cover",
        /// An audio or subtitle track in a language of `drop_languages`.
        Language = "language",
    }
}
