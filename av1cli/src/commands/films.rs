//! Resolves films that were named on the command line.

use std::path::{Path, PathBuf};

use av1exec::library::film::Film;
use av1exec::settings::Settings;
use av1exec::sys::sanitize::display;

use av1exec::sys::failure::{Exit, Failure};

/// Examines a file that was named on the command line.
pub(crate) fn look(file: &Path, settings: &Settings) -> Result<Film, Failure> {
    let failed = |error: std::io::Error| {
        let failure = Failure::new(Exit::Failed, format!("failed to look at {}: {error}", display(file)));
        match error.kind() {
            std::io::ErrorKind::NotFound => failure.hint("check the path"),
            std::io::ErrorKind::PermissionDenied => {
                failure.hint("run this as a user who may read the folder")
            }
            _ if file.is_dir() => failure.hint(
                "name a film in it, or put the folder into the config's `library_roots` and run `watch --once`",
            ),
            _ => failure.hint("only regular files can be worked on: no links, folders or devices"),
        }
    };
    let path = std::path::absolute(file).map_err(failed)?;
    Film::look_below(&path, &settings.library_roots, &settings.policy).map_err(failed)
}

/// Returns the path as the daemon knows it: symlinks in its folders are resolved, because the daemon walks the
/// library's real paths. The film itself need not exist.
pub(crate) fn real(path: &Path) -> Result<PathBuf, Failure> {
    let absolute = std::path::absolute(path).map_err(|error| {
        Failure::new(Exit::Failed, format!("failed to look at {}: {error}", display(path)))
            .hint("give an absolute path")
    })?;
    let real = match (absolute.parent(), absolute.file_name()) {
        (Some(folder), Some(name)) => folder.canonicalize().map(|folder| folder.join(name)),
        _ => absolute.canonicalize(),
    };
    Ok(real.unwrap_or(absolute))
}

/// Returns the paths under which jobs may know a file: with its real folder, which the daemon uses, and with the folder
/// as named on the command line.
pub(crate) fn names_of(path: &Path) -> Result<Vec<PathBuf>, Failure> {
    let real = real(path)?;
    let named = std::path::absolute(path).ok().filter(|named| *named != real);
    Ok(std::iter::once(real).chain(named).collect())
}
