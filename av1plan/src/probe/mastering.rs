//! The mastering display's numbers, compared as numbers.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::number::Rational;

/// The primaries, the white point and the luminance of the display on which a film was mastered (SMPTE ST 2086).
///
/// It is shown, and written to documents, as ten fractions with blanks between them: red x and y, green x and y, blue
/// x and y, white point x and y, minimum and maximum luminance in candela per square metre. A number that the file
/// doesn't have is shown as `?`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct MasteringDisplay([Option<Rational>; MasteringDisplay::FIELDS.len()]);

/// Two numbers that differ by at most 1 / `STEPS` are the same number. It is the coarsest step in which any format on
/// the way from the film to the result stores that number. HEVC and MP4 store chromaticity in steps of 1/50,000 and
/// luminance in 1/10,000, AV1 in 1/65,536, 1/256 for the maximum and 1/16,384 for the minimum, Matroska in 32-bit
/// floating-point numbers, whose fractions ffprobe prints (`11408507/16777216` for 0.68).
const STEPS: [u64; MasteringDisplay::FIELDS.len()] =
    [50_000, 50_000, 50_000, 50_000, 50_000, 50_000, 50_000, 50_000, 10_000, 256];

impl MasteringDisplay {
    /// The fields of ffprobe's `Mastering display metadata`, in the order of the numbers.
    pub(super) const FIELDS: [&'static str; 10] = [
        "red_x",
        "red_y",
        "green_x",
        "green_y",
        "blue_x",
        "blue_y",
        "white_point_x",
        "white_point_y",
        "min_luminance",
        "max_luminance",
    ];

    /// Reads ffprobe's texts of the fields. A text that isn't a fraction counts as missing.
    pub(super) fn read(texts: &[Option<String>; Self::FIELDS.len()]) -> Self {
        let mut numbers = [None; Self::FIELDS.len()];
        for (number, text) in numbers.iter_mut().zip(texts) {
            *number = text.as_deref().and_then(|text| text.parse().ok()).map(Rational::reduced);
        }
        Self(numbers)
    }

    /// Whether all ten numbers are there.
    pub(crate) fn is_complete(&self) -> bool {
        self.0.iter().all(Option::is_some)
    }

    /// Whether `found` has every number of this display, to the precision in which such numbers are stored. If a
    /// number is missing here, `found` may have any.
    pub fn is_kept_by(&self, found: &Self) -> bool {
        self.0.iter().zip(&found.0).zip(STEPS).all(|((wanted, found), step)| match (wanted, found) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(wanted), Some(found)) => is_near(*wanted, *found, step),
        })
    }
}

/// Whether two numbers differ by at most 1 / `step`. Numerators and denominators of ffprobe have 32 bits; longer ones
/// must be equal, because the products below would overflow.
fn is_near(one: Rational, other: Rational, step: u64) -> bool {
    let parts = [one.numerator, one.denominator.get(), other.numerator, other.denominator.get()];
    if parts.iter().any(|part| *part > u64::from(u32::MAX)) {
        return one.same_value(other);
    }
    let [one, of_one, other, of_other] = parts.map(u128::from);
    (one * of_other).abs_diff(other * of_one) * u128::from(step) <= of_one * of_other
}

impl fmt::Display for MasteringDisplay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, number) in self.0.iter().enumerate() {
            if position > 0 {
                f.write_str(" ")?;
            }
            match number {
                Some(number) => write!(f, "{number}")?,
                None => f.write_str("?")?,
            }
        }
        Ok(())
    }
}

/// The text isn't ten fractions with blanks between them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a mastering display is ten fractions like 17/25, or ?, with blanks between them")]
pub struct NotAMasteringDisplay;

impl FromStr for MasteringDisplay {
    type Err = NotAMasteringDisplay;

