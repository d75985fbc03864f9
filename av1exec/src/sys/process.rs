//! Child processes: starts, reads and ends ffmpeg and ffprobe.
//!
//! Each child has a process group of its own, so that it can be ended with all processes it started. The kernel kills a
//! child when the thread that started it ends. That thread does nothing else and lives as long as this process. It
//! isn't a thread of the runtime, because starting a program waits for the disk that holds the program.

mod lines;
mod watch;

use std::ffi::{OsStr, OsString};
use std::io;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::sync::{OnceLock, mpsc};
use std::time::Duration;

use av1plan::explain::Seconds;
use rustix::process::{Pid, Signal};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, Command};
use tokio::runtime::Handle;
use tokio::sync::oneshot;

use crate::sys::lock::Locks;
use crate::sys::orphan::JOB_VARIABLE;
use crate::sys::priority::Priority;
pub use lines::LineReader;
pub use watch::{Output, Pulse, Watched, watch};

/// How long to wait after SIGTERM before a child is killed.
const TERM_TIMEOUT: Duration = Duration::from_secs(10);

/// Starts `program` with an empty standard input, and pipes for standard output and standard error.
pub async fn start(program: &Path, args: &[OsString]) -> io::Result<Child> {
    spawn(command(program, args)).await
}

/// Starts `program` for a job, at the given priority. It inherits the locks, so that no other av1d works on the library
/// before it has ended.
pub async fn start_for(
    job: &str,
    program: &Path,
    args: &[OsString],
    locks: &Locks,
    priority: Priority,
) -> io::Result<Child> {
    let mut command = command(program, args);
    command.env(JOB_VARIABLE, job);
    inherit(&mut command, locks);
    give_way(&mut command, priority);
    spawn(command).await
}

/// A request to start a child.
struct StartRequest {
    command: Command,
    /// The runtime that will wait for the child.
    runtime: Handle,
    /// Receives the child. If nobody waits for it any more, the child is dropped and thereby killed.
    reply: oneshot::Sender<io::Result<Child>>,
}

/// Asks the thread that is the parent of all children to start one.
async fn spawn(command: Command) -> io::Result<Child> {
    static PARENT: OnceLock<mpsc::Sender<StartRequest>> = OnceLock::new();
    let parent = PARENT.get_or_init(|| {
        let (sender, requests) = mpsc::channel::<StartRequest>();
        // If the thread can't be created, every start fails with an error below.
        let _ = std::thread::Builder::new().spawn(move || {
            for StartRequest { mut command, runtime, reply } in requests {
                let _entered = runtime.enter();
                drop(reply.send(command.spawn()));
            }
        });
        sender
    });
    let (reply, child) = oneshot::channel();
    let gone = || io::Error::other("the thread that starts programs is gone");
    parent.send(StartRequest { command, runtime: Handle::current(), reply }).map_err(|_| gone())?;
    child.await.map_err(|_| gone())?
}

fn command(program: &Path, args: &[OsString]) -> Command {
    let mut command = Command::new(program);
    command.args(args).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    // SVT-AV1 prints a banner that ignores ffmpeg's log level.
    command.env("SVT_LOG", "1").process_group(0).kill_on_drop(true);
    die_with_parent(&mut command);
    command
}

#[allow(unsafe_code, reason = "the only way to leave a file open in a child and in no other")]
fn inherit(command: &mut Command, locks: &Locks) {
    let files = locks.files();
    // SAFETY: between fork and exec only async-signal-safe calls are allowed; fcntl is one, and the closure neither
    // allocates nor takes a lock.
    unsafe {
        command.pre_exec(move || {
            for file in &files {
                rustix::io::fcntl_setfd(file, rustix::io::FdFlags::empty())?;
            }
            Ok(())
        });
    }
}

#[allow(unsafe_code, reason = "the only way to be nice in a child and not in this process")]
fn give_way(command: &mut Command, priority: Priority) {
    // SAFETY: between fork and exec only async-signal-safe calls are allowed; these are plain system calls, and the
    // closure neither allocates nor takes a lock.
    unsafe {
        command.pre_exec(move || {
            priority.take_effect();
            Ok(())
        });
    }
}

#[allow(unsafe_code, reason = "the only way to ask the kernel for a signal when the parent ends")]
fn die_with_parent(command: &mut Command) {
    // SAFETY: between fork and exec only async-signal-safe calls are allowed; prctl is a plain system call, and the
    // closure neither allocates nor takes a lock.
    unsafe {
        command.pre_exec(|| Ok(rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?));
    }
}

/// A child's process group: the child and all processes it started. It may be used only until the child has been waited
/// for; after that the kernel may give its number to another process.
#[derive(Debug, Clone, Copy)]
pub struct Group(Option<Pid>);

