//! Tests of the plan document as other programs see it: promised fields, old samples, newer minor versions, other
//! major versions.
#![allow(clippy::unwrap_used, reason = "helpers of tests; clippy's exemption covers test functions only")]

use av1plan::config::Config;
use av1plan::plan::{Encoder, SourceClass};
use av1plan::toolchain::Toolchain;
use av1plan::wire::{Document, PathDocument, VerdictName, WireError};
use av1plan::{FileFacts, MediaProbe, Source, Verdict};
use serde_json::{Value, json};

/// A document that the first release with version 1.0 wrote. It is never changed.
const SAMPLE: &[u8] = include_bytes!("data/plan-1.0.json");

fn sample() -> Value {
    serde_json::from_slice(SAMPLE).unwrap()
}

fn read(document: &Value) -> Result<Document, WireError> {
    Document::from_json(document.to_string().as_bytes())
}

#[test]
fn the_sample_of_version_1_0_is_read_for_ever() {
    let document = Document::from_json(SAMPLE).unwrap();
    assert_eq!((document.format.as_str(), document.version.as_str()), ("av1.plan", "1.0"));
    assert_eq!(document.verdict, VerdictName::Encode);
    let Verdict::Encode(plan) = document.verdict().unwrap() else {
        panic!("the sample is an encode");
    };
    assert_eq!(plan.video.settings.to_string(), "libsvtav1 crf 21 preset 3");
    assert_eq!(plan.source_class.class, SourceClass::DiscLike);
    assert_eq!(plan.mapped().map(|(stream, _)| stream.index).collect::<Vec<_>>(), [0, 1, 3, 4, 6]);
    assert_eq!(plan.losses.len(), 2);
    assert_eq!(plan.contract.chapters, 2);
}

/// Every field of version 1.0 is still written with the same name and meaning. Newer minor versions only add fields.
#[test]
fn no_field_of_version_1_0_is_gone_or_different() {
    let written: Value = serde_json::from_str(&Document::from_json(SAMPLE).unwrap().to_json()).unwrap();
    let mut missing = Vec::new();
    compare("", &sample(), &written, &mut missing);
    assert!(missing.is_empty(), "{missing:#?}");
}

/// Collects the places where `written` lacks or changes something of `old`.
fn compare(path: &str, old: &Value, written: &Value, missing: &mut Vec<String>) {
    match (old, written) {
        (Value::Object(old), Value::Object(_)) => {
            for (key, value) in old {
                compare(&format!("{path}/{key}"), value, &written[key], missing);
            }
        }
        (Value::Array(old), Value::Array(new)) if old.len() == new.len() => {
            for (position, (old, new)) in old.iter().zip(new).enumerate() {
                compare(&format!("{path}/{position}"), old, new, missing);
            }
        }
        _ if old == written => {}
        _ => missing.push(format!("{path}: {old} became {written}")),
    }
}

#[test]
fn an_unknown_minor_version_is_read_and_what_it_adds_is_passed_over() {
    let mut newer = sample();
    newer["version"] = json!("1.7");
    let extra = json!({"anything": [1, 2, {"deep": null}]});
    for place in [
        "",
        "/source",
        "/encode",
        "/encode/streams/0",
        "/encode/losses/0",
        "/encode/contract",
        "/encode/contract/streams/0",
        "/encode/contract/picture",
        "/decisions/0",
        "/encode/source_signals/0",
    ] {
        newer.pointer_mut(place).unwrap()["added_later"] = extra.clone();
    }
    let document = read(&newer).unwrap();
    assert_eq!(document.version, "1.7");
    let old = Document::from_json(SAMPLE).unwrap();
    assert_eq!(document.verdict().unwrap(), old.verdict().unwrap());
}

/// A newer minor version may have reasons that this one doesn't know. They can be shown, but not restored.
#[test]
fn a_decision_of_a_newer_minor_keeps_its_text() {
    let mut newer = sample();
    newer["version"] = json!("1.1");
    newer["decisions"][0]["code"] = json!("grain-synthesised");
    newer["decisions"][0]["text"] = json!("the grain is measured and put back");
    let document = read(&newer).unwrap();
    assert_eq!(document.decisions[0].code, "grain-synthesised");
    assert_eq!(document.decisions[0].text, "the grain is measured and put back");
    assert!(
        matches!(document.verdict(), Err(WireError::Unknown { code, .. }) if code == "grain-synthesised")
    );
}

#[test]
fn an_unknown_major_version_is_refused_by_name() {
    for version in ["2.0", "0.9", "10.0", "2", "", "one", "1", "1.", "1.x", "1.0\n"] {
        let mut other = sample();
        other["version"] = json!(version);
        let error = read(&other).unwrap_err();
        assert!(matches!(&error, WireError::Version { found } if found == version), "{version}");
        assert!(error.to_string().contains("1.0"), "{error}");
    }
}

