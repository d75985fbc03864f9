//! The sidecar files of a film.

use std::io::Read;
use std::path::{Path, PathBuf};

use av1plan::Config;
use av1plan::wire::PathDocument;
use serde::Serialize;

use crate::library::sidecars;
use crate::sys::disk::{self, Identity};
use crate::sys::names;
use crate::sys::path::path_document;

/// A sidecar file of a film, or a marker in a folder above it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Sidecar {
    /// Its path.
    #[serde(flatten)]
    pub path: PathDocument,
    /// The kind of file.
    pub kind: SidecarKind,
    /// Whether a marker excludes the film as it is now; `None` for other kinds of file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub holds: Option<bool>,
    /// The file's text; empty for an original.
    pub text: String,
}

/// The kinds of sidecar files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum SidecarKind {
    /// A marker that excludes the film.
    Marker,
    /// A marker that excludes a folder.
    FolderMarker,
    /// The `.why.txt`, which says why the film wasn't replaced.
    Why,
    /// The original, which was kept.
    Original,
}

/// How many bytes of a text are read.
const READ: u64 = 16 << 10;

/// Returns all sidecar files of a film that has or had these names. `file` is the identity of the film as it is
/// now.
pub(super) fn of(names: &[PathBuf], root: &Path, file: Option<&Identity>, policy: &Config) -> Vec<Sidecar> {
    let mut found = Vec::new();
    for name in names {
        let marker = names::skip_marker(name);
        // If the film is gone, a marker can't be outdated.
        let holds = !file.is_some_and(|file| sidecars::is_outdated(&marker, file, policy));
        found.extend(read(&marker, SidecarKind::Marker, Some(holds)));
        found.extend(read(&names::why(name), SidecarKind::Why, None));
        let backup = names::backup(name);
        if std::fs::symlink_metadata(&backup).is_ok() {
            let path = path_document(&backup);
            found.push(Sidecar { path, kind: SidecarKind::Original, holds: None, text: String::new() });
        }
    }
    let own = names.first().map(|name| disk::folder_of(name));
    let above = own.into_iter().flat_map(Path::ancestors);
    let folders = above.enumerate().take_while(|(depth, folder)| *depth == 0 || folder.starts_with(root));
    for (_, folder) in folders {
        found.extend(read(&folder.join(names::SKIP_MARKER), SidecarKind::FolderMarker, Some(true)));
    }
    found
}

fn read(path: &Path, kind: SidecarKind, holds: Option<bool>) -> Option<Sidecar> {
    let found = std::fs::metadata(path).ok()?;
    let mut text = Vec::new();
    // A marker may be any kind of file, and may be unreadable: only its existence counts.
    if found.is_file() {
        drop(std::fs::File::open(path).and_then(|file| file.take(READ).read_to_end(&mut text)));
    }
    let text = String::from_utf8_lossy(&text).into_owned();
    Some(Sidecar { path: path_document(path), kind, holds, text })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::library::sidecars::{MarkCause, mark, write_why};
    use crate::library::size_terms::SizeTerms;

    #[test]
    fn what_lies_beside_a_film_is_told_by_all_its_names() {
        let root = tempfile::tempdir().unwrap();
        let season = root.path().join("Series/Season 1");
        std::fs::create_dir_all(&season).unwrap();
        let names = [season.join("a.avi"), season.join("a.mkv")];
        let film = Identity { device: 1, inode: 2, size: 3, modified_ns: 4, changed_ns: 5, links: 1 };
        let kinds = |file: Option<&Identity>| {
            let found = of(&names, root.path(), file, &Config::default());
            found.iter().map(|sidecar| (sidecar.kind, sidecar.holds)).collect::<Vec<_>>()
        };
        assert_eq!(kinds(Some(&film)), []);
        mark(
            &names[0],
            "too big",
            MarkCause::TooBig { original: film, terms: SizeTerms::of(&Config::default()) },
        )
        .unwrap();
        write_why(&names[0], "a.avi was not replaced", "because\n").unwrap();
        std::fs::write(names::backup(&names[0]), "x").unwrap();
        std::fs::write(root.path().join("Series/.av1skip"), "old").unwrap();
        std::fs::create_dir(names::skip_marker(&names[1])).unwrap();
        let expected = |holds| {
            use SidecarKind::{FolderMarker, Marker, Original, Why};
            [
                (Marker, Some(holds)),
                (Why, None),
                (Original, None),
                (Marker, Some(true)),
                (FolderMarker, Some(true)),
            ]
        };
        assert_eq!(kinds(Some(&film)), expected(true));
        assert_eq!(kinds(Some(&Identity { size: 9, ..film })), expected(false), "it is about another film");
        assert_eq!(kinds(None), expected(true));
        let texts: Vec<String> =
            of(&names, root.path(), None, &Config::default()).into_iter().map(|one| one.text).collect();
        assert!(texts[0].starts_with("av1d: too big") && texts[4] == "old", "{texts:?}");
    }
}
