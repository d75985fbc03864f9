//! Defines a key of the config, and finds keys by a name that may be misspelt.

use std::fmt;

use super::Settings;
use super::keys::{HIDDEN_KEYS, KEYS};
use super::value::{Read, Value};

/// A key of the config.
pub(super) struct Key {
    /// The name in the file.
    pub(super) name: &'static str,
    /// The allowed values, in words that fit after "must be".
    pub(super) allowed: Allowed,
    /// A sentence that says what the key is for.
    pub(super) purpose: &'static str,
    /// Stores a value, or returns what in it isn't allowed.
    pub(super) set: fn(&mut Settings, &Value<'_>) -> Read<()>,
    /// Returns the current value as TOML.
    pub(super) get: fn(&Settings) -> Present,
}

/// A key's current value.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Present {
    /// It is set to this TOML value.
    Set(String),
    /// It isn't set.
    Unset {
        /// An example of a TOML value.
        example: &'static str,
    },
}

/// The allowed values of a key.
pub(super) enum Allowed {
    /// A description in words.
    Words(&'static str),
    /// One of these strings.
    OneOf(&'static [&'static str]),
    /// A list of these strings.
    ListOf(&'static [&'static str]),
}

impl fmt::Display for Allowed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = match self {
            Self::Words(words) => return f.write_str(words),
            Self::OneOf(names) => names,
            Self::ListOf(names) => {
                f.write_str("a list, which may be empty, of ")?;
                names
            }
        };
        for (place, name) in names.iter().enumerate() {
            match names.len() - place {
                1 => write!(f, "{name:?}")?,
                2 => write!(f, "{name:?} or ")?,
                _ => write!(f, "{name:?}, ")?,
            }
        }
        Ok(())
    }
}

/// Returns the key with exactly this name.
pub(super) fn known(name: &str) -> Option<&'static Key> {
    KEYS.iter().chain(HIDDEN_KEYS).find(|key| key.name == name)
}

/// Returns the key that was probably meant: its name differs by a few letters, or contains this name.
pub(super) fn nearest(name: &str) -> Option<&'static Key> {
    /// The shortest name that is searched inside key names. A shorter one occurs in too many of them.
    const SHORTEST_PART: usize = 4;
    let name = name.to_lowercase().replace('-', "_");
    let length = name.chars().count();
    KEYS.iter()
        .map(|key| (strsim::damerau_levenshtein(key.name, &name), key))
        .filter(|(distance, key)| {
            distance * 3 <= length.max(key.name.len())
                || (length >= SHORTEST_PART && key.name.contains(&name))
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, key)| key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_key_is_offered_if_there_is_one() {
        for (name, key) in [
            ("min-bytes", Some("min_bytes")),
            ("MIN_BYTES", Some("min_bytes")),
            ("library_root", Some("library_roots")),
            ("scan_interval", Some("scan_interval_secs")),
            ("encoder", Some("prefer_encoder")),
            ("stable", Some("stable_secs")),
            ("ffprob", Some("ffprobe")),
            ("ffmepg", Some("ffmpeg")),
            ("colour", None),
            ("", None),
            ("s", None),
        ] {
            assert_eq!(nearest(name).map(|key| key.name), key, "{name}");
        }
    }

    #[test]
    fn what_is_allowed_reads_as_a_list() {
        for (names, words) in
            [(&["a"][..], r#""a""#), (&["a", "b"], r#""a" or "b""#), (&["a", "b", "c"], r#""a", "b" or "c""#)]
        {
            assert_eq!(Allowed::OneOf(names).to_string(), words);
        }
    }
}
