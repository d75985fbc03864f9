//! The control socket of the real daemon while the real ffmpeg encodes: each request has its effect, which is observed
//! from outside.

#![cfg(test)]

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use av1d_tests::{Library, Running, Script, Signal, signal, wait_until};
use serde_json::{Value, json};

/// A library with one film whose encode takes minutes, and a daemon that scans it once an hour.
fn with_long_film() -> Option<Library> {
    let mut library = Library::open()?;
    library.set("scan_interval_secs", 3600);
    library.long_film("Film.mkv");
    Some(library)
}

fn socket(library: &Library) -> PathBuf {
    library.state().join("control.sock")
}

/// Starts the daemon and waits until its control socket accepts connections.
fn start_daemon(library: &Library) -> Running {
    let mut run = library.start(["watch"]);
    wait_until("the daemon listens", || {
        assert!(!run.has_ended(), "it ended too early");
        UnixStream::connect(socket(library)).is_ok()
    });
    run
}

fn stop(run: Running) {
    signal(run.id(), Signal::TERM);
    run.wait().exits_with(0);
}

/// A client of the control socket that uses no code of the product.
struct Control(BufReader<UnixStream>);

impl Control {
    fn connect(library: &Library) -> Self {
        let stream = UnixStream::connect(socket(library)).unwrap();
        stream.set_read_timeout(Some(Duration::from_mins(1))).unwrap();
        let mut control = Self(BufReader::new(stream));
        assert_eq!(control.read()["protocol"], 1);
        control
    }

    fn read(&mut self) -> Value {
        let mut line = String::new();
        self.0.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"))
    }

    fn ask(&mut self, request: &Value) -> Value {
        writeln!(self.0.get_mut(), "{request}").unwrap();
        self.read()
    }

    /// The next event of this name; skips other events.
    fn event(&mut self, name: &str) -> Value {
        loop {
            let event = self.read();
            if event["event"] == name {
                return event;
            }
        }
    }
}

#[track_caller]
fn ask(library: &Library, request: &Value) -> Value {
    let reply = Control::connect(library).ask(request);
    assert_eq!(reply["ok"], true, "{reply}");
    reply
}

fn status(library: &Library) -> Value {
    ask(library, &json!({"request": "status"}))["status"].take()
}

/// The first running encode, or null if there is none.
fn first_running(library: &Library) -> Value {
    status(library)["running"].get(0).cloned().unwrap_or_default()
}

/// The only encode, as soon as it is in this stage.
fn running_job(library: &Library, stage: &str) -> Value {
    let mut job = Value::Null;
    wait_until(&format!("a job is {stage}"), || {
        job = first_running(library);
        job["stage"] == stage
    });
    job
}

/// The state of a process as /proc shows it, for example `R`, `S`, or `T` for stopped.
fn process_state(id: u32) -> char {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").and_then(|(_, rest)| rest.chars().next()).unwrap_or('-')
}

#[test]
fn status_tells_what_is_encoded() {
    let Some(library) = with_long_film() else { return };
    let run = start_daemon(&library);
    assert_eq!(fs::metadata(socket(&library)).unwrap().permissions().mode() & 0o777, 0o600);
    wait_until("frames are encoded", || first_running(&library)["frame"].as_u64() > Some(0));

    let told = status(&library);
    assert_eq!((&told["state"], &told["pid"]), (&"running".into(), &run.id().into()));
    let job = &told["running"][0];
    let film = library.path("Film.mkv");
    assert_eq!((&job["path"], &job["stage"]), (&film.to_str().into(), &"encoding".into()));
    assert_eq!(job["size_before"], fs::metadata(&film).unwrap().len());
    assert_eq!((&job["frames"], &job["job"]), (&1000.into(), &library.job()["id"]));
    let shown = library.run(["status"]).exits_with(0);
    assert!(shown.text().contains("Film.mkv (job "), "{shown}");

    stop(run);
    assert!(!socket(&library).exists(), "the socket goes with the daemon");
    library.run(["pause"]).exits_with(1).says("no daemon runs here");
}

#[test]
fn pause_stops_ffmpeg_where_it_is_and_resume_lets_it_go_on() {
    let Some(library) = with_long_film() else { return };
    let run = start_daemon(&library);
    running_job(&library, "encoding");
    wait_until("ffmpeg works", || library.encoders().len() == 1);
    let ffmpeg = library.encoders()[0];

    library.run(["pause"]).exits_with(0);
    wait_until("ffmpeg is stopped", || process_state(ffmpeg) == 'T');
    assert_eq!(status(&library)["state"], "paused");
    let frame = running_job(&library, "paused")["frame"].clone();
    library.run(["pause"]).exits_with(0);

    library.run(["resume"]).exits_with(0);
    wait_until("ffmpeg runs", || matches!(process_state(ffmpeg), 'R' | 'S'));
    assert_eq!(status(&library)["state"], "running");
    wait_until("it goes on", || first_running(&library)["frame"].as_u64() > frame.as_u64());

    // A stopped process can't react to SIGTERM; the daemon must still end it.
    library.run(["pause"]).exits_with(0);
    wait_until("ffmpeg is stopped", || process_state(ffmpeg) == 'T');
    let asked = Instant::now();
    stop(run);
    assert!(asked.elapsed() < Duration::from_secs(30), "{:?}", asked.elapsed());
    assert_eq!((library.encoders(), library.files()), (vec![], vec!["Film.mkv".to_owned()]));
}

