//! Numbers with a range, each in a type of its own. A number outside the range can be neither constructed nor
//! deserialized.

use alloc::string::String;

use super::OutOfRange;

/// Defines the number type `$type` with the range `$least` to `$most`. `$called` is its name in error messages.
macro_rules! ranged {
    ($(#[$doc:meta])* $type:ident, $called:literal, $least:literal..=$most:literal) => {
        $(#[$doc])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
        )]
        #[serde(try_from = "u8", into = "u8")]
        pub struct $type(u8);

        impl $type {
            /// The smallest value.
            pub const MIN: u8 = $least;
            /// The largest value.
            pub const MAX: u8 = $most;

            /// `value`, or the nearest number in the range if `value` is outside. `try_from` is an error in that
            /// case.
            #[allow(clippy::manual_clamp, reason = "`clamp` isn't const")]
            pub const fn new(value: u8) -> Self {
                if value < Self::MIN {
                    Self(Self::MIN)
                } else if value > Self::MAX {
                    Self(Self::MAX)
                } else {
                    Self(value)
                }
            }

            /// The number itself.
            pub const fn get(self) -> u8 {
                self.0
            }
        }

        impl TryFrom<u8> for $type {
            type Error = $crate::plan::OutOfRange;

            fn try_from(value: u8) -> Result<Self, Self::Error> {
                if Self::new(value).0 == value {
                    Ok(Self(value))
                } else {
                    Err($crate::plan::OutOfRange::of($called, value, Self::MIN, Self::MAX))
                }
            }
        }

        impl From<$type> for u8 {
            fn from(number: $type) -> Self {
                number.0
            }
        }

        impl core::fmt::Display for $type {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}
pub(super) use ranged;

impl OutOfRange {
    pub(super) fn of(
        called: &'static str,
        found: impl core::fmt::Display,
        least: impl core::fmt::Display,
        most: impl core::fmt::Display,
    ) -> Self {
        Self { called, found: shown(found), least: shown(least), most: shown(most) }
    }
}

fn shown(number: impl core::fmt::Display) -> String {
    alloc::format!("{number}")
}

#[cfg(test)]
mod tests {
    use crate::plan::{CpuUsed, Crf, Preset, Quantizer, Speed, Threads, TileCount};

    /// The expected ranges are those that `ffmpeg -h encoder=` of 8.0 and 9.0.2 prints, without the values that mean
    /// "not set".
    #[test]
    fn numbers_out_of_range_are_refused_and_not_deserialized() {
        macro_rules! holds {
            ($type:ident, $least:literal, $most:literal) => {
                for number in 0..=u8::MAX {
                    let inside = ($least..=$most).contains(&number);
                    assert_eq!($type::try_from(number).is_ok(), inside, "{} {number}", stringify!($type));
                    let read = serde_json::from_str::<$type>(&alloc::format!("{number}"));
                    assert_eq!(read.is_ok(), inside, "{} {number}", stringify!($type));
                    assert_eq!($type::new(number).get(), number.clamp($least, $most));
                }
            };
        }
        holds!(Crf, 1, 63);
        holds!(Preset, 0, 13);
        holds!(CpuUsed, 0, 8);
        holds!(Quantizer, 0, 255);
        holds!(Speed, 0, 10);
        holds!(TileCount, 1, 64);
        holds!(Threads, 1, 64);
        for document in ["256", "-1", "1.5", "\"23\"", "null"] {
            assert!(serde_json::from_str::<Crf>(document).is_err(), "{document}");
        }
        let error = Crf::try_from(0).unwrap_err();
        assert_eq!(alloc::format!("{error}"), "a CRF is from 1 to 63, and not 0");
    }
}
