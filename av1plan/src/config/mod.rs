//! The policy: what a person may decide about planning.

mod document;
mod language;

use alloc::collections::BTreeSet;
use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::name::named;
use crate::number::Micros;
pub use crate::number::{NotARatio, Ratio};
use crate::plan::{Encoder, Gate, LossKind, Preset};
use crate::setters::setters;
pub use document::extension;
pub use language::{InvalidLanguage, Language};

/// A policy. Nothing in it names a path, a program or a machine, and every value that the types allow is a valid policy.
///
/// A caller starts with [`Config::default`] and sets what it wants otherwise, or reads it with serde. The keys are the field names,
/// with the units of av1d's config file: `max_size_ratio` is a number from 0 to 1, `duration_epsilon_secs` is in seconds, and
/// `svt_preset` is called `testing_svt_preset`. A key that is left out keeps its default; an unknown one is an error.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Config {
    /// Files of this many bytes or fewer are skipped. Default: 2 GiB, since smaller files mostly have a low bitrate already and
    /// would only look worse.
    pub min_bytes: u64,
    /// A result of this share of the original's bytes, or more, is rejected. Default: 0.90.
    #[serde(with = "document::share")]
    pub max_size_ratio: Ratio,
    /// The encoder to use if the toolchain has it. Default: SVT-AV1.
    pub prefer_encoder: Encoder,
    /// How slow the encoder may be. Default: high.
    pub quality_tier: QualityTier,
    /// Bits per sample of the result. Default: ten.
    pub bit_depth: BitDepth,
    /// Audio and subtitles in these languages are dropped. Default: Russian, as av1d's first user wants it.
    pub drop_languages: Vec<Language>,
    /// The file name extensions of films, in lower case and without the dot (see [`extension`]).
    #[serde(deserialize_with = "document::extensions")]
    pub extensions: BTreeSet<String>,
    /// How far the result's duration may be from the original's. Default: 1 s.
    #[serde(rename = "duration_epsilon_secs", with = "document::seconds")]
    pub duration_epsilon: Micros,
    /// What to do with interlaced video. Default: deinterlace.
    pub interlaced: Interlaced,
    /// What to do with a file that has several hard links. Default: skip it.
    pub hardlinked: Hardlinked,
    /// Losses that are worse than no AV1: a film that would suffer one is skipped with the loss's code. Default: Dolby Vision,
    /// HDR10+ and a second film in the file.
    pub refuse_losses: BTreeSet<LossKind>,
    /// An SVT-AV1 preset in place of the ladder's, for tests of everything but the picture. Default: none.
    #[serde(rename = "testing_svt_preset", skip_serializing_if = "Option::is_none")]
    pub svt_preset: Option<Preset>,
    /// Gates that are overruled. Default: none.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub ignore: BTreeSet<Gate>,
}

setters! {
    Config {
        with_min_bytes: min_bytes, u64;
        with_max_size_ratio: max_size_ratio, Ratio;
        with_prefer_encoder: prefer_encoder, Encoder;
        with_quality_tier: quality_tier, QualityTier;
        with_bit_depth: bit_depth, BitDepth;
        with_drop_languages: drop_languages, Vec<Language>;
        with_extensions: extensions, BTreeSet<String>;
        with_duration_epsilon: duration_epsilon, Micros;
        with_interlaced: interlaced, Interlaced;
        with_hardlinked: hardlinked, Hardlinked;
        with_refuse_losses: refuse_losses, BTreeSet<LossKind>;
        with_svt_preset: svt_preset, Option<Preset>;
        with_ignore: ignore, BTreeSet<Gate>;
    }
}

/// Containers of films that ffmpeg reads and people keep.
const EXTENSIONS: [&str; 14] =
    ["avi", "flv", "m2ts", "m4v", "mkv", "mov", "mp4", "mpeg", "mpg", "mts", "ts", "vob", "webm", "wmv"];

impl Default for Config {
    fn default() -> Self {
        Self {
            min_bytes: 2 << 30,
            max_size_ratio: Ratio::NINETY_PERCENT,
            prefer_encoder: Encoder::Svt,
            quality_tier: QualityTier::High,
            bit_depth: BitDepth::Ten,
            drop_languages: Language::new("ru").into_iter().collect(),
            extensions: EXTENSIONS.map(String::from).into(),
            duration_epsilon: Micros::from_secs(1),
            interlaced: Interlaced::Deinterlace,
            hardlinked: Hardlinked::Skip,
            refuse_losses: [LossKind::DolbyVision, LossKind::Hdr10Plus, LossKind::ExtraVideo].into(),
            svt_preset: None,
            ignore: BTreeSet::new(),
        }
    }
}

named! {
    /// How much time quality may cost.
    #[derive(Default)]
    #[non_exhaustive]
    pub enum QualityTier: "a quality tier", name, names {
        /// The ladder's presets.
        #[default]
        High = "high",
        /// One step slower for each encoder.
        VeryHigh = "very_high",
    }
}

named! {
    /// Bits per sample of the output.
    #[derive(Default)]
    #[non_exhaustive]
    pub enum BitDepth: "a bit depth", name, names {
        /// Ten, whatever the source has: 3 to 8 % fewer bytes at equal VMAF (measured; see FFMPEG notes in the README).
        #[default]
        Ten = "10",
        /// Eight for sources of eight bits, ten for all others.
        Source = "source",
    }
}

named! {
    /// What to do with interlaced video.
    #[derive(Default)]
    #[non_exhaustive]
    pub enum Interlaced: "a treatment of interlaced video", name, names {
        /// One frame out of each frame that is flagged as interlaced.
        #[default]
        Deinterlace = "deinterlace",
        /// Encode the fields woven, as they are.
        Keep = "keep",
        /// Leave the film alone.
        Skip = "skip",
    }
}

named! {
    /// What to do with a film that has other names, too.
    #[derive(Default)]
    #[non_exhaustive]
    pub enum Hardlinked: "a treatment of films with several names", name, names {
        /// Leave it alone: its data stays as long as one of the other names does, so that replacing this one saves nothing.
        #[default]
        Skip = "skip",
        /// Replace this name all the same; the others keep the original.
        Replace = "replace",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_those_that_the_user_asked_for() {
        let config = Config::default();
        assert_eq!(config.min_bytes, 2_147_483_648);
        assert_eq!(Some(config.max_size_ratio), Ratio::from_f64(0.90));
        assert_eq!(config.prefer_encoder, Encoder::Svt);
        assert_eq!(config.quality_tier, QualityTier::High);
        assert!(config.drop_languages.iter().any(|language| language.matches("rus")));
    }
}
