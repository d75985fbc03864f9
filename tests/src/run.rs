//! Runs the programs under test.

use std::io::{ErrorKind, PipeReader, PipeWriter, Read, Write, pipe};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// The longest time for a run. No run of a test takes so long, even on a slow machine.
const TIMEOUT: Duration = Duration::from_mins(3);

/// The `av1cli` under test, without any config or home folder, unless the test gives it one.
pub fn av1cli() -> Command {
    under_test("av1cli")
}

/// The dashboard under test, likewise without any config or home folder.
pub fn av1top() -> Command {
    under_test("av1top")
}

/// The path of a program under test, given the name of the real program.
pub fn built(name: &str) -> PathBuf {
    std::env::var_os(format!("CARGO_BIN_EXE_{name}-under-test")).expect("cargo runs the tests").into()
}

fn under_test(name: &str) -> Command {
    let mut command = Command::new(built(name));
    // `--help` prints the name by which the program was called.
    command.arg0(name).env("HOME", "/nonexistent");
    for variable in SET_BY_THE_TESTS {
        command.env_remove(variable);
    }
    command
}

/// Environment variables that change how a program behaves. Only a test may set them, not the user who runs the tests.
const SET_BY_THE_TESTS: [&str; 11] = [
    "AV1D_CONFIG",
    "XDG_CONFIG_HOME",
    "XDG_STATE_HOME",
    "XDG_VIDEOS_DIR",
    "TZ",
    "COLUMNS",
    "JOURNAL_STREAM",
    "NOTIFY_SOCKET",
    "NO_COLOR",
    "CLICOLOR",
    "CLICOLOR_FORCE",
];

/// A program that is still running. Dropping it kills the process.
#[derive(Debug)]
pub struct Running {
    child: Child,
    what: String,
    stdout: Pipe,
    stderr: Pipe,
    deadline: Instant,
}

impl Running {
    /// Starts `command`, with `input` as its standard input.
    pub fn start(command: &mut Command, input: &[u8]) -> Self {
        Self::spawn(command.stdout(Stdio::piped()).stderr(Stdio::piped()), input)
    }

    /// Starts `command` with empty standard input, and its standard output going to `stdout`.
    pub fn start_into(command: &mut Command, stdout: impl Into<Stdio>) -> Self {
        Self::spawn(command.stdout(stdout).stderr(Stdio::piped()), b"")
    }

    /// Starts `command` with empty standard input, and its standard error going to `stderr`.
    pub fn start_saying_into(command: &mut Command, stderr: impl Into<Stdio>) -> Self {
        Self::spawn(command.stdout(Stdio::piped()).stderr(stderr), b"")
    }

    fn spawn(command: &mut Command, input: &[u8]) -> Self {
        let spawned = command.stdin(Stdio::piped()).spawn();
        let mut child = spawned.unwrap_or_else(|error| panic!("failed to start {command:?}: {error}"));
        let stdout = child.stdout.take().map_or_else(|| Pipe::drain(std::io::empty()), Pipe::drain);
        let stderr = child.stderr.take().map_or_else(|| Pipe::drain(std::io::empty()), Pipe::drain);
        // Otherwise `command` would keep the file or pipe that it was given open as long as it lives.
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let mut stdin = child.stdin.take().unwrap();
        let input = input.to_vec();
        std::thread::spawn(move || drop(stdin.write_all(&input)));
        let deadline = Instant::now() + TIMEOUT;
        Self { child, what: format!("{command:?}"), stdout, stderr, deadline }
    }

    /// The process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Whether the process has ended.
    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// Whether its standard error, which is for people, contains this text by now.
    pub fn has_said(&self, text: &str) -> bool {
        String::from_utf8_lossy(&self.stderr.read.lock().unwrap()).contains(text)
    }

    /// Whether its standard output, which is for programs, contains this text by now.
    pub fn has_printed(&self, text: &str) -> bool {
        String::from_utf8_lossy(&self.stdout.read.lock().unwrap()).contains(text)
    }

