//! Planning: the rules that turn a source, a toolchain and a policy into a verdict, in their order.

mod classify;
mod contract;
mod damage;
mod density;
mod dynamic_hdr;
mod encoder;
pub(crate) mod gates;
mod ladder;
pub(crate) mod ledger;
mod picture;
mod record;
mod samples;
mod streams;
mod survey;

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use crate::config::Config;
use crate::plan::{
    Container, Decision, EncodePlan, Loss, LossKind, Reason, ResolutionClass, Skip, SkipReason, StreamPlan,
    StreamType, Strictness, Topic, Treatment, Verdict, VideoPlan,
};
use crate::probe::{FileFacts, MediaProbe, SideData, Stream, Transfer, Video};
use crate::sample::Samples;
use crate::toolchain::Toolchain;
use classify::classify;
use density::{frame_count, millibits};
use encoder::EncodeSource;
use picture::{PictureSource, plan_timestamps};
use record::Record;
use samples::Sampled;
pub use samples::{SampleOrder, sample_order};
use streams::{plan_streams, sound_change};

/// A film to plan: what the file system and what ffprobe say about it.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Source<'a> {
    /// The facts about the file.
    pub file: &'a FileFacts,
    /// What ffprobe printed about the file.
    pub probe: &'a MediaProbe,
    /// What samples of the film have shown; `None` if there are none.
    pub samples: Option<&'a Samples>,
}

impl<'a> Source<'a> {
    /// The film with this file and this probe.
    pub const fn new(file: &'a FileFacts, probe: &'a MediaProbe) -> Self {
        Self { file, probe, samples: None }
    }

    /// Sets what samples of the film have shown. Those of other settings are ignored.
    #[must_use]
    pub const fn with_samples(mut self, samples: Option<&'a Samples>) -> Self {
        self.samples = samples;
        self
    }
}

/// Decides whether and how a film is encoded.
///
/// `plan` has no side effects and never fails: every source gets a verdict, and the same arguments always give the
/// same one.
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
    let Source { file, probe, samples: _ } = *source;
    if let Some(reason) = gates::all(file, probe, config) {
        return Err(reason);
    }
    let (stream, video) = probe.main_video().ok_or(SkipReason::NoVideo)?;
    decide_toolchain(toolchain, record);
    decide_main_video(probe, stream, record);
    survey::decide(probe, record)?;
    let damage_limit = damage::decide(probe, config, record)?;

    let source_class = classify(&file.name, probe, stream, video);
    record.decide(Topic::SourceClass, source_class.class.name(), source_class.reason());
    let class = source_class.class;
    let resolution = ResolutionClass::of(video.width, video.height);
    let (width, height) = (video.width, video.height);
    record.decide(Topic::Resolution, resolution.name(), Reason::PictureSize { width, height });

    let density = millibits(probe, stream, video, file.size);
    let settings =
        EncodeSource { stream, video, class, resolution, density }.decide(toolchain, config, record)?;
    let encoder = settings.encoder();
    let container = decide_container(file, probe, stream.index, config, record);
    let picture =
        PictureSource { container, probe, video, class, encoder, toolchain, config }.plan(record)?;
    let timestamps = plan_timestamps(class, probe, record);
    let streams = plan_streams(probe, stream.index, container, config, record);
    if let Some(reason) = sound_change(probe, &streams) {
        return Err(reason);
    }
    if streams.iter().filter_map(|stream| stream.kept()).any(|kept| !kept.stale_tags.is_empty()) {
        record.decide(Topic::StatisticsTags, "remove", Reason::StatisticsAreStale);
    }
    if probe.chapters > 0 {
        record.decide(Topic::Chapters, alloc::format!("{}", probe.chapters), Reason::ChaptersKept);
    }
    let edits_headers = toolchain.edits_headers() && container == Container::Matroska;
    let film = ledger::Film { probe, main: (stream, video), streams: &streams, container, edits_headers };
    let promises = film.enter(record);
    if let Some(loss) = refused_loss(&streams, &record.losses, config) {
        return Err(SkipReason::RefusedLoss(loss.clone()));
    }
    let mut video_plan = VideoPlan {
        settings,
        pixel_format: picture.pixel_format,
        keeps_filters: survey::keeps_filters(probe),
        held: survey::held(probe, stream.index, record),
        filters: picture.filters,
        rotation: picture.rotation,
        dolby_vision: picture.dolby_vision,
        frames: frame_count(probe, stream, video),
    };
    let tags_by_name = promises.tags_by_name;
    let contract =
        contract::draw_up(probe, &streams, container, picture.expected, promises, file.size, config);
    Sampled { source, contract: &contract, streams: &streams, toolchain, config }
        .decide(&mut video_plan, record)?;
    decide_gate(source, config, record);

    Ok(EncodePlan {
        strictness: strictness(&streams, probe, container, picture.dolby_vision || is_spatial(probe, video)),
        container,
        tags_by_name,
        source_class,
        resolution,
        video: video_plan,
        contract,
        streams,
        timestamps,
        probe_depth: probe.needed_depth(),
        damage_limit,
        losses: core::mem::take(&mut record.losses),
        decisions: sorted(core::mem::take(&mut record.decisions)),
    })
}

