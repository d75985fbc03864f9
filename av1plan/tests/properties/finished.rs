//! Makes the ffprobe document and all other evidence of a result that holds its contract, from the contract alone.

use av1plan::judge::{Check, ClosingReport, Decode, ResultProbe, RunReport};
use av1plan::plan::{Contract, ExpectedHeaders, ExpectedPicture, ExpectedStream, StreamType, Treatment};
use av1plan::probe::matroska::TrackType;
use av1plan::probe::{Color, DolbyVision, MatroskaFacts, PacketSummary, TrackFacts};
use av1plan::{EncodePlan, Evidence, MediaProbe, Micros};
use serde_json::{Value, json};

/// The fields of ffprobe's mastering display, in the order in which a contract lists their values.
const MASTERING_FIELDS: [&str; 10] = [
    "red_x",
    "red_y",
    "green_x",
    "green_y",
    "blue_x",
    "blue_y",
    "white_point_x",
    "white_point_y",
    "min_luminance",
    "max_luminance",
];

/// All fields of a contract, of one of its streams and of its picture, by their names in JSON.
const PROMISES: [(&str, &[&str]); 3] = [
    ("", &["streams", "picture", "chapters", "duration", "duration_epsilon", "size", "tags", "headers"]),
    (
        "/streams/0",
        &[
            "source",
            "kind",
            "codec",
            "language",
            "title",
            "channels",
            "sample_rate",
            "default",
            "forced",
            "duration",
            "span",
            "hash",
            "flags",
            "tags",
        ],
    ),
    (
        "/picture",
        &[
            "width",
            "height",
            "sample_aspect_ratio",
            "pixel_format",
            "color",
            "mastering_display",
            "content_light",
            "rotation",
            "mirrored",
            "side_data",
            "dolby_vision",
            "hdr10_plus",
        ],
    ),
];

fn every_promise_is_known(contract: &Contract) {
    let written = serde_json::to_value(contract).expect("a contract can be written");
    for (place, names) in PROMISES {
        let fields = written.pointer(place).and_then(Value::as_object).expect("an object is there");
        let unknown: Vec<_> = fields.keys().filter(|name| !names.contains(&name.as_str())).collect();
        assert!(unknown.is_empty(), "show these too: {unknown:?}");
    }
}

/// The ffprobe document of the result that `plan` promises.
///
/// A promise that a later version adds must be made here, too: [`PROMISES`] lists all that are known.
pub(crate) fn document(plan: &EncodePlan) -> Value {
    every_promise_is_known(&plan.contract);
    let Contract { streams, picture, chapters, duration, tags, .. } = &plan.contract;
    let streams: Vec<Value> =
        streams.iter().zip(0_u32..).map(|(expected, index)| stream(expected, index, picture)).collect();
    let duration = if plan.contract.is_measured() { Some(covered(plan)) } else { *duration };
    let mut format = duration.map_or(json!({}), |duration| json!({"duration": seconds(duration.0)}));
    format["tags"] = json!(tags);
    json!({"streams": streams, "chapters": vec![json!({"id": 0}); *chapters], "format": format})
}

fn stream(expected: &ExpectedStream, index: u32, shown: &ExpectedPicture) -> Value {
    let ExpectedStream {
        kind,
        codec,
        language,
        title,
        channels,
        sample_rate,
        default,
        forced,
        flags,
        tags,
        ..
    } = expected;
    let mut stream = if *kind == StreamType::Video { picture(shown) } else { json!({}) };
    stream["index"] = json!(index);
    stream["codec_type"] = json!(kind.name());
    stream["codec_name"] = json!(codec);
    stream["channels"] = json!(channels);
    stream["sample_rate"] = json!(sample_rate.to_string());
    stream["disposition"] =
        json!({"default": default.unwrap_or_default(), "forced": forced.unwrap_or_default()});
    for flag in flags.flags() {
        stream["disposition"][flag] = json!(1);
    }
    stream["tags"] = json!(tags);
    for (name, value) in [("language", language), ("title", title)] {
        if let Some(value) = value {
            stream["tags"][name] = json!(value);
        }
    }
    stream
}

