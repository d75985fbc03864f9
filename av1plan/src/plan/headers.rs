//! What Matroska's headers of a result say that ffmpeg can't write.

use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::probe::matroska::{Edition, TagFacts};

/// What the Matroska headers of a result must say, besides what ffmpeg writes and ffprobe shows. `mkvpropedit` carries
/// it over from the source after the encode.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct ExpectedHeaders {
    /// The result's tracks in their order.
    pub tracks: Vec<ExpectedTrack>,
    /// The source's editions of chapters; empty if ffmpeg carries over all that there is.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub editions: Vec<Edition>,
    /// The source's tags, without those of streams that the result doesn't have and those that each muxer writes by
    /// itself. The tracks have the source's UIDs. Empty if ffmpeg carries over all that there is.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<TagFacts>,
}

/// What the headers of a result must say about a track.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct ExpectedTrack {
    /// The UID of the source's track, by which its tags name it; `None` if it has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uid: Option<u64>,
    /// The IETF language, if it says more than the language of three letters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language_ietf: Option<String>,
    /// Whether players leave the track out.
    #[serde(skip_serializing_if = "core::ops::Not::not")]
    pub disabled: bool,
}

impl ExpectedTrack {
    /// Whether ffmpeg writes all that the headers must say about the track.
    pub fn is_plain(&self) -> bool {
        self.language_ietf.is_none() && !self.disabled
    }
}
