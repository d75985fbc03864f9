//! Walking the library: one listing a folder and one look at each film, nothing else.

use std::collections::{BTreeMap, HashSet};
use std::ffi::{OsStr, OsString};
use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use av1plan::gates::{self, FileFacts, Marker, Protection, Stability};
use av1plan::{Config, SkipReason};

use crate::disk::Identity;
use crate::lock::ROOT_LOCK;
use crate::{names, sidecars};

/// A file that may be a film.
#[derive(Debug, Clone)]
pub struct Film {
    /// Its absolute path.
    pub path: PathBuf,
    /// Which file it is, and how it looked.
    pub identity: Identity,
    /// How far up folders may exclude it.
    pub root: Arc<Path>,
    /// A marker that excludes it.
    pub marker: Option<Marker>,
    /// Whether its owner protects it.
    pub protection: Protection,
    /// Whether a file of the name that the result would get is there.
    pub target_exists: bool,
    /// Whether a file of the name that the original takes meanwhile is there.
    pub backup_exists: bool,
}

impl Film {
    /// Looks at one file. `root` is how far up folders may exclude it.
    pub fn look(path: &Path, root: &Arc<Path>, policy: &Config) -> io::Result<Self> {
        let exists = |path: &Path| fs::symlink_metadata(path).is_ok();
        let metadata = fs::symlink_metadata(path)?;
        let identity = Identity::from_metadata(&metadata)?;
        Ok(Self {
            path: path.to_owned(),
            identity,
            root: Arc::clone(root),
            marker: sidecars::marker_of(path, root, &identity, policy.max_size_ratio),
            protection: protection(&metadata),
            target_exists: names::renamed(path).is_some_and(|target| exists(&target)),
            backup_exists: exists(&names::backup(path)),
        })
    }

    /// What the planner asks of a file.
    pub fn facts(&self, stability: Stability) -> FileFacts {
        FileFacts {
            name: self.path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            size: self.identity.size,
            marker: self.marker,
            stability,
            links: self.identity.links,
            protection: self.protection,
            target_exists: self.target_exists,
            backup_exists: self.backup_exists,
        }
    }
}

/// `S_IWUSR` of `inode(7)`.
const OWNER_MAY_WRITE: u32 = 0o200;

fn protection(metadata: &Metadata) -> Protection {
    if metadata.mode() & OWNER_MAY_WRITE == 0 { Protection::ReadOnly } else { Protection::None }
}

/// Every film below some folders.
#[derive(Debug, Default)]
pub struct Films {
    /// The films, each file once, by path.
    pub films: Vec<Film>,
    /// Folders and files that can't be read, and why.
    pub unreadable: Vec<(PathBuf, String)>,
}

/// Lists every film below `roots`, whatever gate would stop it.
pub fn films(roots: &[PathBuf], policy: &Config) -> Films {
    let (mut films, mut seen) = (Vec::new(), HashSet::new());
    let walked = walk(roots, policy, |film| {
        if seen.insert((film.identity.device, film.identity.inode)) {
            films.push(film);
        }
    });
    films.sort_unstable_by(|one, other| one.path.cmp(&other.path));
    Films { films, unreadable: walked.unreadable }
}

/// What the daemon asks of a walk.
#[derive(Debug, Default)]
pub struct Scan {
    /// Films that no cheap gate stops, each file once, by path.
    pub films: Vec<Film>,
    /// Films that a cheap gate stops, and which, but those that are just too small: of these there are too many to name.
    pub gated: Vec<(PathBuf, SkipReason)>,
    /// How many films each cheap gate stopped, by its code.
    pub stopped: BTreeMap<&'static str, usize>,
    /// Hidden files of ours.
    pub hidden: Vec<PathBuf>,
    /// Roots, folders and files that can't be read, and why.
    pub unreadable: Vec<(PathBuf, String)>,
    /// Roots in which there is nothing at all: what a share that isn't mounted looks like.
    pub empty: Vec<PathBuf>,
}

impl Scan {
    /// How many films there are in all.
    pub fn count(&self) -> usize {
        self.films.len() + self.stopped.values().sum::<usize>()
    }
}

