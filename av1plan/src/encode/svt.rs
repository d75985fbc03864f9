//! SVT-AV1's settings.

use serde::{Deserialize, Serialize};

use super::{Crf, shown_as_number};
use crate::number::Rational;

/// libsvtav1 as the seed runs it (section 5.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Svt {
    /// Constant rate factor.
    pub crf: Crf,
    /// Speed preset; always given, since leaving it out means SVT's own default.
    pub preset: Preset,
    /// How much it does at once (`lp`).
    pub workers: Workers,
    /// The rate to name to the encoder in place of the source's nominal one, where that is more than it takes. It steers
    /// nothing but the encoder's own estimates: timestamps stay exact.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nominal_rate: Option<Rational>,
}

impl Svt {
    /// libsvtav1 refuses a source whose base rate is above this many frames a second (measured, 8.0 and 9.0.2).
    pub const MAX_RATE: u64 = 240;

    /// Below 32 rows or columns, libsvtav1 of ffmpeg 8.0 hangs for ever unless it works alone (measured).
    pub const fn workers(width: u32, height: u32) -> Workers {
        if width < 32 || height < 32 { Workers::One } else { Workers::All }
    }
}

/// SVT-AV1's level of parallelism, `lp`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Workers {
    /// As many as the machine has cores for: the seed's `lp=0`.
    #[default]
    All,
    /// One.
    One,
}

/// SVT-AV1's preset: 0 (slowest, best) to 13; the ladder uses 2 to 5.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Preset(pub u8);

shown_as_number!(Preset);
