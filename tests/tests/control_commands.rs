//! `av1cli status`, `retry` and others: what they do with the files if no daemon runs, and what they send to a running
//! daemon. Here, the test itself plays the daemon; `control_daemon` tests the real one, and `marker_commands` the
//! markers.

#![cfg(test)]

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::thread::JoinHandle;

use av1d_tests::{Library, PICTURE, Script, Signal, signal, wait_until};
use serde_json::{Value, json};

/// A daemon that sends a greeting and answers each request with the next reply. The thread returns the requests.
fn play_daemon(library: &Library, protocol: u32, replies: &[Value]) -> JoinHandle<Vec<Value>> {
    fs::create_dir_all(library.state()).unwrap();
    let path = library.state().join("control.sock");
    drop(fs::remove_file(&path));
    let listener = UnixListener::bind(path).unwrap();
    let replies = replies.to_vec();
    std::thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        let (mut reader, mut writer) = (BufReader::new(stream.try_clone().unwrap()), stream);
        writeln!(writer, "{}", json!({"protocol": protocol, "version": "0.1.0", "pid": 7})).unwrap();
        let mut asked = Vec::new();
        for reply in replies {
            let mut line = String::new();
            reader.read_line(&mut line).unwrap();
            asked.push(serde_json::from_str(&line).unwrap());
            writeln!(writer, "{reply}").unwrap();
        }
        asked
    })
}

fn status() -> Value {
    json!({"state": "running", "pid": 7, "version": "0.1.0", "started": "2026-01-31T20:00:00Z", "ffmpeg": "8.0",
        "encoder": "libsvtav1", "roots": [{"path": "/films"}], "films": {"queued": 2}, "queued": 2, "settling": 1,
        "running": [], "totals": {"jobs": {"replaced": 1}, "bytes_before": 1000, "bytes_after": 400}})
}

#[test]
fn what_needs_a_daemon_says_that_none_runs() {
    let Some(library) = Library::open() else { return };
    for arguments in [
        &["pause"][..],
        &["resume"],
        &["scan"],
        &["cancel", "7"],
        &["pause", "--json"],
        &["resume", "--json"],
        &["scan", "--json"],
        &["cancel", "--json", "7"],
    ] {
        let run = library.run(arguments).exits_with(1).prints_nothing();
        run.says("error: no daemon runs here").says("hint: start one with `av1cli watch`");
    }
    // The socket that a killed daemon leaves behind.
    fs::create_dir_all(library.state()).unwrap();
    drop(UnixListener::bind(library.state().join("control.sock")).unwrap());
    library.run(["scan"]).exits_with(1).says("error: no daemon runs here");
}

#[test]
fn status_without_a_daemon_tells_what_the_files_tell() {
    let Some(mut library) = Library::open() else { return };
    let run = library.run(["status"]).exits_with(0);
    assert!(run.text().starts_with("no daemon runs here (nobody listens in "), "{run}");
    assert!(run.text().ends_with("jobs: none yet\n"), "{run}");

    library.hurry();
    library.film("Good.mkv");
    library.watch_once().exits_with(0);
    library.film("Bad.mkv");
    library.replace_ffmpeg(Script { when: "-progress", does: "cp Bad.mkv \"$output\"; exit 0" });
    library.watch_once().exits_with(1);

    let bad = library.job_of("Bad.mkv");
    let run = library.run(["status"]).exits_with(0);
    let text = run.text();
    let code = bad["outcome"]["code"].as_str().unwrap();
    assert!(text.contains("1 replaced") && text.contains("\nsaved: "), "{run}");
    assert!(text.contains(&format!("Bad.mkv [{code}] (job {})", bad["id"].as_str().unwrap())), "{run}");
    assert!(text.contains(bad["outcome"]["text"].as_str().unwrap()), "{run}");

    let document = library.run(["status", "--json"]).exits_with(0).documents().remove(0);
    assert_eq!(document["daemon"], Value::Null);
    assert_eq!(document["totals"]["jobs"], json!({"replaced": 1, code: 1}));
    assert_eq!(document["failures"][0]["path"], library.path("Bad.mkv").to_str().unwrap());
    assert_eq!(document["failures"][0]["code"], code);
    let good = library.job_of("Good.mkv");
    assert_eq!(document["totals"]["bytes_before"], good["source"]["size"]);
    assert_eq!(document["totals"]["bytes_after"], good["outcome"]["size_after"]);
}

#[test]
fn status_is_shown_again_until_somebody_has_seen_enough() {
    let Some(library) = Library::open() else { return };
    let run = library.start(["status", "--json", "--watch"]);
    wait_until("it was shown twice", || run.has_printed("\n{"));
    signal(run.id(), Signal::TERM);
    let run = run.wait();
    assert!(run.documents().len() >= 2, "{run}");
}

