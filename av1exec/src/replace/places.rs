//! The names that replacing a film may touch.

use std::path::{Path, PathBuf};

use crate::sys::lock::ROOT_LOCK;
use crate::sys::names;

/// The names that replacing a film may touch, but for the hidden one that the result has until then, which is another for
/// each attempt. All are in the film's folder.
#[derive(Debug, Clone)]
pub(crate) struct Places {
    /// The film's own.
    pub(crate) film: PathBuf,
    /// The original's, meanwhile or where it is kept.
    pub(crate) backup: PathBuf,
    /// The new one that the result gets; nothing where it takes the film's own.
    pub(crate) target: Option<PathBuf>,
}

impl Places {
    pub(crate) fn of(film: PathBuf) -> Self {
        Self { backup: names::backup(&film), target: names::renamed(&film), film }
    }

    /// The name that the result has once it is in place.
    pub(crate) fn result(&self) -> &Path {
        self.target.as_ref().unwrap_or(&self.film)
    }
}

/// Whether a folder is there and not the bare mount point of a share that is gone: in that one there is nothing, but
/// perhaps a lock of ours.
///
/// Recovery asks, since it closes jobs and deletes results by what isn't there. Undoing needs an original to do anything at
/// all, and a folder that holds one isn't bare.
pub(crate) fn holds_anything(folder: &Path) -> bool {
    let foreign = |entry: std::fs::DirEntry| entry.file_name() != ROOT_LOCK;
    std::fs::read_dir(folder).is_ok_and(|entries| entries.flatten().any(foreign))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_result_takes_the_films_name_or_one_of_its_own() {
        for (film, target, result) in
            [("/f/a.mkv", None, "/f/a.mkv"), ("/f/a.avi", Some("/f/a.mkv"), "/f/a.mkv")]
        {
            let places = Places::of(film.into());
            assert_eq!(places.film, Path::new(film));
            assert_eq!(places.backup, Path::new(&format!("{film}.orig")));
            assert_eq!(places.target.as_deref(), target.map(Path::new));
            assert_eq!(places.result(), Path::new(result));
        }
    }

    #[test]
    fn a_folder_with_nothing_but_our_lock_may_be_a_bare_mount_point() {
        let folder = tempfile::tempdir().unwrap();
        assert!(!holds_anything(&folder.path().join("gone")));
        assert!(!holds_anything(folder.path()));
        std::fs::write(folder.path().join(ROOT_LOCK), "").unwrap();
        assert!(!holds_anything(folder.path()));
        std::fs::write(folder.path().join("film.mkv"), "").unwrap();
        assert!(holds_anything(folder.path()));
    }
}
