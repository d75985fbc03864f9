//! Excludes films and folders on a user's request by writing marker files, and includes them again by removing the
//! markers.

mod bounds;
mod error;

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use av1plan::Config;
use serde::{Deserialize, Serialize};

use super::roots::root_of;
use super::sidecars;
use crate::sys::sanitize::display;
use crate::sys::{disk, names};
pub use error::ExclusionError;

/// What to do with a marker that holds a text that av1d didn't write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Foreign {
    /// Keep it.
    #[default]
    Keep,
    /// Remove it.
    Remove,
}

impl Foreign {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
    pub(crate) fn is_kept(&self) -> bool {
        *self == Self::Keep
    }
}

/// What was done, as text for users, and the film's or folder's path with the symlinks in its folders resolved.
pub type Done = (String, PathBuf);

/// Writes the marker that excludes a film of the library, or everything below a folder of it.
pub fn exclude_in_library(path: &Path, roots: &[PathBuf], policy: &Config) -> Result<Done, ExclusionError> {
    let real = bounds::within(path, roots, policy)?;
    exclude(&real).map(|message| (message, real))
}

/// Removes the marker that excludes a film or a folder of the library. The message says whether another marker still
/// excludes it. The film itself may no longer exist.
pub fn include_in_library(
    path: &Path,
    foreign: Foreign,
    roots: &[PathBuf],
    policy: &Config,
) -> Result<Done, ExclusionError> {
    let real = bounds::within(path, roots, policy)?;
    include(&real, foreign, roots).map(|message| (message, real))
}

/// Removes the marker that av1d wrote by itself because a film's result was too big, so that the film can be tried
/// again. Returns whether there was one. If a person or another tool excluded the film, that is an error, and nothing
/// is removed.
pub fn retract(film: &Path, roots: &[PathBuf]) -> Result<bool, ExclusionError> {
    let own = names::skip_marker(film);
    let is_own = sidecars::is_about_size(&own);
    let persons = Some(&own).filter(|own| !is_own && std::fs::symlink_metadata(own).is_ok()).cloned();
    let stem = names::stem_marker(film).filter(|marker| sidecars::is_foreign(marker));
    if let Some(marker) = persons.or(stem).or_else(|| above(film, roots)) {
        return Err(ExclusionError::Excluded { path: film.to_owned(), marker });
    }
    if is_own {
        remove(&own)?;
    }
    Ok(is_own)
}

/// Writes the marker that excludes a film, or everything below a folder. Returns a message that says what was done.
pub(crate) fn exclude(path: &Path) -> Result<String, ExclusionError> {
    let found = std::fs::symlink_metadata(path).map_err(|error| unreadable(path, error))?;
    let marker = match () {
        () if found.is_dir() => path.join(names::SKIP_MARKER),
        () if found.is_file() => names::skip_marker(path),
        () => {
            return Err(ExclusionError::NoFilm { path: path.to_owned() });
        }
    };
    if std::fs::symlink_metadata(&marker).is_ok() {
        return Ok(format!("{} is left alone already", display(path)));
    }
    sidecars::write_marker(&marker, "a person asked to leave this alone")
        .map_err(|source| ExclusionError::Unwritable { marker, source })?;
    Ok(format!("{} is left alone from now on", display(path)))
}

/// Removes the marker that excludes a film or a folder. Returns a message that says what was done, and whether another
/// marker still excludes it. The film itself may no longer exist.
fn include(path: &Path, foreign: Foreign, roots: &[PathBuf]) -> Result<String, ExclusionError> {
    let is_folder = path.is_dir();
    let marker = if is_folder { path.join(names::SKIP_MARKER) } else { names::skip_marker(path) };
    let stem = names::stem_marker(path).filter(|marker| !is_folder && sidecars::is_foreign(marker));
    let said = match std::fs::symlink_metadata(&marker) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => match &stem {
            Some(stem) => return take_stem_away(path, stem, foreign, roots),
            None => "has no marker of its own",
        },
        Err(error) => return Err(unreadable(&marker, error)),
        Ok(found) if !found.is_file() => {
            return Err(ExclusionError::NotRegular { marker });
        }
        Ok(_) => {
            take_away(&marker, foreign)?;
            "is looked at again"
        }
    };
    match stem {
        Some(stem) if foreign == Foreign::Remove => take_stem_away(path, &stem, foreign, roots),
        Some(stem) => Ok(but(path, said, Some(&stem))),
        None => Ok(but(path, said, above(path, roots).as_deref())),
    }
}

