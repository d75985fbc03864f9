//! Keeps two av1d from working at once: one lock in the state folder, and one in each root, because a container and its
//! host have different state folders for the same library.
//!
//! The locks are advisory locks of the kernel (`flock`) on lock files: a lock on a film itself would be mandatory on
//! some network file systems. Encodes inherit them, so that an ffmpeg that outlives its av1d still keeps other av1d out
//! of the library. The content of a lock file only says who holds it.

mod look;

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Read, Seek, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

pub use look::{Standing, look};

use crate::sys::failure::{Exit, Failure};
use crate::sys::orphan::{self, ProcessId};

/// The name of the lock file in a state folder.
pub const STATE_LOCK: &str = "lock";
/// The name of the lock file in a root. It isn't deleted on release: with a deleted lock file, two processes could each
/// hold a lock on a different file of that name.
pub const ROOT_LOCK: &str = ".av1d.lock";

/// How long to wait for a lock whose holder is dead but that one of its child processes may still hold.
const RELEASE_TIMEOUT: Duration = Duration::from_secs(15);
const POLL_INTERVAL: Duration = Duration::from_millis(100);

/// The locks that this process holds, until they are dropped. The kernel releases them when the process and its encodes
/// have ended, even after a crash.
#[derive(Debug, Default)]
pub struct Locks {
    table: Mutex<Table>,
}

#[derive(Debug, Default)]
struct Table {
    held: Vec<Held>,
    /// Device and inode of lock files that a thread is locking at this moment.
    taking: Vec<(u64, u64)>,
}

#[derive(Debug)]
struct Held {
    file: Arc<File>,
    /// Device and inode, so that a root reached through two paths is locked once.
    identity: (u64, u64),
}

impl Locks {
    /// Takes the lock of the state folder and of every root that exists. If another process holds one, the error says
    /// which process.
    ///
    /// If a lock's holder is dead, `end_orphans` is called to end the processes that it left running, and then the lock
    /// is waited for.
    pub fn take(state: &Path, roots: &[PathBuf], mut end_orphans: impl FnMut()) -> Result<Self, LockError> {
        let locks = Self::default();
        locks.take_patiently(&state.join(STATE_LOCK), &mut end_orphans)?;
        for root in roots {
            match locks.take_patiently(&root.join(ROOT_LOCK), &mut end_orphans) {
                Err(LockError::Failed { source, .. }) if !could_be_worked_in(&source) => {}
                taken => taken?,
            }
        }
        Ok(locks)
    }

    /// Takes the lock of a root that may not have existed when [`Locks::take`] ran.
    pub fn extend(&self, root: &Path) -> Result<(), LockError> {
        match self.take_one(&root.join(ROOT_LOCK)) {
            Err(LockError::Failed { source, .. }) if !could_be_worked_in(&source) => Ok(()),
            taken => taken,
        }
    }

    /// Returns the open lock files, for child processes to inherit.
    pub fn files(&self) -> Vec<Arc<File>> {
        self.table().held.iter().map(|held| Arc::clone(&held.file)).collect()
    }

    /// Locks the table. Never hold this guard across disk access: starting an ffmpeg needs it, too.
    fn table(&self) -> MutexGuard<'_, Table> {
        // A poisoned mutex is fine: each change of the table is a single step.
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take_patiently(&self, path: &Path, end_orphans: &mut impl FnMut()) -> Result<(), LockError> {
        let deadline = Instant::now() + RELEASE_TIMEOUT;
        loop {
            match self.take_one(path) {
                Err(LockError::Held { holder: Some(holder), .. })
                    if holder.is_dead() && Instant::now() < deadline =>
                {
                    end_orphans();
                    std::thread::sleep(POLL_INTERVAL);
                }
                taken => return taken,
            }
        }
    }

