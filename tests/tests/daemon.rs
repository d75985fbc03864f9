//! The real daemon over its days: what it remembers, what it waits for, what signals and the clock make it do.

#![cfg(test)]

use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, symlink};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use av1d_tests::{Library, PICTURE, Run, Running, Script, Signal, signal, wait_until};
use serde_json::Value;

/// An AV1 film.
fn av1() -> String {
    PICTURE.replace("libx264 -preset ultrafast", "libsvtav1 -preset 12")
}

/// An empty library, quickly encoded.
fn quick() -> Option<Library> {
    let mut library = Library::open()?;
    library.hurry();
    Some(library)
}

/// Starts the daemon and waits until it has looked at the library once.
fn start_daemon(library: &Library) -> Running {
    let mut run = library.start(["watch"]);
    wait_until("the daemon has looked", || {
        assert!(!run.has_ended(), "it ended too early");
        run.has_said("scan: ")
    });
    run
}

fn stop(run: Running) -> Run {
    signal(run.id(), Signal::TERM);
    run.wait().exits_with(0)
}

/// What the control socket says of the daemon.
fn status(library: &Library) -> Value {
    let mut control = BufReader::new(UnixStream::connect(library.state().join("control.sock")).unwrap());
    control.get_mut().write_all(b"{\"request\":\"status\"}\n").unwrap();
    // Its greeting comes first.
    let mut lines = control.by_ref().lines().map(Result::unwrap).skip(1);
    let mut reply: Value = serde_json::from_str(&lines.next().unwrap()).unwrap();
    reply["status"].take()
}

fn replaced(library: &Library) -> usize {
    library.jobs().iter().filter(|job| job["outcome"]["code"] == "replaced").count()
}

/// The names of the films whose encodes began, in this order.
fn encodes(run: &Run) -> Vec<String> {
    let begun = run.stderr.lines().filter_map(|line| line.split_once("encode: ")?.1.split_once(" with "));
    begun.map(|(path, _)| path.rsplit('/').next().unwrap_or_default().to_owned()).collect()
}

/// An ffprobe that counts how often it looks at a file.
struct Counter(PathBuf);

impl Counter {
    fn install(library: &mut Library) -> Self {
        let count = library.scratch().join("probes");
        let does = format!("echo x >> '{}'", count.display());
        library.replace_ffprobe(Script { when: "file:", does: &does });
        Self(count)
    }

    /// How often since it was last asked.
    fn take(&self) -> usize {
        let count = fs::read(&self.0).unwrap_or_default().len() / 2;
        drop(fs::remove_file(&self.0));
        count
    }
}

#[test]
fn an_unchanged_film_is_never_probed_again() {
    let Some(mut library) = quick() else { return };
    library.make("Already.mkv", &av1());
    library.make("Sound.mkv", "-f lavfi -i sine=duration=3 -c:a flac");
    let probes = Counter::install(&mut library);
    library.watch_once().exits_with(0).says("[already-av1]").says("[no-video]");
    assert!(probes.take() >= 2, "the counter counts");
    library.watch_once().exits_with(0).says("0 replaced, 2 skipped, 0 failed").says_no("skip: ");
    assert_eq!(probes.take(), 0);

    library.set("quality_tier", "very_high");
    library.watch_once().exits_with(0).says("Already.mkv [already-av1]").says("Sound.mkv [no-video]");
    assert_eq!(probes.take(), 0, "another config plans from what is known");

    let film = fs::File::options().append(true).open(library.path("Already.mkv")).unwrap();
    film.set_modified(SystemTime::now() + Duration::from_secs(5)).unwrap();
    library.watch_once().exits_with(0).says("Already.mkv [already-av1]").says_no("Sound.mkv");
    assert!(probes.take() > 0, "a film that was touched is a new one");

    library.film("Film.mkv");
    library.watch_once().exits_with(0).says("1 replaced");
    assert!(probes.take() > 0);
    library.watch_once().exits_with(0).says("0 replaced, 3 skipped, 0 failed").says_no("skip: ");
    assert_eq!(probes.take(), 0, "of a result of ours all is known");
}

