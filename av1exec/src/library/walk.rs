//! Walks through folders: lists each folder once and examines each film once.

use std::cell::OnceCell;
use std::collections::HashSet;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{fs, io};

use av1plan::Config;
use av1plan::probe::Marker;

use super::film::Film;
use super::passed_over::PassedOver;
use super::protection::{FolderRights, protection};
use crate::library::sidecars;
use crate::sys::disk::{self, Identity};
use crate::sys::folder_name::{self, FolderName};
use crate::sys::lock::ROOT_LOCK;
use crate::sys::names;

/// What a walk obeys, and whom it tells what.
pub struct Rules<'a> {
    /// Which files are films, and which of them are looked at.
    pub policy: &'a Config,
    /// The folders that are passed over.
    pub ignored: &'a [FolderName],
    /// Called each time a disk has delivered a folder or a film.
    pub answered: &'a dyn Fn(),
    /// Called for each folder below a root that has a lock file of av1d. If it returns why another av1d works there,
    /// the folder is passed over.
    pub enter: &'a dyn Fn(&Path) -> Result<(), String>,
}

impl<'a> Rules<'a> {
    /// Returns the rules of a walk that nobody waits for and that only looks.
    pub fn to_look(policy: &'a Config, ignored: &'a [FolderName]) -> Self {
        Self { policy, ignored, answered: &|| (), enter: &|_| Ok(()) }
    }
}

/// What a walk finds besides films.
#[derive(Debug, Default)]
pub(super) struct Walked {
    pub(super) roots: Vec<PathBuf>,
    pub(super) hidden: Vec<PathBuf>,
    pub(super) unreadable: Vec<(PathBuf, String)>,
    pub(super) empty: Vec<PathBuf>,
    pub(super) passed_over: PassedOver,
}

/// Walks `roots` and passes every film to `film`. Symlinks aren't followed, and hidden files and folders that av1d
/// didn't create are ignored, and so are folders with names that the rules list.
pub(super) fn walk(roots: &[PathBuf], rules: &Rules<'_>, film: impl FnMut(Film)) -> Walked {
    let mut walk = Walk { rules, film, found: Walked::default() };
    for root in outermost(roots, &mut walk.found.unreadable) {
        if walk.folder(&root, &Arc::from(root.as_path()), false) == Some(0) {
            walk.found.empty.push(root.clone());
        }
        walk.found.roots.push(root);
    }
    let mut found = walk.found;
    found.unreadable.sort();
    found
}

/// Returns the real paths of the roots, without duplicates and without roots inside other roots. A root itself may be a
/// symlink.
fn outermost(roots: &[PathBuf], unreadable: &mut Vec<(PathBuf, String)>) -> Vec<PathBuf> {
    let mut real: Vec<PathBuf> = Vec::new();
    for root in roots {
        match root.canonicalize() {
            Ok(path) => real.push(path),
            Err(error) => unreadable.push((root.clone(), error.to_string())),
        }
    }
    real.sort();
    real.dedup_by(|inner, outer| inner.starts_with(outer));
    real
}

struct Walk<'a, F> {
    rules: &'a Rules<'a>,
    film: F,
    found: Walked,
}

impl<F: FnMut(Film)> Walk<'_, F> {
    /// Walks a folder recursively; the depth is bounded by the longest path. Returns how many entries the folder has,
    /// or `None` if it can't be listed.
    fn folder(&mut self, folder: &Path, root: &Arc<Path>, excluded_above: bool) -> Option<usize> {
        let listed = Listing::of(folder, self.rules.ignored);
        (self.rules.answered)();
        let listed = match listed {
            Ok(listed) => listed,
            Err(error) => {
                self.found.unreadable.push((folder.to_owned(), error.to_string()));
                return None;
            }
        };
        if folder != &**root
            && listed.names.contains(OsStr::new(ROOT_LOCK))
            && let Err(reason) = (self.rules.enter)(folder)
        {
            self.found.unreadable.push((folder.to_owned(), reason));
            return None;
        }
        self.found.passed_over.add(&listed.passed_over);
        let excluded = excluded_above || listed.names.contains(OsStr::new(names::SKIP_MARKER));
        for entry in &listed.files {
            self.file(folder, entry, &listed, root, excluded);
        }
        for name in &listed.folders {
            self.folder(&folder.join(name), root, excluded);
        }
        // av1d's own lock file in a root doesn't count: it may be there although the share isn't mounted.
        Some(listed.names.iter().filter(|name| *name != ROOT_LOCK).count())
    }

    fn file(
        &mut self,
        folder: &Path,
        entry: &fs::DirEntry,
        listed: &Listing,
        root: &Arc<Path>,
        excluded: bool,
    ) {
        let name = entry.file_name();
        if is_hidden(&name) {
            if names::hidden_kind(&name).is_some() {
                self.found.hidden.push(folder.join(name));
            }
            return;
        }
        if !has_extension(&name, self.rules.policy) {
            return;
        }
        let path = folder.join(&name);
        let film = listed.film(&path, entry, root, excluded, self.rules.policy);
        (self.rules.answered)();
        match film {
            Ok(film) => (self.film)(film),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => self.found.unreadable.push((path, error.to_string())),
        }
    }
}

/// One folder's entries.
struct Listing {
    files: Vec<fs::DirEntry>,
    folders: Vec<OsString>,
    /// All names in the folder, to look up the files beside a film.
    names: HashSet<OsString>,
    /// What this user may do in the folder; filled with the first film.
    rights: OnceCell<FolderRights>,
    passed_over: PassedOver,
}

