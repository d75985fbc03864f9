//! Tags that are no longer true once a stream is encoded or converted, and that are removed by name.

use alloc::string::String;

use serde::{Deserialize, Serialize};

/// The name of a tag with statistics about a stream's bytes, as mkvmerge writes them: `BPS`, `NUMBER_OF_FRAMES-eng`.
///
/// The name is put into the ffmpeg command as `NAME=`, which removes the tag. The type admits no other names, so that
/// no document can make the command remove or set another tag.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct StatisticsTag(String);

impl StatisticsTag {
    /// The longest name in bytes; no program's statistics tags are longer.
    pub const MAX_BYTES: usize = 128;

    /// The tag of this name. `None` if it isn't a statistics tag, is longer than [`MAX_BYTES`](Self::MAX_BYTES), or
    /// can't be put into a command because it has a `=` or a control character.
    pub fn new(name: &str) -> Option<Self> {
        let sayable = |letter: char| letter != '=' && !letter.is_control();
        let fits = is_statistic(name) && name.len() <= Self::MAX_BYTES && name.chars().all(sayable);
        fits.then(|| Self(String::from(name)))
    }

    /// The tag's name as the file has it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<StatisticsTag> for String {
    fn from(tag: StatisticsTag) -> Self {
        tag.0
    }
}

impl TryFrom<String> for StatisticsTag {
    type Error = NotAStatisticsTag;

    fn try_from(name: String) -> Result<Self, NotAStatisticsTag> {
        Self::new(&name).ok_or(NotAStatisticsTag)
    }
}

/// Error of making a [`StatisticsTag`]: the name isn't that of a statistics tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a tag that is removed is one of mkvmerge's statistics, like BPS or NUMBER_OF_FRAMES-eng")]
pub struct NotAStatisticsTag;

/// Whether `key` is the name of a statistics tag, in any case and with any language suffix.
pub(crate) fn is_statistic(key: &str) -> bool {
    const NAMES: [&str; 8] = [
        "BPS",
        "NUMBER_OF_BYTES",
        "NUMBER_OF_FRAMES",
        "_STATISTICS_TAGS",
        "_STATISTICS_WRITING_APP",
        "_STATISTICS_WRITING_DATE_UTC",
        "SOURCE_ID",
        // Marks a second video track with transparency in WebM. The result has no such track.
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
        let long = alloc::format!("BPS-{}", "x".repeat(StatisticsTag::MAX_BYTES));
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
            assert_eq!(StatisticsTag::new(name).is_some(), removed, "{name:?}");
        }
    }
}