/// Removes another tool's marker. It applies to every film with the same stem, so that it is removed only with
/// [`Foreign::Remove`].
fn take_stem_away(
    path: &Path,
    marker: &Path,
    foreign: Foreign,
    roots: &[PathBuf],
) -> Result<String, ExclusionError> {
    if !std::fs::symlink_metadata(marker).is_ok_and(|found| found.is_file()) {
        return Err(ExclusionError::NotRegular { marker: marker.to_owned() });
    }
    if foreign == Foreign::Keep {
        return Err(ExclusionError::ForStem { marker: marker.to_owned() });
    }
    remove(marker)?;
    Ok(but(path, "is looked at again", above(path, roots).as_deref()))
}

/// Builds the message: what was done, and the other marker that still excludes the path.
fn but(path: &Path, said: &str, other: Option<&Path>) -> String {
    match other {
        Some(other) => format!("{} {said}, but {} still excludes it", display(path), display(other)),
        None => format!("{} {said}", display(path)),
    }
}

/// How many bytes of a marker are read.
const READ: u64 = 4096;

fn take_away(marker: &Path, foreign: Foreign) -> Result<(), ExclusionError> {
    let mut text = Vec::new();
    let read = disk::open(marker).and_then(|file| file.take(READ).read_to_end(&mut text));
    read.map_err(|error| unreadable(marker, error))?;
    let ours = text.trim_ascii().is_empty() || sidecars::is_signed(&text);
    if !ours && foreign == Foreign::Keep {
        let text = String::from_utf8_lossy(&text);
        let first = text.trim().lines().next().unwrap_or_default().chars().take(80).collect::<String>();
        return Err(ExclusionError::OwnText { marker: marker.to_owned(), first });
    }
    remove(marker)
}

fn remove(marker: &Path) -> Result<(), ExclusionError> {
    disk::unlink(marker)
        .and_then(|()| disk::sync_folder_of(marker))
        .map_err(|source| ExclusionError::Unremovable { marker: marker.to_owned(), source })
}

/// Returns the marker of a parent folder that excludes `path`.
fn above(path: &Path, roots: &[PathBuf]) -> Option<PathBuf> {
    let root = root_of(path, roots);
    let folders = path.ancestors().skip(1).take_while(|folder| folder.starts_with(&root));
    let markers = folders.map(|folder| folder.join(names::SKIP_MARKER));
    markers.into_iter().find(|marker| marker.exists())
}