fn picture(shown: &ExpectedPicture) -> Value {
    let ExpectedPicture {
        width,
        height,
        sample_aspect_ratio,
        pixel_format,
        color,
        mastering_display,
        content_light,
        rotation,
        mirrored,
        side_data: named,
        dolby_vision,
        ..
    } = shown;
    let Color { range, matrix, transfer, primaries, .. } = color;
    let mut side_data = Vec::new();
    if let Some(numbers) = mastering_display {
        let mut block = json!({"side_data_type": "Mastering display metadata"});
        for (field, number) in MASTERING_FIELDS.iter().zip(numbers.to_string().split(' ')) {
            block[field] = json!(number);
        }
        side_data.push(block);
    }
    if let Some((brightest, average)) = content_light {
        side_data.push(json!({"side_data_type": "Content light level metadata", "max_content": brightest,
                              "max_average": average}));
    }
    if let Some(degrees) = rotation {
        let matrix = if *mirrored { "\n00000000: -65536 0 0\n00000001: 0 65536 0\n" } else { "" };
        side_data
            .push(json!({"side_data_type": "Display Matrix", "rotation": degrees, "displaymatrix": matrix}));
    }
    side_data.extend(named.iter().map(|name| json!({"side_data_type": name})));
    if let Some(DolbyVision { profile, compatibility, enhancement_layer, metadata, .. }) = dolby_vision {
        side_data.push(json!({
            "side_data_type": "DOVI configuration record", "dv_profile": profile,
            "dv_bl_signal_compatibility_id": compatibility, "el_present_flag": u8::from(*enhancement_layer),
            "rpu_present_flag": u8::from(*metadata),
        }));
    }
    json!({
        "width": width, "height": height, "pix_fmt": pixel_format.name(),
        "sample_aspect_ratio": sample_aspect_ratio.map(|ratio| ratio.to_string()),
        "color_range": range, "color_space": matrix, "color_transfer": transfer, "color_primaries": primaries,
        "side_data_list": side_data,
    })
}

/// All evidence of a result that holds its contract.
#[derive(Clone)]
pub(crate) struct Finished {
    pub(crate) run: RunReport,
    pub(crate) probe: MediaProbe,
    pub(crate) packets: PacketSummary,
    /// The same packets without the timestamps of the video.
    pub(crate) timeless: PacketSummary,
    pub(crate) opening: PacketSummary,
    pub(crate) headers: MatroskaFacts,
}

impl Finished {
    pub(crate) fn of(plan: &EncodePlan) -> Self {
        let video = plan.contract.streams.iter().position(|stream| stream.kind == StreamType::Video);
        let video = video.and_then(|video| u32::try_from(video).ok()).expect("a contract has a video");
        let packets = packets(plan, PacketSummary::with_times_of(video));
        Self {
            run: run(plan, &packets),
            probe: read(plan, &document(plan)),
            packets,
            timeless: self::packets(plan, PacketSummary::default()),
            opening: opening(plan),
            headers: headers(plan),
        }
    }

    pub(crate) fn evidence(&self, size: u64) -> Evidence<'_> {
        Evidence::new(size)
            .with_run(Some(&self.run))
            .with_probe(Some(ResultProbe::Read(&self.probe)))
            .with_packets(Some(&self.packets))
            .with_source_opening(Some(&self.opening))
            .with_headers(Some(&self.headers))
            .with_decode(Decode::Made(Check::Passed))
            .with_picture(Some(Check::Passed))
    }
}

/// The probe of a result, with its first frame if the plan promises HDR10+.
pub(crate) fn read(plan: &EncodePlan, document: &Value) -> MediaProbe {
    let mut probe = MediaProbe::from_json(document.to_string().as_bytes()).expect("the document is JSON");
    let picture = &plan.contract.picture;
    if picture.needs_first_frame() {
        let plus = json!({"side_data_type": "HDR Dynamic Metadata SMPTE2094-40 (HDR10+)"});
        let blocks = if picture.hdr10_plus { vec![plus] } else { Vec::new() };
        let frames = json!({"frames": [{"side_data_list": blocks}]});
        probe.add_frame(frames.to_string().as_bytes()).expect("the frame is JSON");
    }
    probe
}

