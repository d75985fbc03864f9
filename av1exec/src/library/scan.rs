//! Searches folders for films and applies the cheap gates: those that need no ffprobe.

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};

use av1plan::SkipReason;
use av1plan::probe::Stability;

use super::film::Film;
use super::passed_over::PassedOver;
pub use super::walk::Rules;
use super::walk::{Walked, walk};

/// All films below some folders.
#[derive(Debug, Default)]
pub struct Films {
    /// The films in order of their paths. A file with several names occurs once.
    pub films: Vec<Film>,
    /// Folders and files that can't be read, each with its error.
    pub unreadable: Vec<(PathBuf, String)>,
    /// What was passed over on purpose.
    pub passed_over: PassedOver,
}

/// Lists every film below `roots`, including those that a gate would stop.
pub fn films(roots: &[PathBuf], rules: &Rules<'_>) -> Films {
    let (mut films, mut seen) = (Vec::new(), HashSet::new());
    let walked = walk(roots, rules, |film| {
        if seen.insert((film.identity.device, film.identity.inode)) {
            films.push(film);
        }
    });
    films.sort_unstable_by(|one, other| one.path.cmp(&other.path));
    Films { films, unreadable: walked.unreadable, passed_over: walked.passed_over }
}

/// Passes every film below a folder to `look`, including those that a gate would stop.
pub fn each_film(folder: &Path, rules: &Rules<'_>, mut look: impl FnMut(&Film)) {
    walk(&[folder.to_owned()], rules, |film| look(&film));
}

/// The result of the daemon's walk through the library.
#[derive(Debug, Default)]
pub struct Scan {
    /// The real paths of the roots.
    pub roots: Vec<PathBuf>,
    /// Films that no cheap gate stops, in order of their paths. A file with several names occurs once.
    pub films: Vec<Film>,
    /// Films that a cheap gate stops, and that gate's reason. Films that are too small are left out, because there are
    /// too many of them to list.
    pub gated: Vec<(PathBuf, SkipReason)>,
    /// How many films each cheap gate stopped, by the gate's code.
    pub stopped: BTreeMap<&'static str, usize>,
    /// Hidden files of av1d.
    pub hidden: Vec<PathBuf>,
    /// Roots, folders and files that can't be read, each with its error.
    pub unreadable: Vec<(PathBuf, String)>,
    /// Roots that contain nothing at all. An unmounted network share looks like this.
    pub empty: Vec<PathBuf>,
    /// What was passed over on purpose.
    pub passed_over: PassedOver,
}

impl Scan {
    /// Returns the number of all films, including those that a gate stopped.
    pub fn count(&self) -> usize {
        self.films.len() + self.stopped.values().sum::<usize>()
    }
}

/// Walks `roots` and applies the cheap gates at once, so that only films that may be worked on are kept.
pub fn scan(roots: &[PathBuf], rules: &Rules<'_>) -> Scan {
    let (mut films, mut gated, mut stopped) = (Vec::new(), Vec::new(), BTreeMap::new());
    // By device and inode, so that a file with two names counts once.
    let mut seen = HashSet::new();
    let walked = walk(roots, rules, |film| {
        match av1plan::before_probe(&film.facts(Stability::Stable), rules.policy) {
            None if seen.insert((film.identity.device, film.identity.inode)) => films.push(film),
            None => {}
            Some(reason) => {
                *stopped.entry(reason.code()).or_default() += 1;
                if !matches!(reason, SkipReason::TooSmall { .. }) {
                    gated.push((film.path, reason));
                }
            }
        }
    });
    films.sort_unstable_by(|one, other| one.path.cmp(&other.path));
    gated.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
    let Walked { roots, hidden, unreadable, empty, passed_over } = walked;
    Scan { roots, films, gated, stopped, hidden, unreadable, empty, passed_over }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::symlink;

    use av1plan::Config;

    use crate::sys::folder_name::FolderName;

    fn policy() -> Config {
        Config::default().with_min_bytes(0)
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

        // A root inside another root, or listed twice, is walked once.
        let found = scan(
            &[root.join("a"), root.clone(), root.clone()],
            &Rules::to_look(&policy(), &FolderName::known()),
        );
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
        assert_eq!(found.passed_over, PassedOver { links: 2, ..PassedOver::default() });
    }

    #[test]
    fn known_folders_are_passed_over_and_counted_and_an_empty_list_lets_them_be_walked() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path().join("#recycle");
        for folder in ["a/@eaDir", "@EADIR", ".Trash-1000", ".hidden", "b"] {
            fs::create_dir_all(root.join(folder)).unwrap();
            fs::write(root.join(folder).join("f.mkv"), folder).unwrap();
        }
        let (policy, known) = (policy(), FolderName::known());
        let found = scan(std::slice::from_ref(&root), &Rules::to_look(&policy, &known));
        assert_eq!(found.films.len(), 1, "a root itself may have any name: {:?}", found.films);
        let folders = [("@eaDir", 2), (".Trash*", 1)].map(|(name, count)| (name.to_owned(), count));
        assert_eq!(found.passed_over, PassedOver { folders: folders.into(), links: 0 });
        let found = scan(&[root], &Rules::to_look(&policy, &[]));
        assert_eq!((found.films.len(), found.passed_over), (3, PassedOver::default()), "hidden ones never");
    }

    #[test]
    fn a_folder_where_another_av1d_works_is_passed_over() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path().canonicalize().unwrap();
        for folder in ["free", "held/deep"] {
            fs::create_dir_all(root.join(folder)).unwrap();
            fs::write(root.join(folder).join("f.mkv"), folder).unwrap();
        }
        for folder in ["", "free", "held"] {
            fs::write(root.join(folder).join(crate::sys::lock::ROOT_LOCK), "").unwrap();
        }
        let policy = policy();
        let enter = |folder: &Path| {
            assert!(folder != root, "the root is locked already");
            if folder.ends_with("held") { Err("no".to_owned()) } else { Ok(()) }
        };
        let rules = Rules { enter: &enter, ..Rules::to_look(&policy, &[]) };
        let found = scan(std::slice::from_ref(&root), &rules);
        assert_eq!(found.films.len(), 1);
        assert_eq!(found.unreadable, [(root.join("held"), "no".to_owned())]);
    }

    #[test]
    fn a_missing_root_is_named_an_empty_one_too_and_the_others_are_walked() {
        let root = tempfile::tempdir().unwrap();
        let empty = tempfile::tempdir().unwrap();
        fs::write(root.path().join("a.mkv"), "x").unwrap();
        let roots = [root.path().join("gone"), root.path().to_owned(), empty.path().to_owned()];
        let found = scan(&roots, &Rules::to_look(&policy(), &FolderName::known()));
        assert_eq!(found.films.len(), 1);
        assert_eq!(found.unreadable.len(), 1);
        assert_eq!(found.unreadable[0].0, roots[0]);
        assert_eq!(found.empty, [roots[2].canonicalize().unwrap()]);
    }
}
