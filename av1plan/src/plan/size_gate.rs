//! The gate after the encode: a result that hardly saves anything isn't worth a new generation.

use serde::{Deserialize, Serialize};

use crate::number::Ratio;

/// The original's size and the share of it that a result must stay below.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SizeGate {
    /// Bytes of the original.
    pub original: u64,
    /// A result of this share or more is thrown away; in ten-thousandths.
    pub max_ratio: Ratio,
}

impl SizeGate {
    /// The smallest number of bytes that is too big.
    pub fn limit(&self) -> u64 {
        self.max_ratio.of(self.original)
    }

    /// Whether a result of `bytes` passes.
    pub fn admits(&self, bytes: u64) -> bool {
        bytes < self.limit()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The default: a result of 0.90 of the original or more is rejected.
    #[test]
    fn ninety_percent_is_too_big_and_a_byte_less_is_not() {
        let gate = SizeGate { original: 1_000_000, max_ratio: Ratio::NINETY_PERCENT };
        assert!(gate.admits(899_999));
        assert!(!gate.admits(900_000));
        assert!(!gate.admits(1_000_000));
        assert!(!SizeGate { original: 0, max_ratio: Ratio::NINETY_PERCENT }.admits(0));
    }
}
