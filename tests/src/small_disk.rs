//! A disk in memory that fills up soon.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::tools::skipped;

/// A small tmpfs. Dropping it unmounts it.
#[derive(Debug)]
pub struct SmallDisk(PathBuf);

impl SmallDisk {
    /// Mounts one of `size` KiB at `at`, or returns `None` if this machine can't; the test is then to be skipped.
    pub fn mount(at: &Path, size: u32) -> Option<Self> {
        fs::create_dir_all(at).unwrap();
        let size = format!("size={size}k");
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(at).output();
        if mounted.is_ok_and(|output| output.status.success()) {
            return Some(Self(at.to_owned()));
        }
        skipped("no tmpfs can be mounted here (root?)");
        None
    }

    /// The mount point.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Fills the disk until only `left` KiB are free.
    pub fn fill_but(&self, left: usize) {
        let mut filler = File::create(self.0.join("filler")).unwrap();
        let mut written = 0_u64;
        while filler.write_all(&[0; 512]).is_ok() {
            written += 512;
        }
        let left = u64::try_from(left).unwrap() * 1024;
        filler.set_len(written.saturating_sub(left)).unwrap();
    }

    /// Fills the disk.
    pub fn fill(&self) {
        self.fill_but(0);
    }

    /// Frees the space that [`Self::fill`] or [`Self::fill_but`] took.
    pub fn empty(&self) {
        fs::remove_file(self.0.join("filler")).unwrap();
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        drop(Command::new("umount").arg("-l").arg(&self.0).status());
    }
}
