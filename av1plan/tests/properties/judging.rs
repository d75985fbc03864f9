//! Judging: what the contract promises is accepted, and nothing that breaks any part of it.

use av1plan::encode::Encoder;
use av1plan::judge::{ClosingReport, Evidence, Judgement, RunReport, judge};
use av1plan::number::Micros;
use av1plan::packets::PacketSummary;
use av1plan::{EncodePlan, MediaProbe, Toolchain};
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Value, json};

use crate::films::{Film, film};
use crate::policy::{Policy, picture_policy, policy};
use crate::{cases, encoded, finished};

proptest! {
    #![proptest_config(cases(96))]

    #[test]
    fn what_the_contract_promises_is_accepted_below_the_limit_only(film in film(), policy in picture_policy()) {
        if let Some(plan) = encoded(film.plan(&policy)) {
            let document = finished::document(&plan);
            let limit = plan.contract.size.limit();
            if let Some(below) = limit.checked_sub(1) {
                prop_assert_eq!(judged(&plan, &document, below), Judgement::Accept);
            }
            prop_assert_eq!(judged(&plan, &document, limit), Judgement::TooBig { size: limit, limit });
            prop_assert_eq!(judged(&plan, &document, u64::MAX), Judgement::TooBig { size: u64::MAX, limit });
        }
    }

    #[test]
    fn any_one_broken_promise_is_a_defect(film in film(), policy in picture_policy(), place in any::<Index>()) {
        if let Some(plan) = encoded(film.plan(&policy)) {
            for (name, breaks) in BREAKS {
                let mut document = finished::document(&plan);
                if breaks(&mut document, &plan, place) {
                    let judgement = judged(&plan, &document, 0);
                    prop_assert!(matches!(judgement, Judgement::Defective(_)), "{name} went unseen: {judgement:?}");
                }
            }
            let whole = finished::document(&plan);
            let blocks = whole["streams"][video(&plan)]["side_data_list"].as_array().map_or(0, Vec::len);
            for block in 0..blocks {
                let mut document = whole.clone();
                document["streams"][video(&plan)]["side_data_list"].as_array_mut().expect("a list").remove(block);
                prop_assert!(matches!(judged(&plan, &document, 0), Judgement::Defective(_)), "block {block} went unseen");
            }
        }
    }

    /// Size never makes up for a defect, and a file that looks whole never makes up for a failed run.
    #[test]
    fn a_run_that_failed_is_a_defect_whatever_the_file_looks_like(film in film(), policy in picture_policy(), exit_code in any::<Option<i32>>()) {
        if let Some(plan) = encoded(film.plan(&policy)) {
            let run = RunReport { exit_code, ..finished::run() };
            let probe = read(&finished::document(&plan));
            let evidence = Evidence { run: &run, probe: Some(&probe), packets: None, opening: None, size: 0 };
            prop_assert_eq!(matches!(judge(&plan, &evidence), Judgement::Defective(_)), exit_code != Some(0));
            let run = RunReport { damage: vec!["[error] File ended prematurely".into()], ..finished::run() };
            let evidence = Evidence { run: &run, ..evidence };
            prop_assert!(matches!(judge(&plan, &evidence), Judgement::Defective(_)));
            let run = finished::run();
            let evidence = Evidence { run: &run, probe: None, ..evidence };
            prop_assert!(matches!(judge(&plan, &evidence), Judgement::Defective(_)));
        }
    }

    #[test]
    fn packets_that_are_missing_are_seen(film in film(), policy in picture_policy(), frames in 0..10_u64) {
        if let Some(plan) = encoded(film.plan(&policy)) {
            let packets = finished::packets(&plan);
            let with = |run: &RunReport, packets: &PacketSummary| {
                let probe = read(&finished::document(&plan));
                judge(&plan, &Evidence { run, probe: Some(&probe), packets: Some(packets), opening: None, size: 0 })
            };
            let defective = |judgement| matches!(judgement, Judgement::Defective(_));
            prop_assert_eq!(defective(with(&finished::run(), &packets)), false);
            let counted = RunReport { frames: Some(frames), ..finished::run() };
            prop_assert_eq!(defective(with(&counted, &packets)), frames != 2);
            prop_assert!(defective(with(&finished::run(), &PacketSummary::default())));
        }
    }

    /// ffmpeg's own numbers speak for an honest result, and any one of them that is off speaks against it.
    #[test]
    fn an_honest_report_of_an_honest_result_is_accepted(
        film in film(), policy in picture_policy(), place in any::<Index>(), more in 1..9_u64,
    ) {
        if let Some(plan) = encoded(film.plan(&policy)) {
            let (probe, packets) = (read(&finished::document(&plan)), finished::packets(&plan));
            let end = plan.contract.duration.map_or(Micros(1_000_000), |duration| duration);
            let honest = RunReport {
                closing: Some(finished::closing(&plan, &packets)),
                dropped: Some(0),
                duplicated: Some(0),
                sent: Some(vec![Micros(0), end]),
                ..finished::run()
            };
            let with = |run: &RunReport| {
                judge(&plan, &Evidence { run, probe: Some(&probe), packets: Some(&packets), opening: None, size: 0 })
            };
            let broken = |judgement: Judgement| matches!(judgement, Judgement::Defective(_));
            prop_assert!(!broken(with(&honest)), "{:?}", with(&honest));
            let run = RunReport { dropped: Some(more), ..honest.clone() };
            prop_assert!(broken(with(&run)));
            let run = RunReport { duplicated: Some(more), ..honest.clone() };
            prop_assert!(broken(with(&run)));
            let silent = RunReport { closing: Some(ClosingReport::default()), frames: None, ..honest.clone() };
            prop_assert!(broken(with(&silent)));
            // The same line again contradicts the first; one that was never said is no harm.
            let mut twice = honest.clone();
            let position = place.index(plan.contract.streams.len());
            let line = format!("[out#0/mp4 @ 0x1] [verbose]   Output stream #0:{position} (audio): 9 packets muxed (7 bytes); ");
            twice.closing.as_mut().expect("a report").add_line(&line);
            prop_assert!(broken(with(&twice)));
        }
    }

    /// Whatever ffmpeg prints and writes down, there is a judgement.
    #[test]
    fn any_evidence_gets_a_judgement(
        (film, policy) in (film(), picture_policy()),
        lines in proptest::collection::vec(report_line(), 0..8),
        packets in proptest::collection::vec(packet_line(), 0..20),
        sent in proptest::option::of(proptest::collection::vec(any::<i64>().prop_map(Micros), 0..20)),
    ) {
        if let Some(plan) = encoded(film.plan(&policy)) {
            let mut closing = ClosingReport::default();
            for line in &lines {
            closing.add_line(line);
        }
            let mut summary = PacketSummary::with_times_of(0);
            for line in &packets {
            summary.add_line(line);
        }
            let run = RunReport { closing: Some(closing), sent, ..finished::run() };
            let probe = read(&finished::document(&plan));
            let opening = Some(&summary);
            let evidence = Evidence { run: &run, probe: Some(&probe), packets: opening, opening, size: 0 };
            if let Judgement::Defective(defects) = judge(&plan, &evidence) {
                prop_assert!(!defects.is_empty());
                prop_assert!(defects.iter().all(|defect| !defect.to_string().is_empty()));
            }
        }
    }

    /// It shows in frames only, so that it is judged where somebody looked at one.
    #[test]
    fn promised_hdr10_plus_that_is_gone_is_seen(film in film(), there in any::<bool>()) {
        let film = Film { hdr10_plus: Some(true), ..film };
        // The only encoder and the only ffmpeg that carry it.
        let toolchain = Toolchain::described(9, [Encoder::Aom]).expect("it is new and has an encoder");
        let plan = encoded(film.plan(&Policy { toolchain, ..Policy::open() }));
        if let Some(plan) = plan.filter(|plan| plan.contract.picture.hdr10_plus) {
            let mut probe = read(&finished::document(&plan));
            let kind = if there { "HDR Dynamic Metadata SMPTE2094-40 (HDR10+)" } else { "Content light level metadata" };
            let frames = json!({"frames": [{"side_data_list": [{"side_data_type": kind}]}]});
            probe.add_frame(frames.to_string().as_bytes()).expect("the frame is JSON");
            let evidence = Evidence { run: &finished::run(), probe: Some(&probe), packets: None, opening: None, size: 0 };
            prop_assert_eq!(matches!(judge(&plan, &evidence), Judgement::Defective(_)), !there);
        }
    }

    /// A result may be anything at all, another film's plan included.
    #[test]
    fn any_result_gets_a_judgement(
        (film, policy, other) in (film(), policy(), film()), size in any::<u64>(), frames in any::<Option<u64>>(),
    ) {
        if let Some(plan) = encoded(film.plan(&policy)) {
            let run = RunReport { frames, ..finished::run() };
            let mut packets = PacketSummary::default();
            packets.add_line("0,9223372036854.775807,9223372036854.775807");
            packets.add_line("0,-9223372036854.775807,0");
            let probe = other.probe();
            let evidence = Evidence { run: &run, probe: Some(&probe), packets: Some(&packets), opening: None, size };
            match judge(&plan, &evidence) {
                Judgement::Defective(defects) => prop_assert!(!defects.is_empty()),
                Judgement::TooBig { size, limit } => prop_assert!(size >= limit),
                Judgement::Accept => prop_assert!(size < plan.contract.size.limit()),
            }
        }
    }
}

