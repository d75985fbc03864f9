//! Which container the result gets, and which codecs each of the three containers can hold.

use crate::name::named;
use crate::plan::Conversion;
use crate::probe::{Stream, StreamKind};

named! {
    /// The containers of a result: those in which players take AV1.
    #[non_exhaustive]
    pub enum Container: "a container", name, names {
        /// Matroska: `.mkv`.
        Matroska = "matroska",
        /// MP4: `.mp4` and `.m4v`.
        Mp4 = "mp4",
        /// WebM: `.webm`.
        Webm = "webm",
    }
}

impl Container {
    /// The container of the result of a film with this file name extension (lower case, without the dot): the film's
    /// own container if it can hold AV1, otherwise Matroska.
    pub fn for_extension(extension: &str) -> Self {
        match extension {
            "mp4" | "m4v" => Self::Mp4,
            "webm" => Self::Webm,
            _ => Self::Matroska,
        }
    }

    /// The file name extension of the result if the film's own extension can't be kept: `mkv` for `avi`. `None` if it
    /// is kept (`mkv`, `mp4`, `m4v` and `webm`). `extension` is in lower case, without the dot.
    pub fn renamed_extension(extension: &str) -> Option<&'static str> {
        match extension {
            "mkv" | "mp4" | "m4v" | "webm" => None,
            _ => Some("mkv"),
        }
    }

    /// The name of ffmpeg's muxer, which is the value of `-f`.
    pub fn muxer(self) -> &'static str {
        self.name()
    }

    /// Whether this container can hold `stream`, and in which form. Each combination of container and codec was tried
    /// with the muxers of ffmpeg 8.0.
    pub fn fit(self, stream: &Stream) -> Fit {
        let codec = stream.codec_name();
        match &stream.kind {
            StreamKind::Video(_) => Fit::AsIs,
            // ffmpeg can neither copy nor convert audio in a codec that it has no name for.
            StreamKind::Audio(_) if codec.is_empty() => Fit::No,
            StreamKind::Audio(audio) => self.fit_audio(codec, audio.bits_per_sample),
            StreamKind::Subtitle => self.fit_subtitle(codec),
            StreamKind::Attachment if self == Self::Matroska => Fit::AsIs,
            StreamKind::Data if self.writes_anew(stream) => Fit::WrittenAnew,
            StreamKind::Attachment | StreamKind::Data | StreamKind::Unknown(_) => Fit::No,
        }
    }

    fn fit_audio(self, codec: &str, bits: Option<u32>) -> Fit {
        let held: &[&str] = match self {
            Self::Matroska => &MATROSKA_AUDIO,
            Self::Mp4 => &MP4_AUDIO,
            Self::Webm => &WEBM_AUDIO,
        };
        if held.binary_search(&codec).is_ok() {
            return Fit::AsIs;
        }
        Fit::Convert(match (self, codec) {
            (Self::Webm, _) => return Fit::No,
            // PCM in the framing of Blu-rays and DVDs can't be stored in a file. It becomes plain PCM of the same
            // depth; 20 bits become 24.
            (_, "pcm_bluray" | "pcm_dvd") if bits.is_some_and(|bits| bits > 16) => Conversion::PcmS24,
            (_, "pcm_bluray" | "pcm_dvd" | "pcm_s8" | "pcm_u8" | "pcm_alaw" | "pcm_mulaw") => {
                Conversion::PcmS16
            }
            (_, "pcm_f32be") => Conversion::PcmF32,
            (_, "pcm_f64be") => Conversion::PcmF64,
            _ => Conversion::Flac,
        })
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

    /// Whether the muxer writes this data stream of a QuickTime file anew. A text track of chapter titles (`text`) is
    /// written again from the chapters by every muxer. A timecode track (`tmcd`) is made again from the `timecode`
    /// tag in MP4, and Matroska keeps the tag itself.
    fn writes_anew(self, stream: &Stream) -> bool {
        match stream.codec_tag.as_deref() {
            Some("text") => true,
            Some("tmcd") => self != Self::Webm,
            _ => false,
        }
    }

    /// The codec name that ffprobe prints for a stream of this codec after it was copied into this container. Most
    /// codecs keep their name.
    pub(crate) fn read_back(self, codec: &str) -> &str {
        match (self, codec) {
            (Self::Matroska, "text") => "subrip",
            (Self::Matroska, "ssa") => "ass",
            // MP4 has one object type for both, so ffprobe can't tell them apart.
            (Self::Mp4, "mp2") => "mp3",
            (_, codec) => codec,
        }
    }

    /// Whether the muxer accepts this codec only with `-strict experimental`.
    pub(crate) fn is_experimental(self, codec: &str) -> bool {
        self == Self::Mp4 && codec == "truehd"
    }
}

