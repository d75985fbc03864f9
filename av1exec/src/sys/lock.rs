//! Keeps two av1d from working at once in one state folder or in one folder of films.
//!
//! All locks are advisory locks of the kernel (`flock`): a lock on a film itself would be mandatory on some network
//! file systems. Encodes inherit them, so that an ffmpeg that outlives its av1d still keeps other av1d out of the
//! library.
//!
//! - The state folder has a lock file.
//! - The folder of each root is locked itself, exclusively, and all folders above it are locked together with others.
//!   Whoever can list a folder can lock it, so that this needs no right to write, and it excludes roots that contain
//!   each other: the outer one can't be locked while somebody works in the inner one, nor the other way round.
//! - Each root has a lock file, too. Network file systems show other machines only locks on files; it says who works
//!   there; and where the folders above a root can't be seen, as in a container, a walk from above finds it.
//! - While a film is worked on, the folders from its own up to the root are locked together with others, too.

mod blame;
mod error;
mod file;
mod holder;
mod look;
mod visit;

use std::fs::{File, Metadata, TryLockError};
use std::io::{self, ErrorKind};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

pub use error::LockError;
pub use holder::Holder;
pub use look::{Standing, look};
pub use visit::Visit;

/// The name of the lock file in a state folder.
pub const STATE_LOCK: &str = "lock";
/// The name of the lock file in a root. It isn't deleted on release: with a deleted lock file, two processes could each
/// hold a lock on a different file of that name.
pub const ROOT_LOCK: &str = ".av1d.lock";

/// How long to wait for a lock whose holder is dead but that one of its child processes may still hold.
const RELEASE_TIMEOUT: Duration = Duration::from_secs(15);
/// How long to wait for a folder that nobody seems to work in: `systemd-tmpfiles`, for one, locks folders for a moment.
const PASSING_TIMEOUT: Duration = Duration::from_secs(2);
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
    /// Files and folders that a thread is locking at this moment.
    taking: Vec<Identity>,
}

#[derive(Debug, Clone)]
struct Held {
    file: Arc<File>,
    /// So that a root reached through two paths is locked once.
    identity: Identity,
    mode: Mode,
    tenure: Tenure,
}

/// How long something stays locked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tenure {
    /// As long as the [`Locks`] live.
    Kept,
    /// As long as one of so many visits lasts.
    Visits(usize),
}

/// Device and inode.
type Identity = (u64, u64);

/// How a file or folder is locked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Mode {
    /// Several av1d may hold it so.
    Shared,
    /// Nobody else may hold it.
    Exclusive,
}

/// What came of locking a folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Locked {
    /// This process holds it.
    Held(Identity),
    /// It doesn't exist for this user, who can't work in it.
    OutOfReach,
    /// Its file system can't lock folders.
    NotHere,
}

/// How far the lock of a root reaches.
#[derive(Debug, PartialEq, Eq)]
pub enum Reach {
    /// Every av1d that has this folder sees it.
    Everywhere,
    /// Only the av1d of this machine see it: the lock file can't be created, for this reason.
    ThisMachine(String),
}

impl Locks {
    /// Takes the lock of the state folder and those of every root that exists. If another process holds one, the error
    /// says which process.
    ///
    /// If a lock's holder is dead, `end_orphans` is called to end the processes that it left running, and then the lock
    /// is waited for.
    pub fn take(state: &Path, roots: &[PathBuf], mut end_orphans: impl FnMut()) -> Result<Self, LockError> {
        let locks = Self::default();
        let state = state.join(STATE_LOCK);
        patiently(&mut end_orphans, || locks.lock_file(&state).map(drop))?;
        // In one order, so that of two av1d with the same roots one gets them all.
        let mut roots: Vec<&PathBuf> = roots.iter().collect();
        roots.sort_unstable();
        for root in roots {
            patiently(&mut end_orphans, || locks.extend(root).map(drop))?;
        }
        Ok(locks)
    }

    /// Takes the locks of a root, which may not have existed when [`Locks::take`] ran. A root that doesn't exist or
    /// can't be listed isn't locked, since nobody can work in it.
    pub fn extend(&self, root: &Path) -> Result<Reach, LockError> {
        let real = match root.canonicalize() {
            Ok(real) => real,
            Err(error) if is_out_of_reach(&error) => return Ok(Reach::Everywhere),
            Err(source) => return Err(LockError::Failed { path: root.to_owned(), source }),
        };
        // From the top down, so that of two av1d whose roots contain each other exactly one is refused.
        let above: Vec<&Path> = real.ancestors().skip(1).collect();
        for folder in above.into_iter().rev() {
            self.lock_folder(folder, Mode::Shared, root)?;
        }
        self.lock_inner(root)
    }

