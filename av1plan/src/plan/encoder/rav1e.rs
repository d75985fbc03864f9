//! rav1e's settings.

use serde::{Deserialize, Serialize};

use super::ranged;

/// librav1e's settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Rav1e {
    /// Constant quantizer, in place of a CRF.
    pub qp: Quantizer,
    /// Speed.
    pub speed: Speed,
}

ranged! {
    /// `-qp`: 0 (lossless) to 255.
    Quantizer, "a quantizer", 0..=255
}

impl Quantizer {
    /// The quantizer of every film: 75.
    pub const DEFAULT: Self = Self::new(75);
}

ranged! {
    /// `-speed`: 0 (slowest, best) to 10; the ladder uses 2 and 3.
    Speed, "a speed", 0..=10
}