/// Walks `roots` and asks the cheap gates at once, so that only films that may be worked on are kept.
pub fn scan(roots: &[PathBuf], policy: &Config) -> Scan {
    let (mut films, mut gated, mut stopped) = (Vec::new(), Vec::new(), BTreeMap::new());
    // By device and inode: one file by two names is one film.
    let mut seen = HashSet::new();
    let walked =
        walk(roots, policy, |film| match gates::before_probe(&film.facts(Stability::Stable), policy) {
            None if seen.insert((film.identity.device, film.identity.inode)) => films.push(film),
            None => {}
            Some(reason) => {
                *stopped.entry(reason.code()).or_default() += 1;
                if !matches!(reason, SkipReason::TooSmall { .. }) {
                    gated.push((film.path, reason));
                }
            }
        });
    films.sort_unstable_by(|one, other| one.path.cmp(&other.path));
    gated.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
    let Walked { hidden, unreadable, empty } = walked;
    Scan { films, gated, stopped, hidden, unreadable, empty }
}

/// What a walk finds besides films.
#[derive(Debug, Default)]
struct Walked {
    hidden: Vec<PathBuf>,
    unreadable: Vec<(PathBuf, String)>,
    empty: Vec<PathBuf>,
}

/// Walks `roots` and hands every film over. Symlinks aren't followed; other people's hidden files and folders aren't looked
/// at.
fn walk(roots: &[PathBuf], policy: &Config, film: impl FnMut(Film)) -> Walked {
    let mut walk = Walk { policy, film, found: Walked::default() };
    for root in outermost(roots, &mut walk.found.unreadable) {
        if walk.folder(&root, &Arc::from(root.as_path()), false) == Some(0) {
            walk.found.empty.push(root);
        }
    }
    let mut found = walk.found;
    found.unreadable.sort();
    found
}

/// The real folders behind the roots, each once and none inside another. A root itself may be a symlink.
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
    policy: &'a Config,
    film: F,
    found: Walked,
}

