//! How large a picture is, in the classes that settings are chosen by.

use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr};

/// The rows of the seed's ladder.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    IntoStaticStr,
    EnumString,
)]
pub enum ResolutionClass {
    /// Everything below 1080p.
    #[serde(rename = "below-1080p")]
    #[strum(serialize = "below-1080p")]
    Below1080p,
    /// 1080 rows or 1800 columns, up to the next class.
    #[serde(rename = "1080p")]
    #[strum(serialize = "1080p")]
    P1080,
    /// 1440 rows or 2400 columns, up to the next class.
    #[serde(rename = "1440p")]
    #[strum(serialize = "1440p")]
    P1440,
    /// 2160 rows or 3600 columns, up to the next class.
    #[serde(rename = "2160p")]
    #[strum(serialize = "2160p")]
    P2160,
    /// 4320 rows or 7680 columns: a class of its own for tiles only.
    #[serde(rename = "8k")]
    #[strum(serialize = "8k")]
    P4320,
}

/// The smallest height and the smallest width of each class, from the largest down.
///
/// Either side is enough, so that films cropped to 1920x800 or 3840x1600 keep their class.
const CLASSES: [(ResolutionClass, u32, u32); 4] = [
    (ResolutionClass::P4320, 4320, 7680),
    (ResolutionClass::P2160, 2160, 3600),
    (ResolutionClass::P1440, 1440, 2400),
    (ResolutionClass::P1080, 1080, 1800),
];

impl ResolutionClass {
    /// The class of a picture; portrait video counts turned.
    pub fn of(width: u32, height: u32) -> Self {
        let (long, short) = (width.max(height), width.min(height));
        let reached = |(_, rows, columns): &&(Self, u32, u32)| short >= *rows || long >= *columns;
        CLASSES.iter().find(reached).map_or(Self::Below1080p, |(class, ..)| *class)
    }

    /// The class's name: `1080p`.
    pub fn name(self) -> &'static str {
        self.into()
    }
}