/// The first loss that the policy doesn't accept; `None` if there is none. If all audio would be lost, that is
/// refused whatever the policy says.
fn refused_loss<'a>(streams: &[StreamPlan], losses: &'a [Loss], config: &Config) -> Option<&'a Loss> {
    let is_lost = |index: u32| losses.iter().any(|loss| loss.stream == Some(index));
    let is_audio =
        |plan: &&StreamPlan| plan.kind == StreamType::Audio && (plan.kept().is_some() || is_lost(plan.index));
    let mut audio = streams.iter().filter(is_audio).peekable();
    let silenced = audio.peek().is_some() && audio.all(|plan| plan.kept().is_none());
    losses
        .iter()
        .find(|loss| config.refuse_losses.contains(&loss.kind) || (silenced && loss.kind == LossKind::Audio))
}

fn strictness(
    streams: &[StreamPlan],
    probe: &MediaProbe,
    container: Container,
    is_unofficial: bool,
) -> Strictness {
    let copied = |plan: &&StreamPlan| plan.kept().is_some_and(|kept| kept.treatment == Treatment::Copy);
    let mut copied = streams.iter().filter(copied).filter_map(|plan| probe.stream(plan.index));
    if copied.any(|stream| container.is_experimental(stream.codec_name())) {
        Strictness::Experimental
    } else if is_unofficial && container == Container::Mp4 {
        Strictness::Unofficial
    } else {
        Strictness::Normal
    }
}

/// Sorts decisions by topic and then by stream.
fn sorted(mut decisions: Vec<Decision>) -> Vec<Decision> {
    decisions.sort_by_key(|decision| (decision.topic, decision.stream));
    decisions
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

/// Whether the picture has marks of three dimensions or of a sphere, which MP4's muxer writes only if it is allowed
/// to go beyond the standard.
fn is_spatial(probe: &MediaProbe, video: &Video) -> bool {
    let is_mark = |name: &str| matches!(name, SideData::STEREO | SideData::SPHERICAL);
    let survey = probe.survey.as_ref();
    let in_frames = survey.is_some_and(|survey| survey.pictures.side_data.keys().any(|name| is_mark(name)));
    in_frames || video.side_data.iter().any(|block| is_mark(block.name()))
}

fn decide_container(
    file: &FileFacts,
    probe: &MediaProbe,
    main: u32,
    config: &Config,
    record: &mut Record,
) -> Container {
    let extension = file.extension();
    let (container, reason) = match Container::for_extension(&extension) {
        named if is_better_kept(probe, main, named, config) => {
            (Container::Matroska, Reason::ContainerByContent)
        }
        named if Container::renamed_extension(&extension).is_none() => (named, Reason::ContainerKept),
        named => (named, Reason::ContainerToMatroska),
    };
    record.decide(Topic::Container, container.muxer(), reason);
    if container == Container::Mp4 {
        record.decide(Topic::Faststart, "yes", Reason::IndexFirst);
    }
    container
}

/// Subtitles with fonts, colours and places, of which a conversion to another format keeps little.
const STYLED: [&str; 3] = ["ass", "ssa", "webvtt"];

/// Whether the film is Matroska by its content, and the container of its name would lose streams, or the style of
/// subtitles, that Matroska keeps.
fn is_better_kept(probe: &MediaProbe, main: u32, named: Container, config: &Config) -> bool {
    let is_styled =
        |index: u32| probe.stream(index).is_some_and(|stream| STYLED.contains(&stream.codec_name()));
    let is_spoilt = |plan: &&StreamPlan| {
        let treatment = plan.kept().map(|kept| kept.treatment);
        matches!(treatment, Some(Treatment::Convert(_))) && is_styled(plan.index)
    };
    let lost = |container: Container| {
        let mut trial = Record::default();
        let streams = plan_streams(probe, main, container, config, &mut trial);
        trial.losses.len() + streams.iter().filter(is_spoilt).count()
    };
    named != Container::Matroska
        && probe.format.is_read_by("matroska")
        && lost(named) > lost(Container::Matroska)
}

/// Whether a film's first frame should be probed before the film is planned (see
/// [`command::frame_probe_arguments`](crate::command::frame_probe_arguments)). ffprobe shows HDR10+, captions inside
/// the video bitstream, and HDR metadata that the container doesn't repeat only in frames (measured with ffprobe
/// 8.0).
///
/// The HDR metadata matters for video with the PQ transfer curve only, and captions occur only in MPEG-2, H.264 and
/// HEVC. Other films need no second run of ffprobe. Don't ask this about a result: its plan knows that
/// ([`ExpectedPicture::needs_first_frame`](crate::plan::ExpectedPicture::needs_first_frame)).
pub fn wants_frame_probe(probe: &MediaProbe) -> bool {
    let pq = |video: &Video| video.color.transfer == Some(Transfer::Smpte2084);
    let captioned = |stream: &Stream| matches!(stream.codec_name(), "mpeg2video" | "h264" | "hevc");
    let wants = |(stream, video): (&Stream, &Video)| pq(video) || captioned(stream);
    probe.hdr10_plus.is_none() && probe.main_video().is_some_and(wants)
}
