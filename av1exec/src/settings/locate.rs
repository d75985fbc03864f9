//! Where the config file is.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};

use super::Settings;
use super::error::{NamedBy, Problem, SettingsError};
use super::file::parse_bytes;

/// The config file of the whole machine.
pub const SYSTEM_FILE: &str = "/etc/av1d/config.toml";

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
        }
    }

    /// The user's own config file, whether it is there or not.
    fn user_file(&self) -> Option<PathBuf> {
        // The XDG base directory specification: a relative path is invalid and ignored.
        let absolute =
            |folder: &Option<OsString>| folder.clone().map(PathBuf::from).filter(|path| path.is_absolute());
        let configs =
            absolute(&self.xdg_config_home).or_else(|| Some(absolute(&self.home)?.join(".config")))?;
        Some(configs.join("av1d/config.toml"))
    }
}

/// Settings and where they come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loaded {
    /// The settings.
    pub settings: Settings,
    /// The file they were read from; nothing: the built-in defaults.
    pub file: Option<PathBuf>,
}

/// Reads the config: the file `explicit` (`--config`) or else the one of `$AV1D_CONFIG`, which must be there; else the
/// user's (`$XDG_CONFIG_HOME/av1d/config.toml`) or else the machine's ([`SYSTEM_FILE`]), if they are there; else the
/// defaults. Files aren't merged: the first one is the config.
pub fn load(explicit: Option<&Path>, environment: &Environment) -> Result<Loaded, SettingsError> {
    load_or_system(explicit, environment, Path::new(SYSTEM_FILE))
}

fn load_or_system(
    explicit: Option<&Path>,
    environment: &Environment,
    system_file: &Path,
) -> Result<Loaded, SettingsError> {
    let by_variable = || {
        let variable = environment.av1d_config.as_ref().filter(|value| !value.is_empty());
        Some((PathBuf::from(variable?), NamedBy::Variable))
    };
    let by_caller = explicit.map(|path| (path.to_path_buf(), NamedBy::Caller));
    if let Some((path, named_by)) = by_caller.or_else(by_variable) {
        return match read(&path)? {
            Some(bytes) => loaded(&bytes, path),
            None => Err(SettingsError::NotFound { path, named_by }),
        };
    }
    for path in environment.user_file().into_iter().chain([system_file.to_path_buf()]) {
        if let Some(bytes) = read(&path)? {
            return loaded(&bytes, path);
        }
    }
    Ok(Loaded { settings: Settings::default(), file: None })
}

fn loaded(bytes: &[u8], path: PathBuf) -> Result<Loaded, SettingsError> {
    Ok(Loaded { settings: parse_bytes(bytes, &path)?, file: Some(path) })
}

/// A film given as `--config` must not be read into memory as a whole.
const LARGEST: u64 = 1 << 20;