/// Matroska headers as the plan promises them. The tracks have other UIDs than the source's.
fn headers(plan: &EncodePlan) -> MatroskaFacts {
    let mut headers = MatroskaFacts::default();
    let Some(ExpectedHeaders { tracks, editions, tags, .. }) = &plan.contract.headers else { return headers };
    for (expected, uid) in tracks.iter().zip(1000..) {
        let mut track = TrackFacts::new(TrackType::Video);
        track.codec_id = Some("V_AV1".into());
        track.uid = Some(uid);
        track.language_ietf.clone_from(&expected.language_ietf);
        track.enabled = Some(!expected.disabled);
        headers.tracks.push(track);
    }
    headers.editions.clone_from(editions);
    headers.tags.clone_from(tags);
    for uid in headers.tags.iter_mut().flat_map(|tag| &mut tag.targets.tracks) {
        let track = tracks.iter().zip(1000..).find(|(track, _)| track.uid == Some(*uid));
        *uid = track.map_or(*uid, |(_, renamed)| renamed);
    }
    headers
}

/// The report of a run without any fault.
fn run(plan: &EncodePlan, packets: &PacketSummary) -> RunReport {
    let (start, end) = times(plan, video_of(plan));
    RunReport::new(Some(0))
        .with_frames(Some(2))
        .with_closing(Some(closing(plan, packets)))
        .with_dropped(Some(0))
        .with_duplicated(Some(0))
        .with_frame_times(Some(vec![Micros(start), Micros(end)]))
}

/// The first packet of every stream of the source.
fn opening(plan: &EncodePlan) -> PacketSummary {
    let mut packets = PacketSummary::default();
    for stream in &plan.streams {
        packets.add_line(&format!("{},0.000000,0.000000", stream.index));
    }
    packets
}

/// The closing report of a run without any fault: a line for each stream, with the numbers of these packets.
fn closing(plan: &EncodePlan, packets: &PacketSummary) -> ClosingReport {
    let mut report = ClosingReport::default();
    for ((stream, kept), position) in plan.mapped().zip(0_u32..) {
        let kind = stream.kind.name();
        let count = packets.stream(position).map_or(0, |packets| packets.count);
        let encoded = if kept.treatment == Treatment::Copy {
            String::new()
        } else {
            format!("{count} frames encoded; ")
        };
        report.add_line(&format!(
            "[out#0/matroska @ 0x5578571bd6c0] [verbose]   Output stream #0:{position} ({kind}): \
             {encoded}{count} packets muxed (7 bytes); "
        ));
        let decoded = if encoded.is_empty() {
            String::new()
        } else {
            format!("{count} frames decoded; 0 decode errors; ")
        };
        report.add_line(&format!(
            "[in#0/matroska,webm @ 0x5578571bd6c0] [verbose]   Input stream #0:{} ({kind}): \
             {count} packets read (7 bytes); {decoded}",
            stream.index
        ));
    }
    report
}

/// The packets of the promised result: two frames at the start and end of its duration, and at least one packet of
/// every other stream.
fn packets(plan: &EncodePlan, mut packets: PacketSummary) -> PacketSummary {
    for (expected, index) in plan.contract.streams.iter().zip(0_u32..) {
        let (start, end) = times(plan, expected);
        packets.add_line(&format!("{index},{},0.000000", seconds(start)));
        if expected.kind == StreamType::Video || end > start {
            packets.add_line(&format!("{index},{},0.000000", seconds(end)));
        }
    }
    packets
}

fn video_of(plan: &EncodePlan) -> &ExpectedStream {
    let video = plan.contract.streams.iter().find(|stream| stream.kind == StreamType::Video);
    video.expect("a contract has a video")
}

/// When a promised stream starts and ends, in microseconds: as its source's packets do, if they were measured.
fn times(plan: &EncodePlan, expected: &ExpectedStream) -> (i64, i64) {
    match expected.span {
        Some(span) => (span.start.0, span.start.0 + span.length.0),
        None if expected.kind == StreamType::Video => {
            (0, plan.contract.duration.map_or(1_000_000, |duration| duration.0))
        }
        None => {
            let start = video_of(plan).span.map_or(0, |span| span.start.0);
            (start, start + expected.duration.map_or(0, |duration| duration.0))
        }
    }
}

/// How long all streams together take.
fn covered(plan: &EncodePlan) -> Micros {
    let all = || plan.contract.streams.iter().map(|expected| times(plan, expected));
    let ends = all().map(|(start, _)| start).min().zip(all().map(|(_, end)| end).max());
    Micros(ends.map_or(0, |(start, end)| end - start))
}

/// Microseconds as ffprobe writes them.
fn seconds(micros: i64) -> String {
    let sign = if micros < 0 { "-" } else { "" };
    let micros = micros.unsigned_abs();
    format!("{sign}{}.{:06}", micros / 1_000_000, micros % 1_000_000)
}
