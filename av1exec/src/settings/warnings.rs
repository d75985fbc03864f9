//! What is allowed in a config but can't do what its writer hopes for.

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
    let obstacles = extensions.filter_map(|extension| Some((extension, extension.obstacle()?)));
    let warning = |(extension, obstacle): (&av1plan::config::Extension, av1plan::config::Obstacle)| Warning {
        key: KEY,
        line,
        text: format!(
            "`{KEY}` lists \"{extension}\", but such a file is {}: it is never encoded",
            obstacle.what
        ),
        hint: obstacle.remedy,
    };
    obstacles.map(warning).collect()
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
    }
}
