//! Makes the contract: what a plan promises of its result.

use alloc::string::String;

use super::ledger::{Promises, StreamPromises};
use crate::config::Config;
use crate::number::Micros;
use crate::plan::{
    Container, Contract, ExpectedPicture, ExpectedStream, Kept, SizeGate, StreamPlan, StreamType, Treatment,
    mapped,
};
use crate::probe::{MediaProbe, Stream, StreamKind};

/// Makes the contract from the probe, what was decided about streams, container and picture, and what the ledger
/// promises. `size` is the original's, in bytes.
pub(crate) fn draw_up(
    probe: &MediaProbe,
    streams: &[StreamPlan],
    container: Container,
    picture: ExpectedPicture,
    mut promises: Promises,
    size: u64,
    config: &Config,
) -> Contract {
    let expected = mapped(streams).filter_map(|(plan, kept)| {
        let source = probe.stream(plan.index)?;
        let promised = promises.streams.remove(&plan.index).unwrap_or_default();
        Some(expected_stream(probe, source, plan.kind, kept, container, promised))
    });
    Contract {
        streams: expected.collect(),
        picture: ExpectedPicture { side_data: promises.side_data, ..picture },
        chapters: probe.chapters,
        duration: probe.duration(),
        duration_epsilon: config.duration_epsilon.max(Micros(0)),
        size: SizeGate { original: size, max_ratio: config.max_size_ratio },
        tags: promises.tags,
        headers: promises.headers,
    }
}

fn expected_stream(
    probe: &MediaProbe,
    source: &Stream,
    kind: StreamType,
    kept: &Kept,
    container: Container,
    promised: StreamPromises,
) -> ExpectedStream {
    let StreamPromises { language, title, tags, flags } = promised;
    let measured = probe.survey.as_ref().and_then(|survey| survey.packets.get(&source.index));
    let hash = measured.and_then(|packets| packets.hash).filter(|_| kept.treatment == Treatment::Copy);
    let (channels, sample_rate) = match &source.kind {
        // Copied packets are compared by their hash. If a stream changes its channels, ffprobe names those of the
        // packet that it decoded first, which prove nothing.
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
    ExpectedStream {
        source: source.index,
        kind,
        codec: String::from(codec),
        language,
        title,
        channels,
        sample_rate,
        default: flag("default"),
        forced: flag("forced"),
        duration: sound_duration(probe, source).filter(|_| measured.is_none()),
        span: probe.span(source.index).filter(|_| matches!(kind, StreamType::Video | StreamType::Audio)),
        hash,
        flags,
        tags,
    }
}

/// The duration of an audio stream by itself. ASF's header declares the duration of the whole file for every stream,
/// so it isn't used.
fn sound_duration(probe: &MediaProbe, source: &Stream) -> Option<Micros> {
    let is_audio = matches!(source.kind, StreamKind::Audio(_));
    source.duration.filter(|_| is_audio && probe.format.name != "asf")
}
