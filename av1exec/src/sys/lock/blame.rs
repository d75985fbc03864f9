//! Finds out who holds a folder that can't be locked, for the message.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::{Holder, LockError, Mode, ROOT_LOCK, Standing, look};

/// How long to look for the holder in the folders below a root. Roots that contain each other are rarely deep.
const SEARCH_TIMEOUT: Duration = Duration::from_secs(2);

/// Returns the error for a folder that `root` needs in this mode and that somebody else holds.
pub(super) fn held(folder: &Path, mode: Mode, root: &Path) -> LockError {
    let own = folder.join(ROOT_LOCK);
    let held = |path: PathBuf, holder| LockError::Held { path, holder, root: Some(root.to_owned()) };
    match look(&own) {
        Ok(Standing::Held(holder)) => return held(own, holder),
        // It may be held by somebody in another container or on another machine.
        Ok(Standing::Unknown(Some(holder))) => return held(own, Some(holder)),
        _ => {}
    }
    let below = if mode == Mode::Exclusive { search(folder) } else { None };
    match below {
        Some((path, holder)) => held(path, holder),
        None => held(folder.to_owned(), None),
    }
}

/// Searches the folders below for a lock file that is held.
fn search(folder: &Path) -> Option<(PathBuf, Option<Holder>)> {
    let began = Instant::now();
    let mut folders = std::collections::VecDeque::from([folder.to_owned()]);
    let mut maybe = None;
    while let Some(folder) = folders.pop_front().filter(|_| began.elapsed() < SEARCH_TIMEOUT) {
        let Ok(entries) = folder.read_dir() else { continue };
        for entry in entries.flatten().filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir())) {
            let path = entry.path().join(ROOT_LOCK);
            match look(&path) {
                Ok(Standing::Held(holder)) => return Some((path, holder)),
                Ok(Standing::Unknown(Some(holder))) if maybe.is_none() => maybe = Some((path, Some(holder))),
                _ => {}
            }
            folders.push_back(entry.path());
        }
    }
    maybe
}
