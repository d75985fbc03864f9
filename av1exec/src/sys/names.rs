//! The names of the files that are created beside a film: its temporary file, backup and sidecars, and its new name.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use av1plan::plan::Container;

/// The longest file name in bytes that common file systems allow.
const NAME_MAX: usize = 255;

/// The suffix of every temporary result. Media servers ignore files with this suffix.
pub const TEMPORARY: &str = ".av1tmp";

/// The suffix of the temporary file of a sidecar or a state file.
pub const UNFINISHED: &str = ".av1new";

/// The suffix of the small files on which a replacement is rehearsed.
const REHEARSED: &str = ".av1try";

/// The kinds of hidden files that av1d creates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hidden {
    /// The result of a job.
    Result,
    /// The output of a command that `plan` printed and a person ran.
    Planned,
    /// A sidecar that wasn't completely written.
    Sidecar,
    /// A small file on which a replacement was rehearsed.
    Rehearsal,
}

/// Tells which kind of hidden file of av1d a name is, or `None` if av1d doesn't create names of this form.
pub fn hidden_kind(name: &OsStr) -> Option<Hidden> {
    let name = name.as_bytes().strip_prefix(b".")?;
    let before = |suffix: &str| name.strip_suffix(suffix.as_bytes())?.rsplit(|byte| *byte == b'.').next();
    if let Some(id) = before(TEMPORARY) {
        return if id == b"plan" { Some(Hidden::Planned) } else { is_job_id(id).then_some(Hidden::Result) };
    }
    if let Some(id) = before(REHEARSED) {
        return is_job_id(id).then_some(Hidden::Rehearsal);
    }
    name.strip_suffix(UNFINISHED.as_bytes()).filter(|sidecar| !sidecar.is_empty()).map(|_| Hidden::Sidecar)
}

/// Whether `text` has the form of a job id, such as `20261122-134501-357123`.
pub(crate) fn is_job_id(text: &[u8]) -> bool {
    let shape: Vec<u8> = text.iter().map(|byte| if byte.is_ascii_digit() { b'0' } else { *byte }).collect();
    shape == b"00000000-000000-000000"
}

/// The temporary result of a job: `.Film.mkv.20261122-134501-357123.av1tmp`. It is hidden, and in the film's own folder
/// so that it can be renamed into place.
pub fn temporary(film: &Path, job: &str) -> PathBuf {
    hidden(film, &format!(".{job}{TEMPORARY}"))
}

/// The second name of a temporary file, with which earlier versions tried out linking and renaming for each job.
pub fn second(temporary: &Path) -> PathBuf {
    temporary.with_extension(REHEARSED.trim_start_matches('.'))
}

/// A name in a folder for trying things out: `.result.20261122-134501-357123.av1try`. [`hidden_kind`] recognizes a file
/// left under it as a rehearsal's.
pub fn trial(folder: &Path, what: &str) -> PathBuf {
    rehearsed(folder, what, &stamp())
}

/// Like [`trial`], with a stamp that several names have in common.
pub fn rehearsed(folder: &Path, what: &str, stamp: &str) -> PathBuf {
    folder.join(format!(".{what}.{stamp}{REHEARSED}"))
}

/// The time in microseconds, in the form of a job id: `20261122-134501-357123`.
pub fn stamp() -> String {
    jiff::Timestamp::now().strftime("%Y%m%d-%H%M%S-%6f").to_string()
}

/// The output of a printed command: `.Film.mkv.plan.av1tmp`. av1d never deletes it by itself.
pub fn planned(film: &Path) -> PathBuf {
    hidden(film, &format!(".plan{TEMPORARY}"))
}

/// The backup of the original, during the replacement and afterwards if it is kept: `Film.mkv.orig`.
pub fn backup(film: &Path) -> PathBuf {
    beside(film, ".orig")
}

/// A result that was in the film's place and turned out to be broken: `Film.mkv.broken`.
pub fn broken(film: &Path) -> PathBuf {
    beside(film, ".broken")
}

/// A result that somebody has edited, renamed so that the original can be restored: `Film.mkv.edited`.
pub fn edited(film: &Path) -> PathBuf {
    beside(film, ".edited")
}

