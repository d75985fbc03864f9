//! A plan's own contract held against what came out; then the size.

use alloc::string::String;
use alloc::vec::Vec;

use strum::{IntoStaticStr, VariantNames};

use crate::contract::{Contract, ExpectedPicture, ExpectedStream};
use crate::number::Micros;
use crate::packets::PacketSummary;
use crate::plan::EncodePlan;
use crate::probe::{MediaProbe, SideData, Stream, StreamKind, Video};
use crate::streams::stream_type;

/// What is known of an encode that ended, gathered by whoever ran it.
#[derive(Debug, Clone, Copy)]
pub struct Evidence<'a> {
    /// How ffmpeg ended.
    pub run: &'a RunReport,
    /// The result as ffprobe sees it; nothing where ffprobe couldn't read it.
    pub probe: Option<&'a MediaProbe>,
    /// The result's packets; nothing where they were not looked at.
    pub packets: Option<&'a PacketSummary>,
    /// The result's bytes.
    pub size: u64,
}

/// What ffmpeg's run showed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RunReport {
    /// ffmpeg's exit code; nothing where a signal ended it.
    pub exit_code: Option<i32>,
    /// Frames encoded, by the last progress report.
    pub frames: Option<u64>,
    /// Lines in which ffmpeg says that the source is damaged (see [`damage_in`]).
    pub damage: Vec<String>,
}

/// Phrases that ffmpeg says of a source whose data ends early or can't be read. It exits with 0 all the same.
const DAMAGE: [&str; 6] = [
    "File ended prematurely",
    "Read error",
    "Error during demuxing",
    "partial file",
    "concealing",
    "corrupt",
];

/// Whether a line of ffmpeg's log, printed with levels, says that the source is damaged.
///
/// Only warnings and errors count: file names and tags are printed too, and they may say anything.
pub fn damage_in(line: &str) -> bool {
    let message = ["[warning] ", "[error] ", "[fatal] "].iter().find_map(|level| line.split_once(level));
    message.is_some_and(|(_, message)| DAMAGE.iter().any(|phrase| message.contains(phrase)))
}

/// What becomes of a result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Judgement {
    /// It holds the contract and is small enough.
    Accept,
    /// It holds the contract but isn't small enough.
    TooBig {
        /// The result's bytes.
        size: u64,
        /// The smallest number of bytes that is too big.
        limit: u64,
    },
    /// It breaks the contract; never empty.
    Defective(Vec<Defect>),
}

/// One way in which a result breaks its contract.
#[derive(Debug, Clone, PartialEq, Eq, IntoStaticStr, VariantNames)]
#[strum(serialize_all = "kebab-case")]
pub enum Defect {
    /// ffmpeg failed.
    RunFailed {
        /// Its exit code; nothing where a signal ended it.
        exit_code: Option<i32>,
    },
    /// ffmpeg says that the source is damaged.
    DamagedSource {
        /// The first line that says so.
        line: String,
    },
    /// ffprobe can't read the result.
    Unreadable,
    /// Streams are missing, or there are more than planned.
    StreamCount {
        /// How many were planned.
        expected: usize,
        /// How many there are.
        found: usize,
    },
    /// Not exactly one video stream that is AV1.
    NotOneAv1 {
        /// The codecs of the video streams.
        found: Vec<String>,
    },
    /// A stream isn't what was planned.
    Stream {
        /// The result's stream.
        index: u32,
        /// Which of its properties.
        property: &'static str,
        /// The plan's value.
        expected: String,
        /// The result's.
        found: String,
    },
    /// The picture isn't what was planned.
    Picture {
        /// Which of its properties.
        property: &'static str,
        /// The plan's value.
        expected: String,
        /// The result's.
        found: String,
    },
    /// Chapters are missing.
    Chapters {
        /// How many the source has.
        expected: usize,
        /// How many there are.
        found: usize,
    },
    /// The result is shorter or longer than the source.
    Duration {
        /// The source's declared duration.
        expected: Micros,
        /// The result's; nothing where it declares none.
        found: Option<Micros>,
    },
    /// The video's packets aren't the frames that were encoded.
    Frames {
        /// Frames that ffmpeg says it encoded.
        encoded: u64,
        /// Packets in the file.
        found: u64,
    },
    /// The last video packet ends long before the source does.
    EndsEarly {
        /// The source's declared duration.
        expected: Micros,
        /// Where the last packet ends.
        found: Option<Micros>,
    },
    /// A stream has no packets, though the source's has a duration.
    EmptyStream {
        /// The result's stream.
        index: u32,
    },
}

