//! Colour tags as closed lists of names. A tag can become part of an ffmpeg filter, where a comma would begin another
//! filter, so no other text is accepted.
//!
//! The names are those of libavutil in ffmpeg 8.0 and 9.0.2: ffprobe prints them, and the filter `setparams` accepts
//! them.

use serde::{Deserialize, Serialize};

use crate::name::named;

/// The colour tags of a video stream. A field is `None` if the file doesn't have the tag, or ffmpeg has no name for
/// its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Color {
    /// Which sample values stand for black and white.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub range: Option<Range>,
    /// The matrix that turns RGB into luma and chroma.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub matrix: Option<Matrix>,
    /// The transfer curve.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transfer: Option<Transfer>,
    /// The colour primaries.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub primaries: Option<Primaries>,
}

named! {
    /// Which sample values stand for black and white: `tv` (limited range, 16 to 235 in 8 bits) or `pc` (full range,
    /// 0 to 255).
    #[allow(missing_docs, reason = "each is the standard that ffmpeg names it after")]
    #[non_exhaustive]
    pub enum Range: "a colour range", name, names {
        Tv = "tv",
        Pc = "pc",
    }
}

named! {
    /// The matrix that turns RGB into luma and chroma: `bt709`, `bt2020nc`, `gbr` (RGB itself).
    #[allow(missing_docs, reason = "each is the standard that ffmpeg names it after")]
    #[non_exhaustive]
    pub enum Matrix: "a colour matrix", name, names {
        Gbr = "gbr",
        Bt709 = "bt709",
        Fcc = "fcc",
        Bt470bg = "bt470bg",
        Smpte170m = "smpte170m",
        Smpte240m = "smpte240m",
        Ycgco = "ycgco",
        YcgcoRe = "ycgco-re",
        YcgcoRo = "ycgco-ro",
        Bt2020nc = "bt2020nc",
        Bt2020c = "bt2020c",
        Smpte2085 = "smpte2085",
        ChromaDerivedNc = "chroma-derived-nc",
        ChromaDerivedC = "chroma-derived-c",
        Ictcp = "ictcp",
        IptC2 = "ipt-c2",
    }
}

named! {
    /// The transfer curve: `bt709`, `smpte2084` (PQ), `arib-std-b67` (HLG).
    #[allow(missing_docs, reason = "each is the standard that ffmpeg names it after")]
    #[non_exhaustive]
    pub enum Transfer: "a transfer curve", name, names {
        Bt709 = "bt709",
        Bt470m = "bt470m",
        Bt470bg = "bt470bg",
        Smpte170m = "smpte170m",
        Smpte240m = "smpte240m",
        Linear = "linear",
        Log100 = "log100",
        Log316 = "log316",
        Iec61966_2_4 = "iec61966-2-4",
        Bt1361e = "bt1361e",
        Iec61966_2_1 = "iec61966-2-1",
        Bt2020_10 = "bt2020-10",
        Bt2020_12 = "bt2020-12",
        Smpte2084 = "smpte2084",
        Smpte428 = "smpte428",
        AribStdB67 = "arib-std-b67",
        // Only ffmpeg 9 and newer versions have this name.
        Vlog = "vlog",
    }
}

named! {
    /// The colour primaries: `bt709`, `bt2020`.
    #[allow(missing_docs, reason = "each is the standard that ffmpeg names it after")]
    #[non_exhaustive]
    pub enum Primaries: "colour primaries", name, names {
        Bt709 = "bt709",
        Bt470m = "bt470m",
        Bt470bg = "bt470bg",
        Smpte170m = "smpte170m",
        Smpte240m = "smpte240m",
        Film = "film",
        Bt2020 = "bt2020",
        Smpte428 = "smpte428",
        Smpte431 = "smpte431",
        Smpte432 = "smpte432",
        Ebu3213 = "ebu3213" | "jedec-p22",
        // Only ffmpeg 9 and newer versions have this name.
        Vgamut = "vgamut",
    }
}

impl Transfer {
    /// Whether the AV1 standard has a number for the transfer curve. For one without, SVT-AV1 writes a reserved
    /// number and libaom none (measured with ffmpeg 9.0.2).
    pub fn is_in_av1(self) -> bool {
        self != Self::Vlog
    }
}

impl Primaries {
    /// Whether the AV1 standard has a number for the primaries.
    pub fn is_in_av1(self) -> bool {
        self != Self::Vgamut
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_other_name_of_ebu3213_is_read() {
        assert_eq!("jedec-p22".parse(), Ok(Primaries::Ebu3213));
        assert_eq!(Primaries::Ebu3213.name(), "ebu3213");
    }
}
