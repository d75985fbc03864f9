//! What `watch` logs when its output isn't a terminal: for the journal, for a file, for a program.

#![cfg(test)]

use av1d_tests::{Library, Run};
use serde_json::Value;

/// One run over the library, with these flags and environment variables.
fn watch(library: &Library, flags: &[&str], variables: &[(&str, &str)]) -> Run {
    let arguments = ["watch", "--once"].iter().chain(flags);
    Run::of(library.command(arguments).envs(variables.iter().copied()))
}

fn documents(run: &Run) -> Vec<Value> {
    let lines = run.stderr.lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}\n{run}")))
        .collect()
}

#[test]
fn json_is_an_object_a_line_from_the_first_to_the_last() {
    let Some(library) = Library::open() else { return };
    let film = library.film("A.mkv");
    let size = std::fs::metadata(&film).unwrap().len();
    let run = watch(&library, &["--log-format", "json"], &[]).exits_with(0);
    let documents = documents(&run);
    let one = |event: &str| {
        let found: Vec<&Value> = documents.iter().filter(|document| document["event"] == event).collect();
        assert_eq!(found.len(), 1, "{event}: {run}");
        found[0].clone()
    };
    let job = library.job()["id"].clone();
    let (started, finished) = (one("started"), one("finished"));
    for document in [&started, &finished] {
        assert_eq!(document["path"], film.to_str().unwrap());
        assert_eq!(document["job"], job);
        assert!(document["timestamp"].is_string());
    }
    assert_eq!(started["size"], size);
    assert_eq!(finished["code"], "replaced");
    assert_eq!(finished["before"], size);
    assert_eq!(finished["after"], std::fs::metadata(&film).unwrap().len());
}

#[test]
fn a_journal_gets_priorities_and_a_file_gets_times() {
    let Some(library) = Library::open() else { return };
    std::fs::write(library.path("Broken.mkv"), vec![0; 1 << 16]).unwrap();
    let run = watch(&library, &[], &[("JOURNAL_STREAM", "8:1")]).exits_with(1);
    let failed = run.stderr.lines().find(|line| line.contains("Broken.mkv")).unwrap_or_default();
    assert!(failed.starts_with("<4>failed: ") && failed.contains("[unreadable]"), "{run}");
    assert!(run.stderr.lines().all(|line| line.starts_with("<4>") || line.starts_with("<6>")), "{run}");

    let run = watch(&library, &[], &[]);
    for line in run.stderr.lines() {
        let (time, rest) = line.split_once(' ').unwrap();
        assert!(time.len() == 20 && time.ends_with('Z') && time.starts_with("20"), "{run}");
        assert!(rest.starts_with("INFO ") || rest.starts_with("WARN "), "{run}");
    }
}

#[test]
fn a_service_manager_hears_when_work_begins_and_ends() {
    let Some(library) = Library::open() else { return };
    let path = library.scratch().join("notify");
    let socket = std::os::unix::net::UnixDatagram::bind(&path).unwrap();
    socket.set_nonblocking(true).unwrap();
    watch(&library, &[], &[("NOTIFY_SOCKET", path.to_str().unwrap())]).exits_with(0);
    let mut heard = Vec::new();
    let mut buffer = [0; 512];
    while let Ok(length) = socket.recv(&mut buffer) {
        heard.push(String::from_utf8_lossy(&buffer[..length]).into_owned());
    }
    let (beats, words): (Vec<String>, Vec<String>) =
        heard.into_iter().partition(|message| message.starts_with("WATCHDOG=1\nSTATUS="));
    assert_eq!(words, ["READY=1", "STOPPING=1"]);
    assert!(beats[0].contains("0 queued"), "{beats:?}");
}

#[test]
fn quiet_says_problems_only_and_an_error_is_said_always() {
    let Some(mut library) = Library::open() else { return };
    library.film("A.mkv");
    let run = watch(&library, &["-q"], &[]).exits_with(0);
    assert_eq!(run.stderr, "", "{run}");
    library.media("A.mkv").is_av1();
    library.set("ffmpeg", "/nonexistent/ffmpeg");
    let run = watch(&library, &["-qq", "--log-format", "json"], &[]).exits_with(3);
    let documents = documents(&run);
    assert_eq!(documents.len(), 1, "{run}");
    assert_eq!((&documents[0]["level"], &documents[0]["event"]), (&"ERROR".into(), &"failure".into()));
    watch(&library, &["-q", "-v"], &[]).exits_with(2);
}
