//! Walking the library.

use std::collections::{BTreeSet, HashSet};
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use av1plan::gates::{FileFacts, Marker, Protection, Stability};
use walkdir::{DirEntry, WalkDir};

use crate::disk::Identity;
use crate::{names, sidecars};

/// A file that may be a film.
#[derive(Debug, Clone)]
pub struct Film {
    /// Its absolute path.
    pub path: PathBuf,
    /// Which file it is, and how it looked.
    pub identity: Identity,
    /// How far up folders may exclude it.
    pub root: PathBuf,
    /// A marker that excludes it.
    pub marker: Option<Marker>,
    /// Whether its owner protects it.
    pub protection: Protection,
}

impl Film {
    /// Looks at one file. `root` is how far up folders may exclude it.
    pub fn look(path: &Path, root: &Path) -> std::io::Result<Self> {
        let metadata = std::fs::symlink_metadata(path)?;
        let marker = sidecars::marker_of(path, root);
        Self::of(path, root, &metadata, marker)
    }

    fn of(path: &Path, root: &Path, metadata: &Metadata, marker: Option<Marker>) -> std::io::Result<Self> {
        let protection =
            if metadata.mode() & OWNER_MAY_WRITE == 0 { Protection::ReadOnly } else { Protection::None };
        let identity = Identity::from_metadata(metadata)?;
        Ok(Self { path: path.to_owned(), identity, root: root.to_owned(), marker, protection })
    }

    /// What the planner asks of a file, with the names beside it looked up now.
    pub fn facts(&self, stability: Stability) -> FileFacts {
        let name = self.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let target = names::renamed(&self.path);
        let exists = |path: &Path| std::fs::symlink_metadata(path).is_ok();
        FileFacts {
            name,
            size: self.identity.size,
            marker: self.marker,
            stability,
            links: self.identity.links,
            protection: self.protection,
            target_exists: target.is_some_and(|target| exists(&target)),
            backup_exists: exists(&names::backup(&self.path)),
        }
    }
}

/// `S_IWUSR` of `inode(7)`.
const OWNER_MAY_WRITE: u32 = 0o200;

/// What a walk found.
#[derive(Debug, Default)]
pub struct Scan {
    /// The films, each file once, by path.
    pub films: Vec<Film>,
    /// Hidden files of ours.
    pub hidden: Vec<PathBuf>,
    /// Roots, folders and files that can't be read, and why.
    pub unreadable: Vec<(PathBuf, String)>,
}

/// Walks `roots` for files with one of `extensions`. Symlinks aren't followed; other people's hidden files and folders aren't
/// looked at.
pub fn scan(roots: &[PathBuf], extensions: &BTreeSet<String>) -> Scan {
    let mut found = Scan::default();
    let mut seen = HashSet::new();
    for root in roots {
        // The root itself may be a symlink; what is below it isn't followed.
        let real = match root.canonicalize() {
            Ok(real) => real,
            Err(error) => {
                found.unreadable.push((root.clone(), error.to_string()));
                continue;
            }
        };
        let entries = WalkDir::new(&real)
            .sort_by_file_name()
            .into_iter()
            .filter_entry(|entry| entry.depth() == 0 || !is_hidden(entry) || is_ours(entry));
        let mut excluded: Option<PathBuf> = None;
        for entry in entries {
            match entry {
                Ok(entry) if entry.file_type().is_dir() => {
                    let inside = excluded.as_ref().is_some_and(|above| entry.path().starts_with(above));
                    if !inside {
                        excluded = sidecars::is_excluded(entry.path()).then(|| entry.into_path());
                    }
                }
                Ok(entry) if is_ours(&entry) => found.hidden.push(entry.into_path()),
                Ok(entry) if entry.file_type().is_file() && has_extension(&entry, extensions) => {
                    match look(&entry, &real, excluded.as_deref()) {
                        Ok(film) if seen.insert((film.identity.device, film.identity.inode)) => {
                            found.films.push(film);
                        }
                        Ok(_) => {}
                        Err(reason) => found.unreadable.push((entry.into_path(), reason)),
                    }
                }
                Ok(_) => {}
                Err(error) => {
                    let path = error.path().unwrap_or(root).to_owned();
                    let reason = error.io_error().map_or_else(|| error.to_string(), ToString::to_string);
                    found.unreadable.push((path, reason));
                }
            }
        }
    }
    found
}

