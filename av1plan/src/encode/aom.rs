//! libaom's settings.

use core::fmt;

use serde::{Deserialize, Serialize};

use super::{Crf, shown_as_number};

/// libaom-av1 as the seed runs it (section 5.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Aom {
    /// Constant rate factor.
    pub crf: Crf,
    /// Speed.
    pub cpu_used: CpuUsed,
    /// Tiles, which is what libaom's threads work on besides rows.
    pub tiles: Tiles,
    /// Threads; the seed's 32.
    pub threads: u8,
}

impl Aom {
    /// The seed's `-threads 32` (section 3.3).
    pub const THREADS: u8 = 32;
}

/// `-cpu-used`: 0 (slowest, best) to 8; the ladder uses 2 to 5.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CpuUsed(pub u8);

shown_as_number!(CpuUsed);

/// How the picture is cut for threads. Each cut costs a little efficiency, so there are few.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tiles {
    /// Tiles side by side.
    pub columns: u8,
    /// Tiles on top of each other.
    pub rows: u8,
}

impl fmt::Display for Tiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{}", self.columns, self.rows)
    }
}
