//! `av1cli why`: it tells what happened to a film under each of the film's names, with and without a daemon, ffmpeg or
//! the film itself.

#![cfg(test)]

use std::fs;

use av1d_tests::{Library, PICTURE, Run, Script, Signal, signal, wait_until};
use serde_json::Value;

#[track_caller]
fn account(library: &Library, name: &str) -> Value {
    let run = library.run(["why", "--json", name]);
    let mut documents = run.documents();
    assert_eq!(documents.len(), 1, "{run}");
    assert_eq!((&documents[0]["format"], &documents[0]["version"]), (&"av1.why".into(), &"1.0".into()));
    documents.remove(0)
}

fn codes(account: &Value, list: &str, field: &str) -> Vec<String> {
    account[list].as_array().unwrap().iter().map(|one| one[field].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_film_that_nobody_knows_is_told_what_would_happen() {
    let Some(library) = Library::open() else { return };
    library.film("Film.mkv");
    let told = account(&library, "Film.mkv");
    assert_eq!(told["outlook"]["code"], "wanted");
    assert_eq!(told["plan"]["encode"]["encoder"], "libsvtav1");
    assert_eq!(told["attempts"], Value::Array(Vec::new()));
    let run = library.run(["why", "Film.mkv"]).exits_with(0);
    for text in
        ["it would be encoded with libsvtav1", "[wanted]", "never worked on", "preferred by the config"]
    {
        assert!(run.text().contains(text), "{text}: {run}");
    }
    assert!(!library.state().exists(), "nothing is made");

    let outside = tempfile::tempdir().unwrap();
    fs::copy(library.path("Film.mkv"), outside.path().join("Film.mkv")).unwrap();
    assert_eq!(
        account(&library, outside.path().join("Film.mkv").to_str().unwrap())["outlook"]["code"],
        "outside"
    );
    let run = library.run(["why", "Film.mkv", "gone.mkv"]).exits_with(1);
    assert!(run.text().contains("no file of this name is there [gone]"), "{run}");
}

#[test]
fn a_film_is_told_of_under_the_name_that_it_had() {
    let Some(mut library) = Library::open() else { return };
    library.hurry();
    library.make("Film.avi", &PICTURE.replace("libx264 -preset ultrafast -crf 10", "mpeg4 -q:v 1"));
    library.set("max_size_ratio", 0.0001);
    library.encode("Film.avi").exits_with(0).says("[too-big]");
    let told = account(&library, "Film.avi");
    assert_eq!(told["outlook"]["code"], "skip-marker");
    assert_eq!(codes(&told, "sidecars", "kind"), ["marker", "why"]);
    assert!(told["sidecars"][0]["text"].as_str().unwrap().starts_with("av1d: the result of"));

    library.set("max_size_ratio", 0.9);
    let told = account(&library, "Film.avi");
    assert_eq!(told["outlook"]["code"], "wanted", "the marker was about another gate");
    assert_eq!(told["sidecars"][0]["holds"], false);
    library.encode("Film.avi").exits_with(0).says("[replaced]");

    for name in ["Film.avi", "Film.mkv"] {
        let told = account(&library, name);
        assert_eq!(codes(&told, "attempts", "code"), ["too-big", "replaced"], "{name}");
        assert_eq!(told["outlook"]["code"], "already-av1");
        let new = library.path("Film.mkv").to_str().unwrap().to_owned();
        assert_eq!(told["attempts"][1]["replaced_by"]["path"], new);
        assert_eq!(told["file"]["path"], new);
        let run = library.run(["why", name]).exits_with(0);
        assert!(run.text().contains("Film.avi became Film.mkv"), "{run}");
    }
    fs::remove_file(library.path("Film.mkv")).unwrap();
    let run = library.run(["why", "Film.mkv"]).exits_with(0);
    assert!(run.text().contains("[gone]") && run.text().contains("too-big"), "{run}");
}

#[test]
fn a_marker_above_is_told_with_its_text_and_nothing_hostile_reaches_the_terminal() {
    let Some(library) = Library::open() else { return };
    library.film("Series/One \u{1b}[31m/Film.mkv");
    fs::write(library.path("Series/.av1skip"), "grain\u{1b}[2J\nmore\n").unwrap();
    let run = library.run(["why", "Series/One \u{1b}[31m/Film.mkv"]).exits_with(0);
    assert!(run.text().contains("grain\\u{1b}[2J") && run.text().contains("more"), "{run}");
    assert!(!run.text().contains('\u{1b}'), "{run}");
}

#[test]
fn without_ffmpeg_the_rest_is_told() {
    let Some(mut library) = Library::open() else { return };
    library.hurry();
    library.film("Film.mkv");
    library.film("Other.mkv");
    library.encode("Film.mkv").exits_with(0).says("[replaced]");
    library.set("ffmpeg", "/nonexistent/ffmpeg");
    for (name, attempts) in [("Film.mkv", 1), ("Other.mkv", 0)] {
        let told = account(&library, name);
        assert_eq!(told["outlook"]["code"], "unknown");
        assert_eq!(told["missing"][0]["code"], "no-ffmpeg");
        assert_eq!(told["attempts"].as_array().unwrap().len(), attempts);
        assert!(told.get("plan").is_none());
        library.run(["why", name]).exits_with(0);
    }
    library.set("min_bytes", 1_000_000_000);
    assert_eq!(account(&library, "Other.mkv")["outlook"]["code"], "too-small", "that takes no ffmpeg");
}

#[test]
fn beside_a_daemon_its_memory_is_read_and_not_disturbed() {
    let Some(mut library) = Library::open() else { return };
    library.hurry();
    library.set("scan_interval_secs", 3600);
    let film = library.film("Film.mkv");
    let bytes = fs::read(&film).unwrap();
    let damaged = "echo '[h264 @ 0x1] [error] error while decoding MB 1 1' >&2; exit 69";
    library.replace_ffmpeg(Script { when: "-progress", does: damaged });
    let daemon = library.start(["watch"]);
    wait_until("it failed", || library.jobs().iter().any(|job| job["outcome"].is_object()));

    let told = account(&library, "Film.mkv");
    let index = || {
        fs::read_dir(library.state())
            .unwrap()
            .filter(|entry| entry.as_ref().unwrap().file_name().to_str().unwrap().starts_with("index"))
    };
    wait_until("it is remembered", || account(&library, "Film.mkv")["remembered"][0]["again"] == "asked");
    let remembered = account(&library, "Film.mkv");
    assert_eq!(remembered["outlook"]["code"], "asked", "{told:#}");
    assert_eq!(remembered["remembered"][0]["code"], remembered["attempts"][0]["code"]);
    assert_eq!(remembered["remembered"][0]["holds"], true);

    signal(daemon.id(), Signal::TERM);
    let ended = daemon.wait().exits_with(0).says_no("index");
    drop(ended);
    let files = index().count();
    assert_eq!(account(&library, "Film.mkv")["remembered"], remembered["remembered"], "without it, too");
    assert_eq!(index().count(), files, "nothing is left behind");
    fs::write(&film, &bytes).unwrap();
    let told = account(&library, "Film.mkv");
    assert_eq!(
        (&told["outlook"]["code"], &told["remembered"][0]["holds"]),
        (&"wanted".into(), &false.into())
    );
    let run = library.run(["why", "Film.mkv"]).exits_with(0);
    assert!(run.text().contains("but that was another file of this name and doesn't hold any more"), "{run}");

    fs::write(library.state().join("index.sqlite"), "no index").unwrap();
    fs::write(library.state().join("20260101-000000-000000.json"), "{\"path\": \"").unwrap();
    let run = library.run(["why", "Film.mkv"]).exits_with(0);
    assert!(run.text().contains("[index]"), "{run}");
}

#[test]
fn wrong_arguments_are_refused() {
    let Some(library) = Library::open() else { return };
    library.run(["why"]).exits_with(2).prints_nothing();
    let run: Run = library.run(["why", "/"]).exits_with(1);
    assert!(run.text().contains("folders and links are none"), "{run}");
    let run: Run = library.run(["why", "Nothing.mkv"]).exits_with(1);
    assert!(run.text().contains("no file of this name is there [gone]"), "{run}");
}
