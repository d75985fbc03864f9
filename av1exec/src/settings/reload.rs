//! Reads the config again for a running daemon. A file that an editor or a full disk has cut off often is a valid
//! config, but one by which other films would be worked on in another way: it is refused.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use super::environment::Environment;
use super::locate::{Loaded, load};
use super::{Settings, SettingsError};
use crate::sys::failure::{Exit, Failure};
use crate::sys::sanitize::display;

/// What tells whether a config file is complete.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Marks {
    /// Whether it sets `library_roots`.
    pub names_roots: bool,
    /// Whether its last line has an end.
    pub ends_line: bool,
}

/// Reads the config of a running daemon again.
#[derive(Debug)]
pub struct Reloader {
    explicit: Option<PathBuf>,
    environment: Environment,
    /// The file of the running config, and its marks.
    running: Mutex<(Option<PathBuf>, Marks)>,
}

impl Reloader {
    /// Creates a reloader for a daemon that runs with `loaded`. `explicit` is the value of `--config`.
    pub fn new(explicit: Option<PathBuf>, environment: Environment, loaded: &Loaded) -> Self {
        Self { explicit, environment, running: Mutex::new((loaded.file.clone(), loaded.marks)) }
    }

    /// Reads the config. If it is valid but lacks something that the running config has, it is refused.
    pub fn read(&self) -> Result<Settings, ReloadError> {
        let loaded = load(self.explicit.as_deref(), &self.environment)?;
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let (file, marks) = &*running;
        check(file.as_ref(), *marks, &loaded)?;
        *running = (loaded.file, loaded.marks);
        Ok(loaded.settings)
    }
}

/// Refuses a config that looks cut off. What the running config's file lacks, too, is no sign of that: some people
/// write files without a last line break.
fn check(file: Option<&PathBuf>, marks: Marks, new: &Loaded) -> Result<(), ReloadError> {
    match file {
        Some(file) if new.file.as_ref() != Some(file) => Err(ReloadError::Gone { file: file.clone() }),
        Some(file) if marks.names_roots && !new.marks.names_roots => {
            Err(ReloadError::NoRoots { file: file.clone() })
        }
        Some(file) if marks.ends_line && !new.marks.ends_line => {
            Err(ReloadError::CutOff { file: file.clone() })
        }
        _ => Ok(()),
    }
}

/// Why a config isn't taken over by a running daemon.
#[derive(Debug, thiserror::Error)]
pub enum ReloadError {
    /// It can't be read, or has mistakes.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The file of the running config isn't there any more.
    #[error("{}: this config file is gone", display(file))]
    Gone {
        /// The file.
        file: PathBuf,
    },
    /// The file is empty, or its part with `library_roots` is gone.
    #[error("{}: `library_roots` is gone from this file, which may be empty or cut off", display(file))]
    NoRoots {
        /// The file.
        file: PathBuf,
    },
    /// The last line has no end.
    #[error("{}: the last line of this file has no end, so that it may be cut off", display(file))]
    CutOff {
        /// The file.
        file: PathBuf,
    },
}

impl From<ReloadError> for Failure {
    fn from(error: ReloadError) -> Self {
        let hint = match &error {
            ReloadError::Settings(_) => None,
            ReloadError::Gone { .. } => Some("put it back, or start av1d anew to use another one"),
            ReloadError::NoRoots { .. } => Some("write it again, and name the folders of films"),
            ReloadError::CutOff { .. } => Some("complete it, and end its last line"),
        };
        match (error, hint) {
            (ReloadError::Settings(error), _) => error.into(),
            (error, Some(hint)) => Self::from_error(Exit::Usage, &error).hint(hint),
            (error, None) => Self::from_error(Exit::Usage, &error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    const WHOLE: &str = "library_roots = ['/a']\nmin_bytes = 2147483648\nkeep_original = true\n";

    fn outcome(reloader: &Reloader) -> &'static str {
        match reloader.read() {
            Ok(_) => "taken",
            Err(ReloadError::Settings(_)) => "invalid",
            Err(ReloadError::Gone { .. }) => "gone",
            Err(ReloadError::NoRoots { .. }) => "no roots",
            Err(ReloadError::CutOff { .. }) => "cut off",
        }
    }

    #[test]
    fn a_file_that_lost_its_end_or_its_roots_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("c.toml");
        // Each text is read after the whole config, so that none of the refusals changes what the next is held against.
        for (text, expected) in [
            (WHOLE, "taken"),
            ("# mine\nlibrary_roots = ['/b']\n", "taken"),
            ("", "no roots"),
            ("\n\n", "no roots"),
            ("min_bytes = 5\n", "no roots"),
            ("# library_roots = ['/a']\n", "no roots"),
            ("library_roots = ['/a']\nmin_bytes = 2147", "cut off"),
            ("library_roots = ['/a']", "cut off"),
            ("library_roots = ['/a']\nmin_by", "invalid"),
            ("library_roots = ['/a", "invalid"),
        ] {
            fs::write(&file, WHOLE).unwrap();
            let loaded = load(Some(&file), &Environment::default()).unwrap();
            let reloader = Reloader::new(Some(file.clone()), Environment::default(), &loaded);
            fs::write(&file, text).unwrap();
            assert_eq!(outcome(&reloader), expected, "{text:?}");
            fs::write(&file, WHOLE).unwrap();
            assert_eq!(outcome(&reloader), "taken", "after {text:?}");
        }
    }

    #[test]
    fn what_the_running_file_lacks_may_be_lacking() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("c.toml");
        fs::write(&file, "min_bytes = 5").unwrap();
        let loaded = load(Some(&file), &Environment::default()).unwrap();
        let reloader = Reloader::new(Some(file.clone()), Environment::default(), &loaded);
        for (text, expected) in [
            ("min_bytes = 6", "taken"),
            ("", "taken"),
            (WHOLE, "taken"),
            ("library_roots = ['/a']", "cut off"),
            ("min_bytes = 6\n", "no roots"),
        ] {
            fs::write(&file, text).unwrap();
            assert_eq!(outcome(&reloader), expected, "{text:?}");
        }
    }

    #[test]
    fn a_file_that_is_gone_isnt_replaced_by_another() {
        let home = tempfile::tempdir().unwrap();
        let environment = Environment { home: Some(home.path().into()), ..Environment::default() };
        let loaded = Loaded { settings: Settings::default(), file: None, marks: Marks::default() };
        let reloader = Reloader::new(None, environment.clone(), &loaded);
        let file = environment.user_file().unwrap();
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, WHOLE).unwrap();
        assert_eq!(outcome(&reloader), "taken", "the first config file");
        fs::remove_file(&file).unwrap();
        assert_eq!(outcome(&reloader), "gone");
    }
}
