//! The environment variables, as data.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// The environment variables that decide where files are and which time it is, as read at program start.
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
    /// `$XDG_STATE_HOME`: the folder of the user's state files.
    pub xdg_state_home: Option<OsString>,
    /// `$XDG_VIDEOS_DIR`: the user's folder of videos.
    pub xdg_videos_dir: Option<OsString>,
    /// `$TZ`: the local time zone.
    pub tz: Option<OsString>,
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
            xdg_state_home: get("XDG_STATE_HOME"),
            xdg_videos_dir: get("XDG_VIDEOS_DIR"),
            tz: get("TZ"),
        }
    }

    /// Returns the path of the user's config file, which may not exist.
    pub(super) fn user_file(&self) -> Option<PathBuf> {
        Some(self.user_configs()?.join("av1d/config.toml"))
    }

    /// Returns the folder of the user's config files.
    fn user_configs(&self) -> Option<PathBuf> {
        // According to the XDG base directory specification, a relative path is invalid and must be ignored.
        absolute(self.xdg_config_home.as_ref()).or_else(|| Some(self.home()?.join(".config")))
    }

    fn home(&self) -> Option<PathBuf> {
        absolute(self.home.as_ref())
    }

    /// Returns the folder for the user's jobs, which may not exist.
    pub(super) fn user_jobs(&self) -> Option<PathBuf> {
        let states =
            absolute(self.xdg_state_home.as_ref()).or_else(|| Some(self.home()?.join(".local/state")))?;
        Some(states.join("av1d/jobs"))
    }

    /// Returns the user's folder of videos, if there is one: the one that the desktop names, or else `~/Videos` or
    /// `~/Movies`.
    pub(super) fn user_videos(&self) -> Option<PathBuf> {
        let named = absolute(self.xdg_videos_dir.as_ref()).or_else(|| {
            let text = std::fs::read_to_string(self.user_configs()?.join("user-dirs.dirs")).ok()?;
            videos_of(&text, &self.home()?)
        });
        let usual = self.home().into_iter().flat_map(|home| ["Videos", "Movies"].map(|name| home.join(name)));
        // A desktop names the home itself for a folder that the user doesn't want.
        let named = named.filter(|named| Some(named) != self.home().as_ref());
        named.into_iter().chain(usual).find(|folder| folder.is_dir())
    }

    /// Returns the folder for temporary files.
    pub fn temporary_folder(&self) -> PathBuf {
        absolute(self.tmpdir.as_ref()).unwrap_or_else(|| Path::new("/tmp").to_path_buf())
    }
}

/// Reads the folder of videos from `user-dirs.dirs`, as xdg-user-dirs writes it: `XDG_VIDEOS_DIR="$HOME/Videos"`.
fn videos_of(text: &str, home: &Path) -> Option<PathBuf> {
    let value = text.lines().find_map(|line| line.trim().strip_prefix("XDG_VIDEOS_DIR="))?;
    let value = value.strip_prefix('"')?.strip_suffix('"')?;
    match value.strip_prefix("$HOME") {
        Some(below) => Some(home.join(below.trim_start_matches('/'))),
        None => Some(PathBuf::from(value)).filter(|path| path.is_absolute()),
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
    #[test]
    fn a_users_folders_are_those_that_the_desktop_names_or_else_the_usual_ones() {
        let home = tempfile::tempdir().unwrap();
        let at = |name: &str| home.path().join(name);
        let plain = Environment { home: Some(home.path().into()), ..Environment::default() };
        assert_eq!(plain.user_jobs(), Some(at(".local/state/av1d/jobs")));
        let state = Environment { xdg_state_home: Some("/state".into()), ..plain.clone() };
        assert_eq!(state.user_jobs(), Some("/state/av1d/jobs".into()));
        assert_eq!(Environment::default().user_jobs(), None);

        assert_eq!((plain.user_videos(), Environment::default().user_videos()), (None, None));
        for (made, expected) in [("Movies", "Movies"), ("Videos", "Videos"), ("Filme", "Videos")] {
            std::fs::create_dir(at(made)).unwrap();
            assert_eq!(plain.user_videos(), Some(at(expected)), "{made}");
        }
        std::fs::create_dir(at(".config")).unwrap();
        for (line, expected) in [
            ("XDG_VIDEOS_DIR=\"$HOME/Filme\"", "Filme"),
            ("XDG_VIDEOS_DIR=\"$HOME/Gone\"", "Videos"),
            ("XDG_VIDEOS_DIR=\"$HOME/\"", "Videos"),
            ("#XDG_VIDEOS_DIR=\"$HOME/Filme\"", "Videos"),
            ("XDG_VIDEOS_DIR=Filme", "Videos"),
        ] {
            std::fs::write(at(".config/user-dirs.dirs"), format!("# mine\n{line}\n")).unwrap();
            assert_eq!(plain.user_videos(), Some(at(expected)), "{line}");
        }
        let named = Environment { xdg_videos_dir: Some(at("Movies").into()), ..plain };
        assert_eq!(named.user_videos(), Some(at("Movies")));
    }
}