#[test]
fn a_damaged_or_lost_index_costs_time_and_nothing_else() {
    let Some(library) = quick() else { return };
    library.film("Film.mkv");
    library.make("Already.mkv", &av1());
    library.watch_once().exits_with(0).says("1 replaced");
    let index = library.state().join("index.sqlite");
    let good = fs::read(&index).unwrap();
    // Its first page says what is in the others.
    let cut_short = good[..4096].to_vec();
    let overwritten = [&good[..4096], &b"garbage ".repeat((good.len() - 4096) / 8)[..]].concat();
    let damages = [b"garbage".repeat(1000), overwritten, cut_short];
    for (count, damage) in damages.into_iter().enumerate() {
        fs::write(&index, damage).unwrap();
        let run =
            library.watch_once().exits_with(0).says("the index was damaged").says("2 skipped, 0 failed");
        assert_eq!(encodes(&run), [] as [&str; 0]);
        let names = fs::read_dir(library.state()).unwrap().map(|entry| entry.unwrap().file_name());
        let aside = names.filter(|name| {
            let name = name.to_string_lossy();
            name.starts_with("index.sqlite.") && name.ends_with(".damaged")
        });
        assert_eq!(aside.count(), count + 1, "{run}");
        library.watch_once().exits_with(0).says_no("damaged").says_no("skip: ");
    }

    fs::remove_file(&index).unwrap();
    let run = library.watch_once().exits_with(0).says_no("damaged").says("2 skipped, 0 failed");
    assert_eq!(encodes(&run), [] as [&str; 0]);
    assert_eq!(library.jobs().len(), 1);
}

#[test]
fn sighup_reads_the_config_again_and_sigusr1_looks_at_the_library() {
    let Some(mut library) = quick() else { return };
    library.set("scan_interval_secs", 3600);
    library.set("min_bytes", 1_000_000_000);
    library.film("Film.mkv");
    let run = start_daemon(&library);

    library.set("min_bytes", "many");
    signal(run.id(), Signal::HUP);
    wait_until("the bad config is reported", || run.has_said("the old one stays: "));
    assert_eq!(status(&library)["films"]["too-small"], 1, "the old one stays");

    let other = library.scratch().join("other root");
    fs::create_dir(&other).unwrap();
    library.tools.make(&library.scratch(), PICTURE, &other.join("Other.mkv"));
    library.set("library_roots", vec![library.root().to_str().unwrap(), other.to_str().unwrap()]);
    library.set("min_bytes", 500);
    library.set("metrics_listen", "127.0.0.1:9");
    signal(run.id(), Signal::HUP);
    wait_until("it is said", || run.has_said("read again; a restart is needed for metrics_listen"));
    wait_until("both are replaced", || replaced(&library) == 2);

    let later = library.film(".later.mkv");
    fs::rename(later, library.path("Later.mkv")).unwrap();
    signal(run.id(), Signal::USR1);
    wait_until("the new film is replaced", || replaced(&library) == 3);
    stop(run).says("3 replaced, ").says(" 0 failed");
}

#[test]
fn a_film_that_grows_is_watched_until_it_holds_still() {
    let Some(mut library) = quick() else { return };
    library.set("stable_secs", 1);
    library.set("scan_interval_secs", 3600);
    let whole = fs::read(library.film("Film.mkv")).unwrap();
    let mut copy = fs::File::create(library.path("Film.mkv")).unwrap();
    let run = {
        copy.write_all(&whole[..1000]).unwrap();
        start_daemon(&library)
    };
    let rest = &whole[1000..];
    for part in rest.chunks(rest.len().div_ceil(15)) {
        sleep(Duration::from_millis(200));
        assert_eq!(library.jobs().len(), 0, "it still grows");
        copy.write_all(part).unwrap();
    }
    wait_until("it is replaced", || replaced(&library) == 1);
    stop(run);
    library.media("Film.mkv").is_av1();
    assert_eq!(library.jobs().len(), 1, "no attempt on a part of it");
}

#[test]
fn an_old_time_of_change_is_no_proof_of_rest() {
    let Some(mut library) = quick() else { return };
    library.set("stable_secs", 3600);
    let film = fs::File::options().append(true).open(library.film("Film.mkv")).unwrap();
    film.set_modified(UNIX_EPOCH + Duration::from_secs(1_000_000_000)).unwrap();
    let run = start_daemon(&library);
    wait_until("it is watched", || status(&library)["settling"] == 1);
    stop(run);
    assert_eq!(library.jobs().len(), 0);
}

