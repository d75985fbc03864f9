//! Films that were named on the command line.

use std::path::{Path, PathBuf};

use av1exec::library::film::Film;
use av1exec::settings::Settings;
use av1exec::sys::sanitize::display;

use av1exec::sys::failure::{Exit, Failure};

/// Looks at a file that somebody named.
pub(crate) fn look(file: &Path, settings: &Settings) -> Result<Film, Failure> {
    let failed = |error: std::io::Error| {
        let failure = Failure::new(Exit::Failed, format!("failed to look at {}: {error}", display(file)));
        match error.kind() {
            std::io::ErrorKind::NotFound => failure.hint("check the path"),
            std::io::ErrorKind::PermissionDenied => {
                failure.hint("run this as a user who may read the folder")
            }
            _ => failure.hint("only regular files can be worked on: no links, folders or devices"),
        }
    };
    let path = std::path::absolute(file).map_err(failed)?;
    Film::look_below(&path, &settings.library_roots, &settings.policy).map_err(failed)
}

/// The path as the daemon knows it: links in its folders are followed, since the library is walked that way; the film
/// itself may be gone.
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

/// The names by which the jobs may know a file: the daemon goes by its real folder, and who names a film by the folder that was named.
pub(crate) fn names_of(path: &Path) -> Result<Vec<PathBuf>, Failure> {
    let real = real(path)?;
    let named = std::path::absolute(path).ok().filter(|named| *named != real);
    Ok(std::iter::once(real).chain(named).collect())
}
