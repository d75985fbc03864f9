//! Finds the config file.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};

use strum::IntoStaticStr;

use super::Settings;
use super::environment::Environment;
use super::error::{NamedBy, Problem, SettingsError};
use super::file::{Reading, read_bytes};
use super::reload::Marks;

/// The system-wide config file.
pub const SYSTEM_FILE: &str = "/etc/av1d/config.toml";

/// Settings and the file they come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loaded {
    /// The settings.
    pub settings: Settings,
    /// The file they were read from; `None` for the built-in defaults.
    pub file: Option<PathBuf>,
    /// What tells whether that file is complete.
    pub marks: Marks,
}

/// Loads the config: the file `explicit` (`--config`) or else that of `$AV1D_CONFIG`, which must exist if it is named;
/// else the user's (`$XDG_CONFIG_HOME/av1d/config.toml`) or else the system's ([`SYSTEM_FILE`]) if they exist; else the
/// defaults. Files aren't merged: only the first one found is used.
pub fn load(explicit: Option<&Path>, environment: &Environment) -> Result<Loaded, SettingsError> {
    load_from(&places(explicit, environment, Path::new(SYSTEM_FILE)))
}

fn load_from(places: &[Place]) -> Result<Loaded, SettingsError> {
    Ok(match first(places)? {
        Some((path, bytes)) => {
            let reading = read_bytes(&bytes);
            let marks =
                Marks { names_roots: reading.sets("library_roots"), ends_line: bytes.ends_with(b"\n") };
            Loaded { settings: reading.whole(&path)?, file: Some(path), marks }
        }
        None => Loaded { settings: Settings::default(), file: None, marks: Marks::default() },
    })
}

/// The config as found, whether it is valid or not.
#[derive(Debug)]
pub struct Inspection {
    /// The places that are searched, in order.
    pub places: Vec<Place>,
    /// The file that is used, even if it doesn't exist or can't be read; `None` for the built-in defaults.
    pub file: Option<PathBuf>,
    /// Its content, as far as it could be read.
    pub reading: Reading,
    /// The error that [`load`] returns, if any.
    pub error: Option<SettingsError>,
}

/// Searches the config like [`load`], but returns what could be read even if there is an error.
pub fn inspect(explicit: Option<&Path>, environment: &Environment) -> Inspection {
    inspect_places(places(explicit, environment, Path::new(SYSTEM_FILE)))
}

fn inspect_places(places: Vec<Place>) -> Inspection {
    match first(&places) {
        Ok(None) => Inspection { places, file: None, reading: Reading::default(), error: None },
        Ok(Some((path, bytes))) => {
            let reading = read_bytes(&bytes);
            let error = reading.clone().whole(&path).err();
            Inspection { places, file: Some(path), reading, error }
        }
        Err(error) => {
            let file = Some(error.path().to_path_buf());
            Inspection { places, file, reading: Reading::default(), error: Some(error) }
        }
    }
}

/// A place where a config file may be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The file.
    pub path: PathBuf,
    /// Why the config is searched there.
    pub origin: Origin,
}

impl Place {
    /// Whether something exists at this path, readable or not.
    pub fn is_taken(&self) -> bool {
        fs::symlink_metadata(&self.path).is_ok()
    }
}

/// Why a config is searched in a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
pub enum Origin {
    /// The caller named the file with `--config`.
    Caller,
    /// `$AV1D_CONFIG` names it.
    Variable,
    /// It is the user's config file.
    User,
    /// It is the system's config file.
    System,
}

impl Origin {
    /// Returns what named the file explicitly, so that a missing file is an error.
    fn named_by(self) -> Option<NamedBy> {
        match self {
            Self::Caller => Some(NamedBy::Caller),
            Self::Variable => Some(NamedBy::Variable),
            Self::User | Self::System => None,
        }
    }
}