#[test]
fn the_size_gates_marker_holds_for_its_film_and_gate_only() {
    let Some(mut library) = quick() else { return };
    library.set("max_size_ratio", 0.01);
    library.film("Film.mkv");
    let marker = library.path("Film.mkv.av1skip");
    let tried = |what: &str| {
        let run = library.watch_once().exits_with(0).says("[too-big]");
        assert_eq!(encodes(&run), ["Film.mkv"], "{what}");
    };
    tried("the first time");
    fs::remove_file(&marker).unwrap();
    tried("the marker was removed at once");
    library.watch_once().exits_with(0).says("[skip-marker]").says_no("encode: ");
    fs::remove_file(&marker).unwrap();
    tried("the marker was removed later");

    let bigger = library.make("Film.mkv", &PICTURE.replace("-crf 10", "-crf 1"));
    tried("another film of that name");
    let text = fs::read_to_string(&marker).unwrap();
    assert!(text.contains(&format!("of {} bytes", fs::metadata(bigger).unwrap().len())), "{text}");

    library.set("max_size_ratio", 0.9);
    library.watch_once().exits_with(0).says("1 replaced");
    assert_eq!(library.files(), ["Film.mkv"]);
}

#[test]
fn a_persons_own_marker_is_neither_overruled_nor_overwritten() {
    let Some(mut library) = quick() else { return };
    library.film("Film.mkv");
    let marker = library.path("Film.mkv.av1skip");
    fs::write(&marker, "").unwrap();
    library.watch_once().exits_with(0).says("[skip-marker]").says_no("encode: ");
    library.make("Film.mkv", &PICTURE.replace("-crf 10", "-crf 1"));
    library.set("max_size_ratio", 0.01);
    library.watch_once().exits_with(0).says("[skip-marker]").says_no("encode: ");
    library.run(["encode", "--ignore", "skip-marker", "Film.mkv"]).exits_with(0).says("[too-big]");
    assert_eq!(fs::read(&marker).unwrap(), b"");
}

#[test]
fn a_marker_that_comes_and_goes_while_a_film_waits_leaves_nothing_behind() {
    let Some(mut library) = quick() else { return };
    library.set("scan_interval_secs", 3600);
    library.set("queue_order", "path");
    for name in ["A.mkv", "B.mkv"] {
        library.film(name);
    }
    let go = library.scratch().join("go");
    let does = format!("until test -e '{}'; do sleep 0.05; done", go.display());
    library.replace_ffmpeg(Script { when: "-progress", does: &does });
    let run = start_daemon(&library);
    wait_until("the first is encoded", || run.has_said("A.mkv with"));

    let marker = library.path("B.mkv.av1skip");
    fs::write(&marker, "").unwrap();
    fs::write(go, "").unwrap();
    wait_until("the second is passed over", || run.has_said("B.mkv [skip-marker]"));
    fs::remove_file(marker).unwrap();
    signal(run.id(), Signal::USR1);
    wait_until("both are replaced", || replaced(&library) == 2);
    stop(run);
}

#[test]
fn a_failure_rests_until_somebody_asks() {
    let Some(mut library) = quick() else { return };
    library.film("Film.mkv");
    let broken = library.scratch().join("broken");
    fs::write(&broken, "").unwrap();
    let does = format!("test -e '{}' && exit 1", broken.display());
    library.replace_ffmpeg(Script { when: "-progress", does: &does });
    let run = library.watch_once().exits_with(1).says("0 replaced, 0 skipped, 1 failed");
    assert_eq!(encodes(&run), ["Film.mkv"]);

    fs::remove_file(broken).unwrap();
    library.watch_once().exits_with(0).says_no("encode: ").says("0 replaced, 0 skipped, 0 failed");
    library.run(["retry", "Film.mkv"]).exits_with(0);
    library.watch_once().exits_with(0).says("1 replaced");
}

/// One GET, as simple as can be.
fn get(address: &str, path: &str) -> String {
    let Ok(mut stream) = TcpStream::connect(address) else { return String::new() };
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").unwrap();
    let mut reply = String::new();
    stream.read_to_string(&mut reply).unwrap();
    reply
}

