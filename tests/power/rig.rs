//! One replacement inside a file system image, stopped after each call after which the power could be cut.

use std::fs;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use av1d_tests::{
    FileSystem, Image, Library, Moment, Mounted, PICTURE, SOUND, Signal, Snapshot, Tools, program, signal,
};
use strum::{Display, EnumIter};
use tempfile::TempDir;

/// The calls of a replacement that change names.
const RENAMES: &str = "rename,renameat,renameat2,unlink,unlinkat";
const SYNCS: &str = "fsync,fdatasync";
/// Dropping a file from the page cache makes the kernel start writing it, though it doesn't wait for the end.
const ADVICE: &str = "fadvise64";
/// The longest wait for the next call. It must cover the encode of a tiny film.
const TIMEOUT: Duration = Duration::from_mins(1);

/// Where the result is put.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Display, EnumIter)]
pub(crate) enum Variant {
    /// In the film's place.
    #[strum(serialize = "in place")]
    InPlace,
    /// In the film's place, on a file system without hard links: for a moment, the original has only its backup's name.
    #[strum(serialize = "set aside")]
    SetAside,
    /// Beside the film, under a name whose container can hold AV1.
    #[strum(serialize = "new name")]
    NewName,
}

impl Variant {
    pub(crate) fn film(self) -> &'static str {
        match self {
            Self::InPlace | Self::SetAside => "Film.mkv",
            Self::NewName => "Film.avi",
        }
    }
}

/// What an fsync does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Syncs {
    /// It syncs.
    Work,
    /// It does nothing but returns success, as if the program had no fsync.
    Lie,
}

/// A power cut, and the disk as it was left.
pub(crate) struct Cut {
    /// The call after which the power was cut.
    pub(crate) after: String,
    pub(crate) moment: Moment,
    pub(crate) disk: Image,
}

/// A library in a file system image.
pub(crate) struct Rig {
    pub(crate) library: Library,
    pub(crate) before: Snapshot,
    /// The mount point of the image. Every copy is mounted there too, because job files contain absolute paths.
    pub(crate) at: PathBuf,
    mounted: Option<Mounted>,
    _image: Image,
    folder: TempDir,
    pub(crate) variant: Variant,
    strace: PathBuf,
}

impl Rig {
    /// Makes a library with one film and a foreign file, and syncs all of it. Returns `None` if this machine can't do
    /// that.
    pub(crate) fn set_up(kind: FileSystem, variant: Variant) -> Option<Self> {
        let (tools, strace) = (Tools::find()?, program("strace")?);
        let folder = tempfile::Builder::new().prefix("av1d-power-").tempdir().unwrap();
        let image = Image::make(kind, &folder.path().join("disk.img"))?;
        let at = folder.path().join("disk");
        let mounted = image.mount(&at)?;
        let mut library = Library::within(&at, &tools);
        library.hurry();
        library.make(variant.film(), &format!("{SOUND} {PICTURE}"));
        fs::write(library.path("Film.srt"), "a stranger's").unwrap();
        let before = Snapshot::of(&library);
        mounted.sync();
        Some(Self { library, before, at, mounted: Some(mounted), _image: image, folder, variant, strace })
    }

    /// Replaces the film. `wanted` gets each call's number, from 1, and its text, and returns the moments at which to
    /// cut the power after it.
    pub(crate) fn replace(&mut self, syncs: Syncs, wanted: impl Fn(usize, &str) -> Vec<Moment>) -> Vec<Cut> {
        let mounted = self.mounted.take().unwrap();
        self.run(&mounted, &["encode", self.variant.film()], syncs, "cut", wanted)
    }

    /// Runs recovery on the disk after a cut, and cuts the power again after its calls.
    pub(crate) fn recover(&self, cut: &Cut, wanted: impl Fn(usize, &str) -> Vec<Moment>) -> Vec<Cut> {
        let mounted = cut.disk.mount(&self.at).expect("its original could be mounted");
        let mut cuts = self.run(&mounted, &["recover"], Syncs::Work, "again", wanted);
        for again in &mut cuts {
            again.after = format!("{}, and again after {}", cut.after, again.after);
        }
        cuts
    }

