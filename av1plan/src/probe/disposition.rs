//! Disposition flags: what a container says of a stream's role.

use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

/// The disposition flags of ffmpeg 8, by its names and in its order. Flags of newer versions are left out, because
/// `-disposition` of ffmpeg 8 would refuse them.
const FLAGS: [&str; 19] = [
    "default",
    "dub",
    "original",
    "comment",
    "lyrics",
    "karaoke",
    "forced",
    "hearing_impaired",
    "visual_impaired",
    "clean_effects",
    "attached_pic",
    "timed_thumbnails",
    "non_diegetic",
    "captions",
    "descriptions",
    "metadata",
    "dependent",
    "still_image",
    "multilayer",
];

/// A set of disposition flags, by ffmpeg's names: `default`, `forced`, `attached_pic`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(try_from = "Vec<String>", into = "Vec<&'static str>")]
pub struct Disposition(u32);

impl Disposition {
    /// Whether `flag` is set. A name that isn't ffmpeg's is never set.
    pub fn has(self, flag: &str) -> bool {
        self.0 & mask(flag) != 0
    }

    /// Whether no flag is set.
    pub fn is_empty(&self) -> bool {
        self.0 == 0
    }

    /// The names of the flags that are set, in ffmpeg's order.
    pub fn flags(self) -> impl Iterator<Item = &'static str> {
        FLAGS.into_iter().filter(move |flag| self.has(flag))
    }

    /// The same flags, with `flag` set or cleared. A name that isn't ffmpeg's changes nothing.
    #[must_use]
    pub fn with(self, flag: &str, set: bool) -> Self {
        if set { Self(self.0 | mask(flag)) } else { Self(self.0 & !mask(flag)) }
    }
}

fn mask(flag: &str) -> u32 {
    FLAGS.iter().zip(0..).find(|(name, _)| **name == flag).map_or(0, |(_, position)| 1 << position)
}

impl TryFrom<Vec<String>> for Disposition {
    type Error = UnknownFlag;

    fn try_from(flags: Vec<String>) -> Result<Self, UnknownFlag> {
        flags.into_iter().try_fold(Self::default(), |set, flag| match mask(&flag) {
            0 => Err(UnknownFlag(flag)),
            _ => Ok(set.with(&flag, true)),
        })
    }
}

/// Error of deserializing a [`Disposition`]: the text isn't the name of a disposition flag of ffmpeg 8.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("ffmpeg has no flag {0:?} for a stream")]
pub struct UnknownFlag(String);

impl From<Disposition> for Vec<&'static str> {
    fn from(disposition: Disposition) -> Self {
        disposition.flags().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_are_a_set() {
        let set = Disposition::default().with("forced", true).with("default", true).with("nonsense", true);
        assert_eq!(set.flags().collect::<Vec<_>>(), ["default", "forced"]);
        assert!(!set.with("default", false).has("default"));
        assert_eq!(Disposition::try_from(Vec::from(["forced".into(), "default".into()])), Ok(set));
        let unknown = Vec::from(["default".into(), "default+x".into()]);
        assert_eq!(Disposition::try_from(unknown), Err(UnknownFlag("default+x".into())));
    }
}
