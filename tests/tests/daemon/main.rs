//! The real daemon in operation: what it remembers, what it waits for, and how it reacts to signals and to the time of
//! day.

#![cfg(test)]

mod failures;
mod index;
mod markers;
mod queue;
mod signals_and_metrics;

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;

use av1d_tests::{Library, Run, Running, Signal, signal, wait_until};
use serde_json::Value;

/// An empty library with the fastest encoder preset.
fn quick() -> Option<Library> {
    let mut library = Library::open()?;
    library.hurry();
    Some(library)
}

/// Starts the daemon and waits until it has scanned the library once.
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

/// The daemon's status, from its control socket.
fn status(library: &Library) -> Value {
    let mut control = BufReader::new(UnixStream::connect(library.state().join("control.sock")).unwrap());
    control.get_mut().write_all(b"{\"request\":\"status\"}\n").unwrap();
    // The greeting comes first.
    let mut lines = control.by_ref().lines().map(Result::unwrap).skip(1);
    let mut reply: Value = serde_json::from_str(&lines.next().unwrap()).unwrap();
    reply["status"].take()
}

fn replaced(library: &Library) -> usize {
    library.jobs().iter().filter(|job| job["outcome"]["code"] == "replaced").count()
}

/// The names of the films whose encodes began, in order.
fn encodes(run: &Run) -> Vec<String> {
    let begun = run.stderr.lines().filter_map(|line| line.split_once("encode: ")?.1.split_once(" with "));
    begun.map(|(path, _)| path.rsplit('/').next().unwrap_or_default().to_owned()).collect()
}
