//! How large a picture is, in the classes that settings are chosen by.

use crate::name::named;
named! {
    /// The rows of the ladder: a picture's size decides its encoder settings.
    #[derive(PartialOrd, Ord)]
    #[non_exhaustive]
    pub enum ResolutionClass: "a resolution class", name, names {
        /// Everything below 1080p.
        Below1080p = "below-1080p",
        /// 1080 rows or 1800 columns, up to the next class.
        P1080 = "1080p",
        /// 1440 rows or 2400 columns, up to the next class.
        P1440 = "1440p",
        /// 2160 rows or 3600 columns, up to the next class.
        P2160 = "2160p",
        /// 4320 rows or 7680 columns: a class of its own for tiles only.
        P4320 = "8k",
    }
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
}
