//! `av1cli plan FOLDER`: the totals for the whole library, and what another config would change, before any file is
//! touched.

#![cfg(test)]

use std::fs;

use av1d_tests::{Library, PICTURE};
use serde_json::Value;

/// Two films to encode, one AV1 film, one that is too small, one that is broken, and a file that isn't a film.
fn library() -> Option<Library> {
    let library = Library::open()?;
    library.film("Films/B.BluRay.mkv");
    library.film("Films/A.mkv");
    library.make("Series/Already.mkv", &PICTURE.replace("libx264 -preset ultrafast", "libsvtav1 -preset 12"));
    fs::write(library.path("Small.mkv"), [0; 100]).unwrap();
    fs::write(library.path("notes.txt"), [b'x'; 5000]).unwrap();
    Some(library)
}

#[test]
fn a_folder_gives_a_row_a_film_in_order_and_a_total() {
    let Some(library) = library() else { return };
    let files = library.files();

    let run = library.run(["plan", "."]).exits_with(0);

    let rows: Vec<&str> = run.text().lines().collect();
    let starts = ["VERDICT", "encode", "encode", "skip", "skip", "", "2 to encode ("];
    assert_eq!(rows.len(), starts.len(), "{run}");
    for (row, start) in rows.iter().zip(starts) {
        assert!(row.starts_with(start), "{start:?}\n{run}");
    }
    for (row, words) in [
        (rows[1], ["libsvtav1 crf 24 preset 5", "Films/A.mkv"]),
        (rows[2], ["disc-like", "Films/B.BluRay.mkv"]),
        (rows[3], ["already-av1", "Series/Already.mkv"]),
        (rows[4], ["too-small", "Small.mkv"]),
        (rows[6], ["2 to skip (1 already-av1, 1 too-small)", "KiB"]),
    ] {
        assert!(words.iter().all(|word| row.contains(word)), "{words:?}\n{run}");
    }
    assert_eq!(library.files(), files);
    assert!(!library.state().exists(), "a plan leaves no trace");
}

#[test]
fn a_film_that_cant_be_probed_is_named_and_the_others_are_planned() {
    let Some(library) = library() else { return };
    fs::write(library.path("Films/AA.mkv"), [b'x'; 5000]).unwrap();

    let run =
        library.run(["plan", "--json", "Films"]).exits_with(1).says("AA.mkv").says("1 that can't be probed");

    let names: Vec<String> =
        run.documents().iter().map(|document| document["source"]["path"].to_string()).collect();
    assert_eq!(names.len(), 2, "{run}");
    assert!(names[0].contains("A.mkv") && names[1].contains("B.BluRay.mkv"), "{names:?}");
}

#[test]
fn another_config_shows_what_it_would_change_and_only_that() {
    let Some(library) = library() else { return };
    let other = library.scratch().join("other.toml");
    fs::write(&other, "min_bytes = 500\nquality_tier = \"very_high\"\n").unwrap();
    let other = other.to_str().unwrap();

    let run = library.run(["plan", "--diff", other, "."]).exits_with(0).says("2 of 4 film(s)");
    assert!(run.text().contains("preset: 5 ") && run.text().contains("-> 4 "), "{run}");
    assert!(!run.text().contains("Already.mkv") && !run.text().contains("crf: "), "{run}");

    let documents = library.run(["plan", "--json", "--diff", other, "Films/A.mkv"]).exits_with(0).documents();
    assert_eq!(documents.len(), 1);
    assert_eq!(documents[0]["format"], "av1.difference");
    let changes = documents[0]["changes"].as_array().unwrap();
    let topics: Vec<&Value> = changes.iter().map(|change| &change["topic"]).collect();
    assert_eq!(topics, ["preset"]);

    library.run(["plan", "--diff", library.config().to_str().unwrap(), "."]).exits_with(0).prints_nothing();
    let missing = library.run(["plan", "--diff", "/nonexistent.toml", "."]).exits_with(2).prints_nothing();
    missing
        .says("error: /nonexistent.toml: no such config file, though --diff names it\n")
        .says("hint: correct the path\n");
    fs::write(other, "min_bytes = \"many\"\n").unwrap();
    library
        .run(["plan", "--diff", other, "."])
        .exits_with(2)
        .prints_nothing()
        .says("other.toml:1:13: `min_bytes`");
}
