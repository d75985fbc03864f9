//! Films that gates stop, and the size gate: a film that is stopped is never changed.

#![cfg(test)]

use std::fs;
use std::io::Write;
use std::time::{Duration, Instant};

use av1d_tests::{Library, PICTURE, Signal, signal, wait_until};

/// A film that AV1 can't make smaller: it is compressed to almost nothing already.
const SQUEEZED: &str = "-f lavfi -i testsrc2=size=160x120:rate=25:duration=1 -c:v libx265 -preset veryfast -crf 45 \
                        -x265-params log-level=none";

/// ffmpeg's arguments for an AV1 film.
fn av1() -> String {
    PICTURE.replace("libx264 -preset ultrafast", "libsvtav1 -preset 12")
}

#[test]
fn each_cheap_gate_leaves_the_film_alone_and_says_its_code() {
    let Some(library) = Library::open() else { return };
    let film = library.film("Good.mkv");
    let marked = library.path("Marked.mkv");
    fs::copy(&film, &marked).unwrap();
    fs::write(library.path("Marked.mkv.av1skip"), "").unwrap();
    fs::create_dir_all(library.path("Excluded/Below")).unwrap();
    fs::write(library.path("Excluded/.av1skip"), "").unwrap();
    fs::copy(&film, library.path("Excluded/Below/Film.mkv")).unwrap();
    fs::copy(&film, library.path("Double.avi")).unwrap();
    fs::copy(&film, library.path("Double.mkv")).unwrap();
    fs::hard_link(library.path("Double.mkv"), library.root().with_file_name("another name")).unwrap();
    fs::copy(&film, library.path("Backup.mkv")).unwrap();
    fs::write(library.path("Backup.mkv.orig"), "somebody's own").unwrap();
    library.make("Already.mkv", &av1());
    library.make("Sound.mkv", "-f lavfi -i sine=duration=3 -c:a flac");
    fs::write(library.path("Small.mkv"), [0; 500]).unwrap();
    fs::write(library.path("notes.txt"), [b'x'; 5000]).unwrap();
    fs::remove_file(film).unwrap();
    let (files, contents) = (library.files(), contents(&library));

    let run = library.watch_once().exits_with(0).says("0 replaced, 8 skipped, 0 failed").says("1 too-small");

    for (name, code) in [
        ("Marked.mkv", "skip-marker"),
        ("Excluded/Below/Film.mkv", "skip-marker"),
        ("Double.avi", "target-exists"),
        ("Double.mkv", "hardlinked"),
        ("Backup.mkv", "backup-exists"),
        ("Already.mkv", "already-av1"),
        ("Sound.mkv", "no-video"),
    ] {
        let line = format!("skip: {} [{code}]", library.path(name).display());
        assert!(run.stderr.contains(&line), "{line}\n{run}");
    }
    assert_eq!(library.files(), files, "no sidecar is written for a gate");
    assert!(self::contents(&library) == contents, "every file is as it was");
    assert_eq!(library.jobs().len(), 0, "a skip is no job");
    library.encode("notes.txt").exits_with(0).says("[extension]");
    library.encode("Excluded/Below/Film.mkv").exits_with(0).says("[skip-marker]");
}

fn contents(library: &Library) -> Vec<Vec<u8>> {
    library.files().into_iter().map(|name| fs::read(library.path(name)).unwrap()).collect()
}

#[test]
fn a_film_that_another_gate_stops_is_told_by_that_gate_and_not_waited_for() {
    let Some(mut library) = Library::open() else { return };
    library.film("Film.mkv");
    library.set("stable_secs", 3600);
    library.set("min_bytes", 1_000_000_000);
    library.encode("Film.mkv").exits_with(0).says("[too-small]");
    fs::write(library.path("Film.mkv.orig"), "somebody's").unwrap();
    library.run(["encode", "--ignore", "too-small", "Film.mkv"]).exits_with(0).says("[backup-exists]");
}

#[test]
fn a_film_that_is_ignored_by_name_is_encoded_and_one_that_cant_be_isnt() {
    let Some(mut library) = Library::open() else { return };
    library.film("Film.mkv");
    library.set("min_bytes", 1_000_000_000);
    fs::write(library.path("Film.mkv.av1skip"), "").unwrap();

    library.encode("Film.mkv").exits_with(0).says("[skip-marker]");
    library.run(["encode", "--ignore", "skip-marker", "Film.mkv"]).exits_with(0).says("[too-small]");
    assert_eq!(library.media("Film.mkv").codecs("video"), ["h264"]);
    library
        .run(["encode", "--ignore", "skip-marker", "--ignore", "too-small", "Film.mkv"])
        .exits_with(0)
        .says("[replaced]");
    library.media("Film.mkv").is_av1();
    library.run(["encode", "--ignore", "no-video", "Film.mkv"]).exits_with(2).says("possible values");
}

