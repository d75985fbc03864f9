//! The metrics by which the quality of a picture is stated.

use crate::name::named;

named! {
    /// The name of a metric.
    #[derive(PartialOrd, Ord)]
    #[non_exhaustive]
    pub enum MetricName: "a metric", name, names {
        /// VMAF of Netflix, from 0 to 100 (best).
        Vmaf = "vmaf",
        /// VMAF without credit for enhancements such as sharpening, from 0 to 100 (best).
        VmafNeg = "vmaf-neg",
        /// XPSNR of Fraunhofer HHI, in decibels: more is better.
        Xpsnr = "xpsnr",
        /// SSIMULACRA2 of Cloudinary, up to 100 (best): it sees lost grain and blur, which VMAF doesn't.
        Ssimulacra2 = "ssimulacra2",
        /// The share of the source's fine detail that is kept, in percent: the energy of the second differences between
        /// neighbouring pixels of luma. Lost grain shows here first.
        Detail = "detail",
    }
}

impl MetricName {
    /// The metrics by which samples are scored.
    pub const SAMPLED: [Self; 4] = [Self::VmafNeg, Self::Xpsnr, Self::Ssimulacra2, Self::Detail];

    /// The unit of a score.
    pub const fn unit(self) -> &'static str {
        match self {
            Self::Vmaf | Self::VmafNeg | Self::Ssimulacra2 => "points",
            Self::Xpsnr => "dB",
            Self::Detail => "%",
        }
    }

    /// Whether a score of an HDR picture means something. VMAF and SSIMULACRA2 are trained on pictures without HDR.
    pub const fn takes_hdr(self) -> bool {
        matches!(self, Self::Xpsnr | Self::Detail)
    }

    /// The lowest and the highest score that anybody can ask for.
    pub const fn range(self) -> (i64, i64) {
        match self {
            Self::Vmaf | Self::VmafNeg | Self::Ssimulacra2 | Self::Detail => (1, 100),
            Self::Xpsnr => (20, 60),
        }
    }
}