    /// Takes the locks of a folder inside a locked root. A walk calls this for folders with a lock file: the root of
    /// another av1d that doesn't see the folders above it, because it runs in a container.
    pub fn lock_inner(&self, folder: &Path) -> Result<Reach, LockError> {
        let is_locked = self.lock_folder(folder, Mode::Exclusive, folder)?;
        let path = folder.join(ROOT_LOCK);
        match self.lock_file(&path)? {
            Reach::ThisMachine(why) if !is_locked => {
                Err(LockError::Failed { path, source: io::Error::other(why) })
            }
            reach => Ok(reach),
        }
    }

    /// Whether the state folder was deleted, or something else was mounted over it, since its lock was taken.
    pub fn has_lost(&self, state: &Path) -> bool {
        let held: Vec<Identity> = self.table().held.iter().map(|held| held.identity).collect();
        match std::fs::symlink_metadata(state.join(STATE_LOCK)) {
            Ok(found) => !held.is_empty() && !held.contains(&identity(&found)),
            Err(error) => !held.is_empty() && error.kind() == ErrorKind::NotFound,
        }
    }

    /// Returns the open lock files and folders, for child processes to inherit.
    pub fn files(&self) -> Vec<Arc<File>> {
        self.table().held.iter().map(|held| Arc::clone(&held.file)).collect()
    }

    /// Locks the table. Never hold this guard across disk access: starting an ffmpeg needs it, too.
    fn table(&self) -> MutexGuard<'_, Table> {
        // A poisoned mutex is fine: each change of the table is a single step.
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Locks a folder itself, for the sake of `root`. Returns `false` if its file system can't do that.
    fn lock_folder(&self, folder: &Path, mode: Mode, root: &Path) -> Result<bool, LockError> {
        // A folder that is locked already isn't opened again, since its disk may hang.
        let is_held = folder.metadata().is_ok_and(|found| self.holds(identity(&found), mode));
        let locked = if is_held { None } else { Some(self.hold_folder(folder, mode, Tenure::Kept, root)?) };
        Ok(!matches!(locked, Some(Locked::NotHere)))
    }

    /// Opens and locks a folder, for the sake of `root`. If nobody seems to work in it though it is locked, that is
    /// waited for.
    fn hold_folder(
        &self,
        folder: &Path,
        mode: Mode,
        tenure: Tenure,
        root: &Path,
    ) -> Result<Locked, LockError> {
        let failed = |source| LockError::Failed { path: folder.to_owned(), source };
        let began = Instant::now();
        loop {
            let (found, file) = match File::open(folder).and_then(|file| Ok((file.metadata()?, file))) {
                Ok((found, file)) if found.is_dir() => (identity(&found), file),
                Ok(_) => return Ok(Locked::OutOfReach),
                Err(error) if is_out_of_reach(&error) => return Ok(Locked::OutOfReach),
                Err(source) => return Err(failed(source)),
            };
            match self.hold(file, found, mode, tenure) {
                Ok(_) => return Ok(Locked::Held(found)),
                Err(TryLockError::WouldBlock) => match blame::held(folder, mode, root) {
                    LockError::Held { holder: None, .. } if began.elapsed() < PASSING_TIMEOUT => {
                        std::thread::sleep(POLL_INTERVAL);
                    }
                    held => return Err(held),
                },
                // Some file systems lock only files.
                Err(TryLockError::Error(error)) if is_unsupported(&error) => return Ok(Locked::NotHere),
                Err(TryLockError::Error(source)) => return Err(failed(source)),
            }
        }
    }