#[test]
fn a_failure_is_forgotten_by_retry() {
    let Some(mut library) = Library::open() else { return };
    library.hurry();
    library.film("Film.mkv");
    library.run(["retry", "Film.mkv"]).exits_with(1).says("no failure or skip of ");
    library.replace_ffmpeg(Script { when: "-progress", does: "cp Film.mkv \"$output\"; exit 0" });
    library.watch_once().exits_with(1);
    let real = library.tools.ffmpeg.clone();
    library.set("ffmpeg", real.to_str().unwrap());
    library.watch_once().exits_with(0).says("0 replaced, 0 skipped, 0 failed");

    let run = library.run(["retry", "Film.mkv"]).exits_with(0);

    assert!(run.text().ends_with("Film.mkv is tried again by the next daemon\n"), "{run}");
    library.watch_once().exits_with(0).says("1 replaced");
    let run = library.run(["retry", "--json", "Film.mkv"]).exits_with(1);
    assert_eq!(run.documents()[0]["code"], "no-such-film");
}

#[test]
fn a_skipped_film_is_looked_at_again_by_retry() {
    let Some(mut library) = Library::open() else { return };
    library.hurry();
    library.make("Film.mkv", &PICTURE.replace("-c:v libx264 -preset ultrafast -crf 10", "-c:v libsvtav1"));
    library.watch_once().exits_with(0).says("[already-av1]");
    library.watch_once().exits_with(0).says_no("[already-av1]");
    library.run(["retry", "Film.mkv"]).exits_with(0);
    library.watch_once().exits_with(0).says("[already-av1]");
    library.set("min_bytes", 1_000_000_000);
    let run = library.run(["retry", "Film.mkv"]).exits_with(1).says("Film.mkv is left alone [too-small]: ");
    run.says("hint: `av1cli encode --ignore too-small`");
}

#[test]
fn a_daemon_is_asked_where_one_runs() {
    let Some(library) = Library::open() else { return };
    let done = json!({"ok": true, "message": "it \u{1b}[2J was done"});
    let film = library.path("a.mkv");
    let film = film.to_str().unwrap();
    let table = [
        (&["pause"][..], json!({"request": "pause"})),
        (&["resume"], json!({"request": "resume"})),
        (&["scan"], json!({"request": "scan"})),
        (&["cancel", "7"], json!({"request": "cancel", "job": "7"})),
        (&["retry", "a.mkv"], json!({"request": "retry", "path": film})),
        (&["skip", "a.mkv"], json!({"request": "skip", "path": film})),
        (&["unskip", "./x/../a.mkv"], json!({"request": "unskip", "path": film})),
        (&["unskip", "--force", film], json!({"request": "unskip", "path": film, "foreign": "remove"})),
    ];
    fs::create_dir(library.path("x")).unwrap();
    for (arguments, request) in table {
        let daemon = play_daemon(&library, 1, std::slice::from_ref(&done));
        let run = library.run(arguments).exits_with(0);
        assert_eq!(run.text(), "it \\u{1b}[2J was done\n");
        assert_eq!(daemon.join().unwrap(), std::slice::from_ref(&request));

        let daemon = play_daemon(&library, 1, std::slice::from_ref(&done));
        let run = library.run([arguments, &["--json"]].concat()).exits_with(0);
        let document = run.documents().remove(0);
        assert_eq!((&document["ok"], &document["message"]), (&done["ok"], &done["message"]), "{run}");
        assert_eq!(
            document.get("path"),
            request.get("path"),
            "which film it is about, where it is about one"
        );
        assert_eq!(daemon.join().unwrap(), [request]);
    }
    assert_eq!(library.files(), [""; 0], "the daemon writes the markers, not we");

    let no =
        json!({"ok": false, "code": "no-such-job", "error": "no job 7 runs", "hint": "see `av1cli status`"});
    let daemon = play_daemon(&library, 1, std::slice::from_ref(&no));
    let run = library.run(["cancel", "--json", "7"]).exits_with(1);
    assert_eq!(run.documents(), [no]);
    run.says("error: no job 7 runs").says("hint: see `av1cli status`");
    daemon.join().unwrap();
}

#[test]
fn status_with_a_daemon_is_the_daemons_word() {
    let Some(library) = Library::open() else { return };
    let reply = json!({"ok": true, "status": status()});
    let daemon = play_daemon(&library, 1, std::slice::from_ref(&reply));
    let run = library.run(["status"]).exits_with(0);
    daemon.join().unwrap();
    assert!(run.text().starts_with("running: av1d 0.1.0 since 2026-"), "{run}");
    for line in
        ["watching: /films\n", "waiting: 2 for an encode, 1 to hold still\n", "saved: 600 bytes (60 %)"]
    {
        assert!(run.text().contains(line), "{run}");
    }
    let daemon = play_daemon(&library, 1, std::slice::from_ref(&reply));
    let document = library.run(["status", "--json"]).exits_with(0).documents().remove(0);
    daemon.join().unwrap();
    assert_eq!((&document["daemon"], &document["totals"]), (&status(), &status()["totals"]));
}

#[test]
fn a_daemon_that_cant_be_talked_to_is_said() {
    let Some(library) = Library::open() else { return };
    let daemon = play_daemon(&library, 2, &[]);
    let run = library.run(["status"]).exits_with(1).prints_nothing();
    run.says("error: the daemon is av1d 0.1.0 and speaks version 2 of the protocol, not 1").says("hint: ");
    daemon.join().unwrap();
    let daemon = play_daemon(&library, 1, &[]);
    library.run(["pause"]).exits_with(1).says("error: failed to talk to the daemon at ").says("hint: ");
    daemon.join().unwrap();
    assert!(Path::new(&library.state().join("control.sock")).exists(), "it isn't ours to remove");
}
