//! The policy: everything about planning that a person may decide.

mod document;
mod extension;
mod language;
mod target;

use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::name::named;
use crate::number::Micros;
pub use crate::number::{NotARatio, Ratio};
use crate::plan::{Encoder, Gate, LossKind, Preset};
use crate::setters::setters;
pub use extension::{Extension, InvalidExtension, Obstacle};
pub use language::{InvalidLanguage, Language};
pub use target::{NotATarget, Scores, Target};

/// A policy: what a user may decide about planning. It contains no path, program or machine, and every value that the
/// types allow is valid.
///
/// Start with [`Config::default`], and set what you want otherwise. Note that the default drops audio and subtitles
/// in Russian.
///
/// A policy can also be read from TOML or JSON. A key that is left out has its default; an unknown key is an error.
/// `Display` shows it as TOML with all keys, a line each, which can be read back:
///
/// ```
/// let text = r#"
///     min_bytes = 0
///     max_size_ratio = 0.9            # a share, above 0 and at most 1
///     prefer_encoder = "svt"          # svt, aom, rav1e
///     quality_tier = "high"           # high, very_high
///     quality = "ladder"              # ladder, target
///     target = "high"                 # high, transparent, or scores: "vmaf-neg=95, ssimulacra2=80"
///     target_limits = 6               # steps of CRF
///     predict = true
///     bit_depth = "10"                # 10, source
///     drop_languages = []             # codes or English names: ru, rus, russian
///     extensions = ["mkv", "mp4"]
///     duration_epsilon_secs = 1.0
///     interlaced = "deinterlace"      # deinterlace, keep, skip
///     damaged = "recordings"          # skip, recordings, encode
///     hardlinked = "skip"             # skip, replace
///     foreign_owner = "skip"          # skip, take
///     refuse_losses = ["subtitle"]    # codes of `LossKind`, in place of the default ones
///     ignore = ["hardlinked"]         # codes of `Gate`
/// "#;
/// let config: av1plan::Config = toml::from_str(text)?;
/// assert_eq!(toml::from_str::<av1plan::Config>(&config.to_string())?, config);
/// # Ok::<(), toml::de::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Config {
    /// Files of this many bytes or fewer are skipped. Default: 2 GiB, since most smaller files have a low bitrate
    /// already and would only lose quality.
    pub min_bytes: u64,
    /// A result with this share of the original's bytes, or more, is rejected. Default: 0.90.
    #[serde(with = "document::share")]
    pub max_size_ratio: Ratio,
    /// The encoder to use if ffmpeg has it and it takes the picture's size. Default: SVT-AV1.
    pub prefer_encoder: Encoder,
    /// How much encoding time the quality may cost. Default: high.
    pub quality_tier: QualityTier,
    /// How the level of quality is chosen. Default: by the ladder.
    pub quality: Quality,
    /// The quality that a result must have where `quality` is [`Quality::Target`]. Default: high.
    pub target: Target,
    /// How many steps of CRF a target may go from the ladder's, in either direction. Default: 6.
    pub target_limits: u8,
    /// Whether a film is sampled before its encode even if nothing is searched for, so that one whose result would be
    /// too big is known early. Default: true.
    pub predict: bool,
    /// Bits per sample of the result. Default: ten.
    pub bit_depth: BitDepth,
    /// Audio and subtitle streams in these languages are dropped, unless no audio but commentary would be left.
    /// Default: Russian, as av1d's first user wants it.
    pub drop_languages: Vec<Language>,
    /// The file name extensions of films. Files with another extension are skipped. Default: 23 common ones, such as
    /// `mkv` and `mp4`.
    pub extensions: BTreeSet<Extension>,
    /// How far the result's duration may be from the original's, in microseconds; a negative number counts as 0.
    /// Default: 1 second.
    #[serde(rename = "duration_epsilon_secs", with = "document::seconds")]
    pub duration_epsilon: Micros,
    /// What to do with interlaced video. Default: deinterlace it.
    pub interlaced: Interlaced,
    /// What to do with a film that is damaged. Default: accept the edges and single lost packets of recordings.
    pub damaged: Damaged,
    /// What to do with a file that has several hard links. Default: skip it.
    pub hardlinked: Hardlinked,
    /// What to do with a file of another owner, to whom the result can't be given. Default: skip it.
    pub foreign_owner: ForeignOwner,
    /// The losses that aren't accepted: a film that would suffer one of them is skipped, with the code of the loss.
    /// Default: Dolby Vision, HDR10+, a second film or a second view in the file, and what belongs to other files too.
    pub refuse_losses: BTreeSet<LossKind>,
    /// An SVT-AV1 preset that replaces the ladder's, for tests in which the picture's quality doesn't matter.
    /// Default: `None`, which means the ladder's preset.
    #[serde(rename = "testing_svt_preset", skip_serializing_if = "Option::is_none")]
    pub svt_preset: Option<Preset>,
    /// The gates that are overruled: they don't skip a film. Default: none.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub ignore: BTreeSet<Gate>,
}

