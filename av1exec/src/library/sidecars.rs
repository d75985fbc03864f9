//! The files beside a film: the marker that excludes it, and the `.why.txt` that says why it wasn't replaced.

use std::fs;
use std::io::{self, Read};
use std::path::Path;

use av1plan::Config;
use av1plan::probe::Marker;

use super::size_terms::SizeTerms;
use crate::sys::disk::{self, Identity};
use crate::sys::names;

/// The beginning of the line in a `.why.txt` that says when it was written. If a new text differs only in this line,
/// the file isn't written again.
pub(crate) const WHEN: &str = "When:";

/// The beginning of every sidecar that av1d writes. Files without it are left alone, whatever their name.
const SIGNATURE: &str = "av1d: ";

/// Returns the marker that excludes `film`: its own, another tool's, or that of a folder between it and `root`.
pub fn marker_of(film: &Path, root: &Path, identity: &Identity, policy: &Config) -> Option<Marker> {
    let own = names::skip_marker(film);
    if own.exists() && !is_outdated(&own, identity, policy) {
        return Some(Marker::File);
    }
    if names::stem_marker(film).is_some_and(|marker| is_foreign(&marker)) {
        return Some(Marker::Stem);
    }
    let folders = film.ancestors().skip(1).take_while(|folder| folder.starts_with(root));
    let own = std::iter::once(disk::folder_of(film));
    own.chain(folders).any(is_excluded).then_some(Marker::Folder)
}

/// Whether the file at `marker` was written by another tool or a person. A marker with av1d's signature applies only to
/// the file whose name is the marker's without `.av1skip`: `Film.mkv.av1skip` doesn't apply to `Film.mkv.mp4`.
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

/// Whether a folder contains a marker that excludes everything below it.
pub fn is_excluded(folder: &Path) -> bool {
    folder.join(names::SKIP_MARKER).exists()
}

/// Excludes `film` from now on, with a reason for people who find the marker. A marker that somebody else wrote stays
/// as it is.
pub fn mark(film: &Path, reason: &str, cause: MarkCause) -> io::Result<()> {
    let marker = names::skip_marker(film);
    // A marker that a person wrote, by hand or with `av1cli skip`, takes precedence over one about a result that was
    // too big.
    let is_persons = marker.exists() && size_gate_text(&marker).is_none();
    if !is_ours_or_absent(&marker)? || (is_persons && !matches!(cause, MarkCause::Asked)) {
        return Ok(());
    }
    match cause {
        MarkCause::Asked => write_marker(&marker, reason),
        MarkCause::TooBig { original, terms } => {
            let lines = format!("{reason}\n{}\n{}", size_gate_line(&original, terms), terms.line());
            write_marker(&marker, &lines)
        }
    }
}

/// Writes the marker of a film or a folder, with a reason for people who find it.
pub(crate) fn write_marker(marker: &Path, reason: &str) -> io::Result<()> {
    let text = format!("{SIGNATURE}{reason}\nRemove this file to have the film looked at again.\n");
    disk::write_whole(marker, text.as_bytes())
}

/// Whether a sidecar with this content was written by av1d.
pub(crate) fn is_signed(content: &[u8]) -> bool {
    content.starts_with(SIGNATURE.as_bytes())
}

/// Why a film is excluded.
#[derive(Debug, Clone, Copy)]
pub enum MarkCause {
    /// A person asked for it.
    Asked,
    /// The film's result was too big, or would be. This applies only to this file on these terms, not to another film of
    /// the same name.
    TooBig {
        /// The film's identity.
        original: Identity,
        /// The size limit and the settings.
        terms: SizeTerms,
    },
}

/// The line of a marker that limits it to one file and one size limit.
fn size_gate_line(original: &Identity, terms: SizeTerms) -> String {
    let Identity { size, modified_ns, .. } = original;
    format!("For the file of {size} bytes, modified {modified_ns} ns after 1970, {}", terms.gate())
}

/// Whether av1d wrote this marker about another file of the same name, another size limit or other settings, so that it
/// no longer applies.
pub fn is_outdated(marker: &Path, film: &Identity, policy: &Config) -> bool {
    size_gate_text(marker).is_some_and(|text| {
        let terms = SizeTerms::of(policy);
        !text.contains(&size_gate_line(film, terms)) || !terms.holds_for(&text)
    })
}

/// Whether a film has a marker that applies to any file and size limit: one that a person asked for.
pub(crate) fn is_left_alone(film: &Path) -> bool {
    let marker = names::skip_marker(film);
    marker.exists() && size_gate_text(&marker).is_none()
}

/// Whether av1d wrote this marker by itself, about a result that was too big.
pub(super) fn is_about_size(marker: &Path) -> bool {
    size_gate_text(marker).is_some()
}

