//! Films that were named on the command line.

use std::path::Path;

use av1exec::daemon::root_of;
use av1exec::sanitize::display;
use av1exec::scan::Film;
use av1exec::settings::Settings;

use av1exec::failure::{Exit, Failure};

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
    let root = root_of(&path, &settings.library_roots).into();
    Film::look(&path, &root, &settings.policy).map_err(failed)
}
