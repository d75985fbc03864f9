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

    /// What becomes of a stream's codec in this container. Each cell was tried with the muxers of ffmpeg 8.0.
    pub fn fit(self, stream: &Stream) -> Fit {
        let codec = stream.codec_name();
        match &stream.kind {
            StreamKind::Video(_) => Fit::AsIs,
            // Nothing can be done with sound that ffmpeg itself has no name for.
            StreamKind::Audio(_) if codec.is_empty() => Fit::No,
            StreamKind::Audio(audio) => self.fit_audio(codec, audio.bits_per_sample),
            StreamKind::Subtitle => self.fit_subtitle(codec),
            StreamKind::Attachment if self == Self::Matroska => Fit::AsIs,
            StreamKind::Data if self.writes_anew(stream) => Fit::WrittenAnew,
            StreamKind::Attachment | StreamKind::Data | StreamKind::Unknown(_) => Fit::No,
        }
    }

    fn fit_audio(self, codec: &str, bits: Option<u32>) -> Fit {
        match (self, codec) {
            // Discs' own PCM framing has no place in any file: plain PCM of the same depth (20 bits take 24).
            (Self::Matroska | Self::Mp4, "pcm_bluray" | "pcm_dvd") => {
                let wide = bits.is_some_and(|bits| bits > 16);
                Fit::Convert(if wide { Conversion::PcmS24 } else { Conversion::PcmS16 })
            }
            (Self::Matroska, "pcm_s8") | (Self::Mp4, "pcm_s8" | "pcm_u8" | "pcm_alaw" | "pcm_mulaw") => {
                Fit::Convert(Conversion::PcmS16)
            }
            (Self::Mp4, codec) if codec.starts_with("pcm_") || MP4_AUDIO.contains(&codec) => Fit::AsIs,
            (Self::Matroska, "nellymoser") | (Self::Mp4, _) => Fit::Convert(Conversion::Flac),
            (Self::Matroska, _) | (Self::Webm, "opus" | "vorbis") => Fit::AsIs,
            (Self::Webm, _) => Fit::No,
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

    /// QuickTime keeps the titles of chapters in a text track of its own, which muxers write anew from the chapters; and a
    /// timecode in one that MP4 makes anew from the `timecode` tag, and Matroska keeps as that tag.
    fn writes_anew(self, stream: &Stream) -> bool {
        match stream.codec_tag.as_deref() {
            Some("text") => true,
            Some("tmcd") => self != Self::Webm,
            _ => false,
        }
    }

    /// The name under which ffprobe finds a copied codec again, where that is another one.
    pub(crate) fn read_back(self, codec: &str) -> &str {
        match (self, codec) {
            (Self::Matroska, "text") => "subrip",
            (Self::Matroska, "ssa") => "ass",
            // Both are one object type in MP4.
            (Self::Mp4, "mp2") => "mp3",
            (_, codec) => codec,
        }
    }

    /// Whether the muxer takes this codec only when it is allowed to be experimental.
    pub(crate) fn is_experimental(self, codec: &str) -> bool {
        self == Self::Mp4 && codec == "truehd"
    }
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

const MP4_AUDIO: [&str; 11] =
    ["aac", "ac3", "eac3", "dts", "truehd", "flac", "opus", "vorbis", "mp3", "mp2", "alac"];

/// Subtitles made of text, which can become any other text subtitle.
const TEXT_SUBTITLES: [&str; 8] = ["subrip", "ass", "ssa", "webvtt", "mov_text", "text", "srt", "eia_608"];

const MATROSKA_SUBTITLES: [&str; 10] = [
    "subrip",
    "text",
    "ass",
    "ssa",
    "webvtt",
    "hdmv_pgs_subtitle",
    "hdmv_text_subtitle",
    "dvd_subtitle",
    "dvb_subtitle",
    "arib_caption",
];
