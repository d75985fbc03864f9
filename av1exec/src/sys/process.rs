//! Children: how ffmpeg and ffprobe are started, listened to, and ended.
//!
//! A child has a process group of its own, so that all of it can be ended, and dies with the thread that started it. That
//! thread is one that does nothing else and lives as long as the process. It isn't the runtime's own: whoever
//! starts a program waits for the disk that it lies on.

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

/// How long a child that was asked to end may take before it is killed.
const TERM_TIMEOUT: Duration = Duration::from_secs(10);

/// Starts `program`, with nothing to read and both outputs piped.
pub async fn start(program: &Path, args: &[OsString]) -> io::Result<Child> {
    spawn(command(program, args)).await
}

/// Starts `program` for a job; it inherits the locks, so that nobody else works on the library before it has ended, and gives
/// way to others as far as `priority` says.
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

/// A child to start.
struct StartRequest {
    command: Command,
    /// The runtime that will wait for it.
    runtime: Handle,
    /// Where it goes; it is killed where nobody wants it any more.
    reply: oneshot::Sender<io::Result<Child>>,
}

/// Has the thread that is the parent of all children start one.
async fn spawn(command: Command) -> io::Result<Child> {
    static PARENT: OnceLock<mpsc::Sender<StartRequest>> = OnceLock::new();
    let parent = PARENT.get_or_init(|| {
        let (sender, requests) = mpsc::channel::<StartRequest>();
        // Without it no program is started, and each is told so.
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
    // SVT-AV1 prints a banner past ffmpeg's own log levels.
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
    // SAFETY: between fork and exec only async-signal-safe calls are allowed; these are plain system calls, and the closure
    // neither allocates nor takes a lock.
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

/// A child with all that it starts. To be used only while the child hasn't been waited for to its end: its number is
/// somebody else's afterwards.
#[derive(Debug, Clone, Copy)]
pub struct Group(Option<Pid>);

impl Group {
    /// The group of a child.
    pub fn of(child: &Child) -> Self {
        Self(child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw))
    }

    /// Sends `signal` to all of it; that it is gone already is fine.
    pub fn signal(self, signal: Signal) {
        if let Some(pid) = self.0 {
            let _ = rustix::process::kill_process_group(pid, signal);
        }
    }
}

/// Sends `signal` to the child's whole group; that it is gone already is fine.
pub fn signal_group(child: &Child, signal: Signal) {
    Group::of(child).signal(signal);
}

/// Asks the child to end, waits, and kills it where it doesn't. A stopped child is woken, since it would not hear.
pub async fn end(child: &mut Child) -> io::Result<ExitStatus> {
    signal_group(child, Signal::TERM);
    signal_group(child, Signal::CONT);
    if let Ok(status) = tokio::time::timeout(TERM_TIMEOUT, child.wait()).await {
        return status;
    }
    signal_group(child, Signal::KILL);
    child.wait().await
}

/// What a short-lived child printed.
#[derive(Debug)]
pub struct Captured {
    /// How it ended.
    pub status: ExitStatus,
    /// Its standard output, up to the limit.
    pub stdout: Vec<u8>,
    /// The end of its standard error.
    pub stderr: Vec<u8>,
}

impl Captured {
    /// The last line of its standard error that says something.
    pub fn last_words(&self) -> String {
        let text = String::from_utf8_lossy(&self.stderr);
        text.lines().rev().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default().to_owned()
    }
}

/// Runs a child to its end, within `limit` bytes of output and `time`.
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
    // On every early return the child is killed when it is dropped.
    tokio::time::timeout(time, run).await.unwrap_or(Err(CaptureError::TooSlow { time }))
}

/// Enough for any error message of ffmpeg.
const STDERR_LIMIT: usize = 64 * 1024;

/// Reads to the end, but keeps no more than `limit` bytes; says whether that was all.
async fn read_within(pipe: Option<impl AsyncRead + Unpin>, limit: usize) -> io::Result<(Vec<u8>, bool)> {
    let mut kept = Vec::new();
    let Some(mut pipe) = pipe else { return Ok((kept, true)) };
    let mut limited = (&mut pipe).take(u64::try_from(limit).unwrap_or(u64::MAX));
    limited.read_to_end(&mut kept).await?;
    // Drained, so that the child doesn't block on a full pipe.
    let rest = tokio::io::copy(&mut pipe, &mut tokio::io::sink()).await?;
    Ok((kept, rest == 0))
}

/// Why a child's output couldn't be had.
#[derive(Debug, thiserror::Error)]
pub enum CaptureError {
    /// It couldn't be started.
    #[error("it can't be started: {0}")]
    Start(#[source] io::Error),
    /// Its output couldn't be read.
    #[error("its output can't be read: {0}")]
    Read(#[source] io::Error),
    /// It printed more than it may.
    #[error("it printed more than {limit} bytes")]
    TooMuch {
        /// How much it may print.
        limit: usize,
    },
    /// It took longer than it may.
    #[error("it didn't end within {}", Seconds::from(*time))]
    TooSlow {
        /// How long it may take.
        time: Duration,
    },
}

/// Looks for `program` in the folders of `path`, as a shell would.
pub fn find_in_path(program: &str, path: &OsStr) -> Option<std::path::PathBuf> {
    let runnable = |candidate: &std::path::PathBuf| {
        use std::os::unix::fs::PermissionsExt;
        std::fs::metadata(candidate)
            .is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
    };
    let folders = std::env::split_paths(path).filter(|folder| folder.is_absolute());
    folders.map(|folder| folder.join(program)).find(runnable)
}
