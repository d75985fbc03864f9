//! libaom's settings.

use core::fmt;

use serde::{Deserialize, Serialize};

use super::{Crf, ranged};

/// libaom-av1's settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Aom {
    /// Constant rate factor.
    pub crf: Crf,
    /// Speed.
    pub cpu_used: CpuUsed,
    /// Tiles, which is what libaom's threads work on besides rows.
    pub tiles: Tiles,
    /// Threads; 32 for every film.
    pub threads: Threads,
}

impl Aom {
    /// The threads of every film: as many as libaom keeps busy with the ladder's tiles and `-row-mt`.
    pub const THREADS: Threads = Threads::new(32);
}

ranged! {
    /// `-cpu-used`: 0 (slowest, best) to 8; the ladder uses 2 to 5.
    CpuUsed, "libaom's speed", 0..=8
}

ranged! {
    /// How many threads libaom is given: 1 to 64, beyond which it has none.
    Threads, "a number of threads", 1..=64
}

ranged! {
    /// How many tiles lie in a row or in a column: 1 to 64, as AV1 has it.
    TileCount, "a number of tiles", 1..=64
}

/// How the picture is cut for threads. Each cut costs a little efficiency, so there are few.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tiles {
    /// Tiles side by side.
    pub columns: TileCount,
    /// Tiles on top of each other.
    pub rows: TileCount,
}

impl Tiles {
    /// This many side by side, and on top of each other; each brought into the range.
    pub const fn new(columns: u8, rows: u8) -> Self {
        Self { columns: TileCount::new(columns), rows: TileCount::new(rows) }
    }

    /// The same, but no more than a picture of this size can be cut into: a tile holds a superblock of 64 pixels at
    /// least, and libaom refuses more tiles than there are of those (measured with 8.0 and 9.0.2).
    pub(crate) fn fitting(self, width: u32, height: u32) -> Self {
        let at_most = |tiles: TileCount, side: u32| {
            u8::try_from(side.div_ceil(64))
                .map_or(tiles, |superblocks| tiles.min(TileCount::new(superblocks)))
        };
        Self { columns: at_most(self.columns, width), rows: at_most(self.rows, height) }
    }
}

impl fmt::Display for Tiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{}", self.columns, self.rows)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_no_more_tiles_than_superblocks() {
        let tiles = Tiles::new(3, 2);
        for (width, height, fitting) in [
            (7680, 4320, "3x2"),
            (129, 65, "3x2"),
            (128, 64, "2x1"),
            (64, 65, "1x2"),
            (2, 2, "1x1"),
            (0, u32::MAX, "1x2"),
        ] {
            assert_eq!(alloc::format!("{}", tiles.fitting(width, height)), fitting, "{width}x{height}");
        }
    }
}
