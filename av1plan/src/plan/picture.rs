//! The picture on its way: formats, filters, timestamps.

use serde::{Deserialize, Serialize};

use crate::name::named;
use crate::probe::{Matrix, Primaries, Transfer};

named! {
    /// The two formats that all three encoders take.
    #[non_exhaustive]
    pub enum PixelFormat: "a pixel format", name, names {
        /// Eight bits, 4:2:0.
        Yuv420p = "yuv420p",
        /// Ten bits, 4:2:0.
        Yuv420p10 = "yuv420p10le",
    }
}

/// A step between decoder and encoder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
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

named! {
    /// What becomes of the display matrix that turns phone video.
    #[non_exhaustive]
    pub enum Rotation: "a treatment of the rotation", name, names {
        /// There is none.
        None = "none",
        /// The picture is encoded as stored and the matrix is copied: Matroska, MP4 and WebM all have a place for it.
        Kept = "kept",
    }
}

named! {
    /// What the muxer must be allowed, from the least to the most.
    #[derive(PartialOrd, Ord, Default)]
    #[non_exhaustive]
    pub enum Strictness: "a strictness", name, names {
        /// Nothing beyond the standards.
        #[default]
        Normal = "normal",
        /// Dolby Vision's record in MP4.
        Unofficial = "unofficial",
        /// TrueHD in MP4.
        Experimental = "experimental",
    }
}

named! {
    /// How timestamps pass through.
    #[non_exhaustive]
    pub enum Timestamps: "a treatment of timestamps", name, names {
        /// As the source has them.
        Exact = "exact",
        /// The same, with the guards for web sources: missing ones generated, every frame passed on, negative ones shifted.
        WebSafe = "web-safe",
        /// The same without generating any: AVI's packets have none by design, and made-up ones come out in disorder.
        WebSafeUntouched = "web-safe-untouched",
    }
}