    fn run(
        &self,
        mounted: &Mounted,
        arguments: &[&str],
        syncs: Syncs,
        label: &str,
        wanted: impl Fn(usize, &str) -> Vec<Moment>,
    ) -> Vec<Cut> {
        let mut run = Traced::start(self, arguments, syncs);
        let mut cuts = Vec::new();
        while let Some(after) = run.next_call() {
            for moment in wanted(run.calls, &after) {
                let copy = self.folder.path().join(format!("{label}-{}-{moment}.img", run.calls));
                cuts.push(Cut { after: after.clone(), moment, disk: mounted.cut(moment, &copy) });
            }
            run.go_on();
        }
        // Some file systems can't be mounted twice at the same time, so the copies are only checked after this one is
        // unmounted.
        cuts
    }
}

/// av1cli under strace, which stops all its threads after each call.
struct Traced {
    strace: Child,
    trace: PathBuf,
    /// How many calls it has made so far.
    calls: usize,
}

impl Traced {
    fn start(rig: &Rig, arguments: &[&str], syncs: Syncs) -> Self {
        let trace = rig.folder.path().join("trace");
        // Removes the previous run's trace, which would be taken for this run's.
        drop(fs::remove_file(&trace));
        let mut command = Command::new(&rig.strace);
        command.args(["-f", "-qq", "-o"]).arg(&trace);
        // strace sends `SIGSTOP` when the call begins; the process stops when the call ends.
        let lie = match syncs {
            Syncs::Work => "",
            Syncs::Lie => ":retval=0",
        };
        command.args(["-e", &format!("trace=link,linkat,{RENAMES},{SYNCS},{ADVICE}"), "-e", "signal=none"]);
        let links = if rig.variant == Variant::SetAside { "link,linkat:error=EPERM" } else { "link,linkat" };
        command.args(["-e", &format!("inject={links}:signal=STOP")]);
        command.args(["-e", &format!("inject={RENAMES}:signal=STOP")]);
        command.args(["-e", &format!("inject={SYNCS}{lie}:signal=STOP")]);
        if syncs == Syncs::Lie {
            command.args(["-e", &format!("inject={ADVICE}:retval=0")]);
        }
        let program = rig.library.command(arguments);
        command.arg(program.get_program()).args(program.get_args()).current_dir(rig.library.root());
        command.env("HOME", "/nonexistent").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let strace = command.process_group(0).spawn().unwrap();
        Self { strace, trace, calls: 0 }
    }

    /// Waits until the program is stopped after its next call, and returns that call, or `None` once the program has
    /// ended.
    fn next_call(&mut self) -> Option<String> {
        let deadline = Instant::now() + TIMEOUT;
        loop {
            if let Some(status) = self.strace.try_wait().unwrap() {
                assert!(status.success(), "the encode failed: {status}\n{}", self.lines().join("\n"));
                return None;
            }
            let lines = self.lines();
            if lines.len() > self.calls && self.is_stopped() {
                self.calls = lines.len();
                return lines.last().map(|line| format!("{}: {line}", self.calls));
            }
            assert!(Instant::now() < deadline, "no call any more:\n{}", lines.join("\n"));
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// The calls so far, without `fadvise64`.
    fn lines(&self) -> Vec<String> {
        let trace = fs::read_to_string(&self.trace).unwrap_or_default();
        let call = |line: &str| Some(line.split_once(' ')?.1.trim().to_owned());
        let calls = trace.lines().filter_map(call);
        calls
            .filter(|call| call.contains(") = ") || call.contains(")  "))
            .filter(|call| !call.contains(ADVICE))
            .collect()
    }

    fn program(&self) -> Option<u32> {
        let id = self.strace.id();
        let children = fs::read_to_string(format!("/proc/{id}/task/{id}/children")).ok()?;
        children.split_whitespace().next()?.parse().ok()
    }

    /// Whether all threads are stopped.
    fn is_stopped(&self) -> bool {
        let Some(program) = self.program() else { return false };
        let Ok(threads) = fs::read_dir(Path::new("/proc").join(program.to_string()).join("task")) else {
            return false;
        };
        let stands = |status: String| {
            status.lines().any(|line| line.starts_with("State:\tt") || line.starts_with("State:\tT"))
        };
        let mut status = threads.flatten().map(|thread| fs::read_to_string(thread.path().join("status")));
        status.all(|status| status.is_ok_and(stands))
    }

    fn go_on(&self) {
        signal(self.program().unwrap(), Signal::CONT);
    }
}

impl Drop for Traced {
    fn drop(&mut self) {
        if let Some(program) = self.program() {
            signal(program, Signal::KILL);
        }
        drop(self.strace.kill());
        drop(self.strace.wait());
    }
}
