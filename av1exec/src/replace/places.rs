//! The paths that replacing a film may touch.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::sys::lock::ROOT_LOCK;
use crate::sys::names;

/// The paths that replacing a film may touch, all in the film's folder. The temporary file isn't included: its name
/// differs for each attempt.
#[derive(Debug, Clone)]
pub(crate) struct Places {
    /// The film's path.
    pub(crate) film: PathBuf,
    /// The original's path during the replacement, or for good if it is kept.
    pub(crate) backup: PathBuf,
    /// The result's path; `None` if it takes the film's path.
    pub(crate) target: Option<PathBuf>,
}

impl Places {
    pub(crate) fn of(film: PathBuf) -> Self {
        Self { backup: names::backup(&film), target: names::renamed(&film), film }
    }

    /// The path of the result once it is in place.
    pub(crate) fn result(&self) -> &Path {
        self.target.as_ref().unwrap_or(&self.film)
    }
}

/// Whether a folder exists and isn't the empty mount point of an unmounted share, which holds nothing but perhaps
/// av1d's lock file.
///
/// Recovery needs this, since it closes jobs and deletes results because other files are missing. Undo doesn't: it
/// acts only if it finds an original, and a folder with an original isn't empty.
pub(crate) fn holds_anything(folder: &Path) -> bool {
    let foreign = |entry: std::fs::DirEntry| entry.file_name() != ROOT_LOCK;
    std::fs::read_dir(folder).is_ok_and(|entries| entries.flatten().any(foreign))
}

/// Whether a film was renamed, moved or deleted by somebody, with or without its folder, while its disk is there.
/// `temporary` is the job's file beside it, `root` the topmost folder of the library that contains it, and `device` the
/// film's, if that is known: a reboot may change it.
pub(crate) fn is_gone(film: &Path, temporary: &Path, root: &Path, device: Option<u64>) -> bool {
    let is_there = |path: &Path| std::fs::symlink_metadata(path).is_ok();
    let is_missing = |path: &Path| {
        std::fs::symlink_metadata(path).is_err_and(|error| error.kind() == std::io::ErrorKind::NotFound)
    };
    if !is_missing(film) {
        return false;
    }
    // The temporary file shows that this is the film's own disk. Without it, some other file must be there: the mount
    // point of an unmounted disk is empty.
    let nearest = film.ancestors().skip(1).find(|folder| is_there(folder));
    let is_its_disk = |folder: &Path| {
        let found = std::fs::metadata(folder).map(|found| found.dev());
        device.is_none_or(|device| found.is_ok_and(|found| found == device))
    };
    is_there(temporary)
        || nearest
            .is_some_and(|folder| folder.starts_with(root) && is_its_disk(folder) && holds_anything(folder))
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
    fn a_film_is_gone_only_if_its_disk_is_there() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("Show");
        let (film, temporary) = (folder.join("film.mkv"), folder.join(".film.mkv.av1tmp"));
        let device = std::fs::metadata(root.path()).unwrap().dev();
        let gone = || is_gone(&film, &temporary, root.path(), Some(device));
        assert!(!gone(), "an empty mount point");
        std::fs::create_dir(&folder).unwrap();
        assert!(!gone(), "an empty folder may be one, too");
        std::fs::write(&temporary, "").unwrap();
        assert!(gone(), "renamed or deleted");
        std::fs::write(&film, "").unwrap();
        assert!(!gone());
        std::fs::remove_dir_all(&folder).unwrap();
        std::fs::write(root.path().join("other.mkv"), "").unwrap();
        assert!(gone(), "moved with its folder");
        assert!(is_gone(&film, &temporary, root.path(), None));
        let other = Some(device + 1);
        assert!(!is_gone(&film, &temporary, root.path(), other), "a file in the mount point of a disk");
        assert!(!is_gone(&film, &temporary, &folder, Some(device)), "the root itself is gone");
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