    fn take_one(&self, path: &Path) -> Result<(), LockError> {
        let failed = |source| LockError::Failed { path: path.to_owned(), source };
        let (mut file, is_ours) = match open(path) {
            Ok(file) => (file, true),
            // The root can't be written to, but its subfolders may be: then the root folder itself is locked.
            Err(error)
                if matches!(error.kind(), ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem) =>
            {
                (File::open(crate::sys::disk::folder_of(path)).map_err(failed)?, false)
            }
            Err(error) => return Err(failed(error)),
        };
        let found = file.metadata().map_err(failed)?;
        if is_ours && !found.is_file() {
            return Err(failed(io::Error::new(ErrorKind::AlreadyExists, "it is no regular file")));
        }
        let identity = (found.dev(), found.ino());
        if !self.begin_taking(identity) {
            return Ok(());
        }
        let taken = lock(&mut file, path, is_ours);
        let mut table = self.table();
        table.taking.retain(|taking| *taking != identity);
        taken.map(|()| table.held.push(Held { file: Arc::new(file), identity }))
    }

    /// Returns whether the caller has to take this lock. If another thread is taking the same lock through another
    /// path, waits for that thread.
    fn begin_taking(&self, identity: (u64, u64)) -> bool {
        loop {
            let mut table = self.table();
            if table.held.iter().any(|held| held.identity == identity) {
                return false;
            }
            if !table.taking.contains(&identity) {
                table.taking.push(identity);
                return true;
            }
            drop(table);
            std::thread::sleep(POLL_INTERVAL);
        }
    }
}

/// Takes the lock. If it is on a lock file of ours, writes this process's identity into it.
fn lock(file: &mut File, path: &Path, is_ours: bool) -> Result<(), LockError> {
    let failed = |source| LockError::Failed { path: path.to_owned(), source };
    match file.try_lock() {
        Ok(()) if is_ours => Holder::current().write(file).map_err(failed),
        Ok(()) => Ok(()),
        Err(TryLockError::WouldBlock) => {
            Err(LockError::Held { path: path.to_owned(), holder: Holder::read(file) })
        }
        Err(TryLockError::Error(source)) => Err(failed(source)),
    }
}

fn open(path: &Path) -> io::Result<File> {
    let no_follow = i32::try_from(rustix::fs::OFlags::NOFOLLOW.bits()).unwrap_or_default();
    OpenOptions::new().read(true).write(true).create(true).truncate(false).custom_flags(no_follow).open(path)
}

/// Whether films could be replaced in a root whose lock failed with this error. If the root doesn't exist or can't be
/// written to, they can't.
fn could_be_worked_in(error: &io::Error) -> bool {
    !matches!(
        error.kind(),
        ErrorKind::NotFound
            | ErrorKind::NotADirectory
            | ErrorKind::PermissionDenied
            | ErrorKind::ReadOnlyFilesystem
    )
}

/// The paths of all lock files: that of the state folder and those of the roots.
pub fn paths(state: &Path, roots: &[PathBuf]) -> Vec<PathBuf> {
    [state.join(STATE_LOCK)].into_iter().chain(roots.iter().map(|root| root.join(ROOT_LOCK))).collect()
}

/// The process that holds a lock, as written in the lock file.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Holder {
    /// The host name of the machine or container.
    pub host: String,
    /// The process.
    #[serde(flatten)]
    pub process: ProcessId,
}

impl Holder {
    /// Describes this process.
    fn current() -> Self {
        Self { host: host(), process: ProcessId::current() }
    }

    /// Reads the holder from a lock file, or returns `None` if the file doesn't name one.
    pub fn read(file: &mut File) -> Option<Self> {
        let mut text = String::new();
        file.take(4096).read_to_string(&mut text).ok()?;
        serde_json::from_str(&text).ok()
    }

    fn write(&self, file: &mut File) -> io::Result<()> {
        let mut text = serde_json::to_string(self)?;
        text.push('\n');
        file.set_len(0)?;
        file.rewind()?;
        file.write_all(text.as_bytes())
    }

    /// Whether the holder has certainly ended. Processes on other machines and containers can't be checked and count as
    /// alive.
    fn is_dead(&self) -> bool {
        self.host == host() && !orphan::is_alive(&self.process)
    }
}

impl std::fmt::Display for Holder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "process {} on {}", self.process.pid, crate::sys::sanitize::sanitize(&self.host))
    }
}

fn host() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

/// Why a lock couldn't be taken.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another process holds the lock.
    #[error("{} is held by another av1d{}", crate::sys::sanitize::display(path), by(holder.as_ref()))]
    Held {
        /// The lock file.
        path: PathBuf,
        /// The holder, if the lock file names it.
        holder: Option<Holder>,
    },
    /// The lock file can't be created or locked.
    #[error("failed to lock {}: {source}", crate::sys::sanitize::display(path))]
    Failed {
        /// The lock file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
}