/// The file's bytes; nothing where there is no such file.
fn read(path: &Path) -> Result<Option<Vec<u8>>, SettingsError> {
    let unreadable = |source| SettingsError::Unreadable { path: path.to_path_buf(), source };
    let mut bytes = Vec::new();
    match File::open(path).and_then(|file| file.take(LARGEST + 1).read_to_end(&mut bytes)) {
        Ok(_) => {}
        // A link that leads nowhere was made by someone who wants another config than the defaults.
        Err(error) if error.kind() == ErrorKind::NotFound && fs::symlink_metadata(path).is_ok() => {
            let dangling = "it is a symbolic link to a file that isn't there";
            return Err(unreadable(io::Error::new(ErrorKind::NotFound, dangling)));
        }
        // "Not a directory": something above the file is a file itself.
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            return Ok(None);
        }
        Err(error) => return Err(unreadable(error)),
    }
    if bytes.len() as u64 > LARGEST {
        return Err(SettingsError::Invalid {
            path: path.to_path_buf(),
            problems: vec![Problem {
                line: 1,
                column: 1,
                message: "the file is larger than 1 MiB, which no config is".into(),
            }],
        });
    }
    Ok(Some(bytes))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use tempfile::TempDir;

    use super::*;

    /// A folder in which each place that is looked at has its own file, told apart by `min_bytes`.
    struct Places(TempDir);

    const PLACES: [(&str, u64); 5] = [
        ("explicit.toml", 1),
        ("variable.toml", 2),
        ("xdg/av1d/config.toml", 3),
        ("home/.config/av1d/config.toml", 4),
        ("etc/config.toml", 5),
    ];

    impl Places {
        fn with(present: &[u64]) -> Self {
            let places = Self(tempfile::tempdir().unwrap());
            for (name, number) in PLACES {
                let path = places.at(name);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                if present.contains(&number) {
                    fs::write(path, format!("min_bytes = {number}")).unwrap();
                }
            }
            places
        }

        fn at(&self, name: &str) -> PathBuf {
            self.0.path().join(name)
        }

        fn load(&self, set: &[&str]) -> Result<Loaded, SettingsError> {
            let variable = |name: &str, value: PathBuf| set.contains(&name).then(|| value.into_os_string());
            let environment = Environment {
                av1d_config: variable("AV1D_CONFIG", self.at("variable.toml")),
                xdg_config_home: variable("XDG_CONFIG_HOME", self.at("xdg")),
                home: variable("HOME", self.at("home")),
                path: None,
            };
            let explicit = set.contains(&"--config").then(|| self.at("explicit.toml"));
            load_or_system(explicit.as_deref(), &environment, &self.at("etc/config.toml"))
        }
    }

    #[test]
    fn the_first_file_of_the_order_is_the_config() {
        let all = ["--config", "AV1D_CONFIG", "XDG_CONFIG_HOME", "HOME"];
        for (present, set, taken) in [
            (&[1, 2, 3, 4, 5][..], &all[..], 1),
            (&[1, 2, 3, 4, 5], &all[1..], 2),
            (&[1, 2, 3, 4, 5], &all[2..], 3),
            (&[1, 2, 3, 4, 5], &all[3..], 4),
            (&[1, 2, 3, 4, 5], &[], 5),
            // $XDG_CONFIG_HOME stands for $HOME/.config and isn't looked at beside it.
            (&[4, 5], &all[2..], 5),
            (&[5], &all[3..], 5),
        ] {
            let loaded = Places::with(present).load(set).unwrap();
            assert_eq!(loaded.settings.policy.min_bytes, taken, "{present:?} {set:?}");
            assert!(loaded.file.is_some());
        }
        let none = Places::with(&[1, 2]).load(&all[2..]).unwrap();
        assert_eq!((none.settings, none.file), (Settings::default(), None));
    }

    #[test]
    fn a_file_that_was_named_must_be_there() {
        for (set, by) in
            [(&["--config", "AV1D_CONFIG"][..], NamedBy::Caller), (&["AV1D_CONFIG"], NamedBy::Variable)]
        {
            match Places::with(&[3, 4, 5]).load(set) {
                Err(SettingsError::NotFound { named_by, .. }) => assert_eq!(named_by, by),
                other => panic!("{other:?}"),
            }
        }
    }

    #[test]
    fn a_file_that_is_there_is_never_passed_over() {
        type Spoil = fn(&Path);
        let table: [(Spoil, &str); 4] = [
            (|path| fs::create_dir(path).unwrap(), "can't read this config file"),
            (|path| symlink("nowhere", path).unwrap(), "can't read this config file"),
            (|path| fs::write(path, b"\xff").unwrap(), "not UTF-8"),
            (|path| fs::write(path, vec![b'#'; 2 << 20]).unwrap(), "larger than 1 MiB"),
        ];
        for (spoil, message) in table {
            let places = Places::with(&[5]);
            spoil(&places.at("xdg/av1d/config.toml"));
            let error = places.load(&["XDG_CONFIG_HOME"]).unwrap_err().to_string();
            assert!(error.contains("xdg/av1d/config.toml") && error.contains(message), "{error}");
        }
    }

    #[test]
    fn the_environment_is_what_the_main_says() {
        let get = |name: &str| match name {
            "AV1D_CONFIG" => Some("".into()),
            "HOME" => Some("/users/u".into()),
            "XDG_CONFIG_HOME" => Some("relative".into()),
            _ => None,
        };
        let environment = Environment::from_vars(get);
        assert_eq!(environment.av1d_config, None);
        assert_eq!(environment.user_file(), Some("/users/u/.config/av1d/config.toml".into()));
        assert_eq!(Environment::default().user_file(), None);
    }
}
