//! A file system in a file, which can be copied while it is mounted: what the copy holds is what a disk would hold after a
//! power cut at that moment. What was written but not synced is in the kernel's memory only, and isn't in the copy.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread::sleep;
use std::time::Duration;

use strum::{Display, EnumIter};

use crate::tools::{program, skipped};

/// A kind of file system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Display, EnumIter)]
#[strum(serialize_all = "lowercase")]
pub enum FileSystem {
    /// Without `auto_da_alloc`, with which ext4 forgives a rename without fsync.
    Ext4,
    /// As it comes.
    Xfs,
    /// With a commit each second instead of each half minute.
    Btrfs,
}

impl FileSystem {
    /// The program that makes it, the options for a small one, and its size in MiB: as small as each may be.
    fn maker(self) -> (&'static str, &'static [&'static str], u64) {
        match self {
            Self::Ext4 => ("mkfs.ext4", &["-q", "-F"], 64),
            Self::Xfs => ("mkfs.xfs", &["-q", "-f"], 300),
            Self::Btrfs => ("mkfs.btrfs", &["-q", "-f"], 128),
        }
    }

    fn options(self) -> &'static str {
        match self {
            Self::Ext4 => "loop,noauto_da_alloc",
            Self::Xfs => "loop",
            Self::Btrfs => "loop,commit=1",
        }
    }
}

/// A file that holds a file system.
#[derive(Debug)]
pub struct Image {
    kind: FileSystem,
    path: PathBuf,
}

impl Image {
    /// Makes an empty one; nothing where this machine can't, and the test is to be skipped.
    pub fn make(kind: FileSystem, path: &Path) -> Option<Self> {
        let (maker, options, mebibytes) = kind.maker();
        let maker = program(maker)?;
        fs::File::create(path).unwrap().set_len(mebibytes << 20).unwrap();
        let made = Command::new(maker).args(options).arg(path).output().unwrap();
        assert!(made.status.success(), "{kind}: {}", String::from_utf8_lossy(&made.stderr));
        Some(Self { kind, path: path.to_owned() })
    }

    /// Mounts it, with all that a journal has to replay; nothing where this machine can't mount such a file at all.
    pub fn mount(&self, at: &Path) -> Option<Mounted> {
        fs::create_dir_all(at).unwrap();
        let mut command = Command::new("mount");
        command.args(["-t", &self.kind.to_string(), "-o", self.kind.options()]).arg(&self.path).arg(at);
        // Others take loop devices at this moment too, and one of two is told that it is busy.
        for patience in 0..10 {
            let Ok(mounted) = command.output() else { break };
            if mounted.status.success() {
                return Some(Mounted { kind: self.kind, image: self.path.clone(), at: at.to_owned() });
            }
            if patience == 9 {
                skipped(&String::from_utf8_lossy(&mounted.stderr));
            }
            sleep(Duration::from_millis(100));
        }
        skipped(&format!("{} can't be mounted from a file here (root? loop devices?)", self.kind));
        None
    }
}

impl Drop for Image {
    fn drop(&mut self) {
        drop(fs::remove_file(&self.path));
    }
}

/// When the power goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Display, EnumIter)]
#[strum(serialize_all = "kebab-case")]
pub enum Moment {
    /// At once: nothing is on the disk that wasn't synced.
    AtOnce,
    /// After the journal was written because of somebody else: names that weren't synced are on the disk, the data behind
    /// them isn't.
    Committed,
}

/// A mounted file system, until it is dropped.
#[derive(Debug)]
pub struct Mounted {
    kind: FileSystem,
    image: PathBuf,
    at: PathBuf,
}

impl Mounted {
    /// What the disk would hold had the power gone now.
    pub fn cut(&self, moment: Moment, to: &Path) -> Image {
        match (moment, self.kind) {
            (Moment::AtOnce, _) => {}
            // Somebody's fsync writes the whole journal, and nobody else's data.
            (Moment::Committed, FileSystem::Ext4 | FileSystem::Xfs) => {
                let neighbour = self.at.join("neighbour");
                fs::write(&neighbour, "x").unwrap();
                fs::File::open(&neighbour).unwrap().sync_all().unwrap();
            }
            // Its fsync writes one file's own log; but a transaction ends each second.
            (Moment::Committed, FileSystem::Btrfs) => sleep(Duration::from_millis(2200)),
        }
        let writes = || self.writes();
        // A copy during which the kernel wrote would be of no moment at all.
        for _ in 0..50 {
            let before = writes();
            let copied = Command::new("cp").arg("--sparse=always").arg(&self.image).arg(to).status().unwrap();
            assert!(copied.success());
            if writes() == before {
                return Image { kind: self.kind, path: to.to_owned() };
            }
            sleep(Duration::from_millis(20));
        }
        panic!("{} never holds still", self.kind);
    }

    /// How much the kernel has written to the device so far, and how much is under way.
    fn writes(&self) -> Vec<String> {
        let mounts = fs::read_to_string("/proc/self/mounts").unwrap();
        let mine = |line: &&str| line.split(' ').nth(1) == self.at.to_str();
        let device = mounts.lines().rev().find(mine).and_then(|line| line.split(' ').next()).unwrap();
        let name = Path::new(device).file_name().unwrap();
        let stat = fs::read_to_string(Path::new("/sys/block").join(name).join("stat")).unwrap();
        // Writes, merges, sectors, and after the time they took: requests under way.
        let fields: Vec<&str> = stat.split_whitespace().collect();
        [4, 6, 8].map(|field| fields[field].to_owned()).to_vec()
    }

    /// Writes all of it to the disk: what was there before anything happens.
    pub fn sync(&self) {
        rustix::fs::syncfs(fs::File::open(&self.at).unwrap()).unwrap();
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        for _ in 0..50 {
            if Command::new("umount").arg("-q").arg(&self.at).status().is_ok_and(|status| status.success()) {
                return;
            }
            sleep(Duration::from_millis(100));
        }
        drop(Command::new("umount").arg("-l").arg(&self.at).status());
    }
}
