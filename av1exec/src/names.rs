//! The names that are made beside a film: its temporary file, its backup, its sidecars, its new name.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use av1plan::container::Container;

/// The longest name that common file systems take.
const NAME_MAX: usize = 255;

/// What every temporary result ends in; no media server takes it for a film.
pub const TEMPORARY: &str = ".av1tmp";

/// The temporary result of a job: `.Film.mkv.20261122-134501-357123.av1tmp`. Hidden, and in the film's own folder, so that it can be
/// renamed into place.
pub fn temporary(film: &Path, job: &str) -> PathBuf {
    hidden(film, &format!(".{job}{TEMPORARY}"))
}

/// Where a printed command writes to: `.Film.mkv.plan.av1tmp`. Nothing ever deletes it by itself.
pub fn planned(film: &Path) -> PathBuf {
    hidden(film, &format!(".plan{TEMPORARY}"))
}

/// The original while it is replaced, and afterwards where it is kept: `Film.mkv.orig`.
pub fn backup(film: &Path) -> PathBuf {
    beside(film, ".orig")
}

/// A result that turned out to be broken in the film's place: `Film.mkv.broken`.
pub fn broken(film: &Path) -> PathBuf {
    beside(film, ".broken")
}

/// The marker that excludes a film: `Film.mkv.av1skip`.
pub fn skip_marker(film: &Path) -> PathBuf {
    beside(film, SKIP_MARKER)
}

/// The name of a marker that excludes its whole folder.
pub const SKIP_MARKER: &str = ".av1skip";

/// The text that says why a film was not replaced: `Film.mkv.why.txt`.
pub fn why(film: &Path) -> PathBuf {
    beside(film, ".why.txt")
}

/// The film's new name, where the result can't have its own: `Film.mkv` for `Film.avi`.
pub fn renamed(film: &Path) -> Option<PathBuf> {
    let extension = film.extension().unwrap_or_default().to_string_lossy().to_lowercase();
    Container::renamed_extension(&extension).map(|extension| film.with_extension(extension))
}

/// `name` cut to at most `length` bytes; a name that was cut ends in a hash of all of it, so that two stay two.
pub fn fit(name: &OsStr, length: usize) -> OsString {
    let bytes = name.as_bytes();
    if bytes.len() <= length {
        return name.to_owned();
    }
    let hash = blake3::hash(bytes).to_hex();
    let tag = hash.get(..12).unwrap_or_default();
    let mut cut = length.saturating_sub(tag.len() + 1);
    // Not in the middle of a character, where the name is text.
    while cut > 0 && bytes.get(cut).is_some_and(|byte| byte & 0xc0 == 0x80) {
        cut -= 1;
    }
    let mut short = OsString::from_vec(bytes.get(..cut).unwrap_or_default().to_vec());
    short.push("~");
    short.push(tag);
    short
}

fn hidden(film: &Path, suffix: &str) -> PathBuf {
    let name = film.file_name().unwrap_or_default();
    let mut hidden = OsString::from(".");
    hidden.push(fit(name, NAME_MAX - 1 - suffix.len()));
    hidden.push(suffix);
    film.with_file_name(hidden)
}

fn beside(film: &Path, suffix: &str) -> PathBuf {
    let mut name = fit(film.file_name().unwrap_or_default(), NAME_MAX - suffix.len());
    name.push(suffix);
    film.with_file_name(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_made_beside_the_film() {
        let film = Path::new("/films/A: Film.mkv");
        assert_eq!(temporary(film, "j1"), Path::new("/films/.A: Film.mkv.j1.av1tmp"));
        assert_eq!(planned(film), Path::new("/films/.A: Film.mkv.plan.av1tmp"));
        assert_eq!(backup(film), Path::new("/films/A: Film.mkv.orig"));
        assert_eq!(skip_marker(film), Path::new("/films/A: Film.mkv.av1skip"));
        assert_eq!(why(film), Path::new("/films/A: Film.mkv.why.txt"));
    }

    #[test]
    fn only_containers_without_av1_get_a_new_name() {
        let table = [("a.AVI", Some("a.mkv")), ("a.b.ts", Some("a.b.mkv")), ("a.MKV", None), ("a.mp4", None)];
        for (film, new) in table {
            assert_eq!(renamed(Path::new(film)), new.map(PathBuf::from), "{film}");
        }
    }

    #[test]
    fn long_names_are_cut_and_stay_apart() {
        let long = |last: &str| PathBuf::from(format!("/films/{}{last}.mkv", "ö".repeat(123)));
        for make in [backup, why, skip_marker, planned] {
            let (one, two) = (make(&long("1")), make(&long("2")));
            assert_ne!(one, two);
            for path in [one, two] {
                let name = path.file_name().unwrap();
                assert!(name.len() <= 255, "{}", name.len());
                assert!(name.to_str().is_some(), "cut inside a character");
            }
        }
    }

    #[test]
    fn names_of_any_bytes_are_kept() {
        let film = PathBuf::from(OsString::from_vec(b"/films/\xff\xfe\n.mkv".to_vec()));
        assert_eq!(backup(&film).as_os_str().as_bytes(), b"/films/\xff\xfe\n.mkv.orig");
    }
}
