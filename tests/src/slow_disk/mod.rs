//! A disk that can be made to hang: a folder shown through the test's own FUSE file system, which holds back chosen
//! calls on chosen paths until it is told to go on.
//!
//! As on NFS and SMB, a program that waits for such a call can be killed: the kernel then sends `FUSE_INTERRUPT`, and
//! the call is given up. The protocol is implemented here, because the FUSE library for Rust doesn't pass interrupts
//! on.

mod calls;
mod wire;

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustix::mount::{MountFlags, UnmountFlags};

use crate::tools::skip_or_fail;
use calls::Behind;
pub use wire::Call;
use wire::{INTERRUPTED, Request, reply};

/// The mounted disk. Dropping it unmounts it.
#[derive(Debug)]
pub struct SlowDisk {
    at: PathBuf,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    device: File,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    behind: Behind,
    rules: Vec<Rule>,
    /// The messages of the calls that are held back, as the kernel sent them.
    held: Vec<Vec<u8>>,
}

/// A rule for which calls to hold back, and on which paths.
#[derive(Debug)]
struct Rule {
    calls: Vec<Call>,
    part: String,
    /// Whether the path must end with `part`; otherwise it must contain it.
    at_end: bool,
}

impl SlowDisk {
    /// Mounts the folder `behind` at the folder `at`, creating both. Returns `None` if this machine can't; the test is
    /// then to be skipped.
    pub fn mount(behind: &Path, at: &Path) -> Option<Self> {
        for folder in [behind, at] {
            std::fs::create_dir_all(folder).unwrap();
        }
        let Ok(device) = OpenOptions::new().read(true).write(true).open("/dev/fuse") else {
            return skip_or_fail("/dev/fuse can't be opened (root? the fuse module?)");
        };
        let options = format!(
            "fd={},rootmode=40000,user_id=0,group_id=0,allow_other,default_permissions\0",
            device.as_raw_fd()
        );
        let options = std::ffi::CStr::from_bytes_with_nul(options.as_bytes()).unwrap();
        let flags = MountFlags::NOSUID | MountFlags::NODEV;
        if let Err(error) = rustix::mount::mount("slow-disk", at, "fuse", flags, options) {
            return skip_or_fail(&format!("a FUSE file system can't be mounted (root?): {error}"));
        }
        let state = State { behind: Behind::new(behind), rules: Vec::new(), held: Vec::new() };
        let shared = Arc::new(Shared { device, state: Mutex::new(state) });
        let serving = Arc::clone(&shared);
        std::thread::spawn(move || serving.serve());
        Some(Self { at: at.to_owned(), shared })
    }

    /// From now on, holds back these calls on every path below the mount that contains `part`.
    pub fn hang(&self, calls: impl IntoIterator<Item = Call>, part: &str) {
        self.hold(calls, part, false);
    }

    /// Like [`Self::hang`], but on every path that ends with `end`.
    pub fn hang_file(&self, calls: impl IntoIterator<Item = Call>, end: &str) {
        self.hold(calls, end, true);
    }

    fn hold(&self, calls: impl IntoIterator<Item = Call>, part: &str, at_end: bool) {
        let rule = Rule { calls: calls.into_iter().collect(), part: part.to_owned(), at_end };
        self.shared.state().rules.push(rule);
    }

    /// From now on, holds back all calls on every path that contains `part`.
    pub fn hang_wholly(&self, part: &str) {
        self.hang(Call::ALL.iter().copied(), part);
    }

    /// How many calls are held back now.
    pub fn held(&self) -> usize {
        self.shared.state().held.len()
    }

    /// Answers all calls that were held back, and holds none back any more.
    pub fn go_on(&self) {
        let mut state = self.shared.state();
        state.rules.clear();
        for message in std::mem::take(&mut state.held) {
            if let Some(answer) = Request::parse(&message).and_then(|request| state.behind.answer(&request)) {
                self.shared.send(&answer);
            }
        }
    }
}

impl Drop for SlowDisk {
    fn drop(&mut self) {
        self.go_on();
        // A process may still use the mount. It is removed when the last one is done.
        let _ = rustix::mount::unmount(&self.at, UnmountFlags::DETACH);
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn send(&self, message: &[u8]) {
        // The process that made the call may have been killed; then nobody waits for the answer and the write fails.
        drop((&self.device).write(message));
    }

    /// Answers calls until the file system is unmounted.
    fn serve(&self) {
        let mut buffer = vec![0; wire::LARGEST];
        loop {
            let length = match (&self.device).read(&mut buffer) {
                Ok(length) => length,
                // The read was interrupted, or the kernel took the call back at this moment.
                Err(error)
                    if matches!(error.kind(), io::ErrorKind::Interrupted | io::ErrorKind::NotFound) =>
                {
                    continue;
                }
                Err(_) => return,
            };
            let message = &buffer[..length];
            let Some(request) = Request::parse(message) else { continue };
            let mut state = self.state();
            if let Some(interrupted) = request.interrupts() {
                let is_it =
                    |held: &Vec<u8>| Request::parse(held).is_some_and(|held| held.unique == interrupted);
                if let Some(place) = state.held.iter().position(is_it) {
                    state.held.swap_remove(place);
                    self.send(&reply(interrupted, Err(INTERRUPTED)));
                }
                continue;
            }
            if state.is_to_be_held(&request) {
                state.held.push(message.to_vec());
                continue;
            }
            if let Some(answer) = state.behind.answer(&request) {
                self.send(&answer);
            }
        }
    }
}

impl State {
    fn is_to_be_held(&self, request: &Request<'_>) -> bool {
        let Some(call) = request.call else { return false };
        let mut rules = self.rules.iter().filter(|rule| rule.calls.contains(&call)).peekable();
        rules.peek().is_some() && {
            let path = self.behind.path_of(request).to_string_lossy().into_owned();
            rules.any(|rule| if rule.at_end { path.ends_with(&rule.part) } else { path.contains(&rule.part) })
        }
    }
}
