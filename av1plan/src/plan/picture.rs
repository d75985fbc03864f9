//! The picture on its way: formats, filters, timestamps.

use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr};

use crate::probe::{Matrix, Primaries, Transfer};

/// The two formats that all three encoders take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, IntoStaticStr, EnumString)]
pub enum PixelFormat {
    /// Eight bits, 4:2:0.
    #[serde(rename = "yuv420p")]
    #[strum(serialize = "yuv420p")]
    Yuv420p,
    /// Ten bits, 4:2:0.
    #[serde(rename = "yuv420p10le")]
    #[strum(serialize = "yuv420p10le")]
    Yuv420p10,
}

impl PixelFormat {
    /// ffmpeg's name.
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// A step between decoder and encoder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Filter {
    /// One frame out of each frame that is flagged as interlaced; others pass untouched.
    Deinterlace,
    /// Convert from RGB, which 4:2:0 can't hold, and tag the result with these primaries and this transfer.
    #[serde(rename_all = "snake_case")]
    FromRgb {
        /// The source's, else those of HD.
        primaries: Primaries,
        /// The source's, else that of HD.
        transfer: Transfer,
        /// The result's format, which the tags have to be set in.
        pixel_format: PixelFormat,
    },
    /// Add a column or a row where the size is odd.
    PadToEven,
    /// Say that pixels are square.
    SquarePixels,
}

impl Filter {
    /// The matrix that RGB is converted with: HD's, which players assume of untagged video too.
    pub(crate) const RGB_MATRIX: Matrix = Matrix::Bt709;
}

/// What becomes of the display matrix that turns phone video.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rotation {
    /// There is none.
    None,
    /// The picture is encoded as stored and the matrix is copied: Matroska, MP4 and WebM all have a place for it.
    Kept,
}

/// What the muxer must be allowed, from the least to the most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Strictness {
    /// Nothing beyond the standards.
    #[default]
    Normal,
    /// Dolby Vision's record in MP4.
    Unofficial,
    /// TrueHD in MP4.
    Experimental,
}

/// How timestamps pass through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, IntoStaticStr)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum Timestamps {
    /// As the source has them.
    Exact,
    /// The same, with the guards for web sources: missing ones generated, every frame passed on, negative ones shifted.
    WebSafe,
    /// The same without generating any: AVI's packets have none by design, and made-up ones come out in disorder.
    WebSafeUntouched,
}
