//! Tests that the published JSON schema describes every document that is written.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests; clippy's exemption covers test functions only"
)]

use std::path::Path;

use av1plan::plan::Encoder;
use av1plan::wire::Document;
use av1plan::{Config, FileFacts, MediaProbe, Source, Toolchain};
use serde_json::{Value, json};

fn schema() -> jsonschema::Validator {
    let text = include_str!("../schema/plan-1.schema.json");
    jsonschema::validator_for(&serde_json::from_str(text).unwrap()).expect("the schema itself is one")
}

/// The documents of every probe of the corpus, for each encoder, and of one that is skipped.
fn documents() -> Vec<(String, Value)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/data/probes");
    let mut written = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let Ok(probe) = MediaProbe::from_json(&std::fs::read(&path).unwrap()) else { continue };
        let name = probe.format.filename.clone().unwrap_or("Film.mkv".into());
        let file = FileFacts::new(name.clone(), 8 << 30);
        for (encoder, min_bytes) in
            [(Encoder::Svt, 0), (Encoder::Aom, 0), (Encoder::Rav1e, 0), (Encoder::Svt, 9 << 30)]
        {
            let toolchain = Toolchain::described(8, [encoder]).unwrap();
            let config = Config::default().with_min_bytes(min_bytes);
            let verdict = av1plan::plan(&Source::new(&file, &probe), &toolchain, &config);
            let document = Document::new(b"/films/\xff.mkv", file.size, b"/films/.x.av1tmp", &verdict);
            let stem = path.file_stem().unwrap().to_string_lossy().into_owned();
            written.push((stem, serde_json::from_str(&document.to_json()).unwrap()));
        }
    }
    assert!(written.len() > 200, "the corpus is there");
    written
}

#[test]
fn every_document_of_the_corpus_is_as_the_schema_says() {
    let schema = schema();
    for (name, document) in documents() {
        let errors: Vec<String> = schema
            .iter_errors(&document)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{name}: {errors:#?}");
    }
}

#[test]
fn the_schema_refuses_what_is_no_plan() {
    let schema = schema();
    let (_, good) = documents().into_iter().find(|(_, document)| document["verdict"] == "encode").unwrap();
    let broken = [
        ("/format", json!("av1.job")),
        ("/version", json!("2.0")),
        ("/verdict", json!("skip")),
        ("/encode/encoder", json!("libx264")),
        ("/encode/crf", json!(0)),
        ("/encode/streams/0/action", json!("keep")),
        ("/encode/contract/picture/width", json!(0)),
        ("/decisions/0/code", json!("Not A Code")),
    ];
    for (pointer, value) in broken {
        let mut document = good.clone();
        *document.pointer_mut(pointer).unwrap() = value;
        assert!(!schema.is_valid(&document), "{pointer}");
    }
}

/// The reader accepts only what the schema accepts: the same ranges and the same closed lists.
#[test]
fn what_the_schema_refuses_the_reader_refuses() {
    let schema = schema();
    let names = |encoder: &str, filter: &str| {
        documents().into_iter().map(|(_, document)| document).find(|document| {
            document["encode"]["encoder"] == encoder
                && document["encode"]["filters"].to_string().contains(filter)
        })
    };
    let table = [
        ("libsvtav1", "", "/encode/crf", vec![json!(0), json!(64), json!(255), json!("23")]),
        ("libsvtav1", "", "/encode/preset", vec![json!(14), json!(-1)]),
        ("libaom-av1", "", "/encode/cpu_used", vec![json!(9), json!(-1)]),
        ("libaom-av1", "", "/encode/tiles/columns", vec![json!(0), json!(65)]),
        ("libaom-av1", "", "/encode/tiles/rows", vec![json!(0), json!(65)]),
        ("libaom-av1", "", "/encode/threads", vec![json!(0), json!(65)]),
        ("librav1e", "", "/encode/qp", vec![json!(256), json!(-1)]),
        ("librav1e", "", "/encode/speed", vec![json!(11)]),
        ("libsvtav1", "", "/encode/pixel_format", vec![json!("yuv444p"), json!("yuv420p,movie=x")]),
        ("libsvtav1", "", "/encode/container", vec![json!("avi")]),
        ("libsvtav1", "", "/encode/streams/0/index", vec![json!(2_147_483_648_u64), json!(-1)]),
        ("libsvtav1", "", "/encode/streams/0/disposition", vec![json!(["default+forced"]), json!(["x"])]),
        ("libsvtav1", "", "/encode/contract/picture/width", vec![json!(0), json!(65_537)]),
        (
            "libsvtav1",
            "",
            "/encode/contract/picture/color",
            vec![json!({"range": "x"}), json!({"matrix": "bt709:x"})],
        ),
        ("libsvtav1", "", "/encode/contract/duration_epsilon", vec![json!(-1)]),
        (
            "libsvtav1",
            "from-rgb",
            "/encode/filters/0/from-rgb/primaries",
            vec![json!("bt709,movie=x"), json!("auto")],
        ),
        ("libsvtav1", "from-rgb", "/encode/filters/0/from-rgb/transfer", vec![json!("bt709[x]"), json!("")]),
        ("libsvtav1", "from-rgb", "/encode/filters/0", vec![json!("movie=x"), json!({"movie": {}})]),
    ];
    for (encoder, filter, pointer, values) in table {
        let good =
            names(encoder, filter).unwrap_or_else(|| panic!("the corpus has no {encoder} with {filter}"));
        assert!(Document::from_json(good.to_string().as_bytes()).is_ok());
        for value in values {
            let mut document = good.clone();
            *document.pointer_mut(pointer).unwrap_or_else(|| panic!("{pointer} is there")) = value.clone();
            assert!(!schema.is_valid(&document), "{value} at {pointer}");
            assert!(Document::from_json(document.to_string().as_bytes()).is_err(), "{value} at {pointer}");
        }
    }
}

/// The schema names every field of the document.
#[test]
fn the_schema_names_every_field_of_the_document() {
    let text: Value = serde_json::from_str(include_str!("../schema/plan-1.schema.json")).unwrap();
    for (name, document) in documents() {
        for (place, properties) in [("", "/properties"), ("/encode", "/$defs/encode/properties")] {
            let Some(fields) = document.pointer(place).and_then(Value::as_object) else { continue };
            let named = text.pointer(properties).and_then(Value::as_object).unwrap();
            for field in fields.keys() {
                assert!(named.contains_key(field), "{name}: {place}/{field}");
            }
        }
    }
}