impl From<LockError> for Failure {
    fn from(error: LockError) -> Self {
        match &error {
            LockError::Held { .. } => Self::from_error(Exit::Locked, &error)
                .hint("let it work, or stop it first; two would encode the same films"),
            LockError::Failed { path, .. } if path.ends_with(ROOT_LOCK) => {
                Self::from_error(Exit::Failed, &error)
                    .hint("see what is there: it must be a regular file, on a file system that can lock it")
            }
            LockError::Failed { .. } => Self::from_error(Exit::Failed, &error)
                .hint("check the owner and the rights of `job_state_dir`"),
        }
    }
}

fn by(holder: Option<&Holder>) -> String {
    holder.map_or_else(String::new, |holder| format!(" ({holder})"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hint_of_a_lock_is_about_its_own_folder() {
        let source = || io::Error::other("no");
        for (path, words) in [("/state/lock", "`job_state_dir`"), ("/films/.av1d.lock", "regular file")] {
            let failure = Failure::from(LockError::Failed { path: path.into(), source: source() });
            let lines = failure.lines();
            let hint = lines.last().unwrap();
            assert!(hint.contains(words), "{path}: {hint}");
        }
    }

    fn take(state: &Path, roots: &[PathBuf]) -> Result<Locks, LockError> {
        Locks::take(state, roots, || panic!("the holder is alive"))
    }

    #[test]
    fn the_second_is_told_who_the_first_is() {
        let folder = tempfile::tempdir().unwrap();
        let first = take(folder.path(), &[]).unwrap();
        let Err(LockError::Held { holder, .. }) = take(folder.path(), &[]) else {
            panic!("two held one lock")
        };
        assert_eq!(holder.unwrap().process.pid, std::process::id());
        drop(first);
        take(folder.path(), &[]).unwrap();
    }

    #[test]
    fn a_library_is_locked_whatever_the_state_folder() {
        let [one, two, root] = [(); 3].map(|()| tempfile::tempdir().unwrap());
        let gone = root.path().join("gone");
        let link = two.path().join("link");
        std::os::unix::fs::symlink(root.path(), &link).unwrap();
        // A root that has two paths is locked once, and a root that doesn't exist isn't locked.
        let roots = [root.path().to_owned(), link.clone(), gone];
        let first = take(one.path(), &roots).unwrap();
        assert_eq!(first.files().len(), 2);
        let Err(LockError::Held { path, .. }) = take(two.path(), std::slice::from_ref(&link)) else {
            panic!("two held one library")
        };
        assert_eq!(path, link.join(ROOT_LOCK));
        drop(first);
        take(two.path(), &[link]).unwrap();
    }

    #[test]
    fn a_root_that_comes_back_is_locked_then() {
        let [one, two, home] = [(); 3].map(|()| tempfile::tempdir().unwrap());
        let root = home.path().join("root");
        let locks = take(one.path(), std::slice::from_ref(&root)).unwrap();
        locks.extend(&root).unwrap();
        std::fs::create_dir(&root).unwrap();
        locks.extend(&root).unwrap();
        assert!(take(two.path(), std::slice::from_ref(&root)).is_err());
    }

    #[test]
    fn what_a_dead_holder_left_running_is_ended_and_its_lock_is_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let mut left = Some(take(folder.path(), &[]).unwrap());
        // The lock file names a process of an earlier boot.
        let process = ProcessId { boot: "another".into(), ..ProcessId::current() };
        let mut file = open(&folder.path().join(STATE_LOCK)).unwrap();
        Holder { host: host(), process }.write(&mut file).unwrap();
        Locks::take(folder.path(), &[], || drop(left.take())).unwrap();
    }

    #[test]
    fn a_planted_link_is_not_written_through() {
        let folder = tempfile::tempdir().unwrap();
        let victim = folder.path().join("victim");
        std::fs::write(&victim, "precious").unwrap();
        std::os::unix::fs::symlink(&victim, folder.path().join(STATE_LOCK)).unwrap();
        assert!(take(folder.path(), &[]).is_err());
        assert_eq!(std::fs::read(&victim).unwrap(), b"precious");
    }
}
