//! Properties of the readers: any bytes lead to a verdict or to a readable error, never to a panic.

use std::fs;
use std::path::Path;

use av1plan::command::{self, Audience};
use av1plan::wire::Document;
use av1plan::{FileFacts, MediaProbe, Source, Toolchain, Verdict, explain};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::{Map, Value};

use crate::cases;
use crate::policy::{Policy, policy};

proptest! {
    #![proptest_config(cases(256))]

    #[test]
    fn no_bytes_make_the_planner_panic(bytes in vec(any::<u8>(), 0..200), policy in policy()) {
        all_the_way(&bytes, &policy);
    }

    #[test]
    fn no_json_makes_the_planner_panic(json in any_json(), policy in policy()) {
        all_the_way(json.to_string().as_bytes(), &policy);
    }

    #[test]
    fn no_bytes_make_the_readers_panic(bytes in vec(any::<u8>(), 0..200), text in ".{0,80}") {
        let _ = Document::from_json(&bytes);
        let _ = Document::from_json(text.as_bytes());
        let _ = MediaProbe::default().add_frame(&bytes);
        let _ = Toolchain::parse(&text, &text, &text);
        let _ = Toolchain::parse(&format!("ffmpeg version {text}"), &text, &text);
        av1plan::probe::PacketSummary::default().add_line(&text);
        let _ = av1plan::probe::damage_in(&text);
        let _ = FileFacts::new(text, 0).extension();
    }
}

proptest! {
    #![proptest_config(cases(160))]

    #[test]
    fn real_documents_may_have_flipped_bytes(bytes in real(), flips in vec(any::<(Index, u8)>(), 1..20)) {
        let mut bytes = bytes;
        for (place, byte) in flips {
            let length = bytes.len();
            bytes[place.index(length)] = byte;
        }
        all_the_way(&bytes, &Policy::open());
    }

    #[test]
    fn real_documents_may_be_cut_off(bytes in real(), end in any::<Index>()) {
        // A document that was cut off is incomplete: the reader must refuse it, and not plan half a film.
        let length = bytes.trim_ascii_end().len();
        prop_assert!(MediaProbe::from_json(&bytes[..end.index(length)]).is_err());
    }

    #[test]
    fn real_documents_may_have_their_values_mixed_up(
        bytes in real(), swaps in vec(any::<(Index, Index)>(), 1..12), policy in policy(),
    ) {
        let text = String::from_utf8_lossy(&bytes);
        let mut document: Value = serde_json::from_str(&text).expect("the corpus is JSON");
        for (from, to) in swaps {
            let (mut values, mut path) = (Vec::new(), String::new());
            pointers(&document, &mut path, &mut values);
            let (from, to) = (&values[from.index(values.len())], &values[to.index(values.len())]);
            let value = document.pointer(from).cloned().unwrap_or_default();
            if let Some(place) = document.pointer_mut(to) {
                *place = value;
            }
        }
        all_the_way(document.to_string().as_bytes(), &policy);
    }
}

#[test]
fn megabytes_of_tags_are_read_and_few_of_them_get_into_the_plan() {
    let tags: Map<String, Value> =
        (0..50_000).map(|number| (format!("TAG_{number}"), "x".repeat(100).into())).collect();
    let stream = object(&[
        ("codec_type", "video".into()),
        ("codec_name", "h264".into()),
        ("width", 1920.into()),
        ("height", 1080.into()),
        ("tags", tags.into()),
    ]);
    let document = object(&[("streams", vec![stream].into())]).to_string();
    assert!(document.len() > 5_000_000);
    let probe = MediaProbe::from_json(document.as_bytes()).expect("it is JSON");
    let file = FileFacts::new("Film.mkv", 1 << 33);
    let source = Source::new(&file, &probe);
    let policy = Policy::open();
    let verdict = av1plan::plan(&source, &policy.toolchain, &policy.config);
    let written = Document::new(b"in", file.size, b"out", &verdict).to_json();
    assert!(matches!(verdict, Verdict::Encode(_)) && written.len() < 20_000, "{} bytes", written.len());
}

