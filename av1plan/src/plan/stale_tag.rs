//! Tags that stop being true when a track is encoded, and are removed by name.

use alloc::string::String;

use serde::{Deserialize, Serialize};

/// The name of a tag about a track's bytes, as mkvmerge writes them: `BPS`, `NUMBER_OF_FRAMES-eng`. No other tag can be removed, and none
/// set: it is given to ffmpeg as `NAME=`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct StaleTag(String);

impl StaleTag {
    /// Longer names than this aren't anybody's statistics.
    pub const MOST_BYTES: usize = 128;

    /// The tag `name`; nothing where it is about something else, or can't be said in a command (`=`, control characters).
    pub fn new(name: &str) -> Option<Self> {
        let sayable = |letter: char| letter != '=' && !letter.is_control();
        let fits = is_statistic(name) && name.len() <= Self::MOST_BYTES && name.chars().all(sayable);
        fits.then(|| Self(String::from(name)))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<StaleTag> for String {
    fn from(tag: StaleTag) -> Self {
        tag.0
    }
}

impl TryFrom<String> for StaleTag {
    type Error = NotStale;

    fn try_from(name: String) -> Result<Self, NotStale> {
        Self::new(&name).ok_or(NotStale)
    }
}

/// The name is none of a tag about a track's bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a tag that is removed is one of mkvmerge's statistics, like BPS or NUMBER_OF_FRAMES-eng")]
pub struct NotStale;

/// Whether a tag is about a track's bytes, in whatever spelling and with whatever language suffix.
pub(crate) fn is_statistic(key: &str) -> bool {
    const NAMES: [&str; 8] = [
        "BPS",
        "NUMBER_OF_BYTES",
        "NUMBER_OF_FRAMES",
        "_STATISTICS_TAGS",
        "_STATISTICS_WRITING_APP",
        "_STATISTICS_WRITING_DATE_UTC",
        "SOURCE_ID",
        // WebM's word for a second picture of transparency, which doesn't come along.
        "ALPHA_MODE",
    ];
    let name = key.split('-').next().unwrap_or(key);
    NAMES.iter().any(|stale| stale.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_statistics_can_be_removed() {
        let long = alloc::format!("BPS-{}", "x".repeat(StaleTag::MOST_BYTES));
        let table = [
            ("BPS", true),
            ("bps-eng", true),
            ("NUMBER_OF_FRAMES", true),
            ("_STATISTICS_TAGS-\u{440}\u{443}", true),
            ("title", false),
            ("BPSX", false),
            ("", false),
            ("BPS-a=b", false),
            ("BPS-\u{0}", false),
            ("BPS-\u{1b}[2J", false),
            (&long, false),
        ];
        for (name, removed) in table {
            assert_eq!(StaleTag::new(name).is_some(), removed, "{name:?}");
        }
    }
}
