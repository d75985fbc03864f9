//! What is allowed in a config but can't do what its writer hopes for.

use av1plan::config::{Extension, Obstacle};
use serde::Serialize;

use super::file::Reading;

/// A remark about a valid config.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Warning {
    /// The key.
    pub key: &'static str,
    /// The number of its line, from 1; `None` if the file doesn't have the key.
    pub line: Option<usize>,
    /// What can't work, and why.
    pub text: String,
    /// What can be done about it.
    pub hint: &'static str,
}

/// Returns the remarks about a config.
pub fn warnings(reading: &Reading) -> Vec<Warning> {
    const KEY: &str = "extensions";
    let line = reading.lines.get(KEY).map(|line| line.number);
    let extensions = reading.settings.policy.extensions.iter();
    let remark = |extension: &Extension| match extension.obstacle() {
        Some(Obstacle { what, remedy }) => {
            Some((format!("but such a file is {what}: it is never encoded"), remedy))
        }
        None if extension.is_known() => None,
        None => {
            let text = "which av1d knows of no films: such a file is looked at, and most likely left alone";
            Some((text.to_owned(), "check its spelling, or take it from the list"))
        }
    };
    let warning = |extension: &Extension| {
        let (text, hint) = remark(extension)?;
        Some(Warning { key: KEY, line, text: format!("`{KEY}` lists \"{extension}\", {text}"), hint })
    };
    extensions.filter_map(warning).collect()
}

#[cfg(test)]
mod tests {
    use super::super::file::read_bytes;
    use super::*;

    #[test]
    fn extensions_that_can_not_be_taken_are_remarked() {
        assert_eq!(warnings(&Reading::default()), []);
        assert_eq!(warnings(&read_bytes(b"extensions = ['mkv', 'mxf']")), []);
        let found = warnings(&read_bytes(b"\nextensions = ['mkv', 'ISO', 'm3u8']"));
        let found: Vec<_> =
            found.iter().map(|warning| (warning.line, warning.text.as_str(), warning.hint)).collect();
        let disc = "`extensions` lists \"iso\", but such a file is an image of a disc: it is never encoded";
        assert_eq!(found[0], (Some(2), disc, "rip the films from it, with MakeMKV for example"));
        assert_eq!(found.len(), 2);
        let unknown = warnings(&read_bytes(b"extensions = ['mvk']"));
        assert!(
            unknown[0].text.starts_with("`extensions` lists \"mvk\", which av1d knows of no films: "),
            "{unknown:?}"
        );
        assert_eq!(unknown[0].hint, "check its spelling, or take it from the list");
    }
}
