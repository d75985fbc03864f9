//! Signals to a running daemon, and its metrics.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};

use av1d_tests::{PICTURE, Signal, signal, wait_until};

use crate::{quick, replaced, start_daemon, status, stop};

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

    // An editor, or a full disk, has cut the file off.
    let whole = fs::read_to_string(library.config()).unwrap().replace("\"many\"", "1000");
    for (text, why) in [
        ("", "`library_roots` is gone from this file, which may be empty or cut off"),
        (whole.trim_end(), "the last line of this file has no end"),
    ] {
        fs::write(library.config(), text).unwrap();
        signal(run.id(), Signal::HUP);
        wait_until("the cut config is reported", || run.has_said(why));
        assert_eq!(status(&library)["films"]["too-small"], 1, "the old one stays");
    }

    let other = library.scratch().join("other root");
    fs::create_dir(&other).unwrap();
    library.tools.make(&library.scratch(), PICTURE, &other.join("Other.mkv"));
    library.set("library_roots", vec![library.root().to_str().unwrap(), other.to_str().unwrap()]);
    library.set("min_bytes", 500);
    library.set("metrics_listen", "127.0.0.1:9");
    signal(run.id(), Signal::HUP);
    wait_until("it is said", || run.has_said("; a restart is needed for metrics_listen"));
    assert!(run.has_said("min_bytes: 1000000000 -> 500, ") && run.has_said(", metrics_listen: not set -> "));
    wait_until("both are replaced", || replaced(&library) == 2);

    let later = library.film(".later.mkv");
    fs::rename(later, library.path("Later.mkv")).unwrap();
    signal(run.id(), Signal::USR1);
    wait_until("the new film is replaced", || replaced(&library) == 3);
    stop(run).says("3 replaced, ").says(" 0 failed");
}

/// Sends a minimal GET request and returns the response.
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
    // The port is free again after the listener is dropped.
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    library.set("metrics_listen", address.as_str());
    let before = fs::metadata(library.path("Film.mkv")).unwrap().len();
    let run = start_daemon(&library);
    wait_until("it is replaced", || replaced(&library) == 1);
    assert!(get(&address, "/healthz").starts_with("HTTP/1.1 200 "));

    let after = fs::metadata(library.path("Film.mkv")).unwrap().len();
    // The daemon renders the page at each of its beats; a command causes one. It may learn of the replacement only after
    // the job file says it.
    wait_until("the page counts it", || {
        for command in ["pause", "resume"] {
            library.run([command]).exits_with(0);
        }
        get(&address, "/metrics").contains("av1d_jobs{outcome=\"replaced\"} 1")
    });
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
