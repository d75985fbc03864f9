//! Which muxer the result gets, and what each of the three can hold.

use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr};

use crate::plan::Conversion;
use crate::probe::{Stream, StreamKind};

/// The containers that players take AV1 in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, IntoStaticStr, EnumString)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum Container {
    /// Matroska: `.mkv`.
    Matroska,
    /// MP4: `.mp4` and `.m4v`.
    Mp4,
    /// WebM: `.webm`.
    Webm,
}

impl Container {
    /// The container for a file of this extension (lower case, no dot): its own where AV1 has a place in it, else Matroska.
    pub fn for_extension(extension: &str) -> Self {
        match extension {
            "mp4" | "m4v" => Self::Mp4,
            "webm" => Self::Webm,
            _ => Self::Matroska,
        }
    }

    /// The result's extension where it can't be the file's own: `mkv` for `avi`, nothing for `mp4`.
    pub fn renamed_extension(extension: &str) -> Option<&'static str> {
        match extension {
            "mkv" | "mp4" | "m4v" | "webm" => None,
            _ => Some("mkv"),
        }
    }

    /// The name of `-f`.
    pub fn muxer(self) -> &'static str {
        self.into()
    }

    /// What becomes of a stream's codec in this container.
    pub fn fit(self, stream: &Stream) -> Fit {
        let codec = stream.codec_name();
        match &stream.kind {
            StreamKind::Video(_) => Fit::AsIs,
            StreamKind::Audio(audio) => self.fit_audio(codec, audio.bits_per_sample),
            StreamKind::Subtitle => self.fit_subtitle(codec),
            StreamKind::Attachment if self == Self::Matroska => Fit::AsIs,
            StreamKind::Data if is_chapter_text(stream) => Fit::WrittenAnew,
            StreamKind::Attachment | StreamKind::Data | StreamKind::Unknown(_) => Fit::No,
        }
    }

    fn fit_audio(self, codec: &str, bits: Option<u32>) -> Fit {
        match self {
            // Discs' own PCM framing has no place in any file: plain PCM of the same depth (20 bits take 24).
            Self::Matroska => match codec {
                "pcm_bluray" | "pcm_dvd" if bits.is_some_and(|bits| bits > 16) => {
                    Fit::Convert(Conversion::PcmS24)
                }
                "pcm_bluray" | "pcm_dvd" => Fit::Convert(Conversion::PcmS16),
                "" => Fit::No,
                _ => Fit::AsIs,
            },
            Self::Mp4 => Fit::as_is_if(codec.starts_with("pcm_") || MP4_AUDIO.contains(&codec)),
            Self::Webm => Fit::as_is_if(matches!(codec, "opus" | "vorbis")),
        }
    }

    fn fit_subtitle(self, codec: &str) -> Fit {
        let text = TEXT_SUBTITLES.contains(&codec);
        match self {
            Self::Matroska if MATROSKA_SUBTITLES.contains(&codec) => Fit::AsIs,
            Self::Matroska if text => Fit::Convert(Conversion::Subrip),
            Self::Mp4 if matches!(codec, "mov_text" | "dvd_subtitle") => Fit::AsIs,
            Self::Mp4 if text => Fit::Convert(Conversion::MovText),
            Self::Webm if codec == "webvtt" => Fit::AsIs,
            Self::Webm if text => Fit::Convert(Conversion::Webvtt),
            _ => Fit::No,
        }
    }
}

/// QuickTime keeps the titles of chapters in a text track of its own, which muxers write anew from the chapters.
fn is_chapter_text(stream: &Stream) -> bool {
    stream.codec_tag.as_deref() == Some("text")
}

/// Whether a container holds a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fit {
    /// As it is.
    AsIs,
    /// Once it was converted.
    Convert(Conversion),
    /// The muxer makes a new one from what else is kept.
    WrittenAnew,
    /// Not at all.
    No,
}

impl Fit {
    fn as_is_if(fits: bool) -> Self {
        if fits { Self::AsIs } else { Self::No }
    }
}

const MP4_AUDIO: [&str; 11] = [
    "aac", "ac3", "eac3", "dts", "truehd", "flac", "opus", "vorbis", "mp3", "mp2", "alac",
];

/// Subtitles made of text, which can become any other text subtitle.
const TEXT_SUBTITLES: [&str; 7] = ["subrip", "ass", "ssa", "webvtt", "mov_text", "text", "srt"];

const MATROSKA_SUBTITLES: [&str; 9] = [
    "subrip",
    "ass",
    "ssa",
    "webvtt",
    "hdmv_pgs_subtitle",
    "hdmv_text_subtitle",
    "dvd_subtitle",
    "dvb_subtitle",
    "arib_caption",
];