#[test]
fn already_av1_is_encoded_again_only_when_asked() {
    let Some(library) = Library::open() else { return };
    library.make("Film.mkv", &av1().replace("-crf 10", "-crf 1"));

    library.encode("Film.mkv").exits_with(0).says("[already-av1]");
    library.run(["encode", "--ignore", "already-av1", "Film.mkv"]).exits_with(0).says("[replaced]");

    library.media("Film.mkv").is_av1();
}

#[test]
fn a_file_that_grows_is_not_touched_until_it_holds_still() {
    let Some(mut library) = Library::open() else { return };
    library.set("stable_secs", 2);
    let whole = fs::read(library.film("Film.mkv")).unwrap();
    fs::copy(library.path("Film.mkv"), library.path("Still.mkv")).unwrap();
    let mut copy = fs::File::create(library.path("Film.mkv")).unwrap();
    copy.write_all(&whole[..whole.len() / 2]).unwrap();

    // The film keeps growing as long as the run goes on.
    let mut run = library.start(["watch", "--once"]);
    wait_until("the run ends", || {
        copy.write_all(b"x").unwrap();
        run.has_ended()
    });
    run.wait().exits_with(0).says("1 replaced");
    library.media("Still.mkv").is_av1();
    assert_eq!(library.files(), ["Film.mkv", "Still.mkv"]);
    assert_eq!(library.jobs().len(), 1);

    fs::write(library.path("Film.mkv"), &whole).unwrap();
    library.watch_once().exits_with(0).says("to see whether 2 film(s) hold still").says("1 replaced");
    library.media("Film.mkv").is_av1();
}

/// Appends to a file again and again, as somebody does who copies it, until this is over. Returns false if the
/// machine was so busy that the file seemed to hold still for `stable` in between.
fn grow(file: &mut fs::File, stable: Duration, is_over: impl Fn() -> bool) -> bool {
    let mut last = Instant::now();
    while !is_over() {
        file.write_all(b"x").unwrap();
        if last.elapsed() > stable / 2 {
            return false;
        }
        last = Instant::now();
        std::thread::sleep(Duration::from_millis(50));
    }
    true
}

#[test]
fn encode_waits_until_a_film_that_was_just_copied_holds_still() {
    let Some(mut library) = Library::open() else { return };
    library.hurry();
    library.set("stable_secs", 1);
    library.film("Film.mkv");
    let run = library.encode("Film.mkv").exits_with(0);
    run.says("wait: 1 s, to see whether 1 film(s) hold still").says("[replaced]").says_no("[not-stable]");
    library.film("Film.mkv");
    let run = library.run(["encode", "--progress", "json", "Film.mkv"]).exits_with(0);
    let settling = run.documents().into_iter().find(|event| event["event"] == "settling");
    assert_eq!(settling.unwrap()["wait_secs"], 1.0, "{run}");
}

#[test]
fn encode_waits_for_a_film_that_grows_and_works_on_another_meanwhile() {
    const STABLE: Duration = Duration::from_secs(3);
    let Some(mut library) = Library::open() else { return };
    library.hurry();
    library.set("stable_secs", STABLE.as_secs());
    let path = library.film("Film.mkv");
    let whole = fs::read(&path).unwrap();
    // A busy machine gets more tries: a pause of the one who writes looks like the end of a copy.
    for _ in 0..5 {
        fs::write(&path, &whole[..whole.len() / 2]).unwrap();
        library.film("Still.mkv");
        let mut run = library.start(["encode", "Film.mkv", "Still.mkv"]);
        wait_until("it waits", || run.has_said("to see whether 2 film(s) hold still"));
        let mut file = fs::File::options().append(true).open(&path).unwrap();
        let start = Instant::now();
        let is_over = || start.elapsed() > 2 * STABLE && run.has_said("Still.mkv [replaced]");
        if !grow(&mut file, STABLE, is_over) {
            signal(run.id(), Signal::INT);
            run.wait();
            continue;
        }
        assert!(!run.has_ended(), "it waits for the film that grows");
        assert!(!run.has_said("Film.mkv with"), "its encode has not begun");
        fs::write(&path, &whole).unwrap();
        run.wait().exits_with(0).says("Film.mkv [replaced]").says_no("[not-stable]");
        library.media("Film.mkv").is_av1();
        return;
    }
    panic!("this machine is too busy to write to a file twice within {STABLE:?}");
}