fn unreadable(path: &Path, source: io::Error) -> ExclusionError {
    let path = path.to_owned();
    match source.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => ExclusionError::Missing { path, source },
        _ => ExclusionError::Unreadable { path, source },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::library::size_terms::SizeTerms;
    use std::fs;

    fn library() -> (tempfile::TempDir, PathBuf) {
        let root = tempfile::tempdir().unwrap();
        let film = root.path().join("Series/a.mkv");
        fs::create_dir(root.path().join("Series")).unwrap();
        fs::write(&film, "film").unwrap();
        (root, film)
    }

    #[test]
    fn what_was_excluded_is_included_again() {
        let (root, film) = library();
        let roots = [root.path().to_owned()];
        let marker = |film: &Path| {
            let identity = disk::Identity::of(film).unwrap();
            sidecars::marker_of(film, root.path(), &identity, &Config::default())
        };
        for path in [film.as_path(), film.parent().unwrap()] {
            assert!(exclude(path).unwrap().ends_with("is left alone from now on"));
            assert!(marker(&film).is_some());
            assert!(exclude(path).unwrap().ends_with("is left alone already"));
            assert!(include(path, Foreign::Keep, &roots).unwrap().ends_with("is looked at again"));
            assert_eq!(marker(&film), None);
            assert!(include(path, Foreign::Keep, &roots).unwrap().ends_with("has no marker of its own"));
        }
        assert_eq!(fs::read(&film).unwrap(), b"film");
    }

    #[test]
    fn a_retry_takes_av1ds_own_marker_away_and_nobody_elses() {
        let (root, film) = library();
        let (roots, own) = ([root.path().to_owned()], names::skip_marker(&film));
        let too_big = || {
            let original = disk::Identity::of(&film).unwrap();
            let terms = SizeTerms::of(&Config::default());
            sidecars::mark(&film, "too big", sidecars::MarkCause::TooBig { original, terms }).unwrap();
        };
        assert!(!retract(&film, &roots).unwrap(), "there is none");
        too_big();
        assert!(retract(&film, &roots).unwrap());
        assert!(!own.exists());
        let folder = film.parent().unwrap();
        for other in [
            folder.join(names::SKIP_MARKER),
            root.path().join(names::SKIP_MARKER),
            film.with_extension("av1skip"),
        ] {
            too_big();
            fs::write(&other, "").unwrap();
            let refusal = retract(&film, &roots).unwrap_err();
            assert!(
                matches!(&refusal, ExclusionError::Excluded { marker, .. } if *marker == other),
                "{refusal:?}"
            );
            assert!(own.exists() && other.exists());
            fs::remove_file(&other).unwrap();
        }
        fs::remove_file(&own).unwrap();
        exclude(&film).unwrap();
        for text in [None, Some(""), Some("keep the grain")] {
            if let Some(text) = text {
                fs::write(&own, text).unwrap();
            }
            assert!(matches!(retract(&film, &roots), Err(ExclusionError::Excluded { .. })), "{text:?}");
            assert!(own.exists());
        }
    }

    #[test]
    fn an_empty_marker_goes_and_somebodys_text_stays_until_it_is_asked_for() {
        let (root, film) = library();
        let (roots, marker) = ([root.path().to_owned()], names::skip_marker(&film));
        fs::write(&marker, "\n").unwrap();
        include(&film, Foreign::Keep, &roots).unwrap();
        assert!(!marker.exists());
        fs::write(&marker, "grain\x1b[2J!\nmore").unwrap();
        let refusal = include(&film, Foreign::Keep, &roots).unwrap_err();
        assert!(matches!(refusal, ExclusionError::OwnText { .. }), "{refusal:?}");
        assert!(refusal.to_string().ends_with("text: grain\\u{1b}[2J!"), "{refusal:?}");
        assert!(marker.exists());
        include(&film, Foreign::Remove, &roots).unwrap();
        assert!(!marker.exists());
    }

    #[test]
    fn another_tools_marker_stays_until_it_is_asked_for() {
        let (root, film) = library();
        let (roots, stem) = ([root.path().to_owned()], film.with_extension("av1skip"));
        fs::write(&stem, "").unwrap();
        let refusal = include(&film, Foreign::Keep, &roots).unwrap_err();
        assert!(matches!(refusal, ExclusionError::ForStem { .. }), "{refusal:?}");
        exclude(&film).unwrap();
        let said = include(&film, Foreign::Keep, &roots).unwrap();
        assert!(said.ends_with(&format!("again, but {} still excludes it", stem.display())), "{said}");
        exclude(&film).unwrap();
        assert!(include(&film, Foreign::Remove, &roots).unwrap().ends_with("is looked at again"));
        assert!(!stem.exists() && !names::skip_marker(&film).exists());
        std::os::unix::fs::symlink("/nonexistent", &stem).unwrap();
        let refusal = include(&film, Foreign::Remove, &roots).unwrap_err();
        assert!(matches!(refusal, ExclusionError::NotRegular { .. }), "only regular files are removed");
        // A marker with av1d's signature for Series/a doesn't apply to Series/a.mkv.
        fs::remove_file(&stem).unwrap();
        sidecars::write_marker(&stem, "for another film").unwrap();
        include(&film, Foreign::Remove, &roots).unwrap();
        assert!(stem.exists());
    }

    #[test]
    fn only_regular_files_are_removed_and_only_films_and_folders_marked() {
        let (root, film) = library();
        let (roots, marker) = ([root.path().to_owned()], names::skip_marker(&film));
        std::os::unix::fs::symlink("/nonexistent", &marker).unwrap();
        let refusal = include(&film, Foreign::Remove, &roots).unwrap_err();
        assert!(matches!(refusal, ExclusionError::NotRegular { .. }), "{refusal:?}");
        assert!(fs::symlink_metadata(&marker).is_ok());
        let link = root.path().join("link.mkv");
        std::os::unix::fs::symlink(&film, &link).unwrap();
        assert!(matches!(exclude(&link), Err(ExclusionError::NoFilm { .. })));
        assert!(matches!(exclude(&root.path().join("gone.mkv")), Err(ExclusionError::Missing { .. })));
    }

    #[test]
    fn a_marker_above_is_named_and_a_film_that_is_gone_is_no_obstacle() {
        let (root, film) = library();
        let roots = [root.path().to_owned()];
        exclude(&film).unwrap();
        exclude(root.path()).unwrap();
        fs::remove_file(&film).unwrap();
        let said = include(&film, Foreign::Keep, &roots).unwrap();
        let above = root.path().join(names::SKIP_MARKER);
        assert!(said.ends_with(&format!("again, but {} still excludes it", above.display())), "{said}");
    }
}
