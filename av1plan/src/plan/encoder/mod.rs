//! The three AV1 encoders and the settings of each.

mod aom;
mod level;
mod ranged;
mod rav1e;
mod svt;

use alloc::string::String;
use core::fmt;

use crate::name::named;
use serde::{Deserialize, Serialize};

use ranged::ranged;

pub use aom::{Aom, CpuUsed, Threads, TileCount, Tiles};
pub use level::Level;
pub use rav1e::{Quantizer, Rav1e, Speed};
pub use svt::{NominalRate, Parallelism, Preset, Svt};

named! {
    /// A software AV1 encoder of ffmpeg. The order is that of preference, best first.
    #[derive(PartialOrd, Ord)]
    pub enum Encoder: "an encoder", name, names {
        /// SVT-AV1: the best quality for the time it takes on many cores.
        Svt = "svt",
        /// libaom: quality as good as SVT-AV1's, but slower.
        Aom = "aom",
        /// rav1e: only used if ffmpeg has neither of the others.
        Rav1e = "rav1e",
    }
}

impl Encoder {
    /// The name that ffmpeg gives the encoder, in `-c:v` and in the output of `-encoders`.
    pub const fn ffmpeg_name(self) -> &'static str {
        match self {
            Self::Svt => "libsvtav1",
            Self::Aom => "libaom-av1",
            Self::Rav1e => "librav1e",
        }
    }

    /// Whether the encoder takes a picture of `width` columns and `height` rows (measured with ffmpeg 8.0).
    pub const fn takes(self, width: u32, height: u32) -> bool {
        let (least, widest, highest) = match self {
            Self::Svt => (4, 16_384, 8704),
            Self::Aom => (1, 65_536, 65_536),
            Self::Rav1e => (16, 65_535, 65_535),
        };
        width >= least && height >= least && width <= widest && height <= highest
    }

    /// The encoder that ffmpeg calls `name`; `None` if it is none of the three.
    pub fn from_ffmpeg_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|encoder| encoder.ffmpeg_name() == name)
    }
}

/// An encoder with its settings. Each encoder has settings of its own type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "encoder")]
pub enum EncoderSettings {
    /// SVT-AV1 with its settings.
    #[serde(rename = "libsvtav1")]
    Svt(Svt),
    /// libaom with its settings.
    #[serde(rename = "libaom-av1")]
    Aom(Aom),
    /// rav1e with its settings.
    #[serde(rename = "librav1e")]
    Rav1e(Rav1e),
}

impl EncoderSettings {
    /// The encoder that the settings are for.
    pub const fn encoder(&self) -> Encoder {
        match self {
            Self::Svt(_) => Encoder::Svt,
            Self::Aom(_) => Encoder::Aom,
            Self::Rav1e(_) => Encoder::Rav1e,
        }
    }

    /// The same settings at the encoder's highest speed.
    #[must_use]
    pub(crate) fn at_full_speed(self) -> Self {
        match self {
            Self::Svt(svt) => Self::Svt(Svt { preset: Preset::new(Preset::MAX), ..svt }),
            Self::Aom(aom) => Self::Aom(Aom { cpu_used: CpuUsed::new(CpuUsed::MAX), ..aom }),
            Self::Rav1e(rav1e) => Self::Rav1e(Rav1e { speed: Speed::new(Speed::MAX), ..rav1e }),
        }
    }

    /// The constant rate factor; `None` for rav1e, which has a quantizer instead.
    pub const fn crf(&self) -> Option<Crf> {
        match self {
            Self::Svt(svt) => Some(svt.crf),
            Self::Aom(aom) => Some(aom.crf),
            Self::Rav1e(_) => None,
        }
    }
}

impl fmt::Display for EncoderSettings {
    /// A short form for people: `libsvtav1 crf 23 preset 4`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ", self.encoder().ffmpeg_name())?;
        match self {
            Self::Svt(Svt { crf, preset, .. }) => write!(f, "crf {crf} preset {preset}"),
            Self::Aom(Aom { crf, cpu_used, .. }) => write!(f, "crf {crf} cpu-used {cpu_used}"),
            Self::Rav1e(Rav1e { qp, speed }) => write!(f, "qp {qp} speed {speed}"),
        }
    }
}

ranged! {
    /// A constant rate factor of SVT-AV1 or libaom: 1 (best quality) to 63. The type doesn't allow 0, which means
    /// "not set" to libsvtav1.
    Crf, "a CRF", 1..=63
}

/// Error of making a setting from a number that is outside the range the encoder accepts.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{called} is from {least} to {most}, and not {found}")]
pub struct OutOfRange {
    called: &'static str,
    found: String,
    least: String,
    most: String,
}
