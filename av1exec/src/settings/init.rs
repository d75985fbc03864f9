//! Creates a machine's first config file.

use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::environment::Environment;
use super::locate::SYSTEM_FILE;
use super::render::{quoted_list, quoted_path};
use super::{Mark, Settings, default_file, file_of};
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

/// Returns the text of a new config file. Root's has the defaults, which suit a service; that of any other user names
/// folders that this user has.
pub fn text(environment: &Environment) -> String {
    text_for(environment, rustix::process::geteuid().is_root())
}

fn text_for(environment: &Environment, is_root: bool) -> String {
    // A config is UTF-8, so that it can't name every folder.
    let jobs = environment.user_jobs().filter(|jobs| !is_root && jobs.to_str().is_some());
    let Some(jobs) = jobs else { return default_file() };
    let default = Settings::default();
    let videos = environment.user_videos().filter(|videos| videos.to_str().is_some());
    let has_videos = videos.is_some();
    let example = || environment.home.as_ref().map(|home| Path::new(home).join("Videos"));
    let roots = videos.or_else(example).map_or_else(|| default.library_roots.clone(), |folder| vec![folder]);
    let left_out = quoted_list(default.library_roots.iter().map(|root| root.to_string_lossy()));
    let remark = if has_videos {
        format!("Chosen because you have it; left out, it is {left_out}.")
    } else {
        format!("Name your own folders here, without the first #; left out, it is {left_out}.")
    };
    let marks = [
        Mark { key: "library_roots", remark, is_example: !has_videos },
        Mark {
            key: "job_state_dir",
            remark: format!(
                "A folder that you may write to; left out, it is {}.",
                quoted_path(&default.job_state_dir)
            ),
            is_example: false,
        },
    ];
    file_of(&Settings { library_roots: roots, job_state_dir: jobs, ..default }, &marks)
}

/// Writes a config file with this text, and creates its folder. An existing file isn't changed.
pub fn write_new(path: &Path, text: &str) -> Result<(), InitError> {
    let failed = |source| InitError::Failed { path: path.to_path_buf(), source };
    if std::fs::symlink_metadata(path).is_ok() {
        return Err(InitError::Exists { path: path.to_path_buf() });
    }
    std::fs::create_dir_all(disk::folder_of(path)).map_err(failed)?;
    let mut file = disk::create_new(path).map_err(|source| match source.kind() {
        ErrorKind::AlreadyExists => InitError::Exists { path: path.to_path_buf() },
        _ => failed(source),
    })?;
    let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_all());
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
        write_new(&file, &default_file()).unwrap();
        assert_eq!(std::fs::read_to_string(&file).unwrap(), default_file());
        std::fs::write(&file, "min_bytes = 1").unwrap();
        std::os::unix::fs::symlink("nowhere", &link).unwrap();
        for path in [&file, &link] {
            assert!(matches!(write_new(path, ""), Err(InitError::Exists { .. })));
        }
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "min_bytes = 1");
        assert!(!folder.path().join("nowhere").exists());
    }

    #[test]
    fn a_users_config_names_folders_that_the_user_has_and_roots_the_defaults() {
        let home = tempfile::tempdir().unwrap();
        let environment = Environment { home: Some(home.path().into()), ..Environment::default() };
        assert_eq!(text_for(&environment, true), default_file());
        assert_eq!(text_for(&Environment::default(), false), default_file(), "there is no home");

        let read = |text: &str| super::super::parse(text, Path::new("c.toml")).unwrap();
        let jobs = home.path().join(".local/state/av1d/jobs");
        let text = text_for(&environment, false);
        let default = Settings::default();
        assert_eq!(read(&text), Settings { job_state_dir: jobs.clone(), ..default.clone() });
        let videos = home.path().join("Videos");
        let line = format!("library_roots = [{}]\n", quoted_path(&videos));
        assert!(text.contains(&format!("left out, it is [\"/media\"].\n# {line}")), "{text}");

        std::fs::create_dir(&videos).unwrap();
        let text = text_for(&environment, false);
        assert_eq!(read(&text), Settings { library_roots: vec![videos], job_state_dir: jobs, ..default });
        assert!(text.contains(&format!("left out, it is [\"/media\"].\n{line}")), "{text}");
    }
}