#[test]
fn while_it_is_paused_nothing_begins() {
    let Some(mut library) = Library::open() else { return };
    library.hurry();
    library.set("scan_interval_secs", 3600);
    let run = start_daemon(&library);
    ask(&library, &json!({"request": "pause"}));
    library.film("Film.mkv");
    ask(&library, &json!({"request": "scan"}));
    wait_until("it was seen", || status(&library)["queued"] == 1);
    std::thread::sleep(Duration::from_secs(1));
    assert_eq!(library.jobs(), [] as [Value; 0]);

    ask(&library, &json!({"request": "resume"}));
    wait_until("it is replaced", || status(&library)["totals"]["jobs"]["replaced"] == 1);
    stop(run);
    library.media("Film.mkv").is_av1();
}

#[test]
fn a_job_that_is_cancelled_ends_and_leaves_the_original() {
    let Some(library) = with_long_film() else { return };
    let original = fs::read(library.path("Film.mkv")).unwrap();
    let run = start_daemon(&library);
    let job = running_job(&library, "encoding")["job"].take();
    let wrong = library.run(["cancel", "--json", "nobody"]).exits_with(1);
    assert_eq!(wrong.documents()[0]["code"], "no-such-job");

    library.run(["cancel", job.as_str().unwrap()]).exits_with(0);

    wait_until("it has ended", || status(&library)["running"] == json!([]));
    assert_eq!((library.encoders(), library.files()), (vec![], vec!["Film.mkv".to_owned()]));
    assert!(fs::read(library.path("Film.mkv")).unwrap() == original);
    assert_eq!(library.job()["outcome"]["code"], "cancelled");
    ask(&library, &json!({"request": "scan"}));
    std::thread::sleep(Duration::from_secs(1));
    assert_eq!(library.jobs().len(), 1, "it isn't begun again by itself");
    stop(run);
}

#[test]
fn skip_ends_the_encode_and_unskip_brings_it_back() {
    let Some(library) = with_long_film() else { return };
    let run = start_daemon(&library);
    running_job(&library, "encoding");

    library.run(["skip", "Film.mkv"]).exits_with(0);
    wait_until("it has ended", || status(&library)["running"] == json!([]));
    assert_eq!(library.encoders(), [] as [u32; 0]);
    assert_eq!(library.files(), ["Film.mkv", "Film.mkv.av1skip"]);
    ask(&library, &json!({"request": "scan"}));
    wait_until("it is skipped", || status(&library)["films"]["skip-marker"] == 1);

    library.run(["unskip", "Film.mkv"]).exits_with(0);
    assert_eq!(library.files(), ["Film.mkv"]);
    ask(&library, &json!({"request": "scan"}));
    running_job(&library, "encoding");
    stop(run);
}

#[test]
fn retry_has_a_failure_forgotten() {
    let Some(mut library) = Library::open() else { return };
    library.hurry();
    library.set("scan_interval_secs", 1);
    library.film("Film.mkv");
    // ffmpeg fails once: only while the file `failed` doesn't exist.
    let sign = library.scratch().join("failed");
    let does = format!("test -e {0} || {{ touch {0}; cp Film.mkv \"$output\"; exit 0; }}", sign.display());
    library.replace_ffmpeg(Script { when: "-progress", does: &does });
    let run = start_daemon(&library);
    wait_until("it has failed", || library.jobs().iter().any(|job| job["outcome"]["failed"] == true));
    let failed = library.job();
    std::thread::sleep(Duration::from_secs(3));
    assert_eq!(library.jobs().len(), 1, "an unchanged film that failed isn't tried again by itself");
    let shown = library.run(["status"]).exits_with(0);
    assert!(shown.text().contains(failed["outcome"]["text"].as_str().unwrap()), "{shown}");

    library.run(["retry", "Film.mkv"]).exits_with(0);
    wait_until("it is replaced", || status(&library)["totals"]["jobs"]["replaced"] == 1);
    library.run(["retry", "gone.mkv"]).exits_with(1).says("gone.mkv");
    stop(run);
    library.media("Film.mkv").is_av1();
}

