//! Plans each document of the corpus and compares what a person would be told, and the command with one option on
//! each line, with a reviewed snapshot.
//!
//! The documents are in `tests/data/probes`. Each shows one phenomenon and is named after it. Reading the snapshots
//! is a review of the planner: nothing in them should look odd.
#![allow(clippy::expect_used, reason = "helpers of tests; clippy's exemption covers test functions only")]

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use av1plan::command::{self, Arg, Audience, Placeholder};
use av1plan::{Config, EncodePlan, FileFacts, MediaProbe, Source, Toolchain, Verdict, explain};
use serde_json::Value;

/// The size in bytes of a film whose document has none.
const ASSUMED_SIZE: u64 = 8 << 30;

fn corpus() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/data/probes");
    let entries = fs::read_dir(folder).expect("the corpus is beside this crate");
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("the corpus is readable").path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    paths.sort();
    paths
}

/// A document of the corpus: its name, its bytes, and the file that it describes.
struct Case {
    name: String,
    bytes: Vec<u8>,
    file: FileFacts,
}

fn cases() -> impl Iterator<Item = Case> {
    corpus().into_iter().map(|path| {
        let name = path.file_stem().expect("a file has a name").to_string_lossy().into_owned();
        let bytes = fs::read(&path).expect("the corpus is readable");
        let document: Value =
            serde_json::from_str(&String::from_utf8_lossy(&bytes)).expect("the corpus is JSON");
        let size = document["format"]["size"].as_str().and_then(|size| size.parse().ok());
        let file = document["format"]["filename"].as_str().unwrap_or("Film.mkv");
        let file = FileFacts::new(file, size.unwrap_or(ASSUMED_SIZE));
        Case { name, bytes, file }
    })
}

fn planned(case: &Case) -> Verdict {
    let mut probe = MediaProbe::from_json(&case.bytes).expect("every document of the corpus can be read");
    if case.name == "hdr10-plus" {
        let frame = br#"{"frames": [{"media_type": "video", "side_data_list": [
            {"side_data_type": "HDR Dynamic Metadata SMPTE2094-40 (HDR10+)"}]}]}"#;
        probe.add_frame(frame).expect("the frame is JSON");
    }
    let config = Config::default().with_min_bytes(0);
    av1plan::plan(&Source::new(&case.file, &probe), &Toolchain::assumed(), &config)
}

#[test]
fn each_document_is_planned_as_reviewed() {
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| {
        for case in cases() {
            insta::assert_snapshot!(case.name.clone(), shown(&case, &planned(&case)));
        }
    });
}

#[test]
fn the_corpus_is_large_and_its_names_are_plain() {
    let names: Vec<String> = cases().map(|case| case.name).collect();
    assert!(names.len() >= 60, "{}", names.len());
    for name in names {
        assert!(
            name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-'),
            "{name}"
        );
    }
}

/// The repository is public, so no document may contain a path of somebody's machine.
#[test]
fn no_document_names_a_folder() {
    for case in cases() {
        assert!(!case.file.name.contains('/'), "{}", case.name);
    }
}

/// A snapshot without a document would be reviewed in vain.
#[test]
fn every_snapshot_has_its_document() {
    let names: Vec<String> = cases().map(|case| format!("{}.snap", case.name)).collect();
    let snapshots = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots");
    for entry in fs::read_dir(snapshots).expect("the snapshots are here") {
        let file = entry.expect("the folder is readable").file_name().to_string_lossy().into_owned();
        let of_corpus = !file.contains("__") && Path::new(&file).extension().is_some_and(|is| is == "snap");
        assert!(!of_corpus || names.contains(&file), "{file}");
    }
}

fn shown(case: &Case, verdict: &Verdict) -> String {
    let mut text = format!("{} ({} bytes)\n", case.file.name, case.file.size);
    match verdict {
        Verdict::Encode(plan) => {
            writeln!(text, "encode: {}", plan.video.settings).expect("a string takes text");
        }
        Verdict::Skip(skip) => {
            writeln!(text, "skip: {}: {}", skip.reason.code(), skip.reason).expect("a string takes text");
        }
    }
    text += "\ndecisions\n";
    text += &explain::table(verdict.decisions());
    if let Verdict::Encode(plan) = verdict {
        if !plan.source_class.signals.is_empty() {
            text += "\nsignals\n";
        }
        for signal in &plan.source_class.signals {
            writeln!(text, "{:+}  {}", signal.weight, signal.what).expect("a string takes text");
        }
        text += if plan.losses.is_empty() { "\nlosses: none\n" } else { "\nlosses\n" };
        for loss in &plan.losses {
            writeln!(text, "{}: {loss}", loss.kind.code()).expect("a string takes text");
        }
        text += "\ncommand\n";
        text += &command(plan);
    }
    text
}

/// The command, with one option and its value on each line.
fn command(plan: &EncodePlan) -> String {
    let mut text = String::from("ffmpeg");
    for argument in command::arguments(plan, Audience::Person) {
        let word = match argument {
            Arg::Text(word) => word.into_owned(),
            Arg::File(Placeholder::Input) => String::from("INPUT"),
            Arg::File(Placeholder::Output) => String::from("\nOUTPUT"),
            Arg::File(_) | Arg::Path(..) => unreachable!("a person's command has none"),
        };
        text += if word.starts_with('-') { "\n" } else { " " };
        text += &word;
    }
    text + "\n"
}
