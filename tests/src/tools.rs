//! Finds the real ffmpeg and ffprobe, and other programs, on this machine.

use std::ffi::OsStr;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// An ffmpeg and an ffprobe.
#[derive(Debug, Clone)]
pub struct Tools {
    /// The absolute path of ffmpeg.
    pub ffmpeg: PathBuf,
    /// The absolute path of ffprobe.
    pub ffprobe: PathBuf,
}

impl Tools {
    /// Finds ffmpeg and ffprobe, version 8 or newer, or returns `None` if there are none; the test is then to be
    /// skipped.
    pub fn find() -> Option<Self> {
        let folders = cache().into_iter().flat_map(|cache| [cache.join("system"), cache.join("ffmpeg-8.0")]);
        let tools = folders.into_iter().find_map(|folder| Self::at(&folder)).or_else(Self::on_path);
        tools.or_else(|| missing("ffmpeg 8 or newer"))
    }

    /// Finds the fetched tools of this version (`9.0` or `6.0`), or returns `None` if they are missing; the test is
    /// then to be skipped.
    pub fn of_version(version: &str) -> Option<Self> {
        let folder = cache().map(|cache| cache.join(format!("ffmpeg-{version}")));
        folder.and_then(|folder| Self::at(&folder)).or_else(|| missing(&format!("ffmpeg {version}")))
    }

    fn at(folder: &Path) -> Option<Self> {
        let tools = Self { ffmpeg: folder.join("ffmpeg"), ffprobe: folder.join("ffprobe") };
        (tools.ffmpeg.is_file() && tools.ffprobe.is_file()).then_some(tools)
    }

    fn on_path() -> Option<Self> {
        let path = std::env::var_os("PATH")?;
        let tools = std::env::split_paths(&path).find_map(|folder| Self::at(&folder))?;
        let version = text(&run(Command::new(&tools.ffmpeg).arg("-version")));
        let major = version.strip_prefix("ffmpeg version ")?.trim_start_matches('n').split('.').next()?;
        (major.parse::<u32>().ok()? >= 8).then_some(tools)
    }

    /// Runs ffmpeg in `folder` with `arguments`, which are separated by blanks, followed by `output`.
    pub fn make(&self, folder: &Path, arguments: &str, output: &Path) {
        let mut command = Command::new(&self.ffmpeg);
        command.args(["-v", "error", "-nostdin", "-y"]).args(arguments.split_whitespace());
        run(command.arg(file(output)).current_dir(folder).env("SVT_LOG", "1"));
    }

    /// Runs ffprobe with `arguments` on the file at `path`, and returns what it printed.
    pub fn ask(&self, arguments: &str, path: &Path) -> Vec<u8> {
        let mut command = Command::new(&self.ffprobe);
        command.args(["-v", "error", "-of", "json"]).args(arguments.split_whitespace());
        run(command.arg("-i").arg(file(path))).stdout
    }

    /// Like [`Self::ask`], but ffprobe may fail, since a film may be damaged.
    pub fn try_ask(&self, arguments: &str, path: &Path) -> Output {
        let mut command = Command::new(&self.ffprobe);
        command.args(["-v", "error", "-of", "json"]).args(arguments.split_whitespace());
        attempt(command.arg("-i").arg(file(path)))
    }

    /// Decodes all pictures of a film, which may be damaged. Standard output gets every frame of the first video stream
    /// as 8x8 grey pixels; standard error stays empty if the film is intact.
    pub fn pictures(&self, path: &Path) -> Output {
        let dots = "-map 0:V:0 -vf scale=8:8:flags=area,format=gray -fps_mode passthrough -f rawvideo pipe:1";
        self.decode(path, &format!("{dots} -map 0:V -fps_mode passthrough -f null -"))
    }

    /// Decodes all audio streams of a film, which may be damaged. Standard error stays empty if they are intact.
    pub fn sounds(&self, path: &Path) -> Output {
        self.decode(path, "-map 0:a -f null -")
    }