    /// Creates and locks a lock file, and writes into it who this process is.
    fn lock_file(&self, path: &Path) -> Result<Reach, LockError> {
        let failed = |source| LockError::Failed { path: path.to_owned(), source };
        let (mut file, may_write) = match file::open(path).map_err(failed)? {
            file::Opened::Writable(file) => (file, true),
            file::Opened::Readable(file) => (file, false),
            file::Opened::Gone => return Ok(Reach::Everywhere),
            // The state folder belongs to this user, so that there it is a fault.
            file::Opened::CantCreate(error) if path.ends_with(ROOT_LOCK) => {
                return Ok(Reach::ThisMachine(error.to_string()));
            }
            file::Opened::CantCreate(error) => return Err(failed(error)),
        };
        let found = file.metadata().map_err(failed)?;
        if !found.is_file() {
            return Err(failed(io::Error::new(ErrorKind::AlreadyExists, "it is no regular file")));
        }
        let writer = file.try_clone().map_err(failed)?;
        match self.hold(writer, identity(&found), Mode::Exclusive, Tenure::Kept) {
            Ok(true) if may_write => Holder::current().write(&mut file).map_err(failed)?,
            Ok(_) => {}
            Err(TryLockError::WouldBlock) => {
                let holder = look::holder_of(&mut file);
                return Err(LockError::Held { path: path.to_owned(), holder, root: None });
            }
            Err(TryLockError::Error(error)) if !may_write && is_unsupported(&error) => {
                let why = "this user may not write it, and this file system locks only what may be written";
                return Err(failed(io::Error::new(ErrorKind::PermissionDenied, why)));
            }
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        Ok(Reach::Everywhere)
    }

    fn holds(&self, identity: Identity, mode: Mode) -> bool {
        let is_held =
            |held: &Held| held.identity == identity && held.mode >= mode && held.tenure == Tenure::Kept;
        self.table().held.iter().any(is_held)
    }

    /// Locks an open file or folder, unless this process has locked it. Returns whether that was necessary.
    fn hold(&self, file: File, identity: Identity, mode: Mode, tenure: Tenure) -> Result<bool, TryLockError> {
        let held = self.begin_taking(identity);
        let taken = match &held {
            Some(held) if held.mode >= mode => Ok(None),
            // A second lock would be in the way of the first, so that the first is changed.
            Some(held) => upgrade(&held.file).map(|()| Some(Arc::clone(&held.file))),
            None => match mode {
                Mode::Shared => file.try_lock_shared(),
                Mode::Exclusive => file.try_lock(),
            }
            .map(|()| Some(Arc::new(file))),
        };
        let mut table = self.table();
        table.taking.retain(|taking| *taking != identity);
        let file = taken?;
        // A visit may have ended in the meantime, so that the table is read again.
        let place = table.held.iter().position(|held| held.identity == identity);
        let before = place.map(|place| table.held.swap_remove(place));
        let tenure = match (before.as_ref().map(|before| before.tenure), tenure) {
            (None, tenure) => tenure,
            (Some(Tenure::Visits(visits)), Tenure::Visits(more)) => Tenure::Visits(visits + more),
            _ => Tenure::Kept,
        };
        // The lock of a visit that has ended is still held by the copy of its file here.
        let before = before.or(held);
        let is_new = file.is_some();
        let mode = before.as_ref().map_or(mode, |before| before.mode.max(mode));
        if let Some(file) = file.or_else(|| before.map(|before| before.file)) {
            table.held.push(Held { file, identity, mode, tenure });
        }
        Ok(is_new)
    }

    /// Waits until no other thread is locking this, reserves it for the caller, and returns how this process holds it.
    fn begin_taking(&self, identity: Identity) -> Option<Held> {
        loop {
            let mut table = self.table();
            if !table.taking.contains(&identity) {
                table.taking.push(identity);
                return table.held.iter().find(|held| held.identity == identity).cloned();
            }
            drop(table);
            std::thread::sleep(POLL_INTERVAL);
        }
    }
}

/// Turns a shared lock into an exclusive one. The kernel gives up the shared one first, and doesn't give it back.
fn upgrade(file: &File) -> Result<(), TryLockError> {
    file.try_lock().inspect_err(|_| drop(file.try_lock_shared()))
}

/// Waits for a lock if it will probably be released soon.
fn patiently(
    end_orphans: &mut impl FnMut(),
    mut take: impl FnMut() -> Result<(), LockError>,
) -> Result<(), LockError> {
    let began = Instant::now();
    loop {
        let error = match take() {
            Err(error) => error,
            taken => return taken,
        };
        match &error {
            LockError::Held { holder: Some(holder), .. }
                if holder.is_dead() && began.elapsed() < RELEASE_TIMEOUT =>
            {
                end_orphans();
                std::thread::sleep(POLL_INTERVAL);
            }
            _ => return Err(error),
        }
    }
}

fn identity(found: &Metadata) -> Identity {
    (found.dev(), found.ino())
}

/// Whether a folder doesn't exist for this user, who then can't work in it either.
fn is_out_of_reach(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory | ErrorKind::PermissionDenied)
}

/// Whether the file system can't lock what it was asked to lock: the error numbers that flock(2) and fcntl(2) give.
fn is_unsupported(error: &io::Error) -> bool {
    use rustix::io::Errno;
    let numbers = [Errno::BADF, Errno::INVAL, Errno::ISDIR, Errno::NOLCK, Errno::NOSYS, Errno::OPNOTSUPP];
    numbers.iter().any(|number| Some(number.raw_os_error()) == error.raw_os_error())
}

/// The paths of all lock files: that of the state folder, and those of the roots and of the folders above them.
pub fn paths(state: &Path, roots: &[PathBuf]) -> Vec<PathBuf> {
    let mut paths = vec![state.join(STATE_LOCK)];
    paths.extend(roots.iter().map(|root| root.join(ROOT_LOCK)));
    for folder in roots.iter().flat_map(|root| root.ancestors().skip(1)) {
        let path = folder.join(ROOT_LOCK);
        // A folder above is no root in most cases.
        if !paths.contains(&path) && path.symlink_metadata().is_ok() {
            paths.push(path);
        }
    }
    paths
}

#[cfg(test)]
mod tests;
