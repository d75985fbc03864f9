//! Chooses the encoder and its settings: CRF and rate depend on the source, the rest on the ladder.

use alloc::string::String;

use crate::config::{Config, QualityTier};
use crate::number::Rational;
use crate::plan::{
    Aom, Crf, Encoder, EncoderSettings, LOW_MILLIBITS, NominalRate, Parallelism, Preset, Quantizer, Rav1e,
    Reason, ResolutionClass, SkipReason, SourceClass, Svt, Topic,
};
use crate::probe::{Stream, Video};
use crate::rules::density::frame_rate;
use crate::rules::ladder::rav1e_speed;
use crate::rules::record::Record;
use crate::toolchain::Toolchain;

/// What the choice depends on.
pub(crate) struct EncodeSource<'a> {
    pub(crate) stream: &'a Stream,
    pub(crate) video: &'a Video,
    pub(crate) class: SourceClass,
    pub(crate) resolution: ResolutionClass,
    /// What the source spends on a pixel of a frame, in thousandths of a bit of H.264; `None` if it isn't known.
    pub(crate) density: Option<u64>,
}

impl EncodeSource<'_> {
    /// Chooses an encoder and its settings. It is an error if no encoder takes a picture of this size.
    pub(crate) fn decide(
        &self,
        toolchain: &Toolchain,
        config: &Config,
        record: &mut Record,
    ) -> Result<EncoderSettings, SkipReason> {
        let tier = config.quality_tier;
        Ok(match self.encoder(toolchain, config.prefer_encoder, record)? {
            Encoder::Svt => EncoderSettings::Svt(self.svt(tier, config.svt_preset, record)),
            Encoder::Aom => EncoderSettings::Aom(self.aom(tier, record)),
            Encoder::Rav1e => EncoderSettings::Rav1e(rav1e(tier, record)),
        })
    }

    /// The wanted encoder if ffmpeg has it and it takes a picture of this size, otherwise the best other one.
    fn encoder(
        &self,
        toolchain: &Toolchain,
        wanted: Encoder,
        record: &mut Record,
    ) -> Result<Encoder, SkipReason> {
        let (width, height) = (self.video.width, self.video.height);
        let takes = |encoder: &Encoder| encoder.takes(width, height);
        let preferred = Some(wanted).filter(|wanted| toolchain.has(*wanted) && takes(wanted));
        let encoder = preferred.or_else(|| toolchain.encoders().find(takes));
        let encoder = encoder.ok_or(SkipReason::SizeBeyondEncoders { width, height })?;
        let reason = if encoder == wanted {
            Reason::PreferredEncoder
        } else if toolchain.has(wanted) {
            Reason::SizeBeyondEncoder { wanted: String::from(wanted.ffmpeg_name()), width, height }
        } else {
            Reason::EncoderFallback { wanted: String::from(wanted.ffmpeg_name()) }
        };
        record.decide(Topic::Encoder, encoder.ffmpeg_name(), reason);
        Ok(encoder)
    }

    fn svt(&self, tier: QualityTier, forced: Option<Preset>, record: &mut Record) -> Svt {
        let crf = self.crf(record);
        let (preset, reason) = match forced {
            Some(forced) => (forced, Reason::PresetForced),
            None => (self.resolution.svt_preset(tier), ladder(tier)),
        };
        record.decide(Topic::Preset, alloc::format!("{preset}"), reason);
        let workers = Svt::workers(self.video.width, self.video.height);
        match workers {
            Parallelism::All => record.decide(Topic::Threads, "all", Reason::AllCores),
            Parallelism::One => record.decide(Topic::Threads, "1", Reason::TinyPicture),
        }
        Svt { crf, preset, workers, nominal_rate: self.svt_rate(record) }
    }

    /// The rate to give to SVT-AV1 if the source's nominal rate is above its limit: the average rate if SVT-AV1 takes
    /// it, otherwise 60. `None` if the nominal rate is within the limit.
    fn svt_rate(&self, record: &mut Record) -> Option<NominalRate> {
        let refused = |rate: &Rational| rate.thousandths() > Svt::MAX_RATE * 1000;
        let nominal = self.video.base_rate.or(self.video.average_rate).filter(refused)?;
        let takes =
            |rate: Rational| NominalRate::try_from(rate).or_else(|_| NominalRate::try_from(rate.reduced()));
        let average = frame_rate(self.stream, self.video).and_then(|rate| takes(rate).ok());
        let told = average.unwrap_or(NominalRate::SIXTY);
        record.decide(Topic::FrameRate, alloc::format!("{told}"), Reason::RateBeyondEncoder { nominal });
        Some(told)
    }

    fn aom(&self, tier: QualityTier, record: &mut Record) -> Aom {
        let crf = self.crf(record);
        let cpu_used = self.resolution.aom_cpu_used(tier);
        let tiles = self.resolution.aom_tiles().fitting(self.video.width, self.video.height);
        record.decide(Topic::CpuUsed, alloc::format!("{cpu_used}"), ladder(tier));
        record.decide(Topic::Tiles, alloc::format!("{tiles}"), Reason::FewestTiles);
        record.decide(Topic::Threads, alloc::format!("{}", Aom::THREADS), Reason::SameForAll);
        Aom { crf, cpu_used, tiles, threads: Aom::THREADS }
    }

    /// The lower (better) CRF of the class, or the higher one if the source's bitrate is very low.
    fn crf(&self, record: &mut Record) -> Crf {
        let (low, high) = self.resolution.crf_range();
        let (crf, reason) = match self.density {
            Some(millibits) if millibits >= LOW_MILLIBITS => (low, Reason::RangeLowEnd { millibits }),
            Some(_) if self.class == SourceClass::DiscLike && self.resolution >= ResolutionClass::P2160 => {
                (low, Reason::DiscLike2160p)
            }
            Some(millibits) => (high, Reason::LowBitrate { millibits }),
            None => (low, Reason::BitrateUnknown),
        };
        record.decide(Topic::Crf, alloc::format!("{crf}"), reason);
        crf
    }
}

fn rav1e(tier: QualityTier, record: &mut Record) -> Rav1e {
    let (qp, speed) = (Quantizer::DEFAULT, rav1e_speed(tier));
    record.decide(Topic::Qp, alloc::format!("{qp}"), Reason::SameForAll);
    record.decide(Topic::Speed, alloc::format!("{speed}"), ladder(tier));
    record.decide(Topic::Threads, "all", Reason::AllCores);
    Rav1e { qp, speed }
}

fn ladder(tier: QualityTier) -> Reason {
    match tier {
        QualityTier::High => Reason::Ladder,
        QualityTier::VeryHigh => Reason::LadderVeryHigh,
    }
}
