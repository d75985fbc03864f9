//! Strategies for policies and toolchains.

use av1plan::config::{
    BitDepth, Config, Damaged, ForeignOwner, Hardlinked, Interlaced, Language, Quality, QualityTier, Target,
};
use av1plan::plan::{Encoder, Gate, LossKind, Preset};
use av1plan::sample::Samples;
use av1plan::toolchain::Toolchain;
use av1plan::{FileFacts, MediaProbe};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use crate::curves::{Curve, curve};

/// Everything that a verdict depends on besides the film.
#[derive(Debug, Clone)]
pub(crate) struct Policy {
    pub(crate) toolchain: Toolchain,
    pub(crate) config: Config,
    /// What samples of the film show; `None` if there are none.
    pub(crate) curve: Option<Curve>,
}

impl Policy {
    /// The default policy, but no film is too small and no loss or damage is refused, so everything that can be encoded
    /// is.
    pub(crate) fn open() -> Self {
        Self {
            toolchain: Toolchain::assumed(),
            config: Config::default()
                .with_min_bytes(0)
                .with_refuse_losses([].into())
                .with_damaged(Damaged::Encode),
            curve: None,
        }
    }

    /// The samples of a film.
    pub(crate) fn samples(&self, file: &FileFacts, probe: &MediaProbe) -> Option<Samples> {
        self.curve.and_then(|curve| curve.samples(file, probe, self))
    }
}

/// Any policy that a config can express.
pub(crate) fn policy() -> impl Strategy<Value = Policy> {
    let min_bytes = prop_oneof![3 => Just(0), 1 => 0..20_000_000_000_u64];
    let refused = prop_oneof![3 => Just(Vec::new()), 1 => subset(losses())];
    let ignored = prop_oneof![3 => Just(Vec::new()), 1 => subset(gates())];
    let dropped = select(vec![&["ru"][..], &[], &["en"], &["ru", "en", "fr"]]);
    let skip_interlaced = prop::bool::weighted(0.2);
    let hardlinked = select(vec![Hardlinked::Skip, Hardlinked::Replace]);
    let foreign_owner = select(ForeignOwner::ALL.to_vec());
    let damaged = select(Damaged::ALL.to_vec());
    let svt_preset = prop::option::weighted(0.1, (0..=13_u8).prop_map(Preset::new));
    (
        picture_policy(),
        min_bytes,
        refused,
        ignored,
        dropped,
        (skip_interlaced, hardlinked, foreign_owner, damaged, svt_preset),
    )
        .prop_map(
            |(
                policy,
                min_bytes,
                refused,
                ignored,
                dropped,
                (skip_interlaced, hardlinked, foreign_owner, damaged, svt_preset),
            )| {
                let interlaced = if skip_interlaced { Interlaced::Skip } else { policy.config.interlaced };
                let dropped = dropped.iter().filter_map(|name| Language::new(name).ok());
                let config = policy
                    .config
                    .with_hardlinked(hardlinked)
                    .with_foreign_owner(foreign_owner)
                    .with_damaged(damaged)
                    .with_svt_preset(svt_preset)
                    .with_interlaced(interlaced)
                    .with_min_bytes(min_bytes)
                    .with_refuse_losses(refused.into_iter().collect())
                    .with_ignore(ignored.into_iter().collect())
                    .with_drop_languages(dropped.collect());
                Policy { config, ..policy }
            },
        )
}

/// A policy under which no gate skips a film, with any picture settings and any toolchain.
pub(crate) fn picture_policy() -> impl Strategy<Value = Policy> {
    let encoder = select(Encoder::ALL.to_vec());
    let tier = select(vec![QualityTier::High, QualityTier::VeryHigh]);
    let depth = select(vec![BitDepth::Ten, BitDepth::Source]);
    let interlaced = select(vec![Interlaced::Deinterlace, Interlaced::Keep]);
    let quality = (select(Quality::ALL.to_vec()), target(), 0..=62_u8, any::<bool>());
    (toolchain(), encoder, tier, depth, interlaced, quality, curve()).prop_map(
        |(
            toolchain,
            prefer_encoder,
            quality_tier,
            bit_depth,
            interlaced,
            (quality, target, limits, predict),
            curve,
        )| Policy {
            toolchain,
            curve,
            config: Policy::open()
                .config
                .with_prefer_encoder(prefer_encoder)
                .with_quality_tier(quality_tier)
                .with_bit_depth(bit_depth)
                .with_interlaced(interlaced)
                .with_quality(quality)
                .with_target(target)
                .with_target_limits(limits)
                .with_predict(predict),
        },
    )
}

fn target() -> impl Strategy<Value = Target> {
    let texts = ["high", "transparent", "vmaf-neg=90", "xpsnr=40, detail=80", "ssimulacra2=75.5"];
    select(texts.to_vec()).prop_map(|text| text.parse().expect("it is a target"))
}

/// ffmpeg 8 or 9 with at least one encoder.
fn toolchain() -> impl Strategy<Value = Toolchain> {
    (8..10_u32, subsequence(Encoder::ALL.to_vec(), 1..=3), any::<bool>()).prop_map(
        |(major, encoders, edits)| {
            let toolchain = Toolchain::described(major, encoders).expect("it is new and has an encoder");
            toolchain.with_header_editor(edits)
        },
    )
}

fn subset<T: Clone + std::fmt::Debug + 'static>(all: Vec<T>) -> impl Strategy<Value = Vec<T>> {
    let most = all.len();
    subsequence(all, 0..=most)
}

/// Every kind of loss.
pub(crate) fn losses() -> Vec<LossKind> {
    LossKind::codes().iter().filter_map(|code| code.parse().ok()).collect()
}

/// Every gate that can be ignored.
pub(crate) fn gates() -> Vec<Gate> {
    Gate::codes().iter().filter_map(|code| code.parse().ok()).collect()
}
