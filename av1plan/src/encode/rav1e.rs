//! rav1e's settings.

use serde::{Deserialize, Serialize};

use super::shown_as_number;

/// librav1e as the seed runs it (section 5.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rav1e {
    /// Constant quantizer, in place of a CRF.
    pub qp: Quantizer,
    /// Speed.
    pub speed: Speed,
}

/// `-qp`: 0 (lossless) to 255.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Quantizer(pub u8);

impl Quantizer {
    /// The seed's 75.
    pub const SEED: Self = Self(75);
}

/// `-speed`: 0 (slowest, best) to 10; the ladder uses 2 and 3.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Speed(pub u8);

shown_as_number!(Quantizer, Speed);