    fn decode(&self, path: &Path, to: &str) -> Output {
        let mut command = Command::new(&self.ffmpeg);
        command.args(["-v", "error", "-nostdin", "-i"]).arg(file(path)).args(to.split_whitespace());
        attempt(&mut command)
    }

    /// The bytes of the file attached as stream `index`.
    pub fn attachment(&self, path: &Path, index: u64) -> Vec<u8> {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("attachment");
        let mut command = Command::new(&self.ffmpeg);
        command.args(["-v", "error", "-nostdin", &format!("-dump_attachment:{index}")]).arg(&target);
        // After writing the attachment, ffmpeg fails because it has nothing to encode; so its exit code is ignored.
        let _ = command.arg("-i").arg(file(path)).stdin(Stdio::null()).output().unwrap();
        std::fs::read(&target).unwrap_or_else(|error| panic!("no attachment {index} in {path:?}: {error}"))
    }
}

/// Puts `file:` before the absolute path, so that ffmpeg takes no name for a protocol or an option.
fn file(path: &Path) -> std::ffi::OsString {
    let mut argument = std::ffi::OsString::from("file:");
    argument.push(std::path::absolute(path).unwrap());
    argument
}

fn attempt(command: &mut Command) -> Output {
    let output = command.stdin(Stdio::null()).output();
    output.unwrap_or_else(|error| panic!("failed to start {command:?}: {error}"))
}

fn run(command: &mut Command) -> Output {
    let output = attempt(command);
    assert!(output.status.success(), "{command:?}\n{}", String::from_utf8_lossy(&output.stderr));
    output
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The folder that `tests/tools/fetch --cache` prints, if it has been filled.
fn cache() -> Option<PathBuf> {
    let absolute = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let given = absolute("AV1D_TEST_TOOLS");
    let found = given.or_else(|| {
        let base = absolute("XDG_CACHE_HOME").or_else(|| Some(absolute("HOME")?.join(".cache")))?;
        Some(base.join("av1d/tools"))
    })?;
    found.is_dir().then_some(found)
}

/// The folder of real clips that the demo uses, or `None` if they are missing; the test is then to be skipped.
pub fn clips() -> Option<PathBuf> {
    cache().map(|cache| cache.join("clips")).filter(|clips| clips.is_dir()).or_else(|| missing("the clips"))
}

fn missing<T>(what: &str) -> Option<T> {
    skip_or_fail(&format!("{what} is missing (`make test` fetches it)"))
}

/// Skips a test that can't run on this machine. With `CI` set, it fails the test instead, since there every test must
/// run.
pub(crate) fn skip_or_fail<T>(why: &str) -> Option<T> {
    let ci =
        std::env::var_os("CI").is_some_and(|value| value != OsStr::new("") && value != OsStr::new("false"));
    assert!(!ci, "{why}");
    skipped(why);
    None
}

/// The path of a program other than ffmpeg, or `None` if it is missing; the test is then to be skipped.
pub fn program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    // The `mkfs` programs are in `sbin`, which isn't on every user's `PATH`.
    let folders = std::env::split_paths(&path).chain([PathBuf::from("/usr/sbin"), PathBuf::from("/sbin")]);
    let found = folders.map(|folder| folder.join(name)).find(|file| file.is_file());
    found.or_else(|| skip_or_fail(&format!("{name} is missing (`.ci/run` installs it)")))
}

/// Prints a line while a test runs. It goes directly to standard error, since the test harness hides what a passing
/// test prints.
pub fn say(text: &str) {
    drop(writeln!(std::io::stderr(), "{text}"));
}

/// Prints that a test is skipped, and why. It goes directly to standard error, since the test harness hides what a
/// passing test prints.
pub fn skipped(why: &str) {
    let thread = std::thread::current();
    let test = thread.name().unwrap_or_default();
    drop(writeln!(std::io::stderr(), "skipped {test}: {why}"));
}
