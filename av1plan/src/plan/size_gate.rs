//! The gate after the encode: a result that saves few bytes isn't worth the quality that a second encode costs.

use serde::{Deserialize, Serialize};

use crate::number::Ratio;

/// How many bytes a result may have: less than a share of the original's bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SizeGate {
    /// The size of the original in bytes.
    pub original: u64,
    /// A result with this share of the original's bytes, or more, is rejected.
    pub max_ratio: Ratio,
}

impl SizeGate {
    /// The smallest size in bytes that is rejected.
    pub fn limit(&self) -> u64 {
        self.max_ratio.of(self.original)
    }

    /// Whether a result of this many bytes is small enough.
    pub fn admits(&self, bytes: u64) -> bool {
        bytes < self.limit()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The default of the config rejects a result of 0.90 of the original's bytes or more.
    #[test]
    fn ninety_percent_is_too_big_and_a_byte_less_is_not() {
        let gate = SizeGate { original: 1_000_000, max_ratio: Ratio::NINETY_PERCENT };
        assert!(gate.admits(899_999));
        assert!(!gate.admits(900_000));
        assert!(!gate.admits(1_000_000));
        assert!(!SizeGate { original: 0, max_ratio: Ratio::NINETY_PERCENT }.admits(0));
    }
}
