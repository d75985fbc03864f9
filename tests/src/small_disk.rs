//! A disk in memory that is soon full.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::tools::skipped;

/// A small disk of its own, until it is dropped.
#[derive(Debug)]
pub struct SmallDisk(PathBuf);

impl SmallDisk {
    /// One of so many KiB; nothing where this machine can't, and the test is to be skipped.
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

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Takes all the room that there is, but for so many KiB.
    pub fn fill_but(&self, left: usize) {
        let mut filler = File::create(self.0.join("filler")).unwrap();
        let mut written = 0_u64;
        while filler.write_all(&[0; 512]).is_ok() {
            written += 512;
        }
        let left = u64::try_from(left).unwrap() * 1024;
        filler.set_len(written.saturating_sub(left)).unwrap();
    }

    /// Takes all the room that there is.
    pub fn fill(&self) {
        self.fill_but(0);
    }

    /// Gives the room back.
    pub fn empty(&self) {
        fs::remove_file(self.0.join("filler")).unwrap();
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        drop(Command::new("umount").arg("-l").arg(&self.0).status());
    }
}