/// Returns all places in order. If a file is named explicitly, the places after it aren't read, but they are listed.
fn places(explicit: Option<&Path>, environment: &Environment, system_file: &Path) -> Vec<Place> {
    let variable = environment.av1d_config.as_ref().filter(|value| !value.is_empty());
    [
        (Origin::Caller, explicit.map(Path::to_path_buf)),
        (Origin::Variable, variable.map(PathBuf::from)),
        (Origin::User, environment.user_file()),
        (Origin::System, Some(system_file.to_path_buf())),
    ]
    .into_iter()
    .filter_map(|(origin, path)| Some(Place { path: path?, origin }))
    .collect()
}

/// Returns the file that is used as the config, and its content.
fn first(places: &[Place]) -> Result<Option<(PathBuf, Vec<u8>)>, SettingsError> {
    for Place { path, origin } in places {
        match (read(path)?, origin.named_by()) {
            (Some(bytes), _) => return Ok(Some((path.clone(), bytes))),
            (None, Some(named_by)) => return Err(SettingsError::NotFound { path: path.clone(), named_by }),
            (None, None) => {}
        }
    }
    Ok(None)
}

/// The size limit of a config file. A film that is given as `--config` by mistake must not be read into memory.
const LARGEST: u64 = 1 << 20;

/// Reads the file, or returns `None` if it doesn't exist.
fn read(path: &Path) -> Result<Option<Vec<u8>>, SettingsError> {
    let unreadable = |source| SettingsError::Unreadable { path: path.to_path_buf(), source };
    let mut bytes = Vec::new();
    match File::open(path).and_then(|file| file.take(LARGEST + 1).read_to_end(&mut bytes)) {
        Ok(_) => {}
        // A dangling symlink is an error: whoever created it wants a config other than the defaults.
        Err(error) if error.kind() == ErrorKind::NotFound && fs::symlink_metadata(path).is_ok() => {
            let dangling = "it is a symbolic link to a file that isn't there";
            return Err(unreadable(io::Error::new(ErrorKind::NotFound, dangling)));
        }
        // `NotADirectory`: a parent of this path is a file.
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

    /// A folder in which each place has its own config file; they differ in `min_bytes`.
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
            load_from(&self.places(set))
        }

        fn inspect(&self, set: &[&str]) -> Inspection {
            inspect_places(self.places(set))
        }

        fn places(&self, set: &[&str]) -> Vec<Place> {
            let variable = |name: &str, value: PathBuf| set.contains(&name).then(|| value.into_os_string());
            let environment = Environment {
                av1d_config: variable("AV1D_CONFIG", self.at("variable.toml")),
                xdg_config_home: variable("XDG_CONFIG_HOME", self.at("xdg")),
                home: variable("HOME", self.at("home")),
                ..Environment::default()
            };
            let explicit = set.contains(&"--config").then(|| self.at("explicit.toml"));
            places(explicit.as_deref(), &environment, &self.at("etc/config.toml"))
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
            // $XDG_CONFIG_HOME replaces $HOME/.config: the latter isn't searched in addition.
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
    fn an_inspection_tells_what_load_fails_with_and_what_could_be_read_all_the_same() {
        let places = Places::with(&[3, 5]);
        fs::write(places.at("xdg/av1d/config.toml"), "min_bytes = 7\nstable_secs = 'x'").unwrap();
        let inspection = places.inspect(&["XDG_CONFIG_HOME"]);
        assert_eq!(inspection.file, Some(places.at("xdg/av1d/config.toml")));
        assert_eq!(inspection.reading.settings.policy.min_bytes, 7);
        let expected = places.load(&["XDG_CONFIG_HOME"]).unwrap_err().to_string();
        assert_eq!(inspection.error.unwrap().to_string(), expected);

        let missing = places.inspect(&["--config", "XDG_CONFIG_HOME"]);
        assert_eq!(missing.file, Some(places.at("explicit.toml")), "the others don't count");
        assert_eq!(missing.reading, Reading::default());
        assert!(matches!(missing.error, Some(SettingsError::NotFound { .. })));
        let seen: Vec<_> = missing.places.iter().map(|place| (place.origin, place.is_taken())).collect();
        assert_eq!(seen, [(Origin::Caller, false), (Origin::User, true), (Origin::System, true)]);
    }
}