#[test]
fn the_wait_for_a_film_that_grows_ends_with_ctrl_c_and_isnt_made_when_asked() {
    let Some(mut library) = Library::open() else { return };
    library.set("stable_secs", 3600);
    let path = library.film("Film.mkv");
    let size = fs::metadata(&path).unwrap().len();
    let run = library.start(["encode", "Film.mkv"]);
    wait_until("it waits", || run.has_said("to see whether 1 film(s) hold still"));
    fs::File::options().append(true).open(&path).unwrap().write_all(b"x").unwrap();
    signal(run.id(), Signal::INT);
    run.wait().exits_with(130).says_no("[not-stable]");
    assert_eq!(
        (fs::metadata(&path).unwrap().len(), library.files()),
        (size + 1, vec!["Film.mkv".to_owned()])
    );
    let run = library.run(["encode", "--ignore", "not-stable", "Film.mkv"]);
    run.says_no("hold still").says_no("[not-stable]");
}

#[test]
fn a_result_that_is_too_big_leaves_the_original_and_is_never_tried_again() {
    let Some(library) = Library::open() else { return };
    let path = library.make("Film.mkv", SQUEEZED);
    let original = fs::read(&path).unwrap();

    library.watch_once().exits_with(0).says("[too-big]").says("0 replaced, 1 skipped, 0 failed");

    assert!(fs::read(&path).unwrap() == original, "the original is byte-identical");
    assert_eq!(library.files(), ["Film.mkv", "Film.mkv.av1skip", "Film.mkv.why.txt"]);
    let why = library.why("Film.mkv");
    assert!(why.starts_with("av1d: Film.mkv was not replaced (too-big)\n"), "{why}");
    assert!(why.contains("is too big for an original of") && why.contains("libsvtav1"), "{why}");
    let job = library.job();
    assert_eq!((&job["outcome"]["code"], &job["outcome"]["failed"]), (&"too-big".into(), &false.into()));

    library.watch_once().exits_with(0).says("[skip-marker]").says_no("encode: ");
    assert_eq!(library.jobs().len(), 1);
}

#[test]
fn the_size_gates_share_is_the_configs() {
    let Some(mut library) = Library::open() else { return };
    library.film("Film.mkv");
    library.set("max_size_ratio", 0.05);
    library.set("write_why_sidecars", false);

    library.encode("Film.mkv").exits_with(0).says("[too-big]");
    assert_eq!(library.files(), ["Film.mkv", "Film.mkv.av1skip"], "no text where the config wants none");

    library.set("max_size_ratio", 0.9);
    library.run(["encode", "--ignore", "skip-marker", "Film.mkv"]).exits_with(0).says("[replaced]");
}

#[test]
fn the_text_goes_when_the_film_is_replaced_after_all() {
    let Some(mut library) = Library::open() else { return };
    library.film("Film.mkv");
    library.set("max_size_ratio", 0.05);
    library.encode("Film.mkv").exits_with(0).says("[too-big]");
    library.why("Film.mkv");
    fs::remove_file(library.path("Film.mkv.av1skip")).unwrap();

    library.set("max_size_ratio", 0.9);
    library.watch_once().exits_with(0).says("[replaced]");

    assert_eq!(library.files(), ["Film.mkv"]);
}

#[test]
fn keep_original_keeps_it_byte_for_byte_beside_the_result() {
    let Some(mut library) = Library::open() else { return };
    library.set("keep_original", true);
    let originals = ["A.mkv", "B.avi"].map(|name| (name, fs::read(library.film(name)).unwrap()));

    library.watch_once().exits_with(0).says("2 replaced");

    assert_eq!(library.files(), ["A.mkv", "A.mkv.orig", "B.avi.orig", "B.mkv"]);
    for (name, original) in originals {
        assert!(fs::read(library.path(format!("{name}.orig"))).unwrap() == original, "{name}");
    }
    library.media("A.mkv").is_av1();
    library.media("B.mkv").is_av1();
    library.watch_once().exits_with(0).says("0 replaced");
    assert_eq!(library.files().len(), 4);
}

#[test]
fn links_and_hidden_files_are_not_walked_into() {
    let Some(library) = Library::open() else { return };
    let film = library.film(".hidden/Film.mkv");
    fs::rename(&film, library.path(".Film.mkv")).unwrap();
    fs::create_dir(library.scratch().join("elsewhere")).unwrap();
    let elsewhere = library.scratch().join("elsewhere/Film.mkv");
    fs::copy(library.path(".Film.mkv"), &elsewhere).unwrap();
    std::os::unix::fs::symlink(elsewhere.parent().unwrap(), library.path("folder")).unwrap();
    std::os::unix::fs::symlink(&elsewhere, library.path("Link.mkv")).unwrap();

    library.watch_once().exits_with(0).says("scan: 0 film(s)").says("0 replaced, 0 skipped, 0 failed");

    library.encode("Link.mkv").exits_with(1).says("no regular file").says("Link.mkv");
    assert!(fs::symlink_metadata(library.path("Link.mkv")).unwrap().is_symlink());
}