impl Defect {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        self.into()
    }

    /// Whether the fault is the source's: it is damaged, and trying again won't help.
    pub fn blames_source(&self) -> bool {
        matches!(self, Self::DamagedSource { .. })
    }
}

/// Holds a result against its plan's contract. Total and pure.
pub fn judge(plan: &EncodePlan, evidence: &Evidence<'_>) -> Judgement {
    let contract = &plan.contract;
    let mut defects = run_defects(evidence.run);
    match evidence.probe {
        Some(probe) => defects.extend(probe_defects(contract, probe)),
        None => defects.push(Defect::Unreadable),
    }
    if let (Some(packets), Some(probe)) = (evidence.packets, evidence.probe) {
        defects.extend(packet_defects(contract, evidence.run, probe, packets));
    }
    if !defects.is_empty() {
        return Judgement::Defective(defects);
    }
    if contract.size.admits(evidence.size) {
        Judgement::Accept
    } else {
        Judgement::TooBig { size: evidence.size, limit: contract.size.limit() }
    }
}

fn run_defects(run: &RunReport) -> Vec<Defect> {
    let failed = (run.exit_code != Some(0)).then_some(Defect::RunFailed { exit_code: run.exit_code });
    let damage = run.damage.first().map(|line| Defect::DamagedSource { line: line.clone() });
    damage.into_iter().chain(failed).collect()
}

fn probe_defects(contract: &Contract, probe: &MediaProbe) -> Vec<Defect> {
    let mut defects = Vec::new();
    let films: Vec<(&Stream, &Video)> =
        probe.streams.iter().filter_map(|stream| Some((stream, stream.moving_picture()?))).collect();
    match films[..] {
        [(stream, video)] if stream.codec_name() == "av1" => {
            defects.extend(picture_defects(&contract.picture, video));
        }
        _ => {
            let found = films.iter().map(|(stream, _)| String::from(stream.codec_name())).collect();
            defects.push(Defect::NotOneAv1 { found });
        }
    }
    // MP4's muxer adds data tracks for chapters and timecode.
    let found: Vec<&Stream> = probe.streams.iter().filter(|stream| stream.kind != StreamKind::Data).collect();
    if found.len() == contract.streams.len() {
        defects.extend(
            contract.streams.iter().zip(found).flat_map(|(expected, found)| stream_defects(expected, found)),
        );
    } else {
        defects.push(Defect::StreamCount { expected: contract.streams.len(), found: found.len() });
    }
    if probe.chapters != contract.chapters {
        defects.push(Defect::Chapters { expected: contract.chapters, found: probe.chapters });
    }
    if let Some(expected) = contract.duration {
        let found = probe.duration();
        if found.is_none_or(|found| found.distance(expected) > contract.duration_epsilon) {
            defects.push(Defect::Duration { expected, found });
        }
    }
    defects
}

fn stream_defects(expected: &ExpectedStream, found: &Stream) -> Vec<Defect> {
    let ExpectedStream { source: _, kind, codec, language, title, channels, sample_rate, default, forced } =
        expected;
    let mut differences = Differences(Vec::new());
    differences.check("type", kind.name(), stream_type(found).name());
    if !codec.is_empty() {
        differences.check("codec", codec.as_str(), found.codec_name());
    }
    for (property, wanted) in [("language", language), ("title", title)] {
        if let Some(wanted) = wanted {
            differences.check(property, wanted.as_str(), found.tags.get(property).unwrap_or_default());
        }
    }
    if let StreamKind::Audio(audio) = &found.kind {
        for (property, wanted, is) in
            [("channels", *channels, audio.channels), ("sample rate", *sample_rate, audio.sample_rate)]
        {
            if wanted != 0 {
                differences.check(property, wanted, is);
            }
        }
    }
    for (flag, wanted) in [("default", default), ("forced", forced)] {
        if let Some(wanted) = wanted {
            differences.check(flag, *wanted, found.disposition.has(flag));
        }
    }
    let index = found.index;
    let defect = |(property, expected, found)| Defect::Stream { index, property, expected, found };
    differences.0.into_iter().map(defect).collect()
}

