//! The number by which an encoder's quality is set, on one scale for all three.

use core::fmt;

use serde::{Deserialize, Serialize};

use super::{Crf, EncoderSettings, Quantizer};

/// The level of quality that an encoder is set to, in quarters of a step of CRF: lower is better. SVT-AV1's and
/// libaom's CRF 24 is 96, and rav1e's quantizer, whose scale is about four times as fine, is its own level.
///
/// It is shown as a CRF: `24`, `24.25`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Level(u16);

impl Level {
    /// This many quarters of a step of CRF.
    pub const fn of_quarters(quarters: u16) -> Self {
        Self(quarters)
    }

    /// How many quarters of a step of CRF it is.
    pub const fn quarters(self) -> u16 {
        self.0
    }

    /// This many whole steps of CRF lower; 0 if there are fewer.
    #[must_use]
    pub const fn lower_by(self, steps: u8) -> Self {
        Self(self.0.saturating_sub(4 * steps as u16))
    }

    /// This many whole steps of CRF higher.
    #[must_use]
    pub const fn higher_by(self, steps: u8) -> Self {
        Self(self.0.saturating_add(4 * steps as u16))
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let places = ["", ".25", ".5", ".75"][usize::from(self.0 % 4)];
        write!(f, "{}{places}", self.0 / 4)
    }
}

impl EncoderSettings {
    /// The level of quality.
    pub fn level(&self) -> Level {
        match self {
            Self::Svt(svt) => Level(4 * u16::from(svt.crf.get())),
            Self::Aom(aom) => Level(4 * u16::from(aom.crf.get())),
            Self::Rav1e(rav1e) => Level(u16::from(rav1e.qp.get())),
        }
    }

    /// The same settings at another level, or at the next better one that the encoder has.
    #[must_use]
    pub fn at_level(self, level: Level) -> Self {
        let step = |quarters: u16| u8::try_from(quarters).unwrap_or(u8::MAX);
        let crf = Crf::new(step(level.0 / 4));
        match self {
            Self::Svt(svt) => Self::Svt(super::Svt { crf, ..svt }),
            Self::Aom(aom) => Self::Aom(super::Aom { crf, ..aom }),
            Self::Rav1e(rav1e) => Self::Rav1e(super::Rav1e { qp: Quantizer::new(step(level.0)), ..rav1e }),
        }
    }

    /// How far apart the encoder's levels are, in quarters of a step of CRF.
    pub const fn step(&self) -> u16 {
        match self {
            Self::Svt(_) | Self::Aom(_) => 4,
            Self::Rav1e(_) => 1,
        }
    }

    /// The best and the worst level of the encoder.
    pub const fn levels(&self) -> (Level, Level) {
        match self {
            Self::Svt(_) | Self::Aom(_) => (Level(4 * Crf::MIN as u16), Level(4 * Crf::MAX as u16)),
            Self::Rav1e(_) => (Level(Quantizer::MIN as u16), Level(Quantizer::MAX as u16)),
        }
    }
}