impl<F: FnMut(Film)> Walk<'_, F> {
    /// Walks a folder; says how many entries it has, where that can be told. Depth is bounded by the length of a path.
    fn folder(&mut self, folder: &Path, root: &Arc<Path>, excluded_above: bool) -> Option<usize> {
        let listed = match Listing::of(folder) {
            Ok(listed) => listed,
            Err(error) => {
                self.found.unreadable.push((folder.to_owned(), error.to_string()));
                return None;
            }
        };
        let excluded = excluded_above || listed.names.contains(OsStr::new(names::SKIP_MARKER));
        for entry in &listed.files {
            self.file(folder, entry, &listed, root, excluded);
        }
        for name in &listed.folders {
            self.folder(&folder.join(name), root, excluded);
        }
        // A root's own lock is no sign of a mounted share.
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
        if !has_extension(&name, self.policy) {
            return;
        }
        let path = folder.join(&name);
        match listed.film(&path, entry, root, excluded, self.policy) {
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
    /// All names, for what lies beside a film.
    names: HashSet<OsString>,
}

impl Listing {
    fn of(folder: &Path) -> io::Result<Self> {
        let mut listing = Self { files: Vec::new(), folders: Vec::new(), names: HashSet::new() };
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let (kind, name) = match entry.file_type() {
                Ok(kind) => (kind, entry.file_name()),
                // Our own temporary files come and go.
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(error),
            };
            if kind.is_dir() && !is_hidden(&name) {
                listing.folders.push(name.clone());
            } else if kind.is_file() {
                listing.files.push(entry);
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
        // Relative to the open folder, which is what makes this cheap.
        let metadata = entry.metadata()?;
        let identity = Identity::from_metadata(&metadata)?;
        let own = self.has(&names::skip_marker(path))
            && !sidecars::is_outdated(&names::skip_marker(path), &identity, policy.max_size_ratio);
        let stem = names::stem_marker(path).filter(|marker| self.has(marker));
        let marker = match () {
            () if own => Some(Marker::File),
            () if stem.is_some_and(|marker| sidecars::is_foreign(&marker)) => Some(Marker::Stem),
            () => excluded.then_some(Marker::Folder),
        };
        Ok(Film {
            identity,
            root: Arc::clone(root),
            marker,
            protection: protection(&metadata),
            target_exists: names::renamed(path).is_some_and(|target| self.has(&target)),
            backup_exists: self.has(&names::backup(path)),
            path: path.to_owned(),
        })
    }

    /// Whether a file of that path's name is in this folder.
    fn has(&self, path: &Path) -> bool {
        path.file_name().is_some_and(|name| self.names.contains(name))
    }
}

fn is_hidden(name: &OsStr) -> bool {
    name.as_encoded_bytes().starts_with(b".")
}

fn has_extension(name: &OsStr, policy: &Config) -> bool {
    let extension = Path::new(name).extension().map(|extension| extension.to_string_lossy().to_lowercase());
    extension.is_some_and(|extension| policy.extensions.contains(&extension))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    fn policy() -> Config {
        Config { min_bytes: 0, ..Config::default() }
    }

    #[test]
    fn films_are_found_by_extension_each_file_once() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path().canonicalize().unwrap();
        for folder in ["a", "b/c", ".hidden", "skipped/deep"] {
            fs::create_dir_all(root.join(folder)).unwrap();
        }
        let leftover = "a/.film.mkv.20261122-134501-357123.av1tmp";
        for file in [
            "a/film.mkv",
            "a/FILM2.MP4",
            "a/notes.txt",
            leftover,
            "b/c/d.avi",
            ".hidden/x.mkv",
            "skipped/s.mkv",
            "skipped/deep/t.mkv",
            "skipped/.av1skip",
            "b/c/d.avi.av1skip",
            "b/c/e.ts",
            "b/c/e.av1skip",
            "z.mkv",
            "z.mkv.orig",
            "y.avi",
            "y.mkv",
        ] {
            fs::write(root.join(file), file).unwrap();
        }
        fs::write(root.join("empty.mkv"), "").unwrap();
        symlink(root.join("a"), root.join("b/loop")).unwrap();
        symlink(root.join("a/film.mkv"), root.join("b/link.mkv")).unwrap();
        fs::create_dir(root.join("b/folder.mkv")).unwrap();

        // A root inside another and one given twice are walked once.
        let found = scan(&[root.join("a"), root.clone(), root.clone()], &policy());
        let name = |path: &Path| path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned();
        let films: Vec<String> = found.films.iter().map(|film| name(&film.path)).collect();
        assert_eq!(films, ["a/FILM2.MP4", "a/film.mkv", "y.mkv"]);
        let gated: Vec<(String, &str)> =
            found.gated.iter().map(|(path, reason)| (name(path), reason.code())).collect();
        let expected = [
            ("b/c/d.avi", "skip-marker"),
            ("b/c/e.ts", "skip-marker"),
            ("skipped/deep/t.mkv", "skip-marker"),
            ("skipped/s.mkv", "skip-marker"),
            ("y.avi", "target-exists"),
            ("z.mkv", "backup-exists"),
        ];
        assert_eq!(gated, expected.map(|(path, code)| (path.to_owned(), code)));
        assert_eq!(found.stopped["too-small"], 1);
        assert_eq!(found.count(), 10);
        assert_eq!(found.hidden, [root.join(leftover)]);
        assert!(found.unreadable.is_empty() && found.empty.is_empty());
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
        // As `av1cli skip d.mkv` writes it: no word about d.mkv.mp4.
        fs::write(root.join("sub/d.mkv.mp4"), "").unwrap();
        crate::exclusion::exclude(&root.join("sub/d.mkv.mp4")).unwrap();
        fs::rename(root.join("sub/d.mkv.mp4.av1skip"), root.join("sub/d.mkv.av1skip")).unwrap();
        let listing = Listing::of(&root.join("sub")).unwrap();
        for entry in &listing.files {
            let path = root.join("sub").join(entry.file_name());
            let walked = listing.film(&path, entry, &root, false, &policy()).unwrap();
            let looked = Film::look(&path, &root, &policy()).unwrap();
            assert_eq!(format!("{walked:?}"), format!("{looked:?}"));
        }
    }

    #[test]
    fn a_missing_root_is_named_an_empty_one_too_and_the_others_are_walked() {
        let root = tempfile::tempdir().unwrap();
        let empty = tempfile::tempdir().unwrap();
        fs::write(root.path().join("a.mkv"), "x").unwrap();
        let roots = [root.path().join("gone"), root.path().to_owned(), empty.path().to_owned()];
        let found = scan(&roots, &policy());
        assert_eq!(found.films.len(), 1);
        assert_eq!(found.unreadable.len(), 1);
        assert_eq!(found.unreadable[0].0, roots[0]);
        assert_eq!(found.empty, [roots[2].canonicalize().unwrap()]);
    }
}
