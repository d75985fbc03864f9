//! Every exit code of the table, each from a real run.

#![cfg(test)]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use av1d_tests::{Library, Run, Script, Signal, Tools, av1cli, signal, wait_until};

/// The table at the end of `av1cli --help`: each code with its meaning.
fn documented() -> Vec<(i32, String)> {
    let help = Run::of(av1cli().arg("--help")).exits_with(0);
    let (_, table) = help.text().split_once("Exit codes, everywhere the same:\n").unwrap();
    let rows = table.lines().map(|line| line.trim().split_once("  ").unwrap());
    rows.map(|(code, meaning)| (code.parse().unwrap(), meaning.trim().to_owned())).collect()
}

#[test]
fn the_readme_has_the_table_that_help_has() {
    let readme = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md")).unwrap();
    for (code, meaning) in documented() {
        let row = format!("| {code} | {meaning} |");
        assert!(readme.contains(&row), "README.md lacks {row}");
    }
}

#[test]
fn every_code_of_the_table_is_reached() {
    let Some(mut library) = Library::open() else { return };
    let Some(old) = Tools::of_version("6.0") else { return };
    let mut reached = BTreeSet::new();
    let mut ends = |run: Run, code: i32| {
        reached.insert(code);
        run.exits_with(code)
    };
    // 0: success, also for a skipped film.
    library.film("Film.mkv");
    fs::write(library.path("Small.mkv"), "film").unwrap();
    ends(library.run(["plan", "Film.mkv"]), 0);
    ends(library.encode("Small.mkv"), 0).says("[too-small]");
    ends(Run::of(av1cli().arg("--help")), 0);
    // 1: a missing film, a film on which ffmpeg failed, no running daemon.
    ends(library.run(["encode", "Gone.mkv"]), 1).says("error: failed to look at ");
    ends(library.run(["pause"]), 1).says("error: no daemon runs here");
    library.replace_ffmpeg(Script { when: "-progress", does: "exit 7" });
    ends(library.encode("Film.mkv"), 1).says("failed: ");
    // 2: wrong arguments, a wrong config.
    ends(library.run(["encode"]), 2).says("Usage: av1cli");
    library.set("quality_tier", "best");
    ends(library.run(["plan", "Film.mkv"]), 2).says("quality_tier").says("hint: ");
    library.set("quality_tier", "high");
    // 3: no ffmpeg, an ffmpeg that is too old, one without encoders.
    library.set("ffmpeg", "/nonexistent/ffmpeg");
    ends(library.run(["plan", "Film.mkv"]), 3).says("error: ").says("hint: ");
    library.set("ffmpeg", old.ffmpeg.to_str().unwrap());
    ends(library.run(["watch", "--once"]), 3).says("6.0");
    library.replace_ffmpeg(Script { when: "-encoders", does: "exit 0" });
    ends(library.encode("Film.mkv"), 3).says("error: ").says("hint: ");
    // 4 and 130: two runs at once, and Ctrl-C.
    let real = library.tools.ffmpeg.clone();
    library.set("ffmpeg", real.to_str().unwrap());
    library.long_film("Film.mkv");
    let first = library.start(["encode", "Film.mkv"]);
    wait_until("ffmpeg works", || !library.encoders().is_empty());
    ends(library.run(["watch", "--once"]), 4).says("is held by another av1d").says("hint: ");
    signal(first.id(), Signal::INT);
    ends(first.wait(), 130).says("[interrupted]");

    let documented: BTreeSet<i32> = documented().into_iter().map(|(code, _)| code).collect();
    assert_eq!(reached, documented);
}