fn look(entry: &DirEntry, root: &Path, excluded: Option<&Path>) -> Result<Film, String> {
    let metadata = entry.metadata().map_err(|error| error.to_string())?;
    let own = names::skip_marker(entry.path()).exists().then_some(Marker::File);
    let above = excluded.is_some_and(|above| entry.path().starts_with(above)).then_some(Marker::Folder);
    Film::of(entry.path(), root, &metadata, own.or(above)).map_err(|error| error.to_string())
}

fn is_hidden(entry: &DirEntry) -> bool {
    entry.file_name().as_encoded_bytes().starts_with(b".")
}

fn is_ours(entry: &DirEntry) -> bool {
    entry.file_type().is_file() && names::hidden_kind(entry.file_name()).is_some()
}

fn has_extension(entry: &DirEntry, extensions: &BTreeSet<String>) -> bool {
    let extension = entry.path().extension().map(|extension| extension.to_string_lossy().to_lowercase());
    extension.is_some_and(|extension| extensions.contains(&extension))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::symlink;

    fn scanned(root: &Path) -> (Vec<(String, Option<Marker>)>, usize) {
        let found = scan(&[root.to_owned()], &av1plan::Config::default().extensions);
        let name = |film: &Film| film.path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
        (found.films.iter().map(|film| (name(film), film.marker)).collect(), found.unreadable.len())
    }

    #[test]
    fn films_are_found_by_extension_each_file_once() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path().canonicalize().unwrap();
        for folder in ["a", "b/c", ".hidden", "skipped/deep"] {
            fs::create_dir_all(root.join(folder)).unwrap();
        }
        for file in [
            "a/film.mkv",
            "a/FILM2.MP4",
            "a/notes.txt",
            "a/.film.mkv.job.av1tmp",
            "b/c/d.avi",
            ".hidden/x.mkv",
            "skipped/s.mkv",
            "skipped/deep/t.mkv",
            "skipped/.av1skip",
            "b/c/d.avi.av1skip",
            "z.mkv",
        ] {
            fs::write(root.join(file), file).unwrap();
        }
        fs::hard_link(root.join("a/film.mkv"), root.join("b/same.mkv")).unwrap();
        symlink(root.join("a"), root.join("b/loop")).unwrap();
        symlink(root.join("a/film.mkv"), root.join("b/link.mkv")).unwrap();
        fs::create_dir(root.join("b/folder.mkv")).unwrap();

        let (films, unreadable) = scanned(&root);
        let expected = [
            ("a/FILM2.MP4", None),
            ("a/film.mkv", None),
            ("b/c/d.avi", Some(Marker::File)),
            ("skipped/deep/t.mkv", Some(Marker::Folder)),
            ("skipped/s.mkv", Some(Marker::Folder)),
            ("z.mkv", None),
        ];
        assert_eq!(films, expected.map(|(name, marker)| (name.to_owned(), marker)));
        assert_eq!(unreadable, 0);
    }

    #[test]
    fn a_missing_root_is_named_and_the_others_are_walked() {
        let root = tempfile::tempdir().unwrap();
        fs::write(root.path().join("a.mkv"), "").unwrap();
        let roots = [root.path().join("gone"), root.path().to_owned()];
        let found = scan(&roots, &av1plan::Config::default().extensions);
        assert_eq!(found.films.len(), 1);
        assert_eq!(found.unreadable.len(), 1);
        assert_eq!(found.unreadable[0].0, roots[0]);
    }
}
