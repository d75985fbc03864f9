//! By what a result's picture is scored against its original's: which metric, and what it is told.

use crate::name::named;
use crate::plan::{EncodePlan, PixelFormat};
use crate::probe::Transfer;
use crate::toolchain::has_filter;

/// A metric of ffmpeg's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Metric {
    /// Netflix's, from 0 to 100; `libvmaf` in ffmpeg's name.
    Vmaf {
        /// For which screen.
        model: Model,
    },
    /// Fraunhofer HHI's, in decibels.
    Xpsnr,
}

named! {
    /// A metric's name, for a person to ask for.
    #[non_exhaustive]
    pub enum MetricName: "a metric", name, names {
        /// See [`Metric::Vmaf`].
        Vmaf = "vmaf",
        /// See [`Metric::Xpsnr`].
        Xpsnr = "xpsnr",
    }
}

named! {
    /// VMAF's model. Both are built into libvmaf.
    pub enum Model: "a model", name, names {
        /// A film of up to 1080p from three heights of the screen.
        Hd = "vmaf_v0.6.1",
        /// A film of 2160p from one and a half.
        Uhd = "vmaf_4k_v0.6.1",
    }
}

impl MetricName {
    /// The filter of ffmpeg that computes it.
    pub fn filter(self) -> &'static str {
        match self {
            Self::Vmaf => "libvmaf",
            Self::Xpsnr => "xpsnr",
        }
    }
}

/// Wider or higher than this, a film is for a screen of 2160p.
const HD: (u32, u32) = (2560, 1440);

impl Metric {
    /// The metric for the results of `plan`, of those that this text of `ffmpeg -filters` lists; nothing where it lists none, or not the one
    /// that is `asked` for.
    ///
    /// VMAF tells best what people see, but was trained on films without HDR: those get XPSNR where it is there.
    pub fn among(filters: &str, asked: Option<MetricName>, plan: &EncodePlan) -> Option<Self> {
        let picture = &plan.contract.picture;
        let is_hdr = matches!(picture.color.transfer, Some(Transfer::Smpte2084 | Transfer::AribStdB67));
        let order = match (asked, is_hdr) {
            (Some(asked), _) => [asked, asked],
            (None, false) => [MetricName::Vmaf, MetricName::Xpsnr],
            (None, true) => [MetricName::Xpsnr, MetricName::Vmaf],
        };
        let listed = |metric: &MetricName| has_filter(filters, metric.filter());
        let is_large = picture.width > HD.0 || picture.height > HD.1;
        order.into_iter().find(listed).map(|metric| match metric {
            MetricName::Vmaf => Self::Vmaf { model: if is_large { Model::Uhd } else { Model::Hd } },
            MetricName::Xpsnr => Self::Xpsnr,
        })
    }

    /// Its name.
    pub fn name(self) -> MetricName {
        match self {
            Self::Vmaf { .. } => MetricName::Vmaf,
            Self::Xpsnr => MetricName::Xpsnr,
        }
    }

    /// What both pictures are converted to before they are compared: the result's own format, but for XPSNR eight bits. At ten,
    /// ffmpeg 8.0 and 9.0.2 read one of the two at a wrong stride wherever a row is padded in memory: a picture of 720x576
    /// or 1284x722 scored 12 dB against itself. What eight bits hide was 0.1 to 0.2 dB at 42.
    pub fn pixel_format(self, result: PixelFormat) -> PixelFormat {
        match self {
            Self::Vmaf { .. } => result,
            Self::Xpsnr => PixelFormat::Yuv420p,
        }
    }
}
