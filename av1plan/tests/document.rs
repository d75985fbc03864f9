//! Whatever a plan document contains, either it is refused, or every command that is made from it follows `grammar`.
//! The tests put hostile values into every place of real documents.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests; clippy's exemption covers test functions only"
)]

mod grammar;

use std::path::Path;

use av1plan::config::{BitDepth, Interlaced};
use av1plan::plan::Encoder;
use av1plan::wire::Document;
use av1plan::{Config, FileFacts, MediaProbe, Source, Toolchain, Verdict, explain};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::{Value, json};

const SAMPLE: &[u8] = include_bytes!("data/plan-1.0.json");

/// A film in RGB that is odd in size, interlaced, and has a stream of each type: its plan has every filter.
const COLOURFUL: &str = r#"{"streams": [
    {"index": 0, "codec_type": "video", "codec_name": "h264", "width": 1919, "height": 1079, "pix_fmt": "gbrp",
     "field_order": "tt", "color_primaries": "bt2020", "color_transfer": "smpte2084", "r_frame_rate": "1000/1",
     "avg_frame_rate": "25/1", "tags": {"BPS-eng": "1", "language": "eng"}},
    {"index": 1, "codec_type": "audio", "codec_name": "ac3", "channels": 6, "tags": {"title": "x"}},
    {"index": 2, "codec_type": "subtitle", "codec_name": "mov_text", "disposition": {"forced": 1}},
    {"index": 3, "codec_type": "attachment", "codec_name": "ttf"},
    {"index": 4, "codec_type": "audio", "codec_name": "pcm_bluray", "tags": {"language": "ru"}}],
    "format": {"duration": "100.0", "format_name": "matroska,webm", "tags": {"title": "Film"}}, "chapters": [{}]}"#;

/// A film from a phone, with Dolby Vision and static HDR.
const HDR: &str = r#"{"streams": [
    {"index": 0, "codec_type": "video", "codec_name": "hevc", "width": 1920, "height": 1080, "pix_fmt": "yuv420p10le",
     "color_primaries": "bt2020", "color_transfer": "arib-std-b67", "color_space": "bt2020nc", "color_range": "tv",
     "sample_aspect_ratio": "4:3", "side_data_list": [
        {"side_data_type": "DOVI configuration record", "dv_profile": 8, "dv_bl_signal_compatibility_id": 4,
         "rpu_present_flag": 1, "el_present_flag": 0},
        {"side_data_type": "Display Matrix", "rotation": -90},
        {"side_data_type": "Content light level metadata", "max_content": 1000, "max_average": 400}]},
    {"index": 1, "codec_type": "audio", "codec_name": "truehd", "duration": "99.5"}], "format": {"duration": "100.0"}}"#;

/// The document of a film's plan.
fn written(probe: &str, name: &str, encoder: Encoder) -> Value {
    let probe = MediaProbe::from_json(probe.as_bytes()).unwrap();
    let config = Config::default()
        .with_min_bytes(0)
        .with_refuse_losses([].into())
        .with_drop_languages(Vec::new())
        .with_bit_depth(BitDepth::Source)
        .with_interlaced(Interlaced::Deinterlace);
    let file = FileFacts::new(name, 8 << 30);
    let toolchain = Toolchain::described(9, [encoder]).unwrap();
    let verdict = av1plan::plan(&Source::new(&file, &probe), &toolchain, &config);
    assert!(matches!(verdict, Verdict::Encode(_)), "{verdict:?}");
    serde_json::from_str(&Document::new(b"/films/Film.mkv", 8 << 30, b"/films/.tmp", &verdict).to_json())
        .unwrap()
}

/// Documents that together have every field.
fn rich() -> Vec<Value> {
    vec![
        serde_json::from_slice(SAMPLE).unwrap(),
        written(COLOURFUL, "Film.WEB-DL.mkv", Encoder::Svt),
        written(COLOURFUL, "Film.mkv", Encoder::Aom),
        written(COLOURFUL, "Film.WEB-DL.mp4", Encoder::Rav1e),
        written(HDR, "Film.mp4", Encoder::Svt),
    ]
}

