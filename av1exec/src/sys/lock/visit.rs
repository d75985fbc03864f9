//! Locks the folders of a film while it is worked on.
//!
//! The film may lie outside all roots, or in a folder that a container has as its root: both have no lock of this
//! process that another av1d would see. A visit is such a lock, for the time of one film.

use std::path::Path;
use std::sync::Arc;

use super::{Identity, LockError, Locked, Locks, Mode, Tenure, identity};
use crate::sys::disk::folder_of;

/// The locks of the folders of a film, until it is dropped.
#[derive(Debug)]
pub struct Visit {
    locks: Arc<Locks>,
    folders: Vec<Identity>,
}

impl Locks {
    /// Locks the folders from a film's own up to the next root together with others. It fails if another av1d has one
    /// of them as its root.
    pub fn visit(self: &Arc<Self>, film: &Path) -> Result<Visit, LockError> {
        let inner = folder_of(film);
        let real = inner.canonicalize().unwrap_or_else(|_| inner.to_owned());
        let mut visit = Visit { locks: Arc::clone(self), folders: Vec::new() };
        for folder in real.ancestors() {
            if folder.metadata().is_ok_and(|found| self.holds(identity(&found), Mode::Exclusive)) {
                break;
            }
            let locked = self.hold_folder(folder, Mode::Shared, Tenure::Visits(1), &real)?;
            if let Locked::Held(folder) = locked {
                visit.folders.push(folder);
            }
        }
        Ok(visit)
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        let mut table = self.locks.table();
        for held in &mut table.held {
            if let Tenure::Visits(visits) = &mut held.tenure
                && self.folders.contains(&held.identity)
            {
                *visits -= 1;
            }
        }
        table.held.retain(|held| held.tenure != Tenure::Visits(0));
    }
}

#[cfg(test)]
mod tests {
    use std::fs::create_dir_all;
    use std::path::PathBuf;

    use super::*;

    fn take(state: &Path, roots: &[PathBuf]) -> Result<Arc<Locks>, LockError> {
        Locks::take(state, roots, || panic!("the holder is alive")).map(Arc::new)
    }

    #[test]
    fn a_film_keeps_others_out_of_its_folders_while_it_is_worked_on() {
        let [one, two, home] = [(); 3].map(|()| tempfile::tempdir().unwrap());
        let [lib, tv, deep] = ["lib", "lib/tv", "lib/tv/a"].map(|name| home.path().join(name));
        create_dir_all(&deep).unwrap();
        // The film is in no root, and two are worked on.
        let locks = take(one.path(), &[]).unwrap();
        let before = locks.files().len();
        let visits = [deep.join("1.mkv"), tv.join("2.mkv")].map(|film| locks.visit(&film).unwrap());
        for root in [&lib, &tv, &deep] {
            assert!(matches!(take(two.path(), std::slice::from_ref(root)), Err(LockError::Held { .. })));
        }
        let [first, second] = visits;
        drop(first);
        drop(take(two.path(), std::slice::from_ref(&deep)).unwrap());
        assert!(take(two.path(), std::slice::from_ref(&tv)).is_err());
        drop(second);
        assert_eq!(locks.files().len(), before);

        let other = take(two.path(), std::slice::from_ref(&tv)).unwrap();
        let refused = locks.visit(&deep.join("1.mkv")).unwrap_err().to_string();
        assert!(refused.contains("lib/tv/.av1d.lock is held by another av1d"), "{refused}");
        assert_eq!(locks.files().len(), before, "half a visit is undone");
        drop(other);
    }

    #[test]
    fn a_visit_and_a_root_of_one_process_are_not_in_each_others_way() {
        let [one, two, home] = [(); 3].map(|()| tempfile::tempdir().unwrap());
        let [lib, tv] = ["lib", "lib/tv"].map(|name| home.path().join(name));
        create_dir_all(&tv).unwrap();
        let locks = take(one.path(), std::slice::from_ref(&lib)).unwrap();
        let visit = locks.visit(&tv.join("1.mkv")).unwrap();
        // A walk finds a lock file in the folder meanwhile.
        locks.lock_inner(&tv).unwrap();
        drop(visit);
        assert!(
            locks.holds(identity(&tv.metadata().unwrap()), Mode::Exclusive),
            "the root outlives the visit"
        );
        drop(locks);
        take(two.path(), &[tv]).unwrap();
    }
}
