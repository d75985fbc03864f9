//! The policy: what a person may decide about planning, with the seed's defaults.

mod language;

use alloc::collections::BTreeSet;
use alloc::string::String;
use alloc::vec::Vec;

use strum::{EnumString, IntoStaticStr, VariantNames};

use crate::number::Micros;
pub use crate::number::{NotARatio, Ratio};
use crate::plan::{Encoder, Gate, LossKind, Preset};
pub use language::{InvalidLanguage, Language};

/// Policy only: nothing in here names a path, a program or a machine.
///
/// [`Config::default`] is the seed's section 9. Every value that the types allow is a valid policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Files of this many bytes or fewer are left alone. Seed: 2 GiB, since small files are mostly low-bitrate
    /// already and would only look worse.
    pub min_bytes: u64,
    /// A result of this share of the original or more is thrown away. Seed: 0.90.
    pub max_size_ratio: Ratio,
    /// The encoder to take where the toolchain has it. Seed: SVT-AV1.
    pub prefer_encoder: Encoder,
    /// How slow the encoder may be. Seed: high.
    pub quality_tier: QualityTier,
    /// Bits per sample of the output. Default: ten.
    pub bit_depth: BitDepth,
    /// Audio and subtitles in these languages are dropped. Seed: Russian.
    pub drop_languages: Vec<Language>,
    /// File name extensions that are looked at, in lower case, without the dot.
    pub extensions: BTreeSet<String>,
    /// How far the result's duration may be from the original's. Default: 1 s.
    pub duration_epsilon: Micros,
    /// What to do with interlaced video. Default: deinterlace.
    pub interlaced: Interlaced,
    /// What to do with a film that has other names, too (hard links). Default: leave it alone.
    pub hardlinked: Hardlinked,
    /// Losses that are worse than no AV1: a film that would suffer one is skipped with the loss's code.
    pub refuse_losses: BTreeSet<LossKind>,
    /// An SVT-AV1 preset in place of the ladder's, for tests of what isn't the picture: no film deserves it. Default: none.
    pub svt_preset: Option<Preset>,
    /// Gates that don't hold this time. Default: none.
    pub ignore: BTreeSet<Gate>,
}

/// Containers of films that ffmpeg reads and people keep.
const EXTENSIONS: [&str; 14] =
    ["avi", "flv", "m2ts", "m4v", "mkv", "mov", "mp4", "mpeg", "mpg", "mts", "ts", "vob", "webm", "wmv"];

impl Default for Config {
    fn default() -> Self {
        Self {
            min_bytes: 2 << 30,
            max_size_ratio: Ratio::SEED,
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

/// The seed's tiers: how much time quality may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, EnumString, IntoStaticStr, VariantNames)]
#[strum(serialize_all = "snake_case")]
pub enum QualityTier {
    /// The seed's ladder as it stands.
    #[default]
    High,
    /// One step slower for each encoder.
    VeryHigh,
}

/// Bits per sample of the output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, EnumString, IntoStaticStr, VariantNames)]
pub enum BitDepth {
    /// Ten, whatever the source has: 3 to 8 % fewer bytes at equal VMAF (measured; see FFMPEG notes in the README).
    #[default]
    #[strum(serialize = "10")]
    Ten,
    /// Eight for sources of eight bits, ten for all others.
    #[strum(serialize = "source")]
    Source,
}

/// What to do with interlaced video.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, EnumString, IntoStaticStr, VariantNames)]
#[strum(serialize_all = "kebab-case")]
pub enum Interlaced {
    /// One frame out of each frame that is flagged as interlaced.
    #[default]
    Deinterlace,
    /// Encode the fields woven, as they are.
    Keep,
    /// Leave the film alone.
    Skip,
}

/// What to do with a film that has other names, too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, EnumString, IntoStaticStr, VariantNames)]
#[strum(serialize_all = "kebab-case")]
pub enum Hardlinked {
    /// Leave it alone: its data stays as long as one of the other names does, so that replacing this one saves nothing.
    #[default]
    Skip,
    /// Replace this name all the same; the others keep the original.
    Replace,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_the_seeds() {
        let config = Config::default();
        assert_eq!(config.min_bytes, 2_147_483_648);
        assert_eq!(Some(config.max_size_ratio), Ratio::from_f64(0.90));
        assert_eq!(config.prefer_encoder, Encoder::Svt);
        assert_eq!(config.quality_tier, QualityTier::High);
        assert!(config.drop_languages.iter().any(|language| language.matches("rus")));
    }
}