fn picture_defects(expected: &ExpectedPicture, found: &Video) -> Vec<Defect> {
    let ExpectedPicture {
        width,
        height,
        sample_aspect_ratio,
        pixel_format,
        color,
        mastering_display,
        content_light,
        rotation,
        dolby_vision,
    } = expected;
    let mut differences = Differences(Vec::new());
    differences.check(
        "size",
        alloc::format!("{width}x{height}"),
        alloc::format!("{}x{}", found.width, found.height),
    );
    if let Some(wanted) = sample_aspect_ratio {
        let is = found.sample_aspect_ratio;
        if is.is_none_or(|is| !is.same_value(*wanted)) {
            differences.push(
                "sample aspect ratio",
                wanted,
                is.map_or("none".into(), |is| alloc::format!("{is}")),
            );
        }
    }
    differences.check("pixel format", pixel_format.name(), found.pixel_format.as_deref().unwrap_or_default());
    let tags = [
        ("range", &color.range, &found.color.range),
        ("matrix", &color.matrix, &found.color.matrix),
        ("transfer", &color.transfer, &found.color.transfer),
        ("primaries", &color.primaries, &found.color.primaries),
    ];
    for (property, wanted, is) in tags {
        if let Some(wanted) = wanted {
            differences.check(property, wanted.as_str(), is.as_deref().unwrap_or("none"));
        }
    }
    let block = |wanted: SideData, property: &'static str, differences: &mut Differences| {
        if !found.side_data.contains(&wanted) {
            differences.push(property, alloc::format!("{wanted:?}"), "none");
        }
    };
    if let Some(numbers) = mastering_display {
        block(SideData::MasteringDisplay(numbers.clone()), "mastering display", &mut differences);
    }
    if let Some((max_content, max_average)) = *content_light {
        block(SideData::ContentLight { max_content, max_average }, "content light", &mut differences);
    }
    if let Some(degrees) = *rotation {
        block(SideData::Rotation(degrees), "rotation", &mut differences);
    }
    if let Some(record) = *dolby_vision {
        block(SideData::DolbyVision(record), "dolby vision", &mut differences);
    }
    let defect = |(property, expected, found)| Defect::Picture { property, expected, found };
    differences.0.into_iter().map(defect).collect()
}

/// Properties whose values differ: which, planned, found.
struct Differences(Vec<(&'static str, String, String)>);

impl Differences {
    fn check<T: PartialEq + core::fmt::Display>(&mut self, property: &'static str, expected: T, found: T) {
        if expected != found {
            self.push(property, expected, found);
        }
    }

    fn push(
        &mut self,
        property: &'static str,
        expected: impl core::fmt::Display,
        found: impl core::fmt::Display,
    ) {
        self.0.push((property, alloc::format!("{expected}"), alloc::format!("{found}")));
    }
}

fn packet_defects(
    contract: &Contract,
    run: &RunReport,
    probe: &MediaProbe,
    packets: &PacketSummary,
) -> Vec<Defect> {
    let mut defects = Vec::new();
    for stream in &probe.streams {
        let seen = packets.stream(stream.index);
        let needed = matches!(stream.kind, StreamKind::Video(_) | StreamKind::Audio(_));
        if needed && seen.is_none() {
            defects.push(Defect::EmptyStream { index: stream.index });
        }
    }
    let Some((video, _)) = probe.main_video() else {
        return defects;
    };
    let Some(seen) = packets.stream(video.index) else {
        return defects;
    };
    if let Some(encoded) = run.frames.filter(|encoded| *encoded != seen.count) {
        defects.push(Defect::Frames { encoded, found: seen.count });
    }
    if let Some(expected) = contract.duration {
        let span = seen.end.zip(seen.first).map(|(end, first)| Micros(end.0.saturating_sub(first.0)));
        let reached = |span: Micros| span.0.saturating_add(contract.duration_epsilon.0) >= expected.0;
        if !span.is_some_and(reached) {
            defects.push(Defect::EndsEarly { expected, found: span });
        }
    }
    defects
}
