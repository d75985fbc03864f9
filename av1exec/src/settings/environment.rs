//! The environment, as a main found it.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// The variables that decide where things are, as a main found them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Environment {
    /// `$AV1D_CONFIG`: the config file.
    pub av1d_config: Option<OsString>,
    /// `$XDG_CONFIG_HOME`: the folder of a user's configs.
    pub xdg_config_home: Option<OsString>,
    /// `$HOME`: the user's folder.
    pub home: Option<OsString>,
    /// `$PATH`: where programs are looked for.
    pub path: Option<OsString>,
    /// `$TMPDIR`: where files are put that nobody needs afterwards.
    pub tmpdir: Option<OsString>,
}

impl Environment {
    /// Asks `get` for each variable: a main passes `std::env::var_os`.
    pub fn from_vars(get: impl Fn(&str) -> Option<OsString>) -> Self {
        // By custom an empty variable is as good as none.
        let get = |name| get(name).filter(|value| !value.is_empty());
        Self {
            av1d_config: get("AV1D_CONFIG"),
            xdg_config_home: get("XDG_CONFIG_HOME"),
            home: get("HOME"),
            path: get("PATH"),
            tmpdir: get("TMPDIR"),
        }
    }

    /// The user's own config file, whether it is there or not.
    pub(super) fn user_file(&self) -> Option<PathBuf> {
        // The XDG base directory specification: a relative path is invalid and ignored.
        let configs = absolute(self.xdg_config_home.as_ref())
            .or_else(|| Some(absolute(self.home.as_ref())?.join(".config")))?;
        Some(configs.join("av1d/config.toml"))
    }

    /// The folder for files that nobody needs afterwards.
    pub fn temporary_folder(&self) -> PathBuf {
        absolute(self.tmpdir.as_ref()).unwrap_or_else(|| Path::new("/tmp").to_path_buf())
    }
}

fn absolute(folder: Option<&OsString>) -> Option<PathBuf> {
    folder.map(PathBuf::from).filter(|path| path.is_absolute())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_is_what_the_main_says() {
        let get = |name: &str| match name {
            "AV1D_CONFIG" => Some("".into()),
            "HOME" => Some("/users/u".into()),
            "XDG_CONFIG_HOME" => Some("relative".into()),
            "TMPDIR" => Some("/scratch".into()),
            _ => None,
        };
        let environment = Environment::from_vars(get);
        assert_eq!(environment.av1d_config, None);
        assert_eq!(environment.user_file(), Some("/users/u/.config/av1d/config.toml".into()));
        assert_eq!(environment.temporary_folder(), Path::new("/scratch"));
        let nothing = Environment::default();
        assert_eq!((nothing.user_file(), nothing.temporary_folder()), (None, "/tmp".into()));
    }
}