    fn from_str(text: &str) -> Result<Self, NotAMasteringDisplay> {
        let number = |text: &str| match text {
            "?" => Ok(None),
            text => text.parse().map(Some).map_err(|_| NotAMasteringDisplay),
        };
        let numbers: Vec<Option<Rational>> = text.split(' ').map(number).collect::<Result<_, _>>()?;
        numbers.try_into().map(Self).map_err(|_| NotAMasteringDisplay)
    }
}

impl TryFrom<String> for MasteringDisplay {
    type Error = NotAMasteringDisplay;

    fn try_from(text: String) -> Result<Self, NotAMasteringDisplay> {
        text.parse()
    }
}

impl From<MasteringDisplay> for String {
    fn from(display: MasteringDisplay) -> Self {
        alloc::format!("{display}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The same display in one film and its results (ffmpeg 8.0, SVT-AV1): in the film's frames, in its Matroska
    /// container as mkvmerge wrote it, in the container of a result in MP4, and in the frames of a result.
    const FRAMES: &str = "17/25 8/25 53/200 69/100 3/20 3/50 3127/10000 329/1000 1/200 1000/1";
    const FLOATS: &str = "11408507/16777216 5368709/16777216 2222981/8388608 11576279/16777216 5033165/33554432 \
                          16106127/268435456 10492471/33554432 689963/2097152 5368709/1073741824 1000/1";
    const MP4: &str = "34000/50000 16000/50000 13250/50000 34500/50000 7500/50000 3000/50000 15635/50000 16450/50000 \
                       50/10000 10000000/10000";
    const AV1: &str = "44564/65536 20972/65536 17367/65536 45220/65536 9830/65536 3932/65536 20493/65536 21561/65536 \
                       82/16384 256000/256";

    #[test]
    fn the_same_numbers_in_other_precisions_are_the_same() {
        let all = [FRAMES, FLOATS, MP4, AV1].map(|text| text.parse::<MasteringDisplay>().unwrap());
        for wanted in &all {
            for found in &all {
                assert!(wanted.is_kept_by(found), "{wanted} / {found}");
            }
        }
        let nothing = MasteringDisplay::default();
        assert!(nothing.is_kept_by(&all[0]) && !all[0].is_kept_by(&nothing));
    }

    /// 603.33 cd/m² as HEVC stores it, as a 32-bit float and as AV1 stores it, which keeps 8 binary places.
    #[test]
    fn a_maximum_that_av1_must_round_is_the_same() {
        let [hevc, float, av1] = ["6033300/10000", "9884959/16384", "154452/256"]
            .map(|maximum| FRAMES.replacen("1000/1", maximum, 1).parse::<MasteringDisplay>().unwrap());
        assert!(hevc.is_kept_by(&float) && hevc.is_kept_by(&av1) && float.is_kept_by(&av1));
    }

    #[test]
    fn other_numbers_are_not() {
        let film: MasteringDisplay = FRAMES.parse().unwrap();
        for (from, to) in [
            ("17/25", "177/250"),
            ("17/25", "6801/10000"),
            ("1/200", "0/1"),
            ("1/200", "1/100"),
            ("1000/1", "4000/1"),
            ("1000/1", "?"),
            ("1000/1", "18446744073709551615/1"),
        ] {
            let other: MasteringDisplay = FRAMES.replacen(from, to, 1).parse().unwrap();
            assert!(!film.is_kept_by(&other), "{to}");
        }
    }

    #[test]
    fn a_text_is_read_as_it_is_written() {
        for text in [FRAMES, "? ? ? ? ? ? ? ? ? 1000/1"] {
            assert_eq!(alloc::format!("{}", text.parse::<MasteringDisplay>().unwrap()), text);
        }
        for text in ["", "1/2", "1/0 ? ? ? ? ? ? ? ? ?", "? ? ? ? ? ? ? ? ? ? ?", "0.5 ? ? ? ? ? ? ? ? ?"] {
            assert_eq!(text.parse::<MasteringDisplay>(), Err(NotAMasteringDisplay), "{text}");
        }
    }
}