/// Returns the text of a marker about a result that was too big, or `None` if it is another marker or doesn't exist.
fn size_gate_text(marker: &Path) -> Option<String> {
    fs::symlink_metadata(marker).ok().filter(fs::Metadata::is_file)?;
    let text = fs::read_to_string(marker).ok()?;
    let about_one_film = text.lines().any(|line| line.starts_with("For the file of "));
    (text.starts_with(SIGNATURE) && about_one_film).then_some(text)
}

/// After a film was replaced, removes its marker about a result that was too big: that marker is about the old file.
pub fn remove_size_marker(film: &Path) -> io::Result<()> {
    let marker = names::skip_marker(film);
    if size_gate_text(&marker).is_some() { disk::unlink(&marker) } else { Ok(()) }
}

/// Writes the `.why.txt` beside `film`, which says why it wasn't replaced. `lines` must be free of control characters.
pub fn write_why(film: &Path, title: &str, lines: &str) -> io::Result<()> {
    let path = names::why(film);
    if !is_ours_or_absent(&path)? {
        return Err(io::Error::new(
            io::ErrorKind::AlreadyExists,
            "a file of that name is there and isn't ours",
        ));
    }
    let text = format!("{SIGNATURE}{title}\n\n{lines}");
    // The file already says the same. Without this check a pass over an unchanged library would write to it.
    if fs::read_to_string(&path).is_ok_and(|said| says_the_same(&said, &text)) {
        return Ok(());
    }
    disk::write_whole(&path, text.as_bytes())
}

/// Whether two texts differ only in the line that says when they were written.
fn says_the_same(one: &str, other: &str) -> bool {
    let timeless = |line: &&str| !line.starts_with(WHEN);
    one.lines().filter(timeless).eq(other.lines().filter(timeless))
}

/// Removes the `.why.txt` of a film, if av1d wrote it.
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
    use av1plan::Ratio;
    use av1plan::config::QualityTier;

    use super::*;

    #[test]
    fn a_film_is_excluded_by_its_own_marker_or_by_a_folders() {
        let root = tempfile::tempdir().unwrap();
        let season = root.path().join("Series").join("Season 1");
        fs::create_dir_all(&season).unwrap();
        let film = season.join("a.mkv");
        let marker_of = |film: &Path, root: &Path| marker_of(film, root, &FILM, &Config::default());
        assert_eq!(marker_of(&film, root.path()), None);
        fs::write(root.path().join("Series").join(".av1skip"), "").unwrap();
        assert_eq!(marker_of(&film, root.path()), Some(Marker::Folder));
        assert_eq!(marker_of(&film, &season), None, "a marker above the root says nothing");
        mark(&film, "as you asked", MarkCause::Asked).unwrap();
        assert_eq!(marker_of(&film, &season), Some(Marker::File));
    }

    fn too_big() -> MarkCause {
        MarkCause::TooBig { original: FILM, terms: SizeTerms::of(&Config::default()) }
    }

    const FILM: Identity = Identity { device: 1, inode: 2, size: 3, modified_ns: 4, changed_ns: 5, links: 1 };

    #[test]
    fn a_marker_of_the_size_gate_holds_for_its_film_and_gate() {
        let folder = tempfile::tempdir().unwrap();
        let film = folder.path().join("a.mkv");
        let marker = names::skip_marker(&film);
        mark(&film, "too big", too_big()).unwrap();
        let default = &Config::default();
        let stricter = &Config::default().with_max_size_ratio(Ratio::from_ten_thousandths(8000).unwrap());
        assert!(!is_outdated(&marker, &FILM, default));
        assert!(!is_outdated(&marker, &Identity { inode: 9, changed_ns: 9, ..FILM }, default));
        assert!(is_outdated(&marker, &Identity { size: 30, ..FILM }, default), "another film");
        assert!(is_outdated(&marker, &FILM, stricter), "another gate");
        let slower = &Config::default().with_quality_tier(QualityTier::VeryHigh);
        assert!(is_outdated(&marker, &FILM, slower), "other settings");
        let text = fs::read_to_string(&marker).unwrap();
        let older: Vec<&str> = text.lines().filter(|line| !line.starts_with("Encoding settings")).collect();
        fs::write(&marker, older.join("\n")).unwrap();
        assert!(!is_outdated(&marker, &FILM, slower), "an older av1d wrote nothing of the settings");

        mark(&film, "as you asked", MarkCause::Asked).unwrap();
        assert!(!is_outdated(&marker, &Identity { size: 30, ..FILM }, stricter), "a person's word holds");
        remove_size_marker(&film).unwrap();
        assert!(marker.exists(), "for the result, too");
        for foreign in ["", "For the file of 1 bytes"] {
            fs::write(&marker, foreign).unwrap();
            mark(&film, "too big", too_big()).unwrap();
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
        let marker_of = |name: &str| marker_of(&at(name), root.path(), &FILM, &Config::default());
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