/// Values that a hostile writer might put into any field.
fn hostile() -> Vec<Value> {
    let mut values: Vec<Value> = [
        "bt709,movie=/etc/passwd",
        "bt709:color_trc=bt709[x];movie=a.mkv[y];[x][y]overlay",
        "yuv420p,movie=http://example.org/x",
        "-i",
        "/etc/passwd",
        "http://example.org/a.mkv",
        "concat:a|b",
        "title=evil",
        "BPS=1",
        "BPS-\u{0}",
        "BPS-\u{1b}[2J",
        "BPS-'\\,;[]",
        "=",
        "",
        " ",
        "0",
        "-1",
        "auto",
        "unknown",
        "reserved",
        "copy",
        "drop",
        "encode",
        "convert",
        "default",
        "video",
        "nul\u{0}byte",
        "\u{1b}]0;title\u{7}",
        "\u{202e}x",
        "ff",
        "zz",
        "24/1",
        "libx265",
    ]
    .map(Value::from)
    .into();
    values.push("BPS-".repeat(20_000).into());
    for number in [
        0_u64,
        1,
        2,
        14,
        64,
        65,
        255,
        256,
        65_537,
        0x7fff_ffff,
        0x8000_0000,
        0xffff_ffff,
        0x1_0000_0000,
        0x7fff_ffff_ffff_ffff,
        0x8000_0000_0000_0000,
        u64::MAX,
    ] {
        values.push(number.into());
    }
    values.extend([json!(-1), json!(i64::MIN), json!(i32::MIN), json!(0.5), json!(1e308), json!(-0.0)]);
    values.extend([json!(null), json!(true), json!(false), json!([]), json!({}), json!(["default", "x"])]);
    values.push(
        json!({"from-rgb": {"primaries": "bt709,movie=x", "transfer": "bt709", "pixel_format": "yuv420p"}}),
    );
    values.push(json!({"numerator": u64::MAX, "denominator": 1}));
    values.push(json!({"numerator": 0, "denominator": u64::MAX}));
    values.push(json!({"columns": 200, "rows": 0}));
    values
}

/// Reads a document and makes everything from it that can be made. Returns what is wrong with that; `None` if nothing
/// is wrong or the document is refused.
fn made(document: &Value) -> Option<String> {
    let document = Document::from_json(document.to_string().as_bytes()).ok()?;
    let verdict = document.verdict().ok()?;
    let table = explain::table(verdict.decisions());
    assert_eq!(table.matches('\n').count(), verdict.decisions().len());
    let shown = table.chars().filter(|letter| *letter != '\n').any(explain::is_hostile);
    assert!(!shown, "a sentence does something to a terminal: {table:?}");
    let again =
        Document::from_json(document.to_json().as_bytes()).expect("what was read can be written and read");
    assert_eq!(again, document);
    match &verdict {
        Verdict::Encode(plan) => grammar::wrong_of(plan),
        Verdict::Skip(skip) => {
            let sentence = skip.reason.to_string();
            sentence.chars().any(explain::is_hostile).then_some(sentence)
        }
    }
}

/// Collects the JSON pointers of all values in a document.
fn pointers(value: &Value, path: &str, found: &mut Vec<String>) {
    found.push(path.to_owned());
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                pointers(value, &format!("{path}/{}", key.replace('~', "~0").replace('/', "~1")), found);
            }
        }
        Value::Array(values) => {
            for (position, value) in values.iter().enumerate() {
                pointers(value, &format!("{path}/{position}"), found);
            }
        }
        _ => {}
    }
}

fn places(document: &Value) -> Vec<String> {
    let mut found = Vec::new();
    pointers(document, "", &mut found);
    found
}

#[test]
fn real_documents_are_read_and_their_commands_follow_the_grammar() {
    for document in rich() {
        let read = Document::from_json(document.to_string().as_bytes()).unwrap();
        let Verdict::Encode(plan) = read.verdict().unwrap() else { panic!("an encode") };
        assert_eq!(grammar::wrong_of(&plan), None);
    }
}

#[test]
fn a_hostile_value_in_any_place_is_refused_or_harmless() {
    let hostile = hostile();
    for (number, mut document) in rich().into_iter().enumerate() {
        // Most of a document is only shown to people. To save time, that part is tested in the first document only,
        // and the plan in the others.
        document["encode"]["argv"] = json!(["ffmpeg"]);
        if number > 0 {
            document["decisions"] = json!([]);
        }
        for place in places(&document) {
            if number == 0 && place.starts_with("/encode/") {
                continue;
            }
            for value in &hostile {
                let mut changed = document.clone();
                *changed.pointer_mut(&place).unwrap() = value.clone();
                let shown: String = value.to_string().chars().take(80).collect();
                assert_eq!(made(&changed), None, "document {number}: {shown} at {place}");
            }
        }
    }
}

