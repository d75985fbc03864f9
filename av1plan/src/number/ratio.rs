//! A share of a whole.

use core::fmt;

use serde::{Deserialize, Serialize};

/// A share of a whole, above 0 and up to 1. It is stored in ten-thousandths, so that plans hold no floating-point
/// numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "u16", into = "u16")]
pub struct Ratio(u16);

impl From<Ratio> for u16 {
    fn from(ratio: Ratio) -> Self {
        ratio.0
    }
}

impl TryFrom<u16> for Ratio {
    type Error = NotARatio;

    fn try_from(ten_thousandths: u16) -> Result<Self, NotARatio> {
        Self::from_ten_thousandths(ten_thousandths).ok_or(NotARatio)
    }
}

/// Error of making a [`Ratio`]: the number isn't above 0 and at most 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a ratio is above 0 and at most 1")]
pub struct NotARatio;

impl Ratio {
    /// A share of 0.90.
    pub const NINETY_PERCENT: Self = Self(9000);

    /// `ten_thousandths / 10000`; `None` if that isn't above 0 and at most 1.
    pub const fn from_ten_thousandths(ten_thousandths: u16) -> Option<Self> {
        if ten_thousandths >= 1 && ten_thousandths <= 10_000 { Some(Self(ten_thousandths)) } else { None }
    }

    /// The share as a config has it, rounded to four decimal places; `None` if that isn't above 0 and at most 1.
    pub fn from_f64(share: f64) -> Option<Self> {
        let scaled = share * 10_000.0 + 0.5;
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "the range was just checked"
        )]
        if (1.0..10_001.0).contains(&scaled) { Self::from_ten_thousandths(scaled as u16) } else { None }
    }

    /// The share in ten-thousandths.
    pub const fn ten_thousandths(self) -> u16 {
        self.0
    }

    /// The smallest number of bytes that is this share of `whole` bytes or more.
    pub fn of(self, whole: u64) -> u64 {
        let share = (u128::from(whole) * u128::from(self.0)).div_ceil(10_000);
        u64::try_from(share).unwrap_or(u64::MAX)
    }
}

impl fmt::Display for Ratio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:02}", self.0 / 100, self.0 % 100)?;
        f.write_str(" %")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ratio_is_above_zero_and_at_most_one() {
        for bad in [0.0, -0.5, 1.0001, f64::NAN, f64::INFINITY, 0.000_01] {
            assert_eq!(Ratio::from_f64(bad), None, "{bad}");
        }
        assert_eq!(Ratio::from_f64(0.9), Some(Ratio::NINETY_PERCENT));
        assert_eq!(Ratio::from_f64(1.0).map(Ratio::ten_thousandths), Some(10_000));
    }

    #[test]
    fn a_share_is_rounded_up_so_that_the_gate_is_exact() {
        assert_eq!(Ratio::NINETY_PERCENT.of(1000), 900);
        assert_eq!(Ratio::NINETY_PERCENT.of(1001), 901);
        assert_eq!(Ratio::NINETY_PERCENT.of(0), 0);
        assert_eq!(Ratio::from_f64(1.0).unwrap().of(u64::MAX), u64::MAX);
    }
}