impl Listing {
    fn of(folder: &Path, ignored: &[FolderName]) -> io::Result<Self> {
        let mut listing = Self {
            files: Vec::new(),
            folders: Vec::new(),
            names: HashSet::new(),
            rights: OnceCell::new(),
            passed_over: PassedOver::default(),
        };
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let (kind, name) = match entry.file_type() {
                Ok(kind) => (kind, entry.file_name()),
                // The file has been deleted in the meantime; temporary files of av1d come and go.
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(error),
            };
            if kind.is_dir() {
                if let Some(known) = folder_name::find(ignored, &name) {
                    *listing.passed_over.folders.entry(known.to_string()).or_default() += 1;
                } else if !is_hidden(&name) {
                    listing.folders.push(name.clone());
                }
            } else if kind.is_file() {
                listing.files.push(entry);
            } else if kind.is_symlink() && !is_hidden(&name) {
                listing.passed_over.links += 1;
            }
            listing.names.insert(name);
        }
        listing.folders.sort_unstable();
        Ok(listing)
    }

    fn film(
        &self,
        path: &Path,
        entry: &fs::DirEntry,
        root: &Arc<Path>,
        excluded: bool,
        policy: &Config,
    ) -> io::Result<Film> {
        // This reads the metadata relative to the open folder, which is faster than by path.
        let metadata = entry.metadata()?;
        let identity = Identity::from_metadata(&metadata)?;
        let own = self.has(&names::skip_marker(path))
            && !sidecars::is_outdated(&names::skip_marker(path), &identity, policy);
        let stem = names::stem_marker(path).filter(|marker| self.has(marker));
        let marker = match () {
            () if own => Some(Marker::File),
            () if stem.is_some_and(|marker| sidecars::is_foreign(&marker)) => Some(Marker::Stem),
            () => excluded.then_some(Marker::Folder),
        };
        let rights = *self.rights.get_or_init(|| FolderRights::of(disk::folder_of(path)));
        Ok(Film {
            identity,
            root: Arc::clone(root),
            marker,
            protection: protection(path, &metadata, rights),
            target_exists: names::renamed(path).is_some_and(|target| self.has(&target)),
            backup_exists: self.has(&names::backup(path)),
            path: path.to_owned(),
        })
    }

    /// Whether this folder contains the file name of `path`.
    fn has(&self, path: &Path) -> bool {
        path.file_name().is_some_and(|name| self.names.contains(name))
    }
}

/// The first folder between a root and a film in it that a walk doesn't enter: a hidden one, or one with a name that is
/// to be ignored. `None` if a walk finds the film.
pub(crate) fn passed_over_above(film: &Path, root: &Path, ignored: &[FolderName]) -> Option<PathBuf> {
    let below = film.parent()?.strip_prefix(root).ok()?;
    let mut folder = root.to_owned();
    below.iter().find_map(|name| {
        folder.push(name);
        (is_hidden(name) || folder_name::find(ignored, name).is_some()).then(|| folder.clone())
    })
}

fn is_hidden(name: &OsStr) -> bool {
    name.as_encoded_bytes().starts_with(b".")
}

/// Whether a file's name has one of the extensions of films.
pub(super) fn has_extension(name: &OsStr, policy: &Config) -> bool {
    let extension = Path::new(name).extension().map(|extension| extension.to_string_lossy().to_lowercase());
    extension.is_some_and(|extension| policy.extensions.contains(extension.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy() -> Config {
        Config::default().with_min_bytes(0)
    }

    #[test]
    fn what_is_said_of_one_file_is_what_a_walk_says_of_it() {
        let root = tempfile::tempdir().unwrap();
        let root: Arc<Path> = root.path().canonicalize().unwrap().into();
        fs::create_dir(root.join("sub")).unwrap();
        for file in ["a.avi", "a.mkv", "a.avi.orig", "b.mkv", "b.mkv.av1skip", "c.mkv", "c.mp4", "c.av1skip"]
        {
            fs::write(root.join("sub").join(file), file).unwrap();
        }
        // A marker for d.mkv that av1d signed doesn't apply to d.mkv.mp4.
        fs::write(root.join("sub/d.mkv.mp4"), "").unwrap();
        crate::library::exclusion::exclude(&root.join("sub/d.mkv.mp4")).unwrap();
        fs::rename(root.join("sub/d.mkv.mp4.av1skip"), root.join("sub/d.mkv.av1skip")).unwrap();
        let listing = Listing::of(&root.join("sub"), &[]).unwrap();
        for entry in &listing.files {
            let path = root.join("sub").join(entry.file_name());
            let walked = listing.film(&path, entry, &root, false, &policy()).unwrap();
            let looked = Film::look(&path, &root, &policy()).unwrap();
            assert_eq!(format!("{walked:?}"), format!("{looked:?}"));
        }
    }

    #[test]
    fn the_folder_that_keeps_a_film_from_being_found_is_named() {
        let ignored = FolderName::known();
        let above = |film: &str, root: &str| passed_over_above(Path::new(film), Path::new(root), &ignored);
        let folder = |path: &str| Some(PathBuf::from(path));
        assert_eq!(above("/films/Show/a.mkv", "/films"), None);
        assert_eq!(above("/films/a.mkv", "/films"), None);
        assert_eq!(above("/films/Show/@eadir/x/a.mkv", "/films"), folder("/films/Show/@eadir"));
        assert_eq!(above("/films/.new/a.mkv", "/films"), folder("/films/.new"));
        assert_eq!(above("/mnt/.films/a.mkv", "/mnt/.films"), None, "a root is entered whatever its name is");
    }
}
