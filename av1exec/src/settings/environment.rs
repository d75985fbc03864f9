//! The environment variables, as data.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// The environment variables that decide where files are, as read at program start.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Environment {
    /// `$AV1D_CONFIG`: the config file.
    pub av1d_config: Option<OsString>,
    /// `$XDG_CONFIG_HOME`: the folder of the user's config files.
    pub xdg_config_home: Option<OsString>,
    /// `$HOME`: the user's home folder.
    pub home: Option<OsString>,
    /// `$PATH`: the folders in which programs are searched.
    pub path: Option<OsString>,
    /// `$TMPDIR`: the folder for temporary files.
    pub tmpdir: Option<OsString>,
}

impl Environment {
    /// Calls `get` for each variable; a program passes `std::env::var_os`.
    pub fn from_vars(get: impl Fn(&str) -> Option<OsString>) -> Self {
        // By convention an empty variable counts as unset.
        let get = |name| get(name).filter(|value| !value.is_empty());
        Self {
            av1d_config: get("AV1D_CONFIG"),
            xdg_config_home: get("XDG_CONFIG_HOME"),
            home: get("HOME"),
            path: get("PATH"),
            tmpdir: get("TMPDIR"),
        }
    }

    /// Returns the path of the user's config file, which may not exist.
    pub(super) fn user_file(&self) -> Option<PathBuf> {
        // According to the XDG base directory specification, a relative path is invalid and must be ignored.
        let configs = absolute(self.xdg_config_home.as_ref())
            .or_else(|| Some(absolute(self.home.as_ref())?.join(".config")))?;
        Some(configs.join("av1d/config.toml"))
    }

    /// Returns the folder for temporary files.
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
