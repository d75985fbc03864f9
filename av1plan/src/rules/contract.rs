//! Makes the contract: what a plan promises of its result.

use alloc::string::String;

use crate::config::Config;
use crate::number::Micros;
use crate::plan::{
    Container, Contract, ExpectedPicture, ExpectedStream, Kept, SizeGate, StreamPlan, StreamType, Treatment,
    is_statistic, mapped,
};
use crate::probe::{MediaProbe, Stream, StreamKind, Tags};

/// Makes the contract from the probe and what was decided about streams, container and picture. `size` is the
/// original's, in bytes.
pub(crate) fn draw_up(
    probe: &MediaProbe,
    streams: &[StreamPlan],
    container: Container,
    picture: ExpectedPicture,
    size: u64,
    config: &Config,
) -> Contract {
    let expected = mapped(streams).filter_map(|(plan, kept)| {
        let source = probe.stream(plan.index)?;
        Some(expected_stream(probe, source, plan.kind, kept, container))
    });
    Contract {
        streams: expected.collect(),
        picture,
        chapters: probe.chapters,
        duration: probe.duration(),
        duration_epsilon: config.duration_epsilon.max(Micros(0)),
        size: SizeGate { original: size, max_ratio: config.max_size_ratio },
        tags: file_tags(probe, container),
    }
}

fn expected_stream(
    probe: &MediaProbe,
    source: &Stream,
    kind: StreamType,
    kept: &Kept,
    container: Container,
) -> ExpectedStream {
    let measured = probe.survey.as_ref().and_then(|survey| survey.packets.get(&source.index));
    let hash = measured.and_then(|packets| packets.hash).filter(|_| kept.treatment == Treatment::Copy);
    let (channels, sample_rate) = match &source.kind {
        // Copied packets are compared by themselves. What ffprobe says about the channels of a stream that changes them
        // is that of any packet.
        StreamKind::Audio(_) if hash.is_some() => (0, 0),
        StreamKind::Audio(audio) => (audio.channels, audio.sample_rate),
        _ => (0, 0),
    };
    let codec = match kept.treatment {
        Treatment::Encode => "av1",
        Treatment::Copy => container.read_back(source.codec_name()),
        Treatment::Convert(to) => to.name(),
    };
    // MP4's muxer marks the first stream of each type default, whatever it is told, and MP4 has no flag for forced.
    let says_flags = container == Container::Matroska && kind != StreamType::Attachment;
    let flag = |name: &str| says_flags.then(|| kept.disposition.has(name));
    let tag = |name: &str| source.tags.get(name).filter(|text| !text.is_empty()).map(String::from);
    ExpectedStream {
        source: source.index,
        kind,
        codec: String::from(codec),
        language: tag("language").filter(|language| language != "und"),
        title: tag("title"),
        channels,
        sample_rate,
        default: flag("default"),
        forced: flag("forced"),
        duration: sound_duration(probe, source).filter(|_| measured.is_none()),
        span: probe.span(source.index).filter(|_| matches!(kind, StreamType::Video | StreamType::Audio)),
        hash,
        tags: stream_tags(probe, source, kept, container),
    }
}

/// The duration of an audio stream by itself. ASF's header declares the duration of the whole file for every stream,
/// so it isn't used.
fn sound_duration(probe: &MediaProbe, source: &Stream) -> Option<Micros> {
    let is_audio = matches!(source.kind, StreamKind::Audio(_));
    source.duration.filter(|_| is_audio && probe.format.name != "asf")
}

/// The file's tags that are promised: only the title, which every container can store, and only if the container
/// stays the same. Other tags that two containers have in common aren't always kept.
fn file_tags(probe: &MediaProbe, container: Container) -> Tags {
    let own = match container {
        Container::Matroska | Container::Webm => "matroska",
        Container::Mp4 => "mov",
    };
    let title = probe.format.tags.get("title").filter(|title| is_kept(title));
    let title = title.filter(|_| probe.format.name.split(',').any(|name| name == own));
    Tags(title.map(|title| (String::from("title"), String::from(title))).into_iter().collect())
}

/// The stream's tags that are promised: those that Matroska's muxer keeps if the source is Matroska too (measured).
/// It keeps all tags that it doesn't write anew or store as something else. MP4 and WebM keep few tags, so none is
/// promised there.
fn stream_tags(probe: &MediaProbe, source: &Stream, kept: &Kept, container: Container) -> Tags {
    let is_matroska = |name: &str| name.split(',').any(|name| name == "matroska");
    if container != Container::Matroska || !is_matroska(&probe.format.name) {
        return Tags::default();
    }
    let held = |(name, value): &(&str, &str)| {
        let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        let anew = WRITTEN_ANEW.iter().any(|anew| anew.eq_ignore_ascii_case(name));
        plain
            && !anew
            && !is_statistic(name)
            && !kept.stale_tags.iter().any(|stale| stale.as_str() == *name)
            && is_kept(value)
    };
    let tags = source.tags.iter().filter(held);
    Tags(tags.map(|(name, value)| (String::from(name), String::from(value))).collect())
}

/// Tags that are never promised here: they have a field of their own in the contract, are written by the muxer, or
/// are stored as a field of the track.
const WRITTEN_ANEW: [&str; 10] = [
    "language",
    "title",
    "duration",
    "encoder",
    "creation_time",
    "handler_name",
    "vendor_id",
    "stereo_mode",
    "rotate",
    "timecode",
];

/// Whether every container returns this value unchanged.
fn is_kept(value: &str) -> bool {
    !value.is_empty() && value.trim() == value && !value.chars().any(char::is_control) && value.len() < 1024
}