#[test]
fn metrics_tell_how_things_stand() {
    let Some(mut library) = quick() else { return };
    library.set("scan_interval_secs", 3600);
    library.film("Film.mkv");
    // Free again once it is dropped.
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    library.set("metrics_listen", address.as_str());
    let before = fs::metadata(library.path("Film.mkv")).unwrap().len();
    let run = start_daemon(&library);
    wait_until("it is replaced", || replaced(&library) == 1);
    assert!(get(&address, "/healthz").starts_with("HTTP/1.1 200 "));

    // A page is made at each beat; a person's word is one.
    let after = fs::metadata(library.path("Film.mkv")).unwrap().len();
    for command in ["pause", "resume"] {
        library.run([command]).exits_with(0);
    }
    let page = get(&address, "/metrics");
    assert!(page.starts_with("HTTP/1.1 200 "), "{page}");
    for line in [
        "av1d_queue_films 0",
        "av1d_jobs{outcome=\"replaced\"} 1",
        "av1d_films{code=\"done\"} 1",
        &format!("av1d_replaced_bytes_before {before}"),
        &format!("av1d_replaced_bytes_after {after}"),
    ] {
        assert!(page.lines().any(|said| said == line), "{line}\n{page}");
    }
    stop(run);
}

#[test]
fn one_file_by_many_ways_is_one_film() {
    let Some(mut library) = quick() else { return };
    library.set("hardlinked", "replace");
    library.film("sub/Film.mkv");
    let other = library.path("sub/Other name.mkv");
    fs::hard_link(library.path("sub/Film.mkv"), &other).unwrap();
    let original = fs::read(&other).unwrap();
    // A file and a folder outside, to which links lead.
    let outside = library.scratch().join("outside");
    fs::create_dir(&outside).unwrap();
    fs::copy(&other, outside.join("Outside.mkv")).unwrap();
    symlink(&outside, library.path("link out")).unwrap();
    symlink(outside.join("Outside.mkv"), library.path("Link.mkv")).unwrap();
    let link = library.scratch().join("link to the root");
    symlink(library.root(), &link).unwrap();
    let roots = [link.clone(), library.root(), library.path("sub"), link.join("sub")];
    library.set("library_roots", roots.iter().map(|root| root.to_str().unwrap()).collect::<Vec<_>>());

    let run = library.watch_once().exits_with(0).says("1 replaced, 0 skipped, 0 failed");

    assert_eq!(encodes(&run), ["Film.mkv"]);
    library.media("sub/Film.mkv").is_av1();
    assert!(fs::read(&other).unwrap() == original, "the other name keeps the original");
    assert_eq!(fs::metadata(&other).unwrap().nlink(), 1);
    assert!(fs::read(outside.join("Outside.mkv")).unwrap() == original, "links lead nowhere");
}

#[test]
fn a_folder_that_cant_be_read_is_named_once() {
    let Some(mut library) = quick() else { return };
    library.set("scan_interval_secs", 1);
    library.film("Film.mkv");
    // Too deep for the name of a path: not even root can read it. Made in two halves, each of which can be named.
    let half = |below: &Path| (0..11).fold(below.to_owned(), |path, _| path.join("d".repeat(200)));
    let second = library.scratch().join("second");
    fs::create_dir_all(half(&second)).unwrap();
    let first = half(&library.path("deep"));
    fs::create_dir_all(&first).unwrap();
    fs::rename(second, first.join("second")).unwrap();

    let run = start_daemon(&library);
    wait_until("the film is replaced", || replaced(&library) == 1);
    let scanned = || status(&library)["last_scan"]["ended"].clone();
    for _ in 0..2 {
        let last = scanned();
        wait_until("it looks again", || scanned() != last);
    }

    assert_eq!(status(&library)["last_scan"]["unreadable"], 1);
    let run = stop(run);
    assert_eq!(run.stderr.matches("can't be read and is passed over").count(), 1, "{run}");
}