#[test]
fn another_majors_shape_is_not_even_looked_at() {
    let other = json!({"format": "av1.plan", "version": "2.0", "verdict": ["something", "else"]});
    assert!(matches!(read(&other), Err(WireError::Version { .. })));
}

#[test]
fn another_format_is_refused() {
    let mut other = sample();
    other["format"] = json!("av1.job");
    assert!(matches!(read(&other), Err(WireError::Format { found }) if found == "av1.job"));
    for text in ["", "null", "[]", "{}", "{\"format\":\"av1.plan\"}", "not json"] {
        assert!(matches!(Document::from_json(text.as_bytes()), Err(WireError::Json { .. })), "{text}");
    }
}

/// What ffprobe prints has a `format`, too, and no version.
#[test]
fn another_programs_document_is_called_that() {
    for (text, words) in [
        (r#"{"streams": [], "format": {"filename": "a.mkv"}}"#, "a document of format"),
        (r#"{"format": "other"}"#, "a document of format \"other\""),
        ("[]", "expected a map"),
        ("{}", "it has no field `format`"),
    ] {
        let error = Document::from_json(text.as_bytes()).unwrap_err().to_string();
        assert!(error.contains(words) && error.lines().count() == 1, "{text}: {error}");
    }
}

/// A reader of 1.0 shows what a 1.1 writes. What it doesn't know it can't restore, and says so.
#[test]
fn what_a_newer_version_says_can_be_shown() {
    let mut newer = sample();
    newer["version"] = json!("1.1");
    newer["encode"]["losses"] = json!([{"code": "taste", "what": "a nuance", "stream": 2}]);
    let document = read(&newer).unwrap();
    assert_eq!(document.encode.as_ref().unwrap().losses[0].to_string(), "a nuance (stream 2)");
    assert!(matches!(document.verdict(), Err(WireError::Unknown { code, .. }) if code == "taste"));

    let mut skip = newer.clone();
    skip["verdict"] = json!("skip");
    skip["encode"] = Value::Null;
    skip["decisions"] = json!([]);
    let reason = json!({"code": "too-round", "facts": {"corners": 0}});
    skip["skip"] = json!({"code": "too-round", "text": "it has no corners", "reason": reason});
    let document = read(&skip).unwrap();
    assert_eq!(document.skip.as_ref().unwrap().text, "it has no corners");
    assert!(matches!(document.verdict(), Err(WireError::Unknown { code, .. }) if code == "too-round"));

    newer["encode"]["container"] = json!("ogg");
    let error = read(&newer).unwrap_err().to_string();
    assert!(error.contains("newer version than 1.0"), "{error}");
}

/// A skip's facts stand in its decision as they stand in its reason.
#[test]
fn a_skip_has_its_facts_once() {
    let document = json_of(b"in", b"out", &planned("Film.mkv", 1, None));
    assert_eq!(document["skip"]["reason"]["facts"], json!({"size": 1, "min_bytes": 2_147_483_648_u64}));
    let gate = &document["decisions"][0];
    assert_eq!((&gate["code"], &gate["facts"]), (&json!("too-small"), &document["skip"]["reason"]["facts"]));
    let read = Document::from_json(document.to_string().as_bytes()).unwrap();
    assert_eq!(read.verdict().unwrap(), planned("Film.mkv", 1, None));
    // As it was written before the first release.
    let mut before = document.clone();
    before["decisions"][0]["facts"] = document["skip"]["reason"].clone();
    let read = Document::from_json(before.to_string().as_bytes()).unwrap();
    assert_eq!(read.verdict().unwrap(), planned("Film.mkv", 1, None));
}

#[test]
fn a_document_that_contradicts_itself_is_refused() {
    let mut both = sample();
    both["skip"] = json!({"code": "no-video", "text": "", "reason": {"code": "no-video"}});
    assert!(matches!(read(&both).unwrap().verdict(), Err(WireError::Contradiction { .. })));

    let mut neither = sample();
    neither["encode"] = Value::Null;
    assert!(matches!(read(&neither).unwrap().verdict(), Err(WireError::Contradiction { .. })));

    for (action, to) in [("copy", json!("subrip")), ("convert", Value::Null), ("melt", Value::Null)] {
        let mut odd = sample();
        odd["encode"]["streams"][1]["action"] = json!(action);
        odd["encode"]["streams"][1]["to"] = to;
        assert!(matches!(read(&odd).unwrap().verdict(), Err(WireError::Contradiction { .. })), "{action}");
    }
}

/// The reader refuses numbers that no plan can have.
#[test]
fn impossible_values_are_refused() {
    for (place, value) in [
        ("/encode/contract/size/max_ratio", json!(0)),
        ("/encode/contract/size/max_ratio", json!(10_001)),
        ("/encode/crf", json!(300)),
        ("/encode/crf", json!(0)),
        ("/encode/crf", json!(255)),
        ("/encode/preset", json!(14)),
        ("/encode/streams/0/stale_tags/0", json!("title=evil")),
        ("/encode/streams/0/stale_tags/0", json!("title")),
        ("/encode/streams/0/disposition/0", json!("default+x")),
        ("/encode/contract/picture/color/primaries", json!("bt709,movie=x")),
        ("/encode/contract/duration", json!(-1)),
        ("/encode/container", json!("avi")),
        ("/encode/encoder", json!("libx265")),
        ("/source/size", json!(-1)),
    ] {
        let mut odd = sample();
        *odd.pointer_mut(place).unwrap() = value.clone();
        assert!(matches!(read(&odd), Err(WireError::Json { .. })), "{place} {value}");
    }
}

/// Values that are each valid, but not together.
#[test]
fn values_that_do_not_go_together_are_refused() {
    let table: [(&str, Value, &str); 8] = [
        ("/verdict", json!("skip"), "`skip` or `encode`"),
        ("/encode/streams/1/index", json!(0), "one `index`"),
        ("/encode/streams/0/action", json!("copy"), "video that is kept"),
        ("/encode/streams/0/action", json!("drop"), "video that is kept"),
        ("/encode/streams/5/action", json!("copy"), "video that is kept"),
        ("/encode/streams/1/action", json!("encode"), "video that is kept"),
        ("/encode/contract/streams/1/source", json!(3), "`contract.streams`"),
        ("/encode/filters", json!(["square-pixels", "square-pixels"]), "twice"),
    ];
    for (place, value, what) in table {
        let mut odd = sample();
        *odd.pointer_mut(place).unwrap() = value.clone();
        let error = read(&odd).unwrap().verdict().unwrap_err();
        assert!(error.to_string().contains(what), "{place} {value}: {error}");
    }
}

/// A path with a zero byte can't be given to a program, and one whose two forms differ is ambiguous.
#[test]
fn impossible_paths_are_refused() {
    for (place, path, hex) in [
        ("/source", "/films/a\u{0}.mkv", None),
        ("/source", "/films/a.mkv", Some("2f62")),
        ("/source", "/films/a.mkv", Some("zz")),
        ("/encode", "/films/\u{0}", None),
        ("/encode", "/films/a.mkv", Some("2f6")),
    ] {
        let mut odd = sample();
        let (path_field, hex_field) =
            if place == "/source" { ("path", "path_hex") } else { ("output", "output_hex") };
        odd.pointer_mut(place).unwrap()[path_field] = json!(path);
        if let Some(hex) = hex {
            odd.pointer_mut(place).unwrap()[hex_field] = json!(hex);
        }
        assert!(matches!(read(&odd), Err(WireError::Path { .. })), "{place} {path} {hex:?}");
    }
}

/// The command is made from the plan, whatever the document's `argv` says.
#[test]
fn the_command_is_made_from_the_plan() {
    let mut odd = sample();
    odd["encode"]["argv"] = json!(["rm", "-rf", "/"]);
    let command = read(&odd).unwrap().command().unwrap().unwrap();
    let mut written = sample()["encode"]["argv"].clone();
    // This version may read more formats than the one that wrote the document.
    let formats = command.iter().position(|argument| argument == "-format_whitelist").unwrap() + 1;
    written[formats] = json!(command[formats]);
    assert_eq!(json!(command), written);
}

#[test]
fn a_path_that_is_not_utf8_keeps_its_bytes() {
    for bytes in [
        &b"/films/caf\xe9.mkv"[..],
        b"\xff",
        b"/plain.mkv",
        b"",
        "/\u{444}\u{438}\u{43b}\u{44c}\u{43c}".as_bytes(),
    ] {
        let skip = planned("Film.mkv", 0, None);
        let document = Document::new(bytes, 7, bytes, &skip);
        let read = Document::from_json(document.to_json().as_bytes()).unwrap();
        assert_eq!(read.source.path.bytes().as_deref(), Some(bytes));
        let exact = str::from_utf8(bytes).is_ok();
        assert_eq!(
            read.source.path.path_hex.is_none(),
            exact,
            "bytes are given only where the text isn't exact"
        );
    }
    for hex in ["0", "zz", "0g", "\u{e9}"] {
        let mut path = PathDocument::new(b"x");
        path.path_hex = Some(hex.into());
        assert_eq!(path.bytes(), None, "{hex}");
    }
}

#[test]
fn an_output_that_is_not_utf8_keeps_its_bytes() {
    let verdict = planned("Film.mkv", 1 << 33, None);
    let document = json_of(b"/films/caf\xe9.mkv", b"/films/.caf\xe9.tmp", &verdict);
    assert_eq!(document["encode"]["output_hex"], "2f66696c6d732f2e636166e92e746d70");
    assert_eq!(document["encode"]["output"], "/films/.caf\u{fffd}.tmp");
    let argv = document["encode"]["argv"].as_array().unwrap();
    assert_eq!(argv.last().unwrap(), "file:/films/.caf\u{fffd}.tmp");
}

/// Checks every field that the document promises to scripts.
#[test]
fn an_encode_has_the_promised_fields() {
    let verdict = planned("Film.2001.WEB-DL.mkv", 1 << 33, None);
    let document = json_of(b"/films/Film.2001.WEB-DL.mkv", b"/films/.tmp", &verdict);
    assert_eq!(document["format"], "av1.plan");
    assert_eq!(document["version"], "1.0");
    assert_eq!(document["source"], json!({"path": "/films/Film.2001.WEB-DL.mkv", "size": 1_u64 << 33}));
    assert_eq!(document["verdict"], "encode");
    assert_eq!(document.get("skip"), None);
    let encode = &document["encode"];
    assert_eq!(encode["encoder"], "libsvtav1");
    assert_eq!((&encode["crf"], &encode["preset"]), (&json!(23), &json!(4)));
    assert_eq!(encode["container"], "matroska");
    assert_eq!(encode["output"], "/films/.tmp");
    assert_eq!(encode["source_class"], "web-like");
    for (stream, action) in
        encode["streams"].as_array().unwrap().iter().zip(["encode", "copy", "convert", "drop"])
    {
        assert_eq!(stream["action"], action);
        assert!(stream["index"].is_u64() && stream["kind"].is_string() && stream["reason"].is_string());
    }
    assert_eq!(encode["losses"][0]["code"], "language");
    assert_eq!(encode["argv"][0], "ffmpeg");
    assert!(encode["argv"].as_array().unwrap().iter().all(Value::is_string));
    for decision in document["decisions"].as_array().unwrap() {
        for field in ["topic", "choice", "code", "text"] {
            assert!(decision[field].as_str().is_some_and(|text| !text.is_empty()), "{field} of {decision}");
        }
    }
}

#[test]
fn a_skip_has_the_promised_fields() {
    let verdict = planned("Film.mkv", 5, None);
    let document = json_of(b"Film.mkv", b".tmp", &verdict);
    assert_eq!(document["verdict"], "skip");
    assert_eq!(document.get("encode"), None);
    assert_eq!(document["skip"]["code"], "too-small");
    assert!(document["skip"]["text"].as_str().is_some_and(|text| text.contains("min_bytes")));
}

/// A setting that the encoder doesn't have is absent from the document, not `null`.
#[test]
fn each_encoder_has_its_own_settings_and_no_other() {
    let fields = ["crf", "preset", "cpu_used", "tiles", "qp", "speed"];
    let table = [
        (Encoder::Svt, "libsvtav1", &["crf", "preset"][..]),
        (Encoder::Aom, "libaom-av1", &["crf", "cpu_used", "tiles"]),
        (Encoder::Rav1e, "librav1e", &["qp", "speed"]),
    ];
    for (encoder, name, own) in table {
        let document = json_of(b"in", b"out", &planned("Film.mkv", 1 << 33, Some(encoder)));
        assert_eq!(document["encode"]["encoder"], name);
        let there = fields.into_iter().filter(|field| document["encode"].get(field).is_some());
        assert_eq!(there.collect::<Vec<_>>(), own, "{name}");
    }
}

/// A film with a stream of each fate, planned with the default config.
fn planned(name: &str, size: u64, only: Option<Encoder>) -> Verdict {
    let probe = br#"{"streams": [
        {"index": 0, "codec_type": "video", "codec_name": "h264", "width": 1920, "height": 1080,
         "avg_frame_rate": "24000/1001", "r_frame_rate": "24000/1001", "bit_rate": "9000000"},
        {"index": 1, "codec_type": "audio", "codec_name": "ac3", "tags": {"language": "eng"}},
        {"index": 2, "codec_type": "subtitle", "codec_name": "mov_text", "tags": {"language": "eng"}},
        {"index": 3, "codec_type": "audio", "codec_name": "ac3", "tags": {"language": "rus"}}]}"#;
    let probe = MediaProbe::from_json(probe).unwrap();
    let toolchain = Toolchain::described(8, only.map_or(Encoder::ALL.to_vec(), |only| vec![only])).unwrap();
    let file = FileFacts::new(name, size);
    let source = Source::new(&file, &probe);
    av1plan::plan(&source, &toolchain, &Config::default())
}

fn json_of(source: &[u8], output: &[u8], verdict: &Verdict) -> Value {
    serde_json::from_str(&Document::new(source, 1 << 33, output, verdict).to_json()).unwrap()
}
