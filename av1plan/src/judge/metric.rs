//! The metric by which the quality of a result is scored against its original.

use crate::name::named;
pub use crate::plan::MetricName;
use crate::plan::{EncodePlan, PixelFormat};
use crate::probe::Transfer;
use crate::toolchain::has_filter;

/// A quality metric that ffmpeg can compute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Metric {
    /// VMAF of Netflix, from 0 to 100 (best); ffmpeg's filter `libvmaf`.
    Vmaf {
        /// The model, which is trained for a kind of screen.
        model: Model,
    },
    /// XPSNR of Fraunhofer HHI, in decibels (more is better); ffmpeg's filter `xpsnr`.
    Xpsnr,
}

named! {
    /// A model of VMAF. All are built into libvmaf.
    pub enum Model: "a model", name, names {
        /// For a film of up to 1080p, seen from three times the height of the screen.
        Hd = "vmaf_v0.6.1",
        /// For a film of 2160p, seen from one and a half times the height of the screen.
        Uhd = "vmaf_4k_v0.6.1",
        /// [`Hd`](Self::Hd) without credit for enhancements.
        HdNeg = "vmaf_v0.6.1neg",
        /// [`Uhd`](Self::Uhd) without credit for enhancements.
        UhdNeg = "vmaf_4k_v0.6.1neg",
    }
}

impl MetricName {
    /// The name of the ffmpeg filter that computes the metric; `None` if ffmpeg has none.
    pub const fn filter(self) -> Option<&'static str> {
        match self {
            Self::Vmaf | Self::VmafNeg => Some("libvmaf"),
            Self::Xpsnr => Some("xpsnr"),
            Self::Ssimulacra2 | Self::Detail => None,
        }
    }

    /// The metrics that ffmpeg computes.
    pub fn of_ffmpeg() -> impl Iterator<Item = Self> {
        Self::ALL.iter().copied().filter(|metric| metric.filter().is_some())
    }
}

/// The largest width and height of a film that is scored for a 1080p screen. A larger film is scored for a 2160p
/// screen.
const HD: (u32, u32) = (2560, 1440);

impl Metric {
    /// The metric for results of `plan`: `asked` if it is given, otherwise the best one. `filters` is the output of
    /// `ffmpeg -filters`. `None` if it lists neither metric, or not the one that is asked for.
    ///
    /// VMAF shows best what people see, but was trained on films without HDR. HDR films therefore get XPSNR if ffmpeg
    /// has it.
    pub fn among(filters: &str, asked: Option<MetricName>, plan: &EncodePlan) -> Option<Self> {
        let picture = &plan.contract.picture;
        let is_hdr = matches!(picture.color.transfer, Some(Transfer::Smpte2084 | Transfer::AribStdB67));
        let order = match (asked, is_hdr) {
            (Some(asked), _) => [asked, asked],
            (None, false) => [MetricName::Vmaf, MetricName::Xpsnr],
            (None, true) => [MetricName::Xpsnr, MetricName::Vmaf],
        };
        let listed = |metric: &MetricName| metric.filter().is_some_and(|filter| has_filter(filters, filter));
        let is_large = picture.width > HD.0 || picture.height > HD.1;
        order.into_iter().find(listed).and_then(|metric| match metric {
            MetricName::Vmaf => Some(Self::Vmaf { model: if is_large { Model::Uhd } else { Model::Hd } }),
            MetricName::VmafNeg => {
                Some(Self::Vmaf { model: if is_large { Model::UhdNeg } else { Model::HdNeg } })
            }
            MetricName::Xpsnr => Some(Self::Xpsnr),
            MetricName::Ssimulacra2 | MetricName::Detail => None,
        })
    }

    /// The name of the metric.
    pub fn name(self) -> MetricName {
        match self {
            Self::Vmaf { model: Model::Hd | Model::Uhd } => MetricName::Vmaf,
            Self::Vmaf { model: Model::HdNeg | Model::UhdNeg } => MetricName::VmafNeg,
            Self::Xpsnr => MetricName::Xpsnr,
        }
    }

    /// The lowest mean score of a result that can be right.
    ///
    /// A real clip with noise of 60 steps added or taken away scored 48 points of VMAF and 25 dB: an encoder may do as
    /// much to a grainy film. Blurred by 12 pixels, or shrunk to a twentieth of its width and enlarged again, it scored
    /// less than 2 points and 13 dB, and a test card in blocks of 8x8 pixels 33 points (measured with ffmpeg 8.0).
    pub fn least(self) -> f64 {
        match self {
            Self::Vmaf { .. } => 40.0,
            Self::Xpsnr => 18.0,
        }
    }

    /// The pixel format to which both pictures are converted before they are compared: the result's own for VMAF,
    /// eight bits for XPSNR. With ten bits, ffmpeg's `xpsnr` (8.0 and 9.0.2) reads one of the two pictures with a
    /// wrong stride whenever its rows are padded in memory: a picture of 720x576 or 1284x722 scored 12 dB against
    /// itself. Eight bits change the score by 0.1 to 0.2 dB at 42 dB.
    pub fn pixel_format(self, result: PixelFormat) -> PixelFormat {
        match self {
            Self::Vmaf { .. } => result,
            Self::Xpsnr => PixelFormat::Yuv420p,
        }
    }
}
