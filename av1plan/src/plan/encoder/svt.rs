//! SVT-AV1's settings.

use core::fmt;
use core::num::NonZeroU32;

use serde::{Deserialize, Serialize};

use super::{Crf, OutOfRange, ranged};
use crate::name::named;
use crate::number::Rational;

/// libsvtav1's settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Svt {
    /// Constant rate factor.
    pub crf: Crf,
    /// Speed preset; always given, since leaving it out means SVT's own default.
    pub preset: Preset,
    /// How much it does at once (`lp`).
    pub workers: Workers,
    /// The rate to name to the encoder in place of the source's nominal one, where that is more than it takes. It steers
    /// nothing but the encoder's own estimates: timestamps stay exact.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nominal_rate: Option<NominalRate>,
}

impl Svt {
    /// libsvtav1 refuses a source whose base rate is above this many frames a second (measured, 8.0 and 9.0.2).
    pub const MAX_RATE: u64 = 240;

    /// Below 32 rows or columns, libsvtav1 of ffmpeg 8.0 hangs for ever unless it works alone (measured).
    pub const fn workers(width: u32, height: u32) -> Workers {
        if width < 32 || height < 32 { Workers::One } else { Workers::All }
    }
}

named! {
    /// SVT-AV1's level of parallelism, `lp`.
    #[derive(Default)]
    #[non_exhaustive]
    pub enum Workers: "a number of workers", name, names {
        /// As many as the machine has cores for (`lp=0`).
        #[default]
        All = "all",
        /// One.
        One = "one",
    }
}

ranged! {
    /// SVT-AV1's preset: 0 (slowest, best) to 13; the ladder uses 2 to 5.
    Preset, "a preset", 0..=13
}

/// A rate that SVT-AV1 can be told: 1 to [`Svt::MAX_RATE`] frames a second, both halves of 32 bits. It takes what is left of longer
/// ones, and then another rate than it was told (measured, 8.0).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "Rational", into = "Rational")]
pub struct NominalRate {
    numerator: u32,
    denominator: NonZeroU32,
}

impl NominalRate {
    /// What is told where nothing better is known.
    pub const SIXTY: Self = Self { numerator: 60, denominator: NonZeroU32::MIN };

    /// The frames.
    pub const fn numerator(self) -> u32 {
        self.numerator
    }

    /// In this many seconds.
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
    fn a_rate_is_one_that_svt_takes() {
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
