//! What a config that is read again changes, and what of it a running daemon can take over.

use strum::IntoStaticStr;

use super::Settings;
use super::key::Present;
use super::keys::{KEYS, HIDDEN_KEYS};

/// A key that another config sets to something else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The key.
    pub key: &'static str,
    /// What it was, as TOML; nothing: it wasn't set.
    pub old: Option<String>,
    /// What it is now, as TOML; nothing: it isn't set.
    pub new: Option<String>,
    /// When it takes effect.
    pub takes: Takes,
}

/// When a changed key takes effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
pub enum Takes {
    /// With the next film that is looked at.
    AtOnce,
    /// With the next start: the old value is held open, locked or known by others.
    AtRestart,
}

/// What is held from the start to the end of a daemon: the lock and the job files, ffmpeg with its version, the socket.
/// A root that is new is locked when it is first walked; one that is gone keeps its lock, which harms nobody.
const HELD: [&str; 4] = ["job_state_dir", "ffmpeg", "ffprobe", "metrics_listen"];

/// The keys that `new` sets otherwise than `old`, in the order of the config.
pub fn differences(old: &Settings, new: &Settings) -> Vec<Difference> {
    let text = |present| match present {
        Present::Set(value) => Some(value),
        Present::Unset { .. } => None,
    };
    let all = KEYS.iter().chain(HIDDEN_KEYS).map(|key| Difference {
        key: key.name,
        old: text((key.get)(old)),
        new: text((key.get)(new)),
        takes: if HELD.contains(&key.name) { Takes::AtRestart } else { Takes::AtOnce },
    });
    all.filter(|difference| difference.old != difference.new).collect()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::parse;
    use super::*;

    fn changed(text: &str) -> Vec<Difference> {
        differences(&Settings::default(), &parse(text, Path::new("c.toml")).unwrap())
    }

    #[test]
    fn only_what_differs_is_named_in_the_order_of_the_config() {
        assert_eq!(changed(""), []);
        assert_eq!(changed("min_bytes = 0x8000_0000"), [], "the same in another notation");
        let found = changed("metrics_listen = '127.0.0.1:1'\nmin_bytes = 1\ntesting_svt_preset = 12");
        let row = |key, old: Option<&str>, new: &str, takes| Difference {
            key,
            old: old.map(Into::into),
            new: Some(new.into()),
            takes,
        };
        assert_eq!(
            found,
            [
                row("min_bytes", Some("2147483648"), "1", Takes::AtOnce),
                row("metrics_listen", None, "\"127.0.0.1:1\"", Takes::AtRestart),
                row("testing_svt_preset", None, "12", Takes::AtOnce),
            ]
        );
    }

    #[test]
    fn what_is_held_is_a_key_and_waits_for_a_restart() {
        for name in HELD {
            assert!(KEYS.iter().any(|key| key.name == name), "{name}");
        }
        let takes: Vec<Takes> =
            changed("job_state_dir = '/x'\nffmpeg = '/y'\nffprobe = '/z'\nlibrary_roots = ['/a']")
                .into_iter()
                .map(|difference| difference.takes)
                .collect();
        assert_eq!(takes, [Takes::AtOnce, Takes::AtRestart, Takes::AtRestart, Takes::AtRestart]);
    }
}