    /// Waits until the process has ended.
    pub fn wait(mut self) -> Run {
        while !self.has_ended() {
            if Instant::now() > self.deadline {
                drop(self.child.kill());
                panic!("{} didn't end within {} s", self.what, TIMEOUT.as_secs());
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        Run {
            status: self.child.wait().unwrap(),
            stdout: self.stdout.all(),
            stderr: String::from_utf8_lossy(&self.stderr.all()).into_owned(),
            what: std::mem::take(&mut self.what),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // A test that failed half-way must not leave an encode behind.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Returns a pipe whose buffer is full of line breaks, so that a write blocks until somebody reads.
pub fn full_pipe() -> (PipeReader, PipeWriter) {
    let (reader, mut writer) = pipe().unwrap();
    rustix::io::ioctl_fionbio(&writer, true).unwrap();
    let full = std::iter::repeat_with(|| writer.write(&[b'\n'; 4096])).find_map(Result::err);
    assert_eq!(full.unwrap().kind(), ErrorKind::WouldBlock);
    rustix::io::ioctl_fionbio(&writer, false).unwrap();
    (reader, writer)
}

/// A child's output, which a thread reads as it arrives.
#[derive(Debug)]
struct Pipe {
    read: Arc<Mutex<Vec<u8>>>,
    reader: Option<JoinHandle<()>>,
}

impl Pipe {
    fn drain(mut pipe: impl Read + Send + 'static) -> Self {
        let read = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&read);
        let reader = std::thread::spawn(move || {
            let mut part = [0; 4096];
            while let Ok(length @ 1..) = pipe.read(&mut part) {
                kept.lock().unwrap().extend_from_slice(&part[..length]);
            }
        });
        Self { read, reader: Some(reader) }
    }

    /// Returns all output, after the child has ended.
    fn all(&mut self) -> Vec<u8> {
        self.reader.take().unwrap().join().unwrap();
        std::mem::take(&mut self.read.lock().unwrap())
    }
}

/// A process that has ended.
#[derive(Debug)]
pub struct Run {
    /// How the process ended.
    pub status: ExitStatus,
    /// What it printed on standard output, for programs.
    pub stdout: Vec<u8>,
    /// What it printed on standard error, for people.
    pub stderr: String,
    what: String,
}

impl Run {
    /// Runs `command` to its end, with empty standard input.
    pub fn of(command: &mut Command) -> Self {
        Running::start(command, b"").wait()
    }

    /// Runs the lines of `script` in a POSIX shell, as `| sh` does.
    pub fn shell(script: &[u8], folder: &std::path::Path) -> Self {
        Running::start(Command::new("sh").current_dir(folder), script).wait()
    }

    /// Asserts the exit code.
    #[track_caller]
    pub fn exits_with(self, code: i32) -> Self {
        assert_eq!(self.status.code(), Some(code), "{self} (signal {:?})", self.status.signal());
        self
    }

    /// Asserts that standard error contains this text.
    #[track_caller]
    pub fn says(self, text: impl AsRef<str>) -> Self {
        let text = text.as_ref();
        assert!(self.stderr.contains(text), "not said: {text:?}\n{self}");
        self
    }

    /// Asserts that standard error doesn't contain this text.
    #[track_caller]
    pub fn says_no(self, text: &str) -> Self {
        assert!(!self.stderr.contains(text), "said: {text:?}\n{self}");
        self
    }

    /// Asserts that standard output is empty.
    #[track_caller]
    pub fn prints_nothing(self) -> Self {
        assert!(self.stdout.is_empty(), "{self}");
        self
    }

    /// Standard output as text.
    #[track_caller]
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.stdout).unwrap_or_else(|error| panic!("{error}\n{self}"))
    }

    /// The JSON documents on standard output, one per line.
    #[track_caller]
    pub fn documents(&self) -> Vec<serde_json::Value> {
        let document =
            |line: &str| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}\n{self}"));
        self.text().lines().map(document).collect()
    }
}

impl std::fmt::Display for Run {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let stdout = String::from_utf8_lossy(&self.stdout);
        write!(f, "{}\n-- {}\n-- stdout\n{stdout}\n-- stderr\n{}", self.what, self.status, self.stderr)
    }
}