/// A line of ffmpeg's closing report, or nearly one.
fn report_line() -> impl Strategy<Value = String> {
    let side = prop_oneof![
        Just("[out#0/mp4 @ 0x1f] [verbose]   Output"),
        Just("[in#0/avi @ 0x1f] [verbose]   Input")
    ];
    (side, 0..4_u32, "( ?[0-9]{0,20} (packets (read|muxed) \\([0-9]{1,20} bytes\\)|frames (en|de)coded|decode errors);){0,4}")
        .prop_map(|(side, index, numbers)| format!("{side} stream #0:{index} (audio): {}", numbers.trim_start()))
}

/// A line of ffprobe's, with numbers of any size.
fn packet_line() -> impl Strategy<Value = String> {
    let time = "(N/A|-?[0-9]{1,13}\\.[0-9]{6})";
    (0..4_u32, time, time, any::<u64>())
        .prop_map(|(index, start, length, size)| format!("{index},{start},{length},{size},K_"))
}

fn judged(plan: &EncodePlan, document: &Value, size: u64) -> Judgement {
    let (probe, packets) = (read(document), finished::packets(plan));
    judge(
        plan,
        &Evidence {
            run: &finished::run(),
            probe: Some(&probe),
            packets: Some(&packets),
            opening: None,
            size,
        },
    )
}