#[test]
fn films_are_encoded_in_the_order_that_was_asked_for() {
    for (order, expected) in [
        ("path", ["A.mkv", "B.mkv", "C.mkv"]),
        ("largest", ["B.mkv", "C.mkv", "A.mkv"]),
        ("oldest", ["C.mkv", "A.mkv", "B.mkv"]),
    ] {
        let Some(mut library) = quick() else { return };
        library.set("queue_order", order);
        library.replace_ffmpeg(Script { when: "-progress", does: "exit 1" });
        for (name, crf, modified) in [("A.mkv", 40, 20), ("B.mkv", 1, 30), ("C.mkv", 20, 10)] {
            let path = library.make(name, &PICTURE.replace("-crf 10", &format!("-crf {crf}")));
            let film = fs::File::options().append(true).open(path).unwrap();
            film.set_modified(UNIX_EPOCH + Duration::from_secs(1_000_000_000 + modified)).unwrap();
        }
        let run = library.watch_once().exits_with(1).says("3 failed");
        assert_eq!(encodes(&run), expected, "{order}\n{run}");
    }
}

#[test]
fn outside_the_active_hours_nothing_begins() {
    let Some(mut library) = quick() else { return };
    library.set("scan_interval_secs", 3600);
    library.film("Film.mkv");
    let hour = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() / 3600;
    library.set("active_hours", format!("{:02}:00-{:02}:00", (hour + 3) % 24, (hour + 4) % 24));
    let run = Running::start(library.command(["watch"]).env("TZ", "UTC"), b"");
    wait_until("it waits", || run.has_said("scan: ") && status(&library)["queued"] == 1);
    sleep(Duration::from_secs(1));
    assert_eq!(status(&library)["state"], "quiet-hours");
    assert_eq!(library.jobs().len(), 0);

    library.set("active_hours", "00:00-24:00");
    signal(run.id(), Signal::HUP);
    wait_until("it is replaced", || replaced(&library) == 1);
    assert_eq!(status(&library)["state"], "running");
    stop(run);
}

#[test]
fn names_of_any_bytes_are_remembered_as_they_are() {
    let Some(mut library) = quick() else { return };
    // They differ in what UTF-8 can't say only.
    let names = [b"Film \xff.mkv", b"Film \xfe.mkv"].map(|name| OsStr::from_bytes(name).to_owned());
    for name in &names {
        library.film(name);
    }
    let probes = Counter::install(&mut library);
    library.watch_once().exits_with(0).says("2 replaced");
    assert!(probes.take() > 0);
    for name in &names {
        library.media(name).is_av1();
    }
    let mut told: Vec<String> =
        library.jobs().iter().map(|job| job["path_hex"].as_str().unwrap().to_owned()).collect();
    told.sort();
    let hex = |name| {
        let bytes = library.path(name).into_os_string();
        bytes.as_bytes().iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat()
    };
    let mut expected: Vec<String> = names.iter().map(hex).collect();
    expected.sort();
    assert_eq!(told, expected);

    library.watch_once().exits_with(0).says("0 replaced, 2 skipped, 0 failed").says_no("encode: ");
    assert_eq!(probes.take(), 0, "the index knows them apart");
}

#[test]
fn a_full_disk_of_the_state_folder_stops_encodes_and_is_said() {
    let Some(mut library) = Library::open() else { return };
    library.hurry();
    let original = fs::read(library.film("Film.mkv")).unwrap();
    let state = library.scratch().join("small");
    fs::create_dir(&state).unwrap();
    // A disk of its own for the run alone, with hardly any room.
    let script =
        "mount -t tmpfs -o size=4m none \"$0\" && head -c 3900000 /dev/zero > \"$0/ballast\" && exec \"$@\"";
    let possible =
        Command::new("unshare").args(["--mount", "sh", "-c", script]).arg(&state).arg("true").output();
    if !possible.is_ok_and(|output| output.status.success()) {
        return av1d_tests::skipped("nothing can be mounted here");
    }
    library.set("job_state_dir", state.to_str().unwrap());
    let once = library.command(["watch", "--once"]);
    let mut full = Command::new("unshare");
    full.args(["--mount", "sh", "-c", script]).arg(&state).arg(once.get_program()).args(once.get_args());
    full.current_dir(library.root()).env("HOME", "/nonexistent");
    let run = Running::start(&mut full, b"").wait().exits_with(1);
    run.says("its disk is full: no encode is begun").says("0 replaced, 0 skipped, 1 failed");
    assert!(fs::read(library.path("Film.mkv")).unwrap() == original);
    assert_eq!(library.files(), ["Film.mkv"]);
    library.watch_once().exits_with(0).says("1 replaced");
}
