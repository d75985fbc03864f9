//! What a film would lose on its way, said before anything runs.

use alloc::string::String;

use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr, VariantNames};

/// Something of the original that the result won't have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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

/// The kinds of loss; their names are what `refuse_losses` takes and what a refused film is skipped with.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    EnumString,
    IntoStaticStr,
    VariantNames,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum LossKind {
    /// Dolby Vision's dynamic metadata.
    DolbyVision,
    /// HDR10+'s dynamic metadata.
    #[serde(rename = "hdr10-plus")]
    #[strum(serialize = "hdr10-plus")]
    Hdr10Plus,
    /// A second film in the file: a multi-angle or picture-in-picture track.
    ExtraVideo,
    /// EIA-608/708 captions inside the picture's bitstream.
    ClosedCaptions,
    /// A timecode or metadata track.
    Data,
    /// Colour that the result can't hold: 4:2:2 and 4:4:4 become 4:2:0, 12 bits become 10, a tag has no number in AV1.
    Chroma,
    /// An audio track that the container can't hold.
    Audio,
    /// A subtitle that the container can't hold.
    Subtitle,
    /// An attachment that the container can't hold.
    Attachment,
    /// A stream of a type that nobody knows.
    UnknownStream,
    /// An attached picture, dropped by the seed's policy.
    Cover,
    /// An audio or subtitle track in a language of `drop_languages`.
    Language,
}

impl LossKind {
    /// The stable code.
    pub fn code(self) -> &'static str {
        self.into()
    }
}
