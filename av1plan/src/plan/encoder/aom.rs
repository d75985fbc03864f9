//! The settings of libaom.

use core::fmt;

use serde::{Deserialize, Serialize};

use super::{Crf, ranged};

/// The settings of libaom (`-c:v libaom-av1`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Aom {
    /// Constant rate factor (`-crf`).
    pub crf: Crf,
    /// Speed (`-cpu-used`).
    pub cpu_used: CpuUsed,
    /// How the picture is cut into tiles (`-tiles`). libaom's threads work on tiles and on rows of superblocks.
    pub tiles: Tiles,
    /// How many threads libaom uses (`-threads`): [`THREADS`](Self::THREADS) in every plan.
    pub threads: Threads,
}

impl Aom {
    /// How many threads every plan gives to libaom: 32, as many as it keeps busy with the ladder's tiles and
    /// `-row-mt`.
    pub const THREADS: Threads = Threads::new(32);
}

ranged! {
    /// libaom's `-cpu-used`: 0 (slowest, best quality) to 8. The ladder uses 2 to 5.
    CpuUsed, "libaom's speed", 0..=8
}

ranged! {
    /// libaom's `-threads`: 1 to 64, the most that libaom takes.
    Threads, "a number of threads", 1..=64
}

ranged! {
    /// How many tiles are in a row or in a column: 1 to 64, the range of the AV1 standard.
    TileCount, "a number of tiles", 1..=64
}

/// How the picture is cut into tiles, so that several threads can work on it. Each cut costs a little efficiency, so
/// there are few.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tiles {
    /// How many tiles are side by side.
    pub columns: TileCount,
    /// How many tiles are on top of each other.
    pub rows: TileCount,
}

impl Tiles {
    /// This many tiles side by side and on top of each other. A number outside 1 to 64 is replaced by the nearest one
    /// inside.
    pub const fn new(columns: u8, rows: u8) -> Self {
        Self { columns: TileCount::new(columns), rows: TileCount::new(rows) }
    }

    /// These tiles, but no more than a picture of this size can be cut into. A tile holds at least one superblock of
    /// 64 by 64 pixels, and libaom refuses more tiles than there are superblocks (measured with ffmpeg 8.0 and
    /// 9.0.2).
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
