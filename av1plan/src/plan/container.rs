//! Which muxer the result gets, and what each of the three can hold.

use crate::name::named;
use crate::plan::Conversion;
use crate::probe::{Stream, StreamKind};

named! {
    /// The containers that players take AV1 in.
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
        self.name()
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
            // Discs' own PCM framing has no place in any file: plain PCM of the same depth (20 bits take 24).
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
#[non_exhaustive]
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

/// Matroska's own codecs and those that go by a tag of WAV. What it has no name for can't be copied into it. In order.
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

#[rustfmt::skip]
const MP4_AUDIO: [&str; 21] = [
    "aac", "ac3", "alac", "dts", "eac3", "flac", "mp2", "mp3", "opus", "pcm_f32be", "pcm_f32le", "pcm_f64be", "pcm_f64le",
    "pcm_s16be", "pcm_s16le", "pcm_s24be", "pcm_s24le", "pcm_s32be", "pcm_s32le", "truehd", "vorbis",
];

const WEBM_AUDIO: [&str; 2] = ["opus", "vorbis"];

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
