//! From a source, a toolchain and a policy to a verdict: the rules, asked in order.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use crate::classify::{SourceClass, classify};
use crate::config::{Config, QualityTier};
use crate::container::Container;
use crate::contract;
use crate::decision::{Decision, Reason, Topic};
use crate::density::{LOW_MILLIBITS, frame_count, frame_rate, millibits};
use crate::encode::{Aom, Crf, Encoder, EncoderSettings, Quantizer, Rav1e, Svt, Workers};
use crate::gates::{self, FileFacts, SkipReason};
use crate::ladder::{ResolutionClass, rav1e_speed};
use crate::loss::{Loss, LossKind};
use crate::number::Rational;
use crate::picture::{PictureSource, plan_timestamps};
use crate::plan::{EncodePlan, Skip, StreamType, Strictness, Treatment, Verdict, VideoPlan};
use crate::probe::{MediaProbe, Stream, Video};
use crate::record::Record;
use crate::streams::plan_streams;
use crate::toolchain::Toolchain;

/// A film: what the file system and what ffprobe say of it.
#[derive(Debug, Clone, Copy)]
pub struct Source<'a> {
    /// The file.
    pub file: &'a FileFacts,
    /// Its streams.
    pub probe: &'a MediaProbe,
}

/// Decides what becomes of a film.
///
/// Total: every source gets a verdict. Pure: the same arguments give the same verdict, always and everywhere.
pub fn plan(source: &Source<'_>, toolchain: &Toolchain, config: &Config) -> Verdict {
    let mut record = Record::default();
    match planned(source, toolchain, config, &mut record) {
        Ok(plan) => Verdict::Encode(Box::new(plan)),
        Err(reason) => {
            record.decide(Topic::Gate, "skip", Reason::Skipped(reason.clone()));
            Verdict::Skip(Skip { reason, decisions: sorted(record.decisions) })
        }
    }
}

fn planned(
    source: &Source<'_>,
    toolchain: &Toolchain,
    config: &Config,
    record: &mut Record,
) -> Result<EncodePlan, SkipReason> {
    let Source { file, probe } = *source;
    if let Some(reason) = gates::all(file, probe, config) {
        return Err(reason);
    }
    let (stream, video) = probe.main_video().ok_or(SkipReason::NoVideo)?;
    decide_toolchain(toolchain, record);
    decide_main_video(probe, stream, record);

    let source_class = classify(&file.name, probe, stream, video);
    record.decide(Topic::SourceClass, source_class.class.name(), source_class.reason());
    let class = source_class.class;
    let resolution = ResolutionClass::of(video.width, video.height);
    let (width, height) = (video.width, video.height);
    record.decide(Topic::Resolution, resolution.name(), Reason::PictureSize { width, height });

    let encoder = decide_encoder(toolchain, video, config, record)?;
    let density = millibits(probe, stream, video, file.size);
    let crf = decide_crf(encoder, resolution, class, density, record);
    let rate = decide_rate(encoder, stream, video, record);
    let settings = decide_settings(
        encoder,
        (resolution, video),
        config.quality_tier,
        (crf, rate, Svt::workers(width, height)),
        record,
    );
    let extension = file.extension();
    let container = decide_container(&extension, record);
    let picture =
        PictureSource { container, probe, video, class, encoder, toolchain, config }.plan(record)?;
    let timestamps = plan_timestamps(class, probe, record);
    let streams = plan_streams(probe, stream.index, container, config, record);
    if streams.iter().filter_map(|stream| stream.kept()).any(|kept| !kept.stale_tags.is_empty()) {
        record.decide(Topic::StatisticsTags, "remove", Reason::StatisticsAreStale);
    }
    if probe.chapters > 0 {
        record.decide(Topic::Chapters, alloc::format!("{}", probe.chapters), Reason::ChaptersKept);
    }
    // Nobody wants a film without its sound, whatever else they accept.
    let silenced = has_audio(streams.iter().map(|plan| plan.kind))
        && !has_audio(streams.iter().filter(|plan| plan.kept().is_some()).map(|plan| plan.kind));
    let refused = |loss: &&Loss| {
        config.refuse_losses.contains(&loss.kind) || (silenced && loss.kind == LossKind::Audio)
    };
    if let Some(loss) = record.losses.iter().find(refused) {
        return Err(SkipReason::RefusedLoss(loss.clone()));
    }
    decide_gate(source, config, record);

    let experimental = streams.iter().any(|plan| {
        let copied = plan.kept().is_some_and(|kept| kept.treatment == Treatment::Copy);
        copied
            && probe.stream(plan.index).is_some_and(|stream| container.is_experimental(stream.codec_name()))
    });
    let strictness = match (experimental, picture.dolby_vision && container == Container::Mp4) {
        (true, _) => Strictness::Experimental,
        (false, true) => Strictness::Unofficial,
        (false, false) => Strictness::Normal,
    };
    Ok(EncodePlan {
        strictness,
        container,
        source_class,
        resolution,
        video: VideoPlan {
            settings,
            pixel_format: picture.pixel_format,
            filters: picture.filters,
            rotation: picture.rotation,
            dolby_vision: picture.dolby_vision,
            frames: frame_count(probe, stream, video),
        },
        contract: contract::draw_up(probe, &streams, container, picture.expected, file.size, config),
        streams,
        timestamps,
        losses: core::mem::take(&mut record.losses),
        decisions: sorted(core::mem::take(&mut record.decisions)),
    })
}

