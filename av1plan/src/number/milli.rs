//! Decimal numbers with three places, as scores have them.

use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Serialize};

/// A number in thousandths. It is shown without trailing zeroes: `95`, `79.5`, `-0.25`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Milli(pub i64);

impl Milli {
    /// This many whole units.
    pub const fn whole(units: i64) -> Self {
        Self(units.saturating_mul(1000))
    }

    /// The nearest number of thousandths; the nearest that fits if `number` doesn't fit, and 0 if it isn't a number.
    #[allow(clippy::cast_possible_truncation, reason = "the conversion saturates")]
    pub fn from_f64(number: f64) -> Self {
        Self(libm::round(number * 1000.0) as i64)
    }

    /// The same as a floating-point number.
    #[allow(clippy::cast_precision_loss, reason = "numbers of thousandths are far below 2^52")]
    pub const fn to_f64(self) -> f64 {
        self.0 as f64 / 1000.0
    }
}

/// Error of parsing a [`Milli`]: the text isn't a decimal number with at most three places.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a number with at most three decimal places")]
pub struct NotMilli;

impl FromStr for Milli {
    type Err = NotMilli;

    fn from_str(text: &str) -> Result<Self, NotMilli> {
        let (sign, digits) = text.strip_prefix('-').map_or((1, text), |digits| (-1, digits));
        let (whole, places) = digits.split_once('.').unwrap_or((digits, ""));
        let are_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || !are_digits(whole) || !are_digits(places) || places.len() > 3 {
            return Err(NotMilli);
        }
        let whole: i64 = whole.parse().map_err(|_| NotMilli)?;
        let places = alloc::format!("{places:0<3}").parse::<i64>().map_err(|_| NotMilli)?;
        let thousandths = whole.checked_mul(1000).and_then(|whole| whole.checked_add(places));
        thousandths.map(|thousandths| Self(sign * thousandths)).ok_or(NotMilli)
    }
}

impl fmt::Display for Milli {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let (whole, places) = (self.0.unsigned_abs() / 1000, self.0.unsigned_abs() % 1000);
        match places {
            0 => write!(f, "{sign}{whole}"),
            _ if places % 100 == 0 => write!(f, "{sign}{whole}.{}", places / 100),
            _ if places % 10 == 0 => write!(f, "{sign}{whole}.{:02}", places / 10),
            _ => write!(f, "{sign}{whole}.{places:03}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn what_is_shown_is_read_back() {
        for (text, thousandths) in [("95", 95_000), ("79.5", 79_500), ("-0.25", -250), ("0.007", 7), ("0", 0)]
        {
            assert_eq!(text.parse(), Ok(Milli(thousandths)), "{text}");
            assert_eq!(Milli(thousandths).to_string(), text);
        }
        assert_eq!("95.000".parse(), Ok(Milli::whole(95)));
    }

    #[test]
    fn other_texts_are_no_numbers() {
        for text in ["", "-", ".5", "1.2345", "1e3", "+1", "1,5", "9223372036854775807", " 1"] {
            assert_eq!(text.parse::<Milli>(), Err(NotMilli), "{text:?}");
        }
    }

    #[test]
    fn floating_point_numbers_are_rounded() {
        assert_eq!(Milli::from_f64(95.2504), Milli(95_250));
        assert_eq!(Milli::from_f64(-0.0006), Milli(-1));
        assert_eq!((Milli::from_f64(f64::NAN), Milli::from_f64(f64::INFINITY)), (Milli(0), Milli(i64::MAX)));
        assert!((Milli(1500).to_f64() - 1.5).abs() < f64::EPSILON);
    }
}
