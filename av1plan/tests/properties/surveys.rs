//! Strategies for surveys: packets and pictures as ffprobe prints them, with known trouble.

use av1plan::probe::{MatroskaFacts, PacketSummary, PictureSummary, Survey};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::json;

/// A survey of any film. Most of its streams have packets, and most of its pictures are alike.
pub(crate) fn survey() -> impl Strategy<Value = Survey> {
    let packets = vec(prop_oneof![30 => packets().prop_map(Some), 1 => Just(None)], 12);
    let channels = prop_oneof![20 => Just(vec![]), 20 => Just(vec!["2", "2"]), 1 => Just(vec!["2", "6"])];
    (packets, pictures(), channels, facts()).prop_map(|(packets, pictures, channels, facts)| {
        let mut all = PacketSummary::default().joining_clocks(true);
        for (index, lines) in packets.iter().enumerate() {
            for line in lines.iter().flatten() {
                all.add_line(&format!("{index},{line}"));
            }
        }
        let mut seen = PictureSummary::default();
        for line in &pictures {
            seen.add_line(line);
        }
        let mut survey = Survey::new(all, seen).with_matroska(facts);
        for line in channels {
            survey.add_channels(1, line);
        }
        survey
    })
}

/// What a Matroska file has that ffprobe doesn't show, as a stored survey has it.
pub(crate) fn facts() -> impl Strategy<Value = Option<MatroskaFacts>> {
    let track = |of: serde_json::Value| json!({"tracks": [of, of, of]});
    let tag = |targets: serde_json::Value, simple: serde_json::Value| json!({"tags": [{"targets": targets, "simple": simple}]});
    let kinds = vec![
        json!({}),
        json!({"linked": {"next_uid": "77"}}),
        json!({"linked": {"families": ["77"]}}),
        json!({"editions": [{"ordered": true, "chapters": [{"uid": 1, "start": 0}]}]}),
        json!({"editions": [{"chapters": [{"uid": 1, "start": 9}, {"uid": 2, "start": 5}, {"depth": 1, "displays": 2}]},
                            {"hidden": true, "chapters": [{"hidden": true}]}]}),
        track(json!({"type": "video", "codec_id": "V", "language": "por", "language_ietf": "pt-BR"})),
        track(json!({"type": "audio", "codec_id": "A", "enabled": false, "video": {"projection": 3}})),
        json!({"tracks": [{"type": "audio"}], "other_tracks": 2}),
        tag(
            json!({"type_value": 60, "type_name": "SEASON"}),
            json!([{"name": "A", "value": "b"}, {"name": "B", "depth": 1}]),
        ),
        tag(
            json!({"editions": [7]}),
            json!([{"name": "\u{1b}[2J", "value": "b"}, {"name": "A"}, {"name": "A"}]),
        ),
        tag(json!({"chapters": [7]}), json!([{"name": "A", "binary": true, "language_ietf": "pt-BR"}])),
        json!({"attachments": [{"name": "x", "size": 7}]}),
        json!({"tracks": [{"type": "video", "codec_id": "V", "uid": 3}, {"type": "audio", "codec_id": "A", "uid": 4}],
               "tags": [{"targets": {"tracks": [4], "type_value": 30}, "simple": [{"name": "TAKE", "value": "3"}]}]}),
    ];
    let fact = select(kinds).prop_map(|facts| serde_json::from_value(facts).expect("these are facts"));
    prop::option::weighted(0.5, fact)
}

/// The packets of a stream: timestamp, duration, bytes, flags, hash.
fn packets() -> impl Strategy<Value = Vec<String>> {
    prop_oneof![8 => ordinary(), 1 => Just(slides())]
}

/// Packets of which the last one stands for long.
fn slides() -> Vec<String> {
    let packet = |number| {
        let length = if number == 9 { "6.000000" } else { "0.100000" };
        format!("0.{number}00000,{length},77,K__,murmur3:0123")
    };
    (0..10).map(packet).collect()
}

fn ordinary() -> impl Strategy<Value = Vec<String>> {
    let times = prop_oneof![
        8 => (0..20_i64, 1..7200_i64).prop_map(|(start, length)| vec![start, start + length]),
        1 => Just(vec![100, 101, 20, 21]),
        1 => any::<i64>().prop_map(|time| vec![time / 1_000_000_000]),
    ];
    let flags = prop_oneof![30 => Just("K__"), 5 => Just("___"), 5 => Just("KD_"), 1 => Just("K_C")];
    (times, vec(flags, 4), prop::bool::weighted(0.9)).prop_map(|(times, flags, hashed)| {
        let hash = if hashed { ",murmur3:0123" } else { "" };
        times
            .iter()
            .zip(flags)
            .map(|(time, flags)| format!("{time}.000000,5.000000,77,{flags}{hash}"))
            .collect()
    })
}

/// Lines about pictures. In few films they change.
fn pictures() -> impl Strategy<Value = Vec<String>> {
    let picture = |width: u32, ratio: &str, format: &str, transfer: &str, interlaced: u8, block: &str| {
        format!(
            "pts_time=1.5|width={width}|height=576|pix_fmt={format}|sample_aspect_ratio={ratio}|\
             interlaced_frame={interlaced}|color_transfer={transfer}|side_datum/x:side_data_type={block}"
        )
    };
    let blocks = select(vec![
        "none",
        "ATSC A53 Part 4 Closed Captions",
        "Dolby Vision RPU Data",
        "HDR Dynamic Metadata SMPTE2094-40 (HDR10+)",
        "3x3 displaymatrix",
        "View ID",
        "SMPTE 12-1 timecode",
        "Ambient viewing environment",
        "Stereo 3D",
        "GOP timecode",
    ]);
    let kind = prop_oneof![
        30 => Just((720, "16:15", "yuv420p", "bt709")),
        1 => Just((704, "16:15", "yuv420p", "bt709")),
        1 => Just((720, "64:45", "yuv420p", "bt709")),
        1 => Just((720, "16:15", "yuv422p", "bt709")),
        1 => Just((720, "16:15", "yuv420p", "smpte2084")),
        1 => Just((720, "16:15", "yuv420p", "bt470bg")),
    ];
    let line = (kind, prop::bool::weighted(0.1), blocks).prop_map(
        move |((width, ratio, format, transfer), interlaced, block)| {
            picture(width, ratio, format, transfer, interlaced.into(), block)
        },
    );
    prop_oneof![1 => Just(Vec::new()), 30 => vec(line, 1..3)]
}