/// In the order of topics, then of streams, whatever order the rules were asked in.
fn sorted(mut decisions: Vec<Decision>) -> Vec<Decision> {
    decisions.sort_by_key(|decision| (decision.topic, decision.stream));
    decisions
}

fn has_audio(mut kinds: impl Iterator<Item = StreamType>) -> bool {
    kinds.any(|kind| kind == StreamType::Audio)
}

fn decide_gate(source: &Source<'_>, config: &Config, record: &mut Record) {
    let ignored = gates::ignored(source.file, source.probe, config);
    let gates: Vec<String> = ignored.map(|gate| String::from(gate.code())).collect();
    let reason = if gates.is_empty() { Reason::EveryGatePassed } else { Reason::GatesIgnored { gates } };
    record.decide(Topic::Gate, "encode", reason);
}

fn decide_toolchain(toolchain: &Toolchain, record: &mut Record) {
    let reason = if toolchain.is_assumed() { Reason::ToolchainAssumed } else { Reason::ToolchainRead };
    record.decide(Topic::Toolchain, alloc::format!("ffmpeg {}", toolchain.version()), reason);
}

fn decide_main_video(probe: &MediaProbe, main: &Stream, record: &mut Record) {
    let film = |stream: &&Stream| stream.moving_picture().is_some() && !stream.may_be_a_picture();
    let films = probe.streams.iter().filter(film).count().max(1);
    let reason = match (films, main.disposition.has("default")) {
        (1, _) => Reason::OnlyVideo,
        (_, true) => Reason::DefaultVideo,
        (_, false) => Reason::FirstVideo,
    };
    record.decide(Topic::MainVideo, alloc::format!("{}", main.index), reason);
}

