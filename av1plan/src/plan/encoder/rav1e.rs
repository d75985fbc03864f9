//! The settings of rav1e.

use serde::{Deserialize, Serialize};

use super::ranged;

/// The settings of rav1e (`-c:v librav1e`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Rav1e {
    /// Constant quantizer (`-qp`); rav1e has no CRF.
    pub qp: Quantizer,
    /// Speed (`-speed`).
    pub speed: Speed,
}

ranged! {
    /// rav1e's `-qp`: 0 (lossless) to 255.
    Quantizer, "a quantizer", 0..=255
}

impl Quantizer {
    /// The quantizer of every plan: 75.
    pub const DEFAULT: Self = Self::new(75);
}

ranged! {
    /// rav1e's `-speed`: 0 (slowest, best quality) to 10. The ladder uses 2 and 3.
    Speed, "a speed", 0..=10
}
