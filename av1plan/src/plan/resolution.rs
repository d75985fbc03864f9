//! Resolution classes: the rows of the ladder.

use crate::name::named;
named! {
    /// The resolution class of a picture, which is its row in the ladder (the table of encoder settings by picture
    /// size). A picture is in the highest class that either of its sides reaches, so a film cropped to 1920x800 is
    /// 1080p.
    #[derive(PartialOrd, Ord)]
    #[non_exhaustive]
    pub enum ResolutionClass: "a resolution class", name, names {
        /// Fewer than 1080 rows and fewer than 1800 columns.
        Below1080p = "below-1080p",
        /// At least 1080 rows or 1800 columns.
        P1080 = "1080p",
        /// At least 1440 rows or 2400 columns.
        P1440 = "1440p",
        /// At least 2160 rows or 3600 columns.
        P2160 = "2160p",
        /// At least 4320 rows or 7680 columns. Its settings are those of 2160p except for more tiles in libaom.
        P4320 = "8k",
    }
}

/// The smallest height and the smallest width of each class, from the largest class to the smallest.
///
/// One of the two is enough, so films that are cropped to 1920x800 or 3840x1600 keep their class.
const CLASSES: [(ResolutionClass, u32, u32); 4] = [
    (ResolutionClass::P4320, 4320, 7680),
    (ResolutionClass::P2160, 2160, 3600),
    (ResolutionClass::P1440, 1440, 2400),
    (ResolutionClass::P1080, 1080, 1800),
];

impl ResolutionClass {
    /// The class of a picture of `width` columns and `height` rows. For portrait video the sides are swapped.
    pub fn of(width: u32, height: u32) -> Self {
        let (long, short) = (width.max(height), width.min(height));
        let reached = |(_, rows, columns): &&(Self, u32, u32)| short >= *rows || long >= *columns;
        CLASSES.iter().find(reached).map_or(Self::Below1080p, |(class, ..)| *class)
    }
}