/// Whether and how a container can hold a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fit {
    /// The stream can be copied as it is.
    AsIs,
    /// The stream must be converted to this codec.
    Convert(Conversion),
    /// The stream isn't copied: the muxer writes an equal one from the chapters and tags that are kept.
    WrittenAnew,
    /// The container can't hold the stream in any form.
    No,
}

/// The audio codecs that can be copied into Matroska: those that have a codec ID of Matroska or a format tag of WAV.
/// Sorted, for binary search.
#[rustfmt::skip]
const MATROSKA_AUDIO: [&str; 66] = [
    "aac", "aac_latm", "ac3", "acelp.kelvin", "adpcm_ct", "adpcm_g722", "adpcm_g726", "adpcm_ima_dk3", "adpcm_ima_dk4",
    "adpcm_ima_oki", "adpcm_ima_wav", "adpcm_ms", "adpcm_yamaha", "alac", "amr_nb", "amr_wb", "atrac1", "dts",
    "dvaudio", "eac3", "flac", "ftr", "g723_1", "g729", "gsm_ms", "iac", "imc", "metasound", "misc4", "mlp", "mp1", "mp2",
    "mp3", "msnsiren", "on2avc", "opus", "pcm_alaw", "pcm_f32le", "pcm_f64le", "pcm_mulaw", "pcm_s16be", "pcm_s16le",
    "pcm_s24be", "pcm_s24le", "pcm_s32be", "pcm_s32le", "pcm_s64le", "pcm_u8", "qdm2", "qdmc", "ra_144", "sonic", "sonicls",
    "speex", "truehd", "truespeech", "tta", "vorbis", "wavpack", "wmalossless", "wmapro", "wmav1", "wmav2", "wmavoice",
    "xma1", "xma2",
];

/// The audio codecs that can be copied into MP4. Sorted, for binary search.
#[rustfmt::skip]
const MP4_AUDIO: [&str; 21] = [
    "aac", "ac3", "alac", "dts", "eac3", "flac", "mp2", "mp3", "opus", "pcm_f32be", "pcm_f32le", "pcm_f64be", "pcm_f64le",
    "pcm_s16be", "pcm_s16le", "pcm_s24be", "pcm_s24le", "pcm_s32be", "pcm_s32le", "truehd", "vorbis",
];

/// The audio codecs that can be copied into WebM. Sorted, for binary search.
const WEBM_AUDIO: [&str; 2] = ["opus", "vorbis"];

/// The codecs of text subtitles. ffmpeg converts any of them to any other.
const TEXT_SUBTITLES: [&str; 8] = ["subrip", "ass", "ssa", "webvtt", "mov_text", "text", "srt", "eia_608"];

/// The subtitle codecs that can be copied into Matroska.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lists_are_in_the_order_that_they_are_searched_in() {
        for list in [&MATROSKA_AUDIO[..], &MP4_AUDIO, &WEBM_AUDIO] {
            assert!(list.is_sorted(), "{list:?}");
        }
    }
}