fn read(document: &Value) -> MediaProbe {
    MediaProbe::from_json(document.to_string().as_bytes()).expect("the document is JSON")
}

/// Breaks one promise in the document of a result that holds them all; false where the plan doesn't make that promise.
type Break = fn(&mut Value, &EncodePlan, Index) -> bool;

/// Every promise of a contract, broken.
const BREAKS: [(&str, Break); 23] = [
    ("a stream too few", |document, _, place| {
        let streams = document["streams"].as_array_mut().expect("a list");
        streams.remove(place.index(streams.len()));
        true
    }),
    ("a stream too many", |document, _, _| {
        let streams = document["streams"].as_array_mut().expect("a list");
        streams.push(json!({"index": 999, "codec_type": "subtitle", "codec_name": "subrip"}));
        true
    }),
    ("a second video", |document, _, place| {
        swap_other(document, place, &json!({"codec_type": "video", "codec_name": "av1"}))
    }),
    ("another kind of stream", |document, plan, place| {
        let index = place.index(plan.contract.streams.len());
        index != video(plan) && set(document, index, "codec_type", &json!("nb"))
    }),
    ("no av1", |document, plan, _| set(document, video(plan), "codec_name", &json!("h264"))),
    ("another codec", |document, plan, place| {
        let index = place.index(plan.contract.streams.len());
        !plan.contract.streams[index].codec.is_empty() && set(document, index, "codec_name", &json!("x"))
    }),
    ("another language", |document, plan, place| {
        let index = place.index(plan.contract.streams.len());
        plan.contract.streams[index].language.is_some()
            && set(document, index, "tags", &json!({"language": "tlh"}))
    }),
    ("no title", |document, plan, place| {
        let expected = &plan.contract.streams[place.index(plan.contract.streams.len())];
        let tags = json!({"language": expected.language});
        expected.title.is_some() && set(document, place.index(plan.contract.streams.len()), "tags", &tags)
    }),
    ("another tag", |document, plan, place| {
        let index = place.index(plan.contract.streams.len());
        let tags = &plan.contract.streams[index].tags;
        let Some((name, _)) = tags.iter().next() else { return false };
        document["streams"][index]["tags"][name] = json!("x y z");
        true
    }),
    ("no title of the film", |document, plan, _| {
        document["format"]["tags"] = json!({});
        plan.contract.tags.get("title").is_some()
    }),
    ("other channels", |document, plan, place| {
        let index = place.index(plan.contract.streams.len());
        plan.contract.streams[index].channels > 0 && set(document, index, "channels", &json!(77))
    }),
    ("another sample rate", |document, plan, place| {
        let index = place.index(plan.contract.streams.len());
        plan.contract.streams[index].sample_rate > 0 && set(document, index, "sample_rate", &json!(77))
    }),
    ("another default", |document, plan, place| {
        let index = place.index(plan.contract.streams.len());
        let flag = plan.contract.streams[index].default;
        flag.is_some_and(|flag| set_flag(document, index, "default", !flag))
    }),
    ("another forced", |document, plan, place| {
        let index = place.index(plan.contract.streams.len());
        let flag = plan.contract.streams[index].forced;
        flag.is_some_and(|flag| set_flag(document, index, "forced", !flag))
    }),
    ("another width", |document, plan, _| set(document, video(plan), "width", &json!(3))),
    ("another height", |document, plan, _| set(document, video(plan), "height", &json!(3))),
    ("another pixel format", |document, plan, _| set(document, video(plan), "pix_fmt", &json!("yuv444p"))),
    ("another shape of pixels", |document, plan, _| {
        plan.contract.picture.sample_aspect_ratio.is_some()
            && set(document, video(plan), "sample_aspect_ratio", &json!("7:5"))
    }),
    ("no matrix", |document, plan, _| {
        plan.contract.picture.color.matrix.is_some()
            && set(document, video(plan), "color_space", &Value::Null)
    }),
    ("another transfer", |document, plan, _| {
        plan.contract.picture.color.transfer.is_some()
            && set(document, video(plan), "color_transfer", &json!("log"))
    }),
    ("other primaries", |document, plan, _| {
        plan.contract.picture.color.primaries.is_some()
            && set(document, video(plan), "color_primaries", &json!("film"))
    }),
    ("a chapter too many", |document, _, _| {
        document["chapters"].as_array_mut().expect("a list").push(json!({}));
        true
    }),
    ("a duration beyond the tolerance", |document, plan, _| {
        let (promised, epsilon) = (plan.contract.duration, plan.contract.duration_epsilon);
        document["format"] = promised.map_or(Value::Null, |duration| {
            let micros = duration.0 + epsilon.0 + 1;
            json!({"duration": format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000)})
        });
        promised.is_some()
    }),
];

/// The place of the video in the result.
fn video(plan: &EncodePlan) -> usize {
    let av1 = |stream: &av1plan::contract::ExpectedStream| stream.kind == av1plan::plan::StreamType::Video;
    plan.contract.streams.iter().position(av1).expect("a contract has a video")
}

fn set(document: &mut Value, index: usize, field: &str, value: &Value) -> bool {
    document["streams"][index][field] = value.clone();
    true
}

fn set_flag(document: &mut Value, index: usize, flag: &str, value: bool) -> bool {
    document["streams"][index]["disposition"][flag] = json!(u8::from(value));
    true
}

/// Puts another stream in the place of one that is no video; false where there is none.
fn swap_other(document: &mut Value, place: Index, other: &Value) -> bool {
    let streams = document["streams"].as_array_mut().expect("a list");
    let mut others: Vec<&mut Value> =
        streams.iter_mut().filter(|stream| stream["codec_type"] != "video").collect();
    if others.is_empty() {
        return false;
    }
    let count = others.len();
    *others[place.index(count)] = other.clone();
    true
}
