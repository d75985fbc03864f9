//! What happens to the picture between decoder and encoder: pixel format, filters, rotation, timestamps.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use crate::name::named;
use crate::number::Micros;
use crate::probe::{Matrix, Primaries, Transfer};

named! {
    /// The pixel formats of a result: the two that all three encoders take.
    #[non_exhaustive]
    pub enum PixelFormat: "a pixel format", name, names {
        /// Eight bits per sample, with chroma subsampling 4:2:0.
        Yuv420p = "yuv420p",
        /// Ten bits per sample, with chroma subsampling 4:2:0.
        Yuv420p10 = "yuv420p10le",
    }
}

/// A filter between decoder and encoder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Filter {
    /// Deinterlaces each frame that is flagged as interlaced, into one progressive frame; other frames pass
    /// untouched.
    Deinterlace,
    /// Converts from RGB, which 4:2:0 can't store, with the matrix of BT.709, and tags the result with these
    /// primaries and this transfer curve.
    #[serde(rename_all = "snake_case")]
    FromRgb {
        /// The source's primaries, or BT.709 if the source has no such tag.
        primaries: Primaries,
        /// The source's transfer curve, or BT.709 if the source has no such tag.
        transfer: Transfer,
        /// The result's pixel format. The picture must be in it before ffmpeg can set the tags.
        pixel_format: PixelFormat,
    },
    /// Adds a column if the width is odd, and a row if the height is odd.
    PadToEven,
    /// Marks the pixels as square.
    SquarePixels,
}

impl Filter {
    /// The matrix that RGB is converted with: that of HD (BT.709), which players also assume for untagged video.
    pub(crate) const RGB_MATRIX: Matrix = Matrix::Bt709;
}

/// The last picture of a film if it stands for long, as in a slide show. ffmpeg's encoders would give it the duration
/// of an ordinary frame (measured with 8.0).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct HeldPicture {
    /// Its timestamp after that of the first picture, in microseconds; not negative.
    #[serde(deserialize_with = "positive")]
    pub at: Micros,
    /// For how long it stands, in microseconds; not negative.
    #[serde(deserialize_with = "positive")]
    pub length: Micros,
}

fn positive<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Micros, D::Error> {
    match Micros::deserialize(deserializer)? {
        Micros(..=-1) => Err(D::Error::custom("a time after the first picture isn't negative")),
        time => Ok(time),
    }
}

named! {
    /// What happens to the display matrix, by which phones mark video as turned.
    #[non_exhaustive]
    pub enum Rotation: "a treatment of the rotation", name, names {
        /// The source has no display matrix that turns the picture.
        None = "none",
        /// The picture is encoded as it is stored, and the matrix is copied. Matroska, MP4 and WebM can all store it.
        Kept = "kept",
    }
}

named! {
    /// How far the muxer may go beyond the standards, as ffmpeg's `-strict`; from the strictest to the laxest.
    #[derive(PartialOrd, Ord, Default)]
    #[non_exhaustive]
    pub enum Strictness: "a strictness", name, names {
        /// Nothing beyond the standards: `-strict` isn't given.
        #[default]
        Normal = "normal",
        /// `-strict unofficial`, which the MP4 muxer needs to write the Dolby Vision record.
        Unofficial = "unofficial",
        /// `-strict experimental`, which the MP4 muxer needs for TrueHD.
        Experimental = "experimental",
    }
}

named! {
    /// How timestamps get from the source to the result.
    #[non_exhaustive]
    pub enum Timestamps: "a treatment of timestamps", name, names {
        /// Exactly as the source has them.
        Exact = "exact",
        /// As the source has them, with guards for sources from the web: missing timestamps are generated, every
        /// frame is passed on, and negative timestamps are shifted to zero.
        WebSafe = "web-safe",
        /// Like [`WebSafe`](Self::WebSafe), but no timestamps are generated. This is for AVI, whose packets have no
        /// timestamps: generated ones come out in the wrong order.
        WebSafeUntouched = "web-safe-untouched",
    }
}