/// Does everything that can be done with the bytes of a probe.
fn all_the_way(bytes: &[u8], policy: &Policy) {
    let Ok(probe) = MediaProbe::from_json(bytes) else {
        return;
    };
    let file = FileFacts::new("Film.2001.WEB-DL.mkv", 1 << 33);
    let source = Source::new(&file, &probe);
    let verdict = av1plan::plan(&source, &policy.toolchain, &policy.config);
    let table = explain::table(verdict.decisions());
    assert_eq!(table.lines().count(), verdict.decisions().len());
    let document = Document::new(b"in.mkv", file.size, b"out.mkv", &verdict);
    let read = Document::from_json(document.to_json().as_bytes()).expect("what was written can be read");
    assert_eq!(read.verdict().expect("and restored"), verdict);
    if let Verdict::Encode(plan) = &verdict {
        assert_eq!(plan.streams.len(), probe.streams.len());
        assert!(!command::arguments(plan, Audience::Program).is_empty());
    }
}

/// The bytes of one of the corpus's documents.
fn real() -> impl Strategy<Value = Vec<u8>> {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/data/probes");
    let entries = fs::read_dir(&corpus).expect("the corpus is beside this crate");
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("the corpus is readable").path()).collect();
    paths.sort();
    select(paths).prop_map(|path| fs::read(path).expect("the corpus is readable"))
}

/// Collects the JSON pointers of all values in a document.
fn pointers(value: &Value, path: &mut String, found: &mut Vec<String>) {
    found.push(path.clone());
    let length = path.len();
    let mut descend = |key: &str, value: &Value| {
        path.push('/');
        *path += &key.replace('~', "~0").replace('/', "~1");
        pointers(value, path, found);
        path.truncate(length);
    };
    match value {
        Value::Object(fields) => fields.iter().for_each(|(key, value)| descend(key, value)),
        Value::Array(values) => {
            for (position, value) in values.iter().enumerate() {
                descend(&position.to_string(), value);
            }
        }
        _ => {}
    }
}

/// JSON of any shape, with the planner's keys in wrong places.
fn any_json() -> impl Strategy<Value = Value> {
    let scalar = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        select(vec![
            "video",
            "audio",
            "subtitle",
            "av1",
            "24/1",
            "0/0",
            "1:0",
            "-1",
            "18446744073709551616",
            "default"
        ])
        .prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
    ];
    let key = select(vec![
        "streams",
        "format",
        "chapters",
        "index",
        "codec_type",
        "codec_name",
        "width",
        "height",
        "tags",
        "disposition",
        "duration",
        "start_time",
        "avg_frame_rate",
        "r_frame_rate",
        "side_data_list",
        "side_data_type",
        "rotation",
        "language",
        "BPS",
        "default",
        "bit_rate",
        "nb_frames",
        "",
    ]);
    let inner = scalar.prop_recursive(5, 60, 8, move |inner| {
        prop_oneof![
            vec(inner.clone(), 0..6).prop_map(Value::from),
            vec((key.clone(), inner), 0..10).prop_map(|fields| object(&fields)),
        ]
    });
    let stream = vec(
        (select(vec!["index", "width", "height", "tags", "disposition", "side_data_list"]), inner.clone()),
        0..6,
    );
    let streams = vec(
        (select(vec!["video", "audio", "subtitle"]), stream).prop_map(|(kind, mut fields)| {
            fields.push(("codec_type", kind.into()));
            object(&fields)
        }),
        0..6,
    );
    prop_oneof![
        1 => inner.clone(),
        3 => (streams, inner).prop_map(|(streams, format)| object(&[("streams", streams.into()), ("format", format)])),
    ]
}

fn object(fields: &[(&str, Value)]) -> Value {
    let fields = fields.iter().map(|(key, value)| (String::from(*key), value.clone()));
    Value::from(fields.collect::<Map<_, _>>())
}
