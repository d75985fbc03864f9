//! The files beside a film: the marker that excludes it, and the text that says why it wasn't replaced.

use std::fs;
use std::io::{self, Read};
use std::path::Path;

use av1plan::Ratio;
use av1plan::probe::Marker;

use crate::sys::disk::{self, Identity};
use crate::sys::names;

/// How the line of a `.why.txt` begins that says when it was written: a text that differs in nothing else isn't written anew.
pub(crate) const WHEN: &str = "When:";

/// How every sidecar that is ours begins. Others are left alone, whatever their name.
const SIGNATURE: &str = "av1d: ";

/// The marker that excludes `film`: its own, another tool's, or a folder's between it and `root`.
pub fn marker_of(film: &Path, root: &Path, identity: &Identity, gate: Ratio) -> Option<Marker> {
    let own = names::skip_marker(film);
    if own.exists() && !is_outdated(&own, identity, gate) {
        return Some(Marker::File);
    }
    if names::stem_marker(film).is_some_and(|marker| is_foreign(&marker)) {
        return Some(Marker::Stem);
    }
    let folders = film.ancestors().skip(1).take_while(|folder| folder.starts_with(root));
    let own = std::iter::once(disk::folder_of(film));
    own.chain(folders).any(is_excluded).then_some(Marker::Folder)
}

/// Whether another tool's marker, or a person's, is at `marker`. One that av1d signed is about the file of exactly that name
/// without `.av1skip`: `Film.mkv.av1skip` says nothing of `Film.mkv.mp4`.
pub fn is_foreign(marker: &Path) -> bool {
    match fs::symlink_metadata(marker) {
        Ok(found) => !found.is_file() || !begins_with_signature(marker),
        Err(_) => false,
    }
}

fn begins_with_signature(path: &Path) -> bool {
    let mut start = [0; SIGNATURE.len()];
    disk::open(path).and_then(|mut file| file.read_exact(&mut start)).is_ok() && is_signed(&start)
}

/// Whether a folder holds a marker that excludes all below it.
pub fn is_excluded(folder: &Path) -> bool {
    folder.join(names::SKIP_MARKER).exists()
}

/// Excludes `film` from now on, with a word for who finds the marker. Somebody's own marker stays as it is.
pub fn mark(film: &Path, reason: &str, cause: MarkCause) -> io::Result<()> {
    let marker = names::skip_marker(film);
    // A person's word, by their own file or by `av1cli skip`, outweighs a result.
    let is_persons = marker.exists() && size_gate_text(&marker).is_none();
    if !is_ours_or_absent(&marker)? || (is_persons && !matches!(cause, MarkCause::Asked)) {
        return Ok(());
    }
    match cause {
        MarkCause::Asked => write_marker(&marker, reason),
        MarkCause::TooBig { original, gate } => {
            write_marker(&marker, &format!("{reason}\n{}", size_gate_line(&original, gate)))
        }
    }
}

/// Writes a marker, of a film or of a folder, with a word for who finds it.
pub(crate) fn write_marker(marker: &Path, reason: &str) -> io::Result<()> {
    let text = format!("{SIGNATURE}{reason}\nRemove this file to have the film looked at again.\n");
    disk::write_whole(marker, text.as_bytes())
}

/// Whether a sidecar of this content is ours.
pub(crate) fn is_signed(content: &[u8]) -> bool {
    content.starts_with(SIGNATURE.as_bytes())
}

/// Why a film is excluded.
#[derive(Debug, Clone, Copy)]
pub enum MarkCause {
    /// A person wants it.
    Asked,
    /// Its result was too big, which says nothing of another film of this name, nor of another gate.
    TooBig {
        /// The film.
        original: Identity,
        /// The gate.
        gate: Ratio,
    },
}

/// What a marker says that holds for one film and one gate only.
fn size_gate_line(original: &Identity, gate: Ratio) -> String {
    format!(
        "For the file of {} bytes, modified {} ns after 1970, and max_size_ratio = {}/10000.",
        original.size,
        original.modified_ns,
        gate.ten_thousandths()
    )
}

/// Whether a marker that is there is ours and holds no more: it was written for another film of this name, or another gate.
pub fn is_outdated(marker: &Path, film: &Identity, gate: Ratio) -> bool {
    size_gate_text(marker).is_some_and(|text| !text.contains(&size_gate_line(film, gate)))
}