/// A document that once got a filter of its own into a command.
#[test]
fn a_filter_from_a_hostile_document_is_refused() {
    let mut document = written(COLOURFUL, "Film.mkv", Encoder::Svt);
    let filter = document["encode"]["filters"].as_array_mut().unwrap();
    let rgb = filter.iter_mut().find(|filter| filter.get("from-rgb").is_some()).unwrap();
    rgb["from-rgb"]["primaries"] = json!("bt709,movie=/etc/passwd");
    let error = Document::from_json(document.to_string().as_bytes()).unwrap_err();
    assert!(error.to_string().contains("bt709,movie="), "{error}");
}

/// A change of a document: put in a hostile value, copy one of its values to another place, double an element of a
/// list, or remove one.
#[derive(Debug, Clone)]
enum Step {
    Put(Index, Value),
    Move(Index, Index),
    Double(Index),
    Remove(Index),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        5 => (any::<Index>(), select(hostile())).prop_map(|(place, value)| Step::Put(place, value)),
        3 => (any::<Index>(), any::<Index>()).prop_map(|(from, to)| Step::Move(from, to)),
        1 => any::<Index>().prop_map(Step::Double),
        1 => any::<Index>().prop_map(Step::Remove),
        2 => (any::<Index>(), any::<u64>()).prop_map(|(place, number)| Step::Put(place, number.into())),
        2 => (any::<Index>(), ".{0,12}").prop_map(|(place, text)| Step::Put(place, text.into())),
    ]
}

impl Step {
    fn take(&self, document: &mut Value) {
        let places = places(document);
        let at = |index: &Index| &places[index.index(places.len())];
        match self {
            Self::Put(place, value) => *document.pointer_mut(at(place)).unwrap() = value.clone(),
            Self::Move(from, to) => {
                let value = document.pointer(at(from)).cloned().unwrap();
                *document.pointer_mut(at(to)).unwrap() = value;
            }
            Self::Double(place) => {
                if let Some(Value::Array(values)) = document.pointer_mut(at(place)) {
                    values.extend(values.first().cloned());
                }
            }
            Self::Remove(place) => {
                if let Some(Value::Array(values)) = document.pointer_mut(at(place)) {
                    values.pop();
                }
            }
        }
    }
}

/// Runs `count` cases for each property, or as many as the variable `PROPTEST_CASES` says.
fn cases(count: u32) -> ProptestConfig {
    let mut config = ProptestConfig::default();
    if std::env::var_os("PROPTEST_CASES").is_none() {
        config.cases = count;
    }
    config
}

proptest! {
    #![proptest_config(cases(600))]

    #[test]
    fn several_hostile_values_at_once_are_refused_or_harmless(
        document in select(rich()), steps in proptest::collection::vec(step(), 1..5),
    ) {
        let mut document = document;
        for step in &steps {
            step.take(&mut document);
        }
        prop_assert_eq!(made(&document), None);
    }
}

/// Writes the documents that the fuzz target starts with: see `make fuzz`.
#[test]
#[ignore = "it tests nothing: `make fuzz` asks for it"]
fn seeds() {
    let Some(folder) = std::env::var_os("AV1D_SEEDS") else { panic!("AV1D_SEEDS names no folder") };
    for (number, document) in rich().iter().enumerate() {
        let mut small = document.clone();
        // Decisions and `argv` are only shown to people. They are most of a document, so the fuzzer would mostly
        // change them.
        (small["decisions"], small["encode"]["argv"]) = (json!([]), json!([]));
        let folder = Path::new(&folder);
        std::fs::write(folder.join(format!("whole-{number}.json")), document.to_string()).unwrap();
        std::fs::write(folder.join(format!("small-{number}.json")), small.to_string()).unwrap();
    }
}

/// The reader accepts every document that the planner writes, for every probe of the corpus.
#[test]
fn the_plan_of_every_probe_of_the_corpus_follows_the_grammar() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/data/probes");
    let mut seen = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let Ok(probe) = MediaProbe::from_json(&std::fs::read(&path).unwrap()) else { continue };
        let name = probe.format.filename.clone().unwrap_or("Film.mkv".into());
        let file = FileFacts::new(name, 8 << 30);
        for encoder in Encoder::ALL {
            let config = Config::default().with_min_bytes(0).with_refuse_losses([].into());
            let toolchain = Toolchain::described(8, [*encoder]).unwrap();
            let verdict = av1plan::plan(&Source::new(&file, &probe), &toolchain, &config);
            let Verdict::Encode(plan) = &verdict else { continue };
            seen += 1;
            assert_eq!(grammar::wrong_of(plan), None, "{}", path.display());
            let document = Document::new(b"in", file.size, b"out", &verdict);
            let read = Document::from_json(document.to_json().as_bytes()).unwrap();
            assert_eq!(read.verdict().unwrap(), verdict, "{}", path.display());
        }
    }
    assert!(seen > 150, "{seen}");
}
