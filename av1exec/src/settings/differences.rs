//! Compares the config before and after a reload, and tells which changes a running daemon can apply.

use strum::IntoStaticStr;

use super::Settings;
use super::key::Present;
use super::keys::{HIDDEN_KEYS, KEYS};

/// A key whose value differs between two configs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The key.
    pub key: &'static str,
    /// The old value as TOML; `None` if it wasn't set.
    pub old: Option<String>,
    /// The new value as TOML; `None` if it isn't set.
    pub new: Option<String>,
    /// When it takes effect.
    pub takes: Takes,
}

/// When a changed value takes effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
pub enum Takes {
    /// It takes effect with the next film that is examined.
    AtOnce,
    /// It takes effect with the next start, because the running daemon has opened or locked what the old value names,
    /// or others know it.
    AtRestart,
}

/// The keys whose values a daemon uses from start to end: the lock and the job files, ffmpeg with its version, the
/// metrics socket. A new root is locked when it is first walked; a removed root keeps its lock, which does no harm.
const HELD: [&str; 5] = ["job_state_dir", "ffmpeg", "ffprobe", "mkvtoolnix", "metrics_listen"];

/// Returns the keys whose values differ, in the order of the config.
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