#[test]
fn retry_takes_av1ds_own_marker_away_and_the_daemon_marks_nothing_outside_its_library() {
    let Some(mut library) = Library::open() else { return };
    library.hurry();
    library.set("max_size_ratio", 0.01);
    library.film("Film.mkv");
    let run = start_daemon(&library);
    let marker = library.path("Film.mkv.av1skip");
    wait_until("it is too big", || marker.exists() && library.jobs().len() == 1);
    // The marker is there a moment before the work on the film has ended.
    let retry = || {
        let request = json!({"request": "retry", "path": library.path("Film.mkv").to_str()});
        let mut reply = Value::Null;
        wait_until("nothing works on the film", || {
            reply = Control::connect(&library).ask(&request);
            !reply["message"].as_str().unwrap_or_default().ends_with("is being worked on")
        });
        reply
    };
    wait_until("it is skipped", || {
        ask(&library, &json!({"request": "scan"}));
        status(&library)["films"]["skip-marker"] == 1
    });
    let reply = retry();
    assert!(reply["message"].as_str().unwrap().ends_with("again; its marker is removed"), "{reply}");
    wait_until("it is tried again", || library.jobs().len() == 2);
    wait_until("it is too big again", || marker.exists());

    fs::write(&marker, "mine").unwrap();
    let refused = retry();
    assert_eq!((&refused["ok"], &refused["code"]), (&false.into(), &"excluded".into()), "{refused}");
    assert_eq!(fs::read(&marker).unwrap(), b"mine");

    let outside = library.scratch().join("Other.mkv");
    fs::write(&outside, "").unwrap();
    for request in ["skip", "unskip"] {
        let refused = Control::connect(&library).ask(&json!({"request": request, "path": outside.to_str()}));
        assert_eq!((&refused["ok"], &refused["code"]), (&false.into(), &"outside-library".into()));
    }
    assert_eq!(fs::read_dir(library.scratch()).unwrap().count(), 1);
    stop(run);
}

#[test]
fn a_subscriber_sees_a_film_from_its_start_to_its_end() {
    let Some(mut library) = Library::open() else { return };
    library.hurry();
    library.set("scan_interval_secs", 3600);
    let run = start_daemon(&library);
    let mut events = Control::connect(&library);
    assert_eq!(events.ask(&json!({"request": "subscribe"}))["ok"], true);
    let film = library.film("Film.mkv");
    let size = fs::metadata(&film).unwrap().len();
    ask(&library, &json!({"request": "scan"}));

    // The first scan may end after the subscription, but has seen no film.
    while events.event("scanned")["films"] != 1 {}
    let started = events.event("started");
    assert_eq!((&started["path"], &started["frames"]), (&film.to_str().into(), &25.into()));
    assert_eq!(events.event("progressed")["job"], started["job"]);
    assert_eq!(events.event("judging")["job"], started["job"]);
    let finished = events.event("finished");
    assert_eq!((&finished["code"], &finished["job"]), (&"replaced".into(), &started["job"]));
    assert_eq!(finished["size_before"], size);
    assert_eq!(finished["size_after"], fs::metadata(&film).unwrap().len());
    stop(run);
    assert_eq!(events.0.read_line(&mut String::new()).unwrap(), 0, "the end of the daemon is the end");
}

#[test]
fn clients_of_every_kind_leave_the_work_alone() {
    let Some(library) = with_long_film() else { return };
    let run = start_daemon(&library);
    running_job(&library, "encoding");
    let idle: Vec<Control> = (0..100).map(|_| Control::connect(&library)).collect();
    let mut silent = Control::connect(&library);
    writeln!(silent.0.get_mut(), "{}", json!({"request": "subscribe"})).unwrap();
    for garbage in [&b"\xff\0\x1b[2J\n"[..], b"{\"request\":\"sta", &b"[".repeat(100_000)] {
        let mut client = Control::connect(&library);
        drop(client.0.get_mut().write_all(garbage));
    }
    let refused = Control::connect(&library).ask(&json!({"request": "format"}));
    assert_eq!((&refused["ok"], &refused["code"]), (&false.into(), &"unknown-request".into()));
    let frame = first_running(&library)["frame"].as_u64();
    wait_until("the encode goes on", || first_running(&library)["frame"].as_u64() > frame);
    drop(idle);
    stop(run);
}

#[test]
fn a_killed_daemons_socket_is_no_obstacle() {
    let Some(mut library) = Library::open() else { return };
    library.set("scan_interval_secs", 3600);
    let run = start_daemon(&library);
    signal(run.id(), Signal::KILL);
    run.wait();
    assert!(socket(&library).exists());
    let shown = library.run(["status"]).exits_with(0);
    assert!(shown.text().starts_with("no daemon runs here"), "{shown}");
    stop(start_daemon(&library));
}