/// The marker that excludes a film: `Film.mkv.av1skip`.
pub fn skip_marker(film: &Path) -> PathBuf {
    beside(film, SKIP_MARKER)
}

/// The marker that other tools write for a film, in which `.av1skip` replaces the extension: `Film.av1skip`. `None` for
/// a film without an extension, because [`skip_marker`] returns that same name.
pub fn stem_marker(film: &Path) -> Option<PathBuf> {
    film.extension()?;
    // The name isn't shortened: if it is too long, no tool can have written it.
    let mut name = film.file_stem()?.to_owned();
    name.push(SKIP_MARKER);
    Some(film.with_file_name(name))
}

/// The name of a marker that excludes its whole folder.
pub const SKIP_MARKER: &str = ".av1skip";

/// The text that says why a film was not replaced: `Film.mkv.why.txt`.
pub fn why(film: &Path) -> PathBuf {
    beside(film, ".why.txt")
}

/// The film's new name if the result needs another extension, such as `Film.mkv` for `Film.avi`; `None` if it keeps its
/// name.
pub fn renamed(film: &Path) -> Option<PathBuf> {
    let extension = film.extension().unwrap_or_default().to_string_lossy().to_lowercase();
    Container::renamed_extension(&extension).map(|extension| film.with_extension(extension))
}

/// Shortens `name` to at most `length` bytes. A shortened name ends in a hash of the full one, so that two different
/// names stay different.
pub fn fit(name: &OsStr, length: usize) -> OsString {
    let bytes = name.as_bytes();
    if bytes.len() <= length {
        return name.to_owned();
    }
    let hash = blake3::hash(bytes).to_hex();
    let tag = hash.get(..12).unwrap_or_default();
    let mut cut = length.saturating_sub(tag.len() + 1);
    // Avoids cutting in the middle of a UTF-8 character.
    while cut > 0 && bytes.get(cut).is_some_and(|byte| byte & 0xc0 == 0x80) {
        cut -= 1;
    }
    let mut short = OsString::from_vec(bytes.get(..cut).unwrap_or_default().to_vec());
    short.push("~");
    short.push(tag);
    short
}

/// Returns the part before the hash of a name that [`fit`] has shortened, or `None` if it wasn't shortened.
pub fn before_the_cut(name: &OsStr) -> Option<&OsStr> {
    let (before, tag) = name.as_bytes().split_at_checked(name.len().checked_sub(13)?)?;
    let is_tag = tag.strip_prefix(b"~").is_some_and(|tag| tag.iter().all(u8::is_ascii_hexdigit));
    is_tag.then(|| OsStr::from_bytes(before))
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
        assert_eq!(stem_marker(film), Some("/films/A: Film.av1skip".into()));
        assert_eq!(stem_marker(Path::new("/films/A")), None, "that is its own");
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
    fn hidden_files_of_ours_are_known_by_their_names_and_others_arent() {
        let film = Path::new("/films/A.plan.av1tmp.mkv");
        let result = temporary(film, "20261122-134501-357123");
        let known = [
            (result.clone(), Hidden::Result),
            (second(&result), Hidden::Rehearsal),
            (trial(Path::new("/films"), "film"), Hidden::Rehearsal),
            (planned(film), Hidden::Planned),
            (PathBuf::from("/films/.A.mkv.why.txt.av1new"), Hidden::Sidecar),
        ];
        for (path, kind) in known {
            assert_eq!(hidden_kind(path.file_name().unwrap()), Some(kind), "{}", path.display());
        }
        for name in
            [".A.mkv.av1tmp", "A.20261122-134501-357123.av1tmp", ".A.1-2-3.av1tmp", ".av1new", ".av1d.lock"]
        {
            assert_eq!(hidden_kind(OsStr::new(name)), None, "{name}");
        }
    }

    #[test]
    fn names_of_any_bytes_are_kept() {
        let film = PathBuf::from(OsString::from_vec(b"/films/\xff\xfe\n.mkv".to_vec()));
        assert_eq!(backup(&film).as_os_str().as_bytes(), b"/films/\xff\xfe\n.mkv.orig");
    }
}
