//! Why a lock couldn't be taken, in words.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use super::{Holder, ROOT_LOCK, STATE_LOCK};
use crate::sys::disk::folder_of;
use crate::sys::failure::{Exit, Failure};
use crate::sys::sanitize::display;

/// Why a lock couldn't be taken.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another process holds the lock.
    #[error("{} is held by another av1d{}{}", display(path), by(holder.as_ref()), relation(path, root.as_deref()))]
    Held {
        /// The lock file, or the folder if nobody knows which lock file.
        path: PathBuf,
        /// The holder, if the lock file names it.
        holder: Option<Holder>,
        /// The root that can't be locked, which may be another folder than that of the lock file.
        root: Option<PathBuf>,
    },
    /// The lock file can't be created or locked.
    #[error("failed to lock {}: {source}", display(path))]
    Failed {
        /// The lock file or folder.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
}

impl From<LockError> for Failure {
    fn from(error: LockError) -> Self {
        let (exit, hint) = match &error {
            LockError::Held { .. } => {
                (Exit::Locked, "let it work, or stop it first; two would encode the same films")
            }
            LockError::Failed { source, .. }
                if matches!(source.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded) =>
            {
                (Exit::Failed, "free some room on that disk, and run this again")
            }
            LockError::Failed { path, .. } if path.ends_with(STATE_LOCK) => {
                (Exit::Failed, "check the owner and the rights of `job_state_dir`")
            }
            LockError::Failed { source, .. } if source.kind() == ErrorKind::PermissionDenied => (
                Exit::Failed,
                "let this user read and write that file (`chmod go+rw`), so that it sees who works there",
            ),
            LockError::Failed { .. } => (
                Exit::Failed,
                "see what is there: it must be a regular file, on a file system that can lock it",
            ),
        };
        Self::from_error(exit, &error).hint(hint)
    }
}

fn by(holder: Option<&Holder>) -> String {
    holder.map_or_else(String::new, |holder| format!(" ({holder})"))
}

/// Says how the folder of a lock file lies to the root that can't be locked because of it.
fn relation(path: &Path, root: Option<&Path>) -> String {
    let Some(root) = root else { return String::new() };
    let folder = if path.ends_with(ROOT_LOCK) { folder_of(path) } else { path };
    let real = root.canonicalize().unwrap_or_else(|_| root.to_owned());
    match () {
        () if folder == real || folder == root => String::new(),
        () if real.starts_with(folder) => format!(", and {} lies in that folder", display(root)),
        () => format!(", whose folder lies in {}", display(root)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hint_of_a_lock_is_about_its_own_folder() {
        let table = [
            ("/state/lock", ErrorKind::PermissionDenied, "`job_state_dir`"),
            ("/state/lock", ErrorKind::StorageFull, "free some room"),
            ("/films/.av1d.lock", ErrorKind::Other, "regular file"),
            ("/films/.av1d.lock", ErrorKind::PermissionDenied, "chmod"),
        ];
        for (path, kind, words) in table {
            let failure = Failure::from(LockError::Failed { path: path.into(), source: kind.into() });
            let lines = failure.lines();
            let hint = lines.last().unwrap();
            assert!(hint.contains(words), "{path}: {hint}");
        }
    }

    #[test]
    fn a_lock_above_or_below_says_how_it_concerns_the_root() {
        let table = [
            ("/lib/.av1d.lock", None, "/lib/.av1d.lock is held by another av1d"),
            ("/lib/.av1d.lock", Some("/lib"), "/lib/.av1d.lock is held by another av1d"),
            (
                "/lib/.av1d.lock",
                Some("/lib/tv"),
                "/lib/.av1d.lock is held by another av1d, and /lib/tv lies in that folder",
            ),
            (
                "/lib/tv/.av1d.lock",
                Some("/lib"),
                "/lib/tv/.av1d.lock is held by another av1d, whose folder lies in /lib",
            ),
            ("/lib", Some("/lib"), "/lib is held by another av1d"),
        ];
        for (path, root, words) in table {
            let held = LockError::Held { path: path.into(), holder: None, root: root.map(Into::into) };
            assert_eq!(held.to_string(), words);
        }
    }
}