/// The config's encoder where it is there and takes a picture of this size, else the best of the others.
fn decide_encoder(
    toolchain: &Toolchain,
    video: &Video,
    config: &Config,
    record: &mut Record,
) -> Result<Encoder, SkipReason> {
    let (width, height) = (video.width, video.height);
    let wanted = config.prefer_encoder;
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

/// What the encoder is told; CRF, rate and workers are decided by the source, the rest by the ladder.
fn decide_settings(
    encoder: Encoder,
    (resolution, video): (ResolutionClass, &Video),
    tier: QualityTier,
    (crf, nominal_rate, workers): (Crf, Option<Rational>, Workers),
    record: &mut Record,
) -> EncoderSettings {
    let ladder = || match tier {
        QualityTier::High => Reason::Ladder,
        QualityTier::VeryHigh => Reason::LadderVeryHigh,
    };
    match encoder {
        Encoder::Svt => {
            let preset = resolution.svt_preset(tier);
            record.decide(Topic::Preset, alloc::format!("{preset}"), ladder());
            match workers {
                Workers::All => record.decide(Topic::Threads, "all", Reason::AllCores),
                Workers::One => record.decide(Topic::Threads, "1", Reason::TinyPicture),
            }
            EncoderSettings::Svt(Svt { crf, preset, workers, nominal_rate })
        }
        Encoder::Aom => {
            let cpu_used = resolution.aom_cpu_used(tier);
            let tiles = resolution.aom_tiles().fitting(video.width, video.height);
            record.decide(Topic::CpuUsed, alloc::format!("{cpu_used}"), ladder());
            record.decide(Topic::Tiles, alloc::format!("{tiles}"), Reason::FewestTiles);
            record.decide(Topic::Threads, alloc::format!("{}", Aom::THREADS), Reason::SeedConstant);
            EncoderSettings::Aom(Aom { crf, cpu_used, tiles, threads: Aom::THREADS })
        }
        Encoder::Rav1e => {
            let (qp, speed) = (Quantizer::SEED, rav1e_speed(tier));
            record.decide(Topic::Qp, alloc::format!("{qp}"), Reason::SeedConstant);
            record.decide(Topic::Speed, alloc::format!("{speed}"), ladder());
            record.decide(Topic::Threads, "all", Reason::AllCores);
            EncoderSettings::Rav1e(Rav1e { qp, speed })
        }
    }
}

/// A rate to tell SVT-AV1 instead of a nominal one that it refuses: the average where that is possible, else 60.
fn decide_rate(encoder: Encoder, stream: &Stream, video: &Video, record: &mut Record) -> Option<Rational> {
    let refused = |rate: &Rational| rate.thousandths() > Svt::MAX_RATE * 1000;
    let nominal = video.base_rate.or(video.average_rate).filter(refused)?;
    if encoder != Encoder::Svt {
        return None;
    }
    let told = frame_rate(stream, video).filter(|rate| !refused(rate)).or(Rational::new(60, 1))?;
    record.decide(Topic::FrameRate, alloc::format!("{told}"), Reason::RateBeyondEncoder { nominal });
    Some(told)
}

/// The range's better end, unless the source is very low in bitrate (section 4.1 of the seed).
fn decide_crf(
    encoder: Encoder,
    resolution: ResolutionClass,
    class: SourceClass,
    density: Option<u64>,
    record: &mut Record,
) -> Crf {
    let (low, high) = resolution.crf_range();
    let (crf, reason) = match density {
        Some(millibits) if millibits >= LOW_MILLIBITS => (low, Reason::RangeLowEnd { millibits }),
        Some(_) if class == SourceClass::DiscLike && resolution >= ResolutionClass::P2160 => {
            (low, Reason::DiscLike2160p)
        }
        Some(millibits) => (high, Reason::LowBitrate { millibits }),
        None => (low, Reason::BitrateUnknown),
    };
    if encoder != Encoder::Rav1e {
        record.decide(Topic::Crf, alloc::format!("{crf}"), reason);
    }
    crf
}

fn decide_container(extension: &str, record: &mut Record) -> Container {
    let container = Container::for_extension(extension);
    let reason = match Container::renamed_extension(extension) {
        None => Reason::ContainerKept,
        Some(_) => Reason::ContainerToMatroska,
    };
    record.decide(Topic::Container, container.muxer(), reason);
    if container == Container::Mp4 {
        record.decide(Topic::Faststart, "yes", Reason::IndexFirst);
    }
    container
}

/// Whether a film's first frame should be probed before it is planned: HDR10+, captions inside the picture, and HDR metadata
/// that the container doesn't repeat are seen in frames only (measured with ffprobe 8.0).
///
/// Only PQ video can have the one, and only MPEG-2, H.264 and HEVC the other, so that all else, and every result, is spared
/// the second run of ffprobe.
pub fn wants_frame_probe(probe: &MediaProbe) -> bool {
    let pq = |video: &Video| video.color.transfer.as_deref() == Some("smpte2084");
    let captioned = |stream: &Stream| matches!(stream.codec_name(), "mpeg2video" | "h264" | "hevc");
    let wants = |(stream, video): (&Stream, &Video)| pq(video) || captioned(stream);
    probe.hdr10_plus.is_none() && probe.main_video().is_some_and(wants)
}
