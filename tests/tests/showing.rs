//! How a run is displayed: to programs, to people who want more or less output, in colours, and on a terminal where
//! Ctrl-C is pressed.

#![cfg(test)]

use std::fs;
use std::io::{Read, Write};
use std::process::Stdio;
use std::sync::{Arc, Mutex};

use av1d_tests::{
    Library, Run, Running, Script, Signal, av1cli, built, full_pipe, program, signal, wait_until,
};
use serde_json::Value;

/// A library with one film of one second.
fn with_film() -> Option<Library> {
    let mut library = Library::open()?;
    library.hurry();
    library.film("Film.mkv");
    Some(library)
}

fn events(run: &Run) -> Vec<String> {
    run.documents().iter().map(|document| document["event"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn programs_get_a_document_an_event_and_people_their_lines() {
    for arguments in [
        &["encode", "--progress", "json", "Film.mkv"][..],
        &["watch", "--once", "--progress", "json"],
        &["encode", "-qq", "--progress=json", "Film.mkv"],
    ] {
        let Some(library) = with_film() else { return };
        let run = library.run(arguments).exits_with(0);
        let mut events = events(&run);
        events.dedup();
        let begun: &[&str] = if arguments[0] == "watch" { &["scanned"] } else { &[] };
        let expected = [begun, &["surveying", "surveyed"]].concat();
        let of_job: &[&str] = &["started", "progressed", "judging", "finished"];
        assert_eq!(events, [expected.as_slice(), of_job].concat(), "{run}");
        let documents = run.documents();
        let (started, finished) = (&documents[expected.len()], documents.last().unwrap());
        assert_eq!(started["job"], library.job()["id"]);
        assert_eq!((&finished["code"], &finished["failed"]), (&"replaced".into(), &Value::Bool(false)));
        assert_eq!(finished["path"], library.path("Film.mkv").to_str().unwrap());
        assert_eq!(run.stderr.is_empty(), arguments.contains(&"-qq"), "{run}");
    }
}

#[test]
fn a_reader_who_has_seen_enough_doesnt_stop_the_encode() {
    let Some(library) = with_film() else { return };
    let script = format!(
        "'{}' --config '{}' encode --progress json Film.mkv | head -n 1",
        built("av1cli").display(),
        library.config().display()
    );
    let run = Run::shell(script.as_bytes(), &library.root()).exits_with(0).says("[replaced]");
    assert_eq!(events(&run), ["surveying"]);
    library.media("Film.mkv").is_av1();
}

#[test]
fn a_reader_who_does_not_read_holds_up_nothing() {
    let Some(library) = with_film() else { return };
    let (reader, writer) = full_pipe();
    let mut command = library.command(["watch", "--progress", "json"]);
    let daemon = Running::start_into(&mut command, writer);
    wait_until("the film is replaced", || {
        library.jobs().iter().any(|job| job["outcome"]["code"] == "replaced")
    });
    library.run(["status"]).exits_with(0).says_no("no daemon");
    signal(daemon.id(), Signal::TERM);
    daemon.wait().exits_with(0);
    drop(reader);
}

#[test]
fn a_reader_who_comes_back_gets_what_was_told_meanwhile() {
    let Some(library) = with_film() else { return };
    let (mut reader, writer) = full_pipe();
    let mut command = library.command(["encode", "--progress", "json", "Film.mkv"]);
    let mut encode = Running::start_into(&mut command, writer);
    drop(command);
    wait_until("the film is replaced", || encode.has_said("[replaced]"));
    assert!(!encode.has_ended(), "it waits for its reader");
    let mut text = String::new();
    reader.read_to_string(&mut text).unwrap();
    encode.wait().exits_with(0);
    let events: Vec<Value> = text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let ends = [events.first(), events.last()].map(|event| event.map(|event| event["event"].clone()));
    assert_eq!(ends, [Some("surveying".into()), Some("finished".into())], "{text}");
}

#[test]
fn more_and_less_can_be_said() {
    for (arguments, said, unsaid) in [
        (&["-v"][..], &["encode: ", "check: ", "done: "][..], &["error: "][..]),
        (&[], &["encode: ", "done: "], &["check: "]),
        (&["--progress", "none"], &["encode: ", "done: "], &["check: "]),
        (&["-q"], &[], &["encode: ", "done: ", "wait: "]),
    ] {
        let Some(library) = with_film() else { return };
        let mut run =
            library.run([&["encode"], arguments, &["Film.mkv"]].concat()).exits_with(0).prints_nothing();
        for line in said {
            run = run.says(line);
        }
        for line in unsaid {
            run = run.says_no(line);
        }
        library.media("Film.mkv").is_av1();
    }
    let Some(mut library) = with_film() else { return };
    library.replace_ffmpeg(Script { when: "-progress", does: "exit 7" });
    library.run(["encode", "-q", "Film.mkv"]).exits_with(1).says("failed: ").says_no("encode: ");
    assert_eq!(library.run(["encode", "-qq", "Film.mkv"]).exits_with(1).stderr, "");
    library.run(["encode", "-qq", "Gone.mkv"]).exits_with(1).says("error: failed to look at ");
    library.run(["encode", "-q", "-v", "Film.mkv"]).exits_with(2).says("cannot be used with");
}

#[test]
fn words_are_coloured_where_somebody_asks_for_it_and_never_in_a_file() {
    let ends = |arguments: &[&str], variables: &[(&str, &str)]| {
        let mut command = av1cli();
        command.args(["plan", "--config", "/nonexistent/a.toml", "Film.mkv"]).args(arguments);
        Run::of(command.envs(variables.iter().copied())).exits_with(2)
    };
    let coloured = "\u{1b}[31m\u{1b}[1merror:\u{1b}[0m ";
    ends(&[], &[("CLICOLOR_FORCE", "1")]).says(coloured).says("\u{1b}[36mhint:\u{1b}[0m ");
    ends(&["--color", "always"], &[("NO_COLOR", "1")]).says(coloured);
    for plain in [
        ends(&[], &[]),
        ends(&["--color=never"], &[("CLICOLOR_FORCE", "1")]),
        ends(&[], &[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")]),
    ] {
        plain.says("error: ").says_no("\u{1b}");
    }
}

/// Ctrl-C from the keyboard. The terminal turns it into SIGINT for all its foreground processes.
const CTRL_C: &[u8] = b"\x03";

#[test]
fn ctrl_c_on_a_terminal_leaves_it_and_the_library_as_they_were() {
    let Some(script) = program("script") else { return };
    let Some(mut library) = Library::open() else { return };
    library.long_film("Film.mkv");
    let original = fs::read(library.path("Film.mkv")).unwrap();
    // The shell survives the signal, and prints the terminal's settings before and after.
    let session = format!(
        "trap : INT; stty -g; '{}' --config '{}' encode Film.mkv; echo \"exit=$?\"; stty -g",
        built("av1cli").display(),
        library.config().display()
    );
    let mut command = std::process::Command::new(script);
    command.args(["-qfc", &session, "/dev/null"]).current_dir(library.root());
    command.env("TERM", "xterm").env("HOME", "/nonexistent").env_remove("NO_COLOR").env("SHELL", "/bin/sh");
    let spawned = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
    let mut terminal = spawned.unwrap();
    let (mut keyboard, mut screen) = (terminal.stdin.take().unwrap(), terminal.stdout.take().unwrap());
    let shown = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&shown);
    let reader = std::thread::spawn(move || {
        let mut part = [0; 4096];
        while let Ok(length @ 1..) = screen.read(&mut part) {
            seen.lock().unwrap().extend_from_slice(&part[..length]);
        }
    });
    let text = || String::from_utf8_lossy(&shown.lock().unwrap()).into_owned();
    wait_until("the bar is drawn", || {
        assert!(terminal.try_wait().unwrap().is_none(), "it ended too early: {}", text());
        text().contains("Film.mkv ") && text().contains("fps") && text().contains(" %")
    });

    keyboard.write_all(CTRL_C).unwrap();
    wait_until("it ends", || terminal.try_wait().unwrap().is_some());
    drop(keyboard);
    reader.join().unwrap();

    let text = text();
    assert!(text.contains("exit=130"), "{text}");
    assert!(
        text.contains("stopping:\u{1b}[0m encodes are ended"),
        "coloured, since it is a terminal: {text:?}"
    );
    let states: Vec<&str> = text.split(['\r', '\n']).filter(|line| line.matches(':').count() > 20).collect();
    assert!(states.len() == 2 && states[0] == states[1], "the terminal is as it was: {text:?}");
    let (hides, shows) = (text.rfind("\u{1b}[?25l"), text.rfind("\u{1b}[?25h"));
    assert!(hides.is_none() || hides < shows, "the cursor is shown: {text:?}");
    // Neither the message nor the prompt is on a line with the rest of a progress bar.
    for word in ["stopping:", "exit=130"] {
        let before = text.split_once(word).unwrap().0;
        let line = before.rsplit(['\n', '\r']).next().unwrap().rsplit("\u{1b}[2K").next().unwrap();
        assert!(!line.contains("fps"), "{word} stands behind {line:?}");
    }
    assert_eq!(library.files(), ["Film.mkv"]);
    assert!(fs::read(library.path("Film.mkv")).unwrap() == original);
    assert_eq!(library.encoders(), [] as [u32; 0]);
    assert_eq!(library.job()["outcome"]["code"], "interrupted");
}
