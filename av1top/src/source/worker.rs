//! Finds out by the lock who works on a state folder whose daemon doesn't answer.

use std::fs;
use std::path::Path;

use av1exec::state::index;
use av1exec::sys::lock::{STATE_LOCK, Standing, look};
use jiff::Timestamp;

use crate::message::{LeftBehind, Worker};

/// Returns whether an av1d works on `folder`.
pub(super) fn find(folder: &Path) -> Worker {
    match look(&folder.join(STATE_LOCK)) {
        Ok(Standing::Held(holder)) => {
            Worker::Working(holder.map_or_else(String::new, |holder| holder.to_string()))
        }
        Ok(Standing::Free) => gone(folder),
        Ok(Standing::Unknown(_)) | Err(_) => Worker::Unknown,
    }
}

/// Returns what the last daemon left in the folder.
fn gone(folder: &Path) -> Worker {
    let written = |name: &str| fs::metadata(folder.join(name)).and_then(|metadata| metadata.modified()).ok();
    let last = [STATE_LOCK, index::FILE_NAME].into_iter().filter_map(written).max();
    Worker::Gone(LeftBehind {
        last_sign: last.and_then(|time| Timestamp::try_from(time).ok()),
        // An unreadable index isn't reported here; the next daemon repairs it.
        films: index::census(folder).ok(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_worker_is_seen_as_long_as_it_works() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(find(folder.path()), Worker::Gone(LeftBehind::default()));
        fs::write(folder.path().join(index::FILE_NAME), "no index").unwrap();
        assert!(matches!(find(folder.path()), Worker::Gone(LeftBehind { films: None, .. })));
        let locks = av1exec::sys::lock::Locks::take(folder.path(), &[], || ()).unwrap();
        match find(folder.path()) {
            Worker::Working(who) => assert!(who.starts_with(&format!("process {} on ", std::process::id()))),
            // `Unknown` is accepted: on some kernels the list of locks isn't available.
            other => assert_eq!(other, Worker::Unknown),
        }
        drop(locks);
        assert!(matches!(
            find(folder.path()),
            Worker::Unknown | Worker::Gone(LeftBehind { last_sign: Some(_), .. })
        ));
    }
}
