//! A file system stored in an image file. Copying the image while it is mounted gives what a disk would hold after a
//! power cut at that moment: data that was written but not synced is only in the kernel's memory, so it isn't in the
//! copy.

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
    /// Mounted without `auto_da_alloc`: with that option, ext4 makes up for an fsync that a program forgot before a
    /// rename.
    Ext4,
    /// With its default options.
    Xfs,
    /// With a commit every second instead of every 30 seconds.
    Btrfs,
}

impl FileSystem {
    /// Returns the `mkfs` program, its options, and the size of the image in MiB, which is close to the smallest
    /// allowed.
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

/// An image file that holds a file system. Dropping it deletes the file.
#[derive(Debug)]
pub struct Image {
    kind: FileSystem,
    path: PathBuf,
}

impl Image {
    /// Makes an empty file system, or returns `None` if this machine can't; the test is then to be skipped.
    pub fn make(kind: FileSystem, path: &Path) -> Option<Self> {
        let (maker, options, mebibytes) = kind.maker();
        let maker = program(maker)?;
        fs::File::create(path).unwrap().set_len(mebibytes << 20).unwrap();
        let made = Command::new(maker).args(options).arg(path).output().unwrap();
        assert!(made.status.success(), "{kind}: {}", String::from_utf8_lossy(&made.stderr));
        Some(Self { kind, path: path.to_owned() })
    }

    /// Mounts the image, which replays the file system's journal. Returns `None` if this machine can't mount image
    /// files.
    pub fn mount(&self, at: &Path) -> Option<Mounted> {
        fs::create_dir_all(at).unwrap();
        let mut command = Command::new("mount");
        command.args(["-t", &self.kind.to_string(), "-o", self.kind.options()]).arg(&self.path).arg(at);
        // Other tests may take a loop device at the same moment; `mount` then fails because the device is busy.
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

/// The moment of the power cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Display, EnumIter)]
#[strum(serialize_all = "kebab-case")]
pub enum Moment {
    /// At once: the disk holds only what was synced.
    AtOnce,
    /// After another process's fsync has committed the journal: the disk holds names that weren't synced, but not the
    /// data of those files.
    Committed,
}

/// A mounted file system. Dropping it unmounts it.
#[derive(Debug)]
pub struct Mounted {
    kind: FileSystem,
    image: PathBuf,
    at: PathBuf,
}

impl Mounted {
    /// Copies to `to` what the disk would hold after a power cut at this moment.
    pub fn cut(&self, moment: Moment, to: &Path) -> Image {
        match (moment, self.kind) {
            (Moment::AtOnce, _) => {}
            // An fsync of another file commits the whole journal, but writes no other file's data.
            (Moment::Committed, FileSystem::Ext4 | FileSystem::Xfs) => {
                let neighbour = self.at.join("neighbour");
                fs::write(&neighbour, "x").unwrap();
                fs::File::open(&neighbour).unwrap().sync_all().unwrap();
            }
            // In Btrfs, an fsync writes only that one file's log; but a whole transaction is committed every second.
            (Moment::Committed, FileSystem::Btrfs) => sleep(Duration::from_millis(2200)),
        }
        let writes = || self.writes();
        // If the kernel wrote during the copy, the copy mixes two moments; it is then made again.
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

    /// Returns the counters of finished writes and written sectors of the device, and the number of its requests in
    /// flight.
    fn writes(&self) -> Vec<String> {
        let mounts = fs::read_to_string("/proc/self/mounts").unwrap();
        let mine = |line: &&str| line.split(' ').nth(1) == self.at.to_str();
        let device = mounts.lines().rev().find(mine).and_then(|line| line.split(' ').next()).unwrap();
        let name = Path::new(device).file_name().unwrap();
        let stat = fs::read_to_string(Path::new("/sys/block").join(name).join("stat")).unwrap();
        // Fields of `stat`: 4 is the number of writes, 6 the sectors written, 8 the requests in flight.
        let fields: Vec<&str> = stat.split_whitespace().collect();
        [4, 6, 8].map(|field| fields[field].to_owned()).to_vec()
    }

    /// Writes everything to the disk: a test starts from a state that a power cut can't lose.
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
