//! The effective value of each key and its source.

use super::file::{Line, Reading};
use super::key::Present;
use super::keys::{HIDDEN_KEYS, KEYS};

/// A key and its effective value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effective {
    /// The key.
    pub key: &'static str,
    /// The value as TOML; `None` if it isn't set.
    pub value: Option<String>,
    /// Where the value comes from.
    pub source: Source,
}

/// Where an effective value comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// The default, because the file doesn't contain the key.
    Default,
    /// A line of the file.
    File {
        /// The line number, from 1.
        line: usize,
    },
    /// The default, because the value in this line of the file is wrong.
    Refused {
        /// The line number, from 1.
        line: usize,
    },
}

impl Effective {
    /// Returns the value as JSON; null if it isn't set.
    pub fn json(&self) -> serde_json::Value {
        // Every value is rendered in a form that is both TOML and JSON: there are no dates, tables or bare infinities.
        self.value.as_deref().and_then(|value| serde_json::from_str(value).ok()).unwrap_or_default()
    }
}

/// Returns the effective value of each key, in the order of the config. Hidden keys are included only if the file
/// contains them.
pub fn effective(reading: &Reading) -> Vec<Effective> {
    let named = |name: &str| reading.lines.contains_key(name);
    let keys = KEYS.iter().chain(HIDDEN_KEYS.iter().filter(|key| named(key.name)));
    keys.map(|key| Effective {
        key: key.name,
        value: match (key.get)(&reading.settings) {
            Present::Set(value) => Some(value),
            Present::Unset { .. } => None,
        },
        source: match reading.lines.get(key.name) {
            None => Source::Default,
            Some(Line { number, taken: true }) => Source::File { line: *number },
            Some(Line { number, taken: false }) => Source::Refused { line: *number },
        },
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::super::file::read_bytes;
    use super::*;

    #[test]
    fn each_value_has_its_source() {
        let text =
            "# mine\nmin_bytes = 0x10\nstable_secs = 'x'\nffmpeg =\ntesting_svt_preset = 12\nmin_byte = 1\n";
        let found = effective(&read_bytes(text.as_bytes()));
        assert_eq!(found.len(), KEYS.len() + 1);
        let row = |name: &str| {
            let entry = found.iter().find(|entry| entry.key == name).unwrap();
            (entry.value.as_deref(), entry.source)
        };
        assert_eq!(row("min_bytes"), (Some("16"), Source::File { line: 2 }));
        assert_eq!(row("stable_secs"), (Some("10"), Source::Refused { line: 3 }));
        assert_eq!(row("ffmpeg"), (None, Source::Refused { line: 4 }));
        assert_eq!(row("ffprobe"), (None, Source::Default));
        assert_eq!(row("testing_svt_preset"), (Some("12"), Source::File { line: 5 }));
    }

    #[test]
    fn every_value_is_json_too() {
        let text = "library_roots = [\"/a \\\"b\\\"\\\\c\\u0085\"]\nactive_hours = '22:00-07:00'\nmetrics_listen = '[::1]:1'\n\
                    ffmpeg = '/f'\nffprobe = '/p'\nmkvtoolnix = '/m'\nstable_secs = 0.5\n";
        for entry in effective(&read_bytes(text.as_bytes())) {
            assert!(!entry.json().is_null(), "{entry:?}");
        }
        let roots = effective(&read_bytes(text.as_bytes())).swap_remove(0).json();
        assert_eq!(roots, serde_json::json!(["/a \"b\"\\c\u{85}"]));
    }
}
