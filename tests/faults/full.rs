//! A disk that is full, and a disk that reports a write error only at the next sync.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use av1d_tests::{Script, wait_until};

use crate::check::After;
use crate::stage::{Stage, Variant, film_of};
use crate::strace::Strace;
use crate::table::{Case, Cases, Effort, Row, Violation};

pub(crate) fn rows() -> Vec<Row> {
    vec![
        Row::new("library full during the encode", |effort| {
            small_disks(effort, &[16, 64, 128, 200, 240], library_full)
        }),
        Row::new("no room for the marker and the text", |effort| {
            if let Some(why) = Strace::missing() {
                return Err(why);
            }
            let calls = ["openat", "write", "fsync"];
            let cases = calls.map(|call| Case::new(call, move || unwritten_sidecars(call)));
            Ok(effort.of(cases.into_iter().collect(), 2))
        }),
        Row::new("state folder full", |effort| {
            small_disks(effort, &[0, 4, 8, 12, 16, 20, 24, 32, 40, 48, 64], state_full)
        }),
        Row::new("late write-back failure of the result", late_failure),
    ]
}

/// One case for each number of KiB that are left free.
fn small_disks(effort: Effort, kib: &[u64], run: fn(u64) -> Vec<Violation>) -> Cases {
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    drop(Disk::mount(folder.path())?);
    let cases = kib.iter().map(|kib| {
        let kib = *kib;
        Case::new(format!("{kib} KiB left"), move || run(kib))
    });
    Ok(effort.of(cases.collect(), 3))
}

/// A small tmpfs. Dropping it unmounts it.
struct Disk {
    at: PathBuf,
}

/// The size in KiB. The program keeps a tenth of it free, and the film and its result must fit into the rest.
const SIZE: u64 = 2048;

impl Disk {
    fn mount(at: &Path) -> Result<Self, String> {
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &format!("size={SIZE}k"), "none"]).arg(at);
        let output = mount.output().map_err(|error| format!("mount can't be started: {error}"))?;
        let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        if output.status.success() {
            Ok(Self { at: at.to_owned() })
        } else {
            Err(format!("nothing can be mounted here: {said}"))
        }
    }

    /// Fills the disk until only `left` KiB are free, with a hidden file.
    fn fill(&self, left: u64) {
        let found = rustix::fs::statvfs(&self.at).unwrap();
        let free = found.f_bavail * found.f_frsize / 1024;
        let bytes = free.saturating_sub(left) * 1024;
        fs::write(self.filler(), vec![1; usize::try_from(bytes).unwrap()]).unwrap();
    }

    fn filler(&self) -> PathBuf {
        self.at.join(".filler")
    }

    fn make_room(&self) {
        fs::remove_file(self.filler()).unwrap();
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        drop(Command::new("umount").arg("-l").arg(&self.at).output());
    }
}

/// A stage whose library is on a separate disk. The stage must outlive the disk.
fn on_a_disk() -> Result<(Disk, Stage), String> {
    let stage = Stage::set(Variant::InPlace)?;
    let disk = Disk::mount(&stage.library.root())?;
    fs::write(stage.film(), film_of(&stage.library, "Film.mkv")).unwrap();
    for (name, content) in &stage.foreign {
        fs::write(stage.library.path(name), content).unwrap();
    }
    Ok((disk, stage))
}

/// The disk fills up after ffmpeg has started.
fn library_full(left: u64) -> Vec<Violation> {
    let (disk, mut stage) = match on_a_disk() {
        Ok(set) => set,
        Err(why) => return vec![why],
    };
    let wait = ": > ../scratch/reached; while [ ! -e ../scratch/over ]; do sleep 0.01; done";
    stage.library.replace_ffmpeg(Script { when: "-progress", does: wait });
    let running = stage.library.start(["watch", "--once"]);
    wait_until("ffmpeg works", || stage.library.scratch().join("reached").exists());
    disk.fill(left);
    fs::write(stage.library.scratch().join("over"), "").unwrap();
    let run = running.wait();
    disk.make_room();
    stage.make_honest();
    let mut found = Vec::new();
    if run.status.code() != Some(1) {
        found.push("it isn't told as a failure".to_owned());
    }
    found.extend(stage.violations(After::End));
    if !found.is_empty() {
        found.push(run.to_string());
    }
    found
}

