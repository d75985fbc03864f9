//! File sizes for people, in a fitting unit.

use core::fmt;

/// A number of bytes that is displayed for people, in a fitting binary unit: `1.4 GiB`.
#[derive(Debug, Clone, Copy)]
pub struct Bytes(pub u64);

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const UNITS: [&str; 6] = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
        let Self(bytes) = *self;
        let mut tenths = u128::from(bytes) * 10;
        let mut unit = "bytes";
        for larger in UNITS {
            if tenths < 10_240 {
                break;
            }
            tenths /= 1024;
            unit = larger;
        }
        if unit == "bytes" {
            write!(f, "{bytes} bytes")
        } else {
            write!(f, "{}.{} {unit}", tenths / 10, tenths % 10)
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;
    use crate::plan::SkipReason;

    #[test]
    fn bytes_are_shown_in_the_unit_that_fits() {
        let table = [
            (0, "0 bytes"),
            (1023, "1023 bytes"),
            (1024, "1.0 KiB"),
            (1536, "1.5 KiB"),
            (1_048_575, "1023.9 KiB"),
            (2_147_483_648, "2.0 GiB"),
            (u64::MAX, "15.9 EiB"),
        ];
        for (bytes, shown) in table {
            assert_eq!(Bytes(bytes).to_string(), shown);
        }
    }

    #[test]
    fn the_sizes_of_a_film_that_is_too_small_are_shown_in_units() {
        let reason = SkipReason::TooSmall { size: 3_950_258, min_bytes: 2_147_483_648 };
        assert_eq!(reason.to_string(), "its size, 3.7 MiB, is no more than min_bytes, 2.0 GiB");
    }
}
