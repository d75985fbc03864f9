//! The settings of SVT-AV1.

use core::fmt;
use core::num::NonZeroU32;

use serde::{Deserialize, Serialize};

use super::{Crf, OutOfRange, ranged};
use crate::name::named;
use crate::number::Rational;

/// The settings of SVT-AV1 (`-c:v libsvtav1`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Svt {
    /// Constant rate factor (`-crf`).
    pub crf: Crf,
    /// Speed preset (`-preset`). It is always given, since without it the encoder would use its own default.
    pub preset: Preset,
    /// How many threads it uses (`lp` of `-svtav1-params`).
    pub workers: Parallelism,
    /// The nominal frame rate that the encoder is given (`fps-num` and `fps-denom` of `-svtav1-params`) if the
    /// source's own is more than it accepts. `None` if the source's own is used. The encoder bases its estimates on
    /// the rate; the timestamps aren't affected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nominal_rate: Option<NominalRate>,
}

impl Svt {
    /// The highest base rate in frames per second: libsvtav1 refuses a source with more (measured with ffmpeg 8.0 and
    /// 9.0.2).
    pub const MAX_RATE: u64 = 240;

    /// How many threads a picture of this size allows. Below 32 rows or columns libsvtav1 of ffmpeg 8.0 hangs forever
    /// with more than one (measured).
    pub const fn workers(width: u32, height: u32) -> Parallelism {
        if width < 32 || height < 32 { Parallelism::One } else { Parallelism::All }
    }
}

named! {
    /// SVT-AV1's level of parallelism (`lp` of `-svtav1-params`).
    #[derive(Default)]
    #[non_exhaustive]
    pub enum Parallelism: "a number of workers", name, names {
        /// As many threads as the machine has cores for (`lp=0`).
        #[default]
        All = "all",
        /// One thread (`lp=1`).
        One = "one",
    }
}

ranged! {
    /// SVT-AV1's `-preset`: 0 (slowest, best quality) to 13. The ladder uses 2 to 5.
    Preset, "a preset", 0..=13
}

/// A nominal frame rate that SVT-AV1 accepts: 1 to [`Svt::MAX_RATE`] frames per second. Numerator and denominator
/// have 32 bits each, because SVT-AV1 cuts longer numbers off and then uses a wrong rate (measured with ffmpeg 8.0).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "Rational", into = "Rational")]
pub struct NominalRate {
    numerator: u32,
    denominator: NonZeroU32,
}

impl NominalRate {
    /// 60 frames per second: the rate for a source of which no better one is known.
    pub const SIXTY: Self = Self { numerator: 60, denominator: NonZeroU32::MIN };

    /// How many frames are shown in [`denominator`](Self::denominator) seconds.
    pub const fn numerator(self) -> u32 {
        self.numerator
    }

    /// In how many seconds [`numerator`](Self::numerator) frames are shown.
    pub const fn denominator(self) -> u32 {
        self.denominator.get()
    }
}

impl TryFrom<Rational> for NominalRate {
    type Error = OutOfRange;

    fn try_from(rate: Rational) -> Result<Self, OutOfRange> {
        let refused = || OutOfRange::of("a rate for SVT-AV1", rate, 1, Svt::MAX_RATE);
        let numerator = u32::try_from(rate.numerator).map_err(|_| refused())?;
        let denominator = NonZeroU32::try_from(rate.denominator).map_err(|_| refused())?;
        let takes = (1000..=Svt::MAX_RATE * 1000).contains(&rate.thousandths());
        if takes { Ok(Self { numerator, denominator }) } else { Err(refused()) }
    }
}

impl From<NominalRate> for Rational {
    fn from(rate: NominalRate) -> Self {
        Self { numerator: rate.numerator.into(), denominator: rate.denominator.into() }
    }
}

impl fmt::Display for NominalRate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Rational::from(*self).fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_rates_that_svt_accepts_can_be_made() {
        let table = [
            (24_000, 1001, true),
            (1, 1, true),
            (240, 1, true),
            (u64::from(u32::MAX), 17_895_698, true),
            (241, 1, false),
            (999, 1000, false),
            (0, 1, false),
            (1 << 32, 1 << 28, false),
            (60 << 32, 1 << 32, false),
            (u64::MAX, u64::MAX, false),
        ];
        for (numerator, denominator, takes) in table {
            let rate = Rational::new(numerator, denominator).unwrap();
            assert_eq!(NominalRate::try_from(rate).is_ok(), takes, "{rate}");
        }
    }
}
