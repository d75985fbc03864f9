//! The files beside a film: the marker that excludes it, and the text that says why it wasn't replaced.

use std::fs;
use std::io;
use std::path::Path;

use av1plan::gates::Marker;

use crate::disk;
use crate::names;
use crate::why::WHEN;

/// How every sidecar that is ours begins. Others are left alone, whatever their name.
const SIGNATURE: &str = "av1d: ";

/// The marker that excludes `film`: its own, or a folder's between it and `root`.
pub fn marker_of(film: &Path, root: &Path) -> Option<Marker> {
    if names::skip_marker(film).exists() {
        return Some(Marker::File);
    }
    let folders = film.ancestors().skip(1).take_while(|folder| folder.starts_with(root));
    let own = std::iter::once(disk::folder_of(film));
    own.chain(folders).any(is_excluded).then_some(Marker::Folder)
}

/// Whether a folder holds a marker that excludes all below it.
pub fn is_excluded(folder: &Path) -> bool {
    folder.join(names::SKIP_MARKER).exists()
}

/// Excludes `film` from now on, with a word for who finds the marker.
pub fn mark(film: &Path, reason: &str) -> io::Result<()> {
    let marker = names::skip_marker(film);
    if marker.exists() {
        return Ok(());
    }
    let text = format!("{SIGNATURE}{reason}\nRemove this file to have the film looked at again.\n");
    disk::write_whole(&marker, text.as_bytes())
}

/// Says beside `film` why it wasn't replaced; `lines` are free of control characters.
pub fn write_why(film: &Path, title: &str, lines: &str) -> io::Result<()> {
    let path = names::why(film);
    if !is_ours_or_absent(&path)? {
        return Err(io::Error::new(
            io::ErrorKind::AlreadyExists,
            "a file of that name is there and isn't ours",
        ));
    }
    let text = format!("{SIGNATURE}{title}\n\n{lines}");
    // Said already: a pass over an unchanged library changes nothing in it.
    if fs::read_to_string(&path).is_ok_and(|said| says_the_same(&said, &text)) {
        return Ok(());
    }
    disk::write_whole(&path, text.as_bytes())
}

/// Whether two texts differ in nothing but their time.
fn says_the_same(one: &str, other: &str) -> bool {
    let timeless = |line: &&str| !line.starts_with(WHEN);
    one.lines().filter(timeless).eq(other.lines().filter(timeless))
}

/// Takes the text away again, if it is ours.
pub fn remove_why(film: &Path) -> io::Result<()> {
    let path = names::why(film);
    disk::unlink_draft_of(&path)?;
    if is_ours_or_absent(&path)? { disk::unlink(&path) } else { Ok(()) }
}

fn is_ours_or_absent(path: &Path) -> io::Result<bool> {
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
        Err(error) => Err(error),
        Ok(found) if !found.is_file() => Ok(false),
        Ok(_) => Ok(fs::read(path)?.starts_with(SIGNATURE.as_bytes())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_film_is_excluded_by_its_own_marker_or_by_a_folders() {
        let root = tempfile::tempdir().unwrap();
        let season = root.path().join("Series").join("Season 1");
        fs::create_dir_all(&season).unwrap();
        let film = season.join("a.mkv");
        assert_eq!(marker_of(&film, root.path()), None);
        fs::write(root.path().join("Series").join(".av1skip"), "").unwrap();
        assert_eq!(marker_of(&film, root.path()), Some(Marker::Folder));
        assert_eq!(marker_of(&film, &season), None, "a marker above the root says nothing");
        mark(&film, "too big").unwrap();
        assert_eq!(marker_of(&film, &season), Some(Marker::File));
    }

    #[test]
    fn our_text_is_replaced_and_removed_but_nobody_elses() {
        let folder = tempfile::tempdir().unwrap();
        let film = folder.path().join("a.mkv");
        write_why(&film, "one", "").unwrap();
        write_why(&film, "two", "because\n").unwrap();
        write_why(&film, "two", "because\nWhen: now\n").unwrap();
        let text = fs::read_to_string(names::why(&film)).unwrap();
        assert_eq!(text, "av1d: two\n\nbecause\n", "the same at another time is not written again");
        remove_why(&film).unwrap();
        assert!(!names::why(&film).exists());

        fs::write(names::why(&film), "my notes").unwrap();
        assert!(write_why(&film, "three", "").is_err());
        remove_why(&film).unwrap();
        assert_eq!(fs::read_to_string(names::why(&film)).unwrap(), "my notes");
    }
}
