//! Runs that are stopped, politely or not: the original is unchanged, no temporary file stays, and no ffmpeg lives on.

#![cfg(test)]

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::time::Instant;

use av1d_tests::{Library, Running, Script, Signal, signal, wait_until, with_argument};

/// A library with one film whose encode takes minutes.
fn with_long_film() -> Option<Library> {
    let mut library = Library::open()?;
    library.long_film("Film.mkv");
    Some(library)
}

/// Starts the command and waits until ffmpeg runs.
fn start_encode(library: &Library, arguments: &[&str]) -> Running {
    let mut run = library.start(arguments);
    wait_until("ffmpeg works", || {
        assert!(!run.has_ended(), "it ended too early");
        !library.encoders().is_empty()
    });
    run
}

fn temporary_files(library: &Library) -> Vec<String> {
    library.files().into_iter().filter(|name| name.ends_with(".av1tmp")).collect()
}

#[test]
fn a_signal_ends_the_encode_and_leaves_nothing_behind() {
    for (arguments, sent) in [
        (&["encode", "Film.mkv"][..], Signal::TERM),
        (&["encode", "Film.mkv"], Signal::INT),
        (&["watch", "--once"], Signal::TERM),
        (&["watch", "--once"], Signal::INT),
    ] {
        let Some(library) = with_long_film() else { return };
        let original = fs::read(library.path("Film.mkv")).unwrap();
        let run = start_encode(&library, arguments);
        assert_eq!(temporary_files(&library).len(), 1);

        signal(run.id(), sent);
        let run = run.wait().exits_with(130).says("stopping: ").says("[interrupted]");

        assert_eq!(library.files(), ["Film.mkv"], "{run}");
        assert!(fs::read(library.path("Film.mkv")).unwrap() == original);
        assert_eq!(library.encoders(), [] as [u32; 0], "no ffmpeg lives on");
        assert_eq!(library.job()["outcome"]["code"], "interrupted");
    }
}

#[test]
fn a_film_that_was_interrupted_is_encoded_by_the_next_run() {
    let Some(mut library) = with_long_film() else { return };
    let run = start_encode(&library, &["watch", "--once"]);
    signal(run.id(), Signal::TERM);
    run.wait().exits_with(130);

    library.set("prefer_encoder", "svt");
    library.film("Film.mkv");
    library.watch_once().exits_with(0).says("1 replaced");
    library.media("Film.mkv").is_av1();
}

#[test]
fn a_daemon_that_is_stopped_has_done_what_it_was_asked() {
    let Some(mut library) = Library::open() else { return };
    library.set("scan_interval_secs", 1);
    library.film("A.mkv");
    let run = library.start(["watch"]);
    let replaced = || library.jobs().iter().filter(|job| job["outcome"]["code"] == "replaced").count();
    wait_until("the film is replaced", || replaced() == 1);
    // A film that arrives later, and by a rename, as it should.
    let later = library.film(".later.mkv");
    fs::rename(later, library.path("B.mkv")).unwrap();
    wait_until("the film that came later is replaced", || replaced() == 2);

    signal(run.id(), Signal::TERM);

    run.wait().exits_with(0).says("2 replaced");
    for name in ["A.mkv", "B.mkv"] {
        library.media(name).is_av1();
    }
}

#[test]
fn as_many_are_encoded_at_once_as_the_config_says() {
    let Some(mut library) = with_long_film() else { return };
    library.set("max_concurrent_jobs", 2);
    for name in ["Second.mkv", "Third.mkv"] {
        fs::copy(library.path("Film.mkv"), library.path(name)).unwrap();
    }
    let run = start_encode(&library, &["watch", "--once"]);
    wait_until("two are at work", || library.encoders().len() == 2);
    assert_eq!(temporary_files(&library).len(), 2);

    signal(run.id(), Signal::TERM);

    run.wait().exits_with(130).says("0 replaced");
    assert_eq!(library.files(), ["Film.mkv", "Second.mkv", "Third.mkv"]);
    assert_eq!(library.encoders(), [] as [u32; 0]);
}

#[test]
fn kill_9_takes_ffmpeg_along_and_leaves_the_original() {
    let Some(mut library) = with_long_film() else { return };
    let original = fs::read(library.path("Film.mkv")).unwrap();
    let run = start_encode(&library, &["encode", "Film.mkv"]);

    signal(run.id(), Signal::KILL);

    assert_eq!(run.wait().status.signal(), Some(9));
    wait_until("no ffmpeg lives on", || library.encoders().is_empty());
    assert!(fs::read(library.path("Film.mkv")).unwrap() == original);
    let strangers: Vec<String> = library.files().into_iter().filter(|name| !name.starts_with('.')).collect();
    assert_eq!(strangers, ["Film.mkv"], "what is left is hidden from media servers");

    library.set("prefer_encoder", "svt");
    library.film("Film.mkv");
    library.watch_once().exits_with(0).says("1 replaced");
    assert_eq!(library.files(), ["Film.mkv"], "the next run tidies up");
    library.media("Film.mkv").is_av1();
}