/// The result is too big, and the disk is full when the marker and the text that say so are written.
fn unwritten_sidecars(call: &'static str) -> Vec<Violation> {
    let mut stage = match Stage::set(Variant::InPlace) {
        Ok(stage) => stage,
        Err(why) => return vec![why],
    };
    stage.library.set("max_size_ratio", 0.05);
    let root = stage.library.root();
    let trace = stage.watch_joined(|_, _| {
        let mut strace = Strace::watching(call);
        strace.inject_always(call, "error=ENOSPC");
        let name = |of: &str| root.join(format!(".Film.mkv{of}.av1new"));
        strace.on(&name(".av1skip")).on(&name(".why.txt"))
    });
    let (fired, run) = (trace.fired(), &trace.run);
    let mut found = stage.foreign_changes();
    if fired.len() < 2 {
        found.push(format!("the faults didn't come about: {fired:?}"));
    }
    if fs::read(stage.film()).map_or(true, |bytes| bytes != stage.original) {
        found.push("the film is changed or gone".to_owned());
    }
    stage.library.watch_once();
    let files = stage.library.files();
    for name in ["Film.mkv.av1skip", "Film.mkv.why.txt"] {
        if !files.iter().any(|file| file == name) {
            found.push(format!("{name} isn't written once there is room: {files:?}"));
        }
    }
    let before = stage.look();
    stage.library.watch_once();
    found.extend(stage.changed_since(&before));
    if !found.is_empty() {
        found.push(run.to_string());
    }
    found
}

fn state_full(left: u64) -> Vec<Violation> {
    let stage = match Stage::set(Variant::InPlace) {
        Ok(stage) => stage,
        Err(why) => return vec![why],
    };
    fs::create_dir_all(stage.library.state()).unwrap();
    let disk = match Disk::mount(&stage.library.state()) {
        Ok(disk) => disk,
        Err(why) => return vec![why],
    };
    disk.fill(left);
    let run = stage.library.watch_once();
    disk.make_room();
    let mut found = stage.violations(After::End);
    if !found.is_empty() {
        found.push(run.to_string());
    }
    found
}

/// The first fsync of the result fails: the written data may be lost, yet a second fsync would report success.
fn late_failure(effort: Effort) -> Cases {
    if let Some(why) = Strace::missing() {
        return Err(why);
    }
    let cases = [Variant::InPlace, Variant::KeepOriginal, Variant::NewName]
        .map(|variant| Case::new(variant.name(), move || unsynced(variant)));
    Ok(effort.of(cases.into_iter().collect(), 2))
}

fn unsynced(variant: Variant) -> Vec<Violation> {
    let mut stage = match Stage::set(variant) {
        Ok(stage) => stage,
        Err(why) => return vec![why],
    };
    let trace = stage.watch_joined(|_, temporary| Strace::injecting("fsync", "error=EIO", 1).on(temporary));
    let (fired, run) = (trace.fired(), &trace.run);
    let mut found = Vec::new();
    if fired.len() != 1 {
        found.push(format!("the fault didn't come about once: {fired:?}"));
    }
    if fs::read(stage.film()).map_or(true, |bytes| bytes != stage.original) {
        found.push("a result whose sync failed took the film's place".to_owned());
    }
    let left = stage.library.files();
    if left.iter().any(|name| name.ends_with(".av1tmp") && !stage.foreign.contains_key(name)) {
        found.push(format!("the result that can't be trusted is still there: {left:?}"));
    }
    found.extend(stage.violations(After::End));
    if !found.is_empty() {
        found.push(run.to_string());
    }
    found
}