setters! {
    Config {
        with_min_bytes: min_bytes, u64;
        with_max_size_ratio: max_size_ratio, Ratio;
        with_prefer_encoder: prefer_encoder, Encoder;
        with_quality_tier: quality_tier, QualityTier;
        with_quality: quality, Quality;
        with_target: target, Target;
        with_target_limits: target_limits, u8;
        with_predict: predict, bool;
        with_bit_depth: bit_depth, BitDepth;
        with_drop_languages: drop_languages, Vec<Language>;
        with_extensions: extensions, BTreeSet<Extension>;
        with_duration_epsilon: duration_epsilon, Micros;
        with_interlaced: interlaced, Interlaced;
        with_damaged: damaged, Damaged;
        with_hardlinked: hardlinked, Hardlinked;
        with_foreign_owner: foreign_owner, ForeignOwner;
        with_refuse_losses: refuse_losses, BTreeSet<LossKind>;
        with_svt_preset: svt_preset, Option<Preset>;
        with_ignore: ignore, BTreeSet<Gate>;
    }
}

/// The default extensions: containers that ffmpeg reads and people store films in. Those of cameras and editing
/// programs (`dv`, `mxf`) and of streams without sound (`ivf`, `m2v`) are left out: such files are more often material
/// than films.
const EXTENSIONS: [&str; 23] = [
    "3g2", "3gp", "asf", "avi", "f4v", "flv", "m2ts", "m4v", "mkv", "mov", "mp4", "mpeg", "mpg", "mts",
    "ogm", "ogv", "rm", "rmvb", "ts", "vob", "webm", "wmv", "wtv",
];

impl Default for Config {
    fn default() -> Self {
        Self {
            min_bytes: 2 << 30,
            max_size_ratio: Ratio::NINETY_PERCENT,
            prefer_encoder: Encoder::Svt,
            quality_tier: QualityTier::High,
            quality: Quality::Ladder,
            target: Target::High,
            target_limits: 6,
            predict: true,
            bit_depth: BitDepth::Ten,
            drop_languages: Language::new("ru").into_iter().collect(),
            extensions: EXTENSIONS.iter().filter_map(|text| Extension::new(text).ok()).collect(),
            duration_epsilon: Micros::from_secs(1),
            interlaced: Interlaced::Deinterlace,
            damaged: Damaged::Recordings,
            hardlinked: Hardlinked::Skip,
            foreign_owner: ForeignOwner::Skip,
            refuse_losses: [
                LossKind::DolbyVision,
                LossKind::Hdr10Plus,
                LossKind::ExtraVideo,
                LossKind::Linked,
                LossKind::ExtraView,
            ]
            .into(),
            svt_preset: None,
            ignore: BTreeSet::new(),
        }
    }
}

named! {
    /// How much encoding time the quality may cost.
    #[derive(Default)]
    #[non_exhaustive]
    pub enum QualityTier: "a quality tier", name, names {
        /// The encoder runs at the ladder's speed.
        #[default]
        High = "high",
        /// Every encoder runs one step slower than the ladder's speed.
        VeryHigh = "very_high",
    }
}

named! {
    /// How the level of quality (the CRF) is chosen.
    #[derive(Default)]
    #[non_exhaustive]
    pub enum Quality: "a way to choose the quality", name, names {
        /// By the ladder: the table by picture size.
        #[default]
        Ladder = "ladder",
        /// So that each film reaches the config's `target` with the fewest bytes, as samples of it show.
        Target = "target",
    }
}

named! {
    /// Bits per sample of the result.
    #[derive(Default)]
    #[non_exhaustive]
    pub enum BitDepth: "a bit depth", name, names {
        /// Ten, whatever the source has. At equal VMAF that took 3 to 8 % fewer bytes than eight, for sources of
        /// eight bits too (measured).
        #[default]
        Ten = "10",
        /// Eight if the source has eight, ten for every other source.
        Source = "source",
    }
}

named! {
    /// What to do with interlaced video. Default: deinterlace it.
    #[derive(Default)]
    #[non_exhaustive]
    pub enum Interlaced: "a treatment of interlaced video", name, names {
        /// Deinterlace each frame that is flagged as interlaced, into one progressive frame.
        #[default]
        Deinterlace = "deinterlace",
        /// Encode the frames as they are, with both fields woven together.
        Keep = "keep",
        /// Skip the film.
        Skip = "skip",
    }
}

named! {
    /// What to do with a film that is damaged.
    #[derive(Default)]
    #[non_exhaustive]
    pub enum Damaged: "a treatment of damaged films", name, names {
        /// Skip every film of which a packet is damaged.
        Skip = "skip",
        /// Encode recordings (transport streams) that begin or end in the middle of a frame or have lost single
        /// packets: there is no better copy, and a result with the same damage has lost nothing. Skip every other
        /// damaged film, since a disk or a download may have damaged it.
        #[default]
        Recordings = "recordings",
        /// Encode it, whatever is missing.
        Encode = "encode",
    }
}

named! {
    /// What to do with a film that has several hard links.
    #[derive(Default)]
    #[non_exhaustive]
    pub enum Hardlinked: "a treatment of films with several names", name, names {
        /// Skip it: its data stays on the disk as long as one of its names does, so replacing this one frees no
        /// space.
        #[default]
        Skip = "skip",
        /// Replace this name; the other names keep the original.
        Replace = "replace",
    }
}

named! {
    /// What to do with a film of another owner or group, if the program can't give the result to them.
    #[derive(Default)]
    #[non_exhaustive]
    pub enum ForeignOwner: "a treatment of other owners' films", name, names {
        /// Skip it.
        #[default]
        Skip = "skip",
        /// Replace it. The result belongs to the user that runs the program, and to the film's group if that is
        /// allowed.
        Take = "take",
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
