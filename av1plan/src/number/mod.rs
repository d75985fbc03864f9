//! Exact numbers: fractions, microseconds and shares, as ffprobe's text and config files have them.

mod milli;
mod ratio;

use core::fmt;
use core::num::NonZeroU64;
use core::str::FromStr;

use serde::{Deserialize, Serialize};

pub use milli::{Milli, NotMilli};
pub use ratio::{NotARatio, Ratio};

/// A fraction that isn't negative, as ffprobe prints it: `24000/1001`, `16:15`.
///
/// It is stored as written and not reduced, so that it can be shown as it was found. Two fractions are equal if they
/// are written alike; [`Rational::same_value`] compares their values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Rational {
    /// The numerator.
    pub numerator: u64,
    /// The denominator; never 0.
    pub denominator: NonZeroU64,
}

impl Rational {
    /// `numerator / denominator`; `None` if the denominator is 0.
    pub const fn new(numerator: u64, denominator: u64) -> Option<Self> {
        match NonZeroU64::new(denominator) {
            Some(denominator) => Some(Self { numerator, denominator }),
            None => None,
        }
    }

    /// Whether both have the same value, like `2/2` and `1/1`.
    pub fn same_value(self, other: Self) -> bool {
        u128::from(self.numerator) * u128::from(other.denominator.get())
            == u128::from(other.numerator) * u128::from(self.denominator.get())
    }

    /// The same value, reduced to lowest terms.
    #[must_use]
    pub fn reduced(self) -> Self {
        let (mut one, mut other) = (self.numerator, self.denominator.get());
        while other != 0 {
            (one, other) = (other, one % other);
        }
        Self::new(self.numerator / one, self.denominator.get() / one).unwrap_or(self)
    }

    /// The value in thousandths, rounded down; [`u64::MAX`] if it doesn't fit.
    pub fn thousandths(self) -> u64 {
        let wide = u128::from(self.numerator) * 1000 / u128::from(self.denominator.get());
        u64::try_from(wide).unwrap_or(u64::MAX)
    }
}

impl FromStr for Rational {
    type Err = NotRational;

    fn from_str(text: &str) -> Result<Self, NotRational> {
        let (numerator, denominator) = text.split_once(['/', ':']).ok_or(NotRational)?;
        let numerator = numerator.parse().map_err(|_| NotRational)?;
        let denominator = denominator.parse().map_err(|_| NotRational)?;
        Self::new(numerator, denominator).ok_or(NotRational)
    }
}

impl fmt::Display for Rational {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.numerator, self.denominator)
    }
}

/// Error of parsing a [`Rational`]: the text isn't a fraction with a denominator above 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a fraction like 24000/1001")]
pub struct NotRational;

/// A point in time or a duration in microseconds, which is the precision of ffprobe's own text (`5.280000`).
/// Displayed in seconds to the millisecond: `5.280`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Micros(pub i64);

impl Micros {
    /// This many seconds; the nearest number that fits if they don't fit.
    pub const fn from_secs(secs: i64) -> Self {
        Self(secs.saturating_mul(1_000_000))
    }

    /// This many milliseconds; the nearest number that fits if they don't fit.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis.saturating_mul(1000))
    }

    /// The distance between two points in time; never negative.
    #[must_use]
    pub const fn distance(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0).saturating_abs())
    }

    /// Reads ffprobe's decimal seconds (`-0.083000`) or the clock time of a Matroska tag (`01:41:26.080000000`).
    ///
    /// `None` for any other text (`N/A`), and for a time that doesn't fit into 64 bits.
    pub fn parse(text: &str) -> Option<Self> {
        let (negative, text) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let mut parts = text.rsplit(':');
        let mut micros = decimal_seconds(parts.next()?)?;
        for (unit, part) in [60_i64, 3600].into_iter().zip(parts.by_ref()) {
            let count: i64 = part.parse().ok().filter(|count| *count >= 0)?;
            micros = micros.checked_add(count.checked_mul(unit)?.checked_mul(1_000_000)?)?;
        }
        if parts.next().is_some() {
            return None;
        }
        Some(Self(if negative { -micros } else { micros }))
    }
}

/// Reads `12.345678901` as microseconds. Digits after the sixth are cut off.
fn decimal_seconds(text: &str) -> Option<i64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let whole: i64 = whole.parse().ok().filter(|whole| *whole >= 0)?;
    if !fraction.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let fraction = fraction.bytes().chain(core::iter::repeat(b'0')).take(6);
    let fraction = fraction.fold(0_i64, |sum, digit| sum * 10 + i64::from(digit - b'0'));
    whole.checked_mul(1_000_000)?.checked_add(fraction)
}

impl fmt::Display for Micros {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let millis = (self.0.unsigned_abs() + 500) / 1000;
        write!(f, "{sign}{}.{:03}", millis / 1000, millis % 1000)
    }
}

/// How many of something there are: `1 track`, `2 tracks`.
pub(crate) fn counted(number: u64, one: &str, many: &str) -> alloc::string::String {
    alloc::format!("{number} {}", if number == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fractions_are_read_as_ffprobe_writes_them() {
        assert_eq!("24000/1001".parse(), Ok(Rational::new(24000, 1001).unwrap()));
        assert_eq!("16:15".parse(), Ok(Rational::new(16, 15).unwrap()));
        for bad in ["0/0", "", "25", "-1/2", "N/A", "1/x"] {
            assert_eq!(bad.parse::<Rational>(), Err(NotRational), "{bad}");
        }
    }

    #[test]
    fn values_are_compared_across_notations() {
        let rate = |n, d| Rational::new(n, d).unwrap();
        assert!(rate(25, 1).same_value(rate(50, 2)));
        assert!(!rate(24000, 1001).same_value(rate(24, 1)));
        assert_eq!(rate(24000, 1001).thousandths(), 23976);
        assert_eq!(rate(u64::MAX, 1).thousandths(), u64::MAX);
    }

    #[test]
    fn seconds_and_clock_times_become_microseconds() {
        let table = [
            ("5.280000", Some(5_280_000)),
            ("-0.083000", Some(-83_000)),
            ("7", Some(7_000_000)),
            ("00:00:02.000000000", Some(2_000_000)),
            ("01:41:26.08", Some(6_086_080_000)),
            ("N/A", None),
            ("", None),
            ("1e3", None),
            ("--1", None),
            ("1:2:3:4", None),
            ("99999999999999999999", None),
        ];
        for (text, micros) in table {
            assert_eq!(Micros::parse(text), micros.map(Micros), "{text}");
        }
    }

    #[test]
    fn micros_are_shown_in_seconds_to_the_millisecond() {
        assert_eq!(alloc::format!("{}", Micros(-83_400)), "-0.083");
        assert_eq!(alloc::format!("{}", Micros(6_086_080_000)), "6086.080");
    }
}