#[test]
fn recover_says_what_a_killed_run_left_before_it_tidies_up() {
    let Some(library) = with_long_film() else { return };
    library.run(["recover"]).exits_with(0).says("nothing was cut off");
    let run = start_encode(&library, &["encode", "Film.mkv"]);
    library.run(["recover"]).exits_with(4).says("is held by another av1d");
    signal(run.id(), Signal::KILL);
    run.wait();
    wait_until("no ffmpeg lives on", || library.encoders().is_empty());
    let left = library.files();
    assert_eq!(temporary_files(&library).len(), 1);

    let said = library.run(["recover", "--dry-run"]).exits_with(0);
    assert!(
        said.text().contains("Film.mkv") && said.text().contains("cut off while it was encoded"),
        "{said}"
    );
    let document = |mut documents: Vec<serde_json::Value>| {
        assert_eq!(documents.len(), 1, "{documents:?}");
        assert_eq!(documents[0]["format"], "av1.recover");
        documents.remove(0)
    };
    let mut told = document(library.run(["recover", "--dry-run", "--json"]).exits_with(0).documents());
    assert_eq!(told["path"], library.path("Film.mkv").to_str().unwrap());
    assert_eq!((&told["committed"], &told["dry_run"]), (&false.into(), &true.into()));
    assert!(told["actions"].as_array().unwrap().contains(&"close-as-interrupted".into()), "{told}");
    assert_eq!(library.files(), left, "it only says");

    let job = library.state().join(format!("{}.json", library.job()["id"].as_str().unwrap()));
    let ours = fs::read(&job).unwrap();
    let mut newer = library.job();
    newer["version"] = "1.7".into();
    fs::write(&job, newer.to_string()).unwrap();
    let run = library.run(["recover", "--json"]).exits_with(1).says("warning: ");
    let refused = document(run.documents());
    assert_eq!(refused["actions"], serde_json::json!(["leave-alone"]));
    assert!(refused["failure"].as_str().unwrap().contains("a newer av1d"), "{refused}");
    assert_eq!(library.files(), left);
    fs::write(&job, ours).unwrap();

    let done = document(library.run(["recover", "--json"]).exits_with(0).documents());
    told["dry_run"] = false.into();
    assert_eq!(done, told, "it does what it said");

    assert_eq!(library.files(), ["Film.mkv"]);
    library.run(["recover"]).exits_with(0).prints_nothing();
    library.run(["recover", "--json"]).exits_with(0).prints_nothing();
}

/// An ffmpeg that runs for ever and ignores SIGTERM. It keeps the progress pipe open as descriptor 3: `tail` would
/// watch the pipe if it were its standard output, and end when nobody reads it any more.
const DEAF: &str = "trap '' TERM; exec 3>&1; exec tail -f \"$output\" > /dev/null";

/// Starts an encode whose ffmpeg becomes `tail`, and waits until it runs.
fn encode_that_hangs(does: &str) -> Option<(Library, Running)> {
    let mut library = Library::open()?;
    library.film("Film.mkv");
    library.replace_ffmpeg(Script { when: "-progress", does });
    let run = library.start(["encode", "Film.mkv"]);
    wait_until("ffmpeg works", || !hung(&library).is_empty());
    Some((library, run))
}

fn hung(library: &Library) -> Vec<u32> {
    with_argument("tail", &library.root())
}

#[test]
fn the_second_signal_ends_it_at_once_though_ffmpeg_doesnt_listen() {
    let Some((library, run)) = encode_that_hangs(DEAF) else { return };

    signal(run.id(), Signal::TERM);
    wait_until("the first signal is heard", || run.has_said("again to stop at once"));
    let heard = Instant::now();
    signal(run.id(), Signal::TERM);

    run.wait().exits_with(130);
    assert!(heard.elapsed().as_secs() < 5, "at once");
    wait_until("no ffmpeg lives on", || hung(&library).is_empty());
    assert_eq!(library.media("Film.mkv").codecs("video"), ["h264"]);
}

#[test]
fn an_ffmpeg_that_doesnt_listen_is_killed() {
    let Some((library, run)) = encode_that_hangs(DEAF) else { return };

    signal(run.id(), Signal::TERM);

    run.wait().exits_with(130).says("[interrupted]");
    assert_eq!(hung(&library), [] as [u32; 0]);
    assert_eq!(library.files(), ["Film.mkv"]);
}

/// SVT-AV1 does this on some machines when its encoder is freed: ffmpeg has closed its progress pipe by then.
#[test]
fn an_ffmpeg_that_hangs_after_its_last_word_is_stopped_too() {
    let does = "echo progress=end; exec tail -f \"$output\" > /dev/null";
    let Some((library, run)) = encode_that_hangs(does) else { return };

    signal(run.id(), Signal::TERM);

    run.wait().exits_with(130).says("[interrupted]");
    assert_eq!(library.files(), ["Film.mkv"]);
}

#[test]
fn two_on_one_state_folder_never_work_at_once() {
    let Some(library) = with_long_film() else { return };
    let first = start_encode(&library, &["watch", "--once"]);

    for arguments in [&["watch", "--once"][..], &["encode", "Film.mkv"]] {
        let second = library.run(arguments).exits_with(4).says("is held by another av1d");
        second.says(format!("process {}", first.id())).says("hint: ");
    }
    library.run(["plan", "Film.mkv"]).exits_with(0);
    assert_eq!(library.encoders().len(), 1, "the first goes on");

    signal(first.id(), Signal::INT);
    first.wait().exits_with(130);
    let third = start_encode(&library, &["watch", "--once"]);
    signal(third.id(), Signal::INT);
    third.wait().exits_with(130);
}