impl Group {
    /// Returns the process group of a child.
    pub fn of(child: &Child) -> Self {
        Self(child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw))
    }

    /// Sends `signal` to the whole group. A group that no longer exists is no error.
    pub fn signal(self, signal: Signal) {
        if let Some(pid) = self.0 {
            let _ = rustix::process::kill_process_group(pid, signal);
        }
    }
}

/// Sends `signal` to the child's whole process group. A group that no longer exists is no error.
pub fn signal_group(child: &Child, signal: Signal) {
    Group::of(child).signal(signal);
}

/// Sends SIGTERM to the child's process group, waits, and kills the group if the child doesn't end. Also sends SIGCONT,
/// because a stopped process wouldn't react to SIGTERM.
pub async fn end(child: &mut Child) -> io::Result<ExitStatus> {
    signal_group(child, Signal::TERM);
    signal_group(child, Signal::CONT);
    if let Ok(status) = tokio::time::timeout(TERM_TIMEOUT, child.wait()).await {
        return status;
    }
    signal_group(child, Signal::KILL);
    child.wait().await
}

/// The output of a short-lived child.
#[derive(Debug)]
pub struct Captured {
    /// Its exit status.
    pub status: ExitStatus,
    /// Its standard output, up to the limit.
    pub stdout: Vec<u8>,
    /// Its standard error, up to a limit.
    pub stderr: Vec<u8>,
}

impl Captured {
    /// Returns the last line of standard error that isn't blank.
    pub fn last_words(&self) -> String {
        let text = String::from_utf8_lossy(&self.stderr);
        text.lines().rev().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default().to_owned()
    }
}

/// Runs a child to its end and captures its output. It is an error if the output exceeds `limit` bytes or the child
/// takes longer than `time`.
pub async fn capture(
    program: &Path,
    args: &[OsString],
    limit: usize,
    time: Duration,
) -> Result<Captured, CaptureError> {
    let run = async {
        let mut child = start(program, args).await.map_err(CaptureError::Start)?;
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        let (stdout, stderr) = tokio::join!(read_within(stdout, limit), read_within(stderr, STDERR_LIMIT));
        let (stdout, complete) = stdout.map_err(CaptureError::Read)?;
        let (stderr, _) = stderr.map_err(CaptureError::Read)?;
        if !complete {
            return Err(CaptureError::TooMuch { limit });
        }
        let status = child.wait().await.map_err(CaptureError::Read)?;
        Ok(Captured { status, stdout, stderr })
    };
    // Every early return drops the child, which kills it.
    tokio::time::timeout(time, run).await.unwrap_or(Err(CaptureError::TooSlow { time }))
}

/// The limit for standard error; longer than any error message of ffmpeg.
const STDERR_LIMIT: usize = 64 * 1024;

/// Reads a pipe to its end and keeps at most `limit` bytes. The `bool` says whether that was all of it.
async fn read_within(pipe: Option<impl AsyncRead + Unpin>, limit: usize) -> io::Result<(Vec<u8>, bool)> {
    let mut kept = Vec::new();
    let Some(mut pipe) = pipe else { return Ok((kept, true)) };
    let mut limited = (&mut pipe).take(u64::try_from(limit).unwrap_or(u64::MAX));
    limited.read_to_end(&mut kept).await?;
    // The pipe is drained, so that the child doesn't block on a full pipe.
    let rest = tokio::io::copy(&mut pipe, &mut tokio::io::sink()).await?;
    Ok((kept, rest == 0))
}

/// Why a child's output couldn't be captured.
#[derive(Debug, thiserror::Error)]
pub enum CaptureError {
    /// The child couldn't be started.
    #[error("it can't be started: {0}")]
    Start(#[source] io::Error),
    /// The child's output couldn't be read.
    #[error("its output can't be read: {0}")]
    Read(#[source] io::Error),
    /// The child printed more than the limit.
    #[error("it printed more than {limit} bytes")]
    TooMuch {
        /// The limit in bytes.
        limit: usize,
    },
    /// The child took longer than the limit.
    #[error("it didn't end within {}", Seconds::from(*time))]
    TooSlow {
        /// The time limit.
        time: Duration,
    },
}

/// Looks for the executable file `program` in the folders of `path`, which has the format of `PATH`. Relative folders
/// are ignored.
pub fn find_in_path(program: &str, path: &OsStr) -> Option<std::path::PathBuf> {
    let runnable = |candidate: &std::path::PathBuf| {
        use std::os::unix::fs::PermissionsExt;
        std::fs::metadata(candidate)
            .is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
    };
    let folders = std::env::split_paths(path).filter(|folder| folder.is_absolute());
    folders.map(|folder| folder.join(program)).find(runnable)
}