/// Whether a film has a marker that holds whatever becomes of the film and the gate: a person's word.
pub(crate) fn is_left_alone(film: &Path) -> bool {
    let marker = names::skip_marker(film);
    marker.exists() && size_gate_text(&marker).is_none()
}

/// What a marker of the size gate says; nothing where it is a person's, or there is none.
fn size_gate_text(marker: &Path) -> Option<String> {
    fs::symlink_metadata(marker).ok().filter(fs::Metadata::is_file)?;
    let text = fs::read_to_string(marker).ok()?;
    let about_one_film = text.lines().any(|line| line.starts_with("For the file of "));
    (text.starts_with(SIGNATURE) && about_one_film).then_some(text)
}

/// Takes the size gate's marker of a film away that was replaced after all: it is about a file that is gone.
pub fn remove_size_marker(film: &Path) -> io::Result<()> {
    let marker = names::skip_marker(film);
    if size_gate_text(&marker).is_some() { disk::unlink(&marker) } else { Ok(()) }
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
        Ok(_) => Ok(is_signed(&fs::read(path)?)),
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
        let marker_of = |film: &Path, root: &Path| marker_of(film, root, &FILM, Ratio::NINETY_PERCENT);
        assert_eq!(marker_of(&film, root.path()), None);
        fs::write(root.path().join("Series").join(".av1skip"), "").unwrap();
        assert_eq!(marker_of(&film, root.path()), Some(Marker::Folder));
        assert_eq!(marker_of(&film, &season), None, "a marker above the root says nothing");
        mark(&film, "as you asked", MarkCause::Asked).unwrap();
        assert_eq!(marker_of(&film, &season), Some(Marker::File));
    }

    const FILM: Identity = Identity { device: 1, inode: 2, size: 3, modified_ns: 4, changed_ns: 5, links: 1 };

    #[test]
    fn a_marker_of_the_size_gate_holds_for_its_film_and_gate() {
        let folder = tempfile::tempdir().unwrap();
        let film = folder.path().join("a.mkv");
        let marker = names::skip_marker(&film);
        mark(&film, "too big", MarkCause::TooBig { original: FILM, gate: Ratio::NINETY_PERCENT }).unwrap();
        let stricter = Ratio::from_ten_thousandths(8000).unwrap();
        assert!(!is_outdated(&marker, &FILM, Ratio::NINETY_PERCENT));
        assert!(!is_outdated(&marker, &Identity { inode: 9, changed_ns: 9, ..FILM }, Ratio::NINETY_PERCENT));
        assert!(is_outdated(&marker, &Identity { size: 30, ..FILM }, Ratio::NINETY_PERCENT), "another film");
        assert!(is_outdated(&marker, &FILM, stricter), "another gate");

        mark(&film, "as you asked", MarkCause::Asked).unwrap();
        assert!(!is_outdated(&marker, &Identity { size: 30, ..FILM }, stricter), "a person's word holds");
        remove_size_marker(&film).unwrap();
        assert!(marker.exists(), "for the result, too");
        for foreign in ["", "For the file of 1 bytes"] {
            fs::write(&marker, foreign).unwrap();
            mark(&film, "too big", MarkCause::TooBig { original: FILM, gate: Ratio::NINETY_PERCENT })
                .unwrap();
            assert_eq!(fs::read_to_string(&marker).unwrap(), foreign, "it isn't ours");
            assert!(!is_outdated(&marker, &FILM, stricter));
            remove_size_marker(&film).unwrap();
            assert!(marker.exists());
        }
    }

    #[test]
    fn another_tools_marker_stands_for_every_film_of_its_stem_and_ours_for_one() {
        let root = tempfile::tempdir().unwrap();
        let at = |name: &str| root.path().join(name);
        let marker_of = |name: &str| marker_of(&at(name), root.path(), &FILM, Ratio::NINETY_PERCENT);
        fs::write(at("Film.av1skip"), "").unwrap();
        for (film, marker) in
            [("Film.mkv", Some(Marker::Stem)), ("Film.mp4", Some(Marker::Stem)), ("Film.cut.mkv", None)]
        {
            assert_eq!(marker_of(film), marker, "{film}");
        }
        mark(&at("Film.mkv"), "as you asked", MarkCause::Asked).unwrap();
        assert_eq!(marker_of("Film.mkv"), Some(Marker::File), "its own comes first");
        fs::remove_file(at("Film.av1skip")).unwrap();
        assert_eq!(marker_of("Film.mkv.mp4"), None, "av1d's own marker is about the file that it names");
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
