//! Free space on a file system.

use std::io;
use std::path::Path;

/// Returns how many bytes may still be written to the file system that holds `path`, and its total size.
pub fn space(path: &Path) -> io::Result<Space> {
    let found = rustix::fs::statvfs(path)?;
    Ok(Space {
        free: found.f_bavail.saturating_mul(found.f_frsize),
        total: found.f_blocks.saturating_mul(found.f_frsize),
    })
}

/// The free and total space of a file system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Space {
    /// Bytes that may still be written.
    pub free: u64,
    /// The total size in bytes.
    pub total: u64,
}

impl Space {
    /// The space that is always kept free: 2 GiB, or 2 % of the disk if that is more; at most a tenth of a small disk.
    pub fn reserve(&self) -> u64 {
        (self.total / 50).max(2 << 30).min(self.total / 10)
    }

    /// Whether there is enough space to record another job: its job file, its log and its frame times take some
    /// megabytes.
    pub fn holds_a_job(&self) -> bool {
        self.free >= (16 << 20).min(self.total / 10)
    }

    /// Whether writing `bytes` more would still leave the reserve free.
    pub fn holds(&self, bytes: u64) -> bool {
        self.free >= bytes.saturating_add(self.reserve())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_keeps_its_reserve() {
        let table = [
            // total, free, needed, fits
            (1_u64 << 40, 100 << 30, 50 << 30, true),
            (1 << 40, 60 << 30, 50 << 30, false),
            (100 << 30, 12 << 30, 10 << 30, true),
            (1 << 30, 512 << 20, 100 << 20, true),
            (1 << 30, 150 << 20, 100 << 20, false),
        ];
        for (total, free, needed, fits) in table {
            assert_eq!(Space { free, total }.holds(needed), fits, "{total} {free} {needed}");
        }
    }
}
