//! The three encoders and the settings of each.

mod aom;
mod ranged;
mod rav1e;
mod svt;

use alloc::string::String;
use core::fmt;

use crate::name::named;
use serde::{Deserialize, Serialize};

use ranged::ranged;

pub use aom::{Aom, CpuUsed, Threads, TileCount, Tiles};
pub use rav1e::{Quantizer, Rav1e, Speed};
pub use svt::{NominalRate, Preset, Svt, Workers};

named! {
    /// A software AV1 encoder of ffmpeg, in the order in which they are preferred.
    #[derive(PartialOrd, Ord)]
    pub enum Encoder: "an encoder", name, names {
        /// SVT-AV1: the best quality for its time on many cores.
        Svt = "svt",
        /// libaom: as good, slower.
        Aom = "aom",
        /// rav1e: the last resort.
        Rav1e = "rav1e",
    }
}

impl Encoder {
    /// The name of `-c:v` and of ffmpeg's `-encoders`.
    pub const fn ffmpeg_name(self) -> &'static str {
        match self {
            Self::Svt => "libsvtav1",
            Self::Aom => "libaom-av1",
            Self::Rav1e => "librav1e",
        }
    }

    /// Whether it encodes a picture of this size (measured with ffmpeg 8.0).
    pub const fn takes(self, width: u32, height: u32) -> bool {
        let (least, widest, highest) = match self {
            Self::Svt => (4, 16_384, 8704),
            Self::Aom => (1, 65_536, 65_536),
            Self::Rav1e => (16, 65_535, 65_535),
        };
        width >= least && height >= least && width <= widest && height <= highest
    }

    /// The encoder of that name, if it is one of the three.
    pub fn from_ffmpeg_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|encoder| encoder.ffmpeg_name() == name)
    }
}

/// An encoder with its settings: no encoder can have another's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "encoder")]
pub enum EncoderSettings {
    /// SVT-AV1.
    #[serde(rename = "libsvtav1")]
    Svt(Svt),
    /// libaom.
    #[serde(rename = "libaom-av1")]
    Aom(Aom),
    /// rav1e.
    #[serde(rename = "librav1e")]
    Rav1e(Rav1e),
}

impl EncoderSettings {
    /// Which encoder.
    pub const fn encoder(&self) -> Encoder {
        match self {
            Self::Svt(_) => Encoder::Svt,
            Self::Aom(_) => Encoder::Aom,
            Self::Rav1e(_) => Encoder::Rav1e,
        }
    }

    /// The constant rate factor, where the encoder has one.
    pub const fn crf(&self) -> Option<Crf> {
        match self {
            Self::Svt(svt) => Some(svt.crf),
            Self::Aom(aom) => Some(aom.crf),
            Self::Rav1e(_) => None,
        }
    }
}

impl fmt::Display for EncoderSettings {
    /// What a person calls it: `libsvtav1 crf 23 preset 4`.
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
    /// A constant rate factor: 1 (best) to 63. 0 means "not set" to libsvtav1 and can't be made.
    Crf, "a CRF", 1..=63
}

/// A number that an encoder doesn't take.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{called} is from {least} to {most}, and not {found}")]
pub struct OutOfRange {
    called: &'static str,
    found: String,
    least: String,
    most: String,
}
