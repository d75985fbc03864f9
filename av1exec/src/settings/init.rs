//! Creates a machine's first config file.

use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::default_file;
use super::environment::Environment;
use super::locate::SYSTEM_FILE;
use crate::sys::disk;
use crate::sys::sanitize::display;

/// Returns where a new config file belongs: `explicit` (`--path`, `--config`), or else `$AV1D_CONFIG`, or else for root
/// the system's file, which a service reads whatever user it runs as, and for other users their own file. `None` if
/// that needs a home folder and there is none.
pub fn target(explicit: Option<&Path>, environment: &Environment) -> Option<PathBuf> {
    target_for(explicit, environment, rustix::process::geteuid().is_root())
}

fn target_for(explicit: Option<&Path>, environment: &Environment, is_root: bool) -> Option<PathBuf> {
    let named =
        explicit.map(Path::to_path_buf).or_else(|| environment.av1d_config.clone().map(PathBuf::from));
    named.or_else(|| if is_root { Some(SYSTEM_FILE.into()) } else { environment.user_file() })
}

/// Writes the [`default_file`] and creates its folder. An existing file isn't changed.
pub fn write_default(path: &Path) -> Result<(), InitError> {
    let failed = |source| InitError::Failed { path: path.to_path_buf(), source };
    if std::fs::symlink_metadata(path).is_ok() {
        return Err(InitError::Exists { path: path.to_path_buf() });
    }
    std::fs::create_dir_all(disk::folder_of(path)).map_err(failed)?;
    let mut file = disk::create_new(path).map_err(|source| match source.kind() {
        ErrorKind::AlreadyExists => InitError::Exists { path: path.to_path_buf() },
        _ => failed(source),
    })?;
    let written = file.write_all(default_file().as_bytes()).and_then(|()| file.sync_all());
    if written.is_err() {
        // A partly written config would be read as a complete one. The first error is the one to report.
        drop(disk::unlink(path));
    }
    written.and_then(|()| disk::sync_folder_of(path)).map_err(failed)
}

/// Why no config file was written.
#[derive(Debug, Error)]
pub enum InitError {
    /// The path already exists.
    #[error("{} is there already, and nothing is ever overwritten", display(path))]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// The folder or the file can't be created.
    #[error("failed to write {}: {source}", display(path))]
    Failed {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
}

impl InitError {
    /// Says what to do about the error.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Exists { .. } => {
                "edit it, or name another place with --path; `av1cli config init --stdout` only prints the defaults"
            }
            Self::Failed { .. } => "name a place with --path where this user may write",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_config_goes_where_it_was_asked_for_else_where_it_will_be_read() {
        let home = Environment { home: Some("/users/u".into()), ..Environment::default() };
        let named = Environment { av1d_config: Some("/named".into()), ..home.clone() };
        let user = "/users/u/.config/av1d/config.toml";
        for (explicit, environment, is_root, expected) in [
            (Some("/given"), &named, true, Some("/given")),
            (None, &named, true, Some("/named")),
            (None, &home, true, Some(SYSTEM_FILE)),
            (None, &home, false, Some(user)),
            (None, &Environment::default(), true, Some(SYSTEM_FILE)),
            (None, &Environment::default(), false, None),
        ] {
            let found = target_for(explicit.map(Path::new), environment, is_root);
            assert_eq!(found.as_deref(), expected.map(Path::new), "{explicit:?} {is_root}");
        }
    }

    #[test]
    fn what_is_there_stays_as_it_is_even_a_link_that_leads_nowhere() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("a/b/config.toml"), folder.path().join("link"));
        write_default(&file).unwrap();
        assert_eq!(std::fs::read_to_string(&file).unwrap(), default_file());
        std::fs::write(&file, "min_bytes = 1").unwrap();
        std::os::unix::fs::symlink("nowhere", &link).unwrap();
        for path in [&file, &link] {
            assert!(matches!(write_default(path), Err(InitError::Exists { .. })));
        }
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "min_bytes = 1");
        assert!(!folder.path().join("nowhere").exists());
    }
}
