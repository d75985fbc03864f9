//! Sockets whose other end isn't a daemon, or is one that doesn't answer.

use std::os::unix::net::UnixListener;
use std::time::Instant;

use super::*;

const CONNECT_TIMEOUT: Duration = Duration::from_millis(100);

/// Connects a client to a server that sends `words` to whoever connects.
fn met_by(words: &'static [u8]) -> Result<Option<Client>, ClientError> {
    let folder = tempfile::tempdir().unwrap();
    let listener = UnixListener::bind(folder.path().join(SOCKET)).unwrap();
    let speaker = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        drop(stream.write_all(words));
    });
    let met = Client::connect(folder.path());
    speaker.join().unwrap();
    met
}

#[test]
fn where_nothing_is_nobody_listens() {
    let folder = tempfile::tempdir().unwrap();
    assert!(Client::connect(folder.path()).unwrap().is_none());
    assert!(Client::connect(&folder.path().join("gone")).unwrap().is_none());
    assert!(Client::connect(&folder.path().join("gone".repeat(40))).unwrap().is_none());
    std::fs::write(folder.path().join("file"), "").unwrap();
    assert!(Client::connect(&folder.path().join("file")).unwrap().is_none());
}

#[test]
fn another_version_and_another_program_are_told_apart() {
    let newer = met_by(b"{\"protocol\":2,\"version\":\"9.0.0\\u001b[2J\",\"pid\":1}\n").unwrap_err();
    let text = newer.to_string();
    assert_eq!(text, "the daemon is av1d 9.0.0\\u{1b}[2J and speaks version 2 of the protocol, not 1");
    for words in [&b"HTTP/1.1 400 Bad Request\r\n"[..], b"{}\n", b"\xff\n", b"7"] {
        let error = met_by(words).unwrap_err();
        assert!(matches!(error, ClientError::Garbled { .. }), "{error}");
    }
    let error = met_by(b"").unwrap_err();
    assert!(error.to_string().ends_with("it hung up"), "{error}");
}

#[test]
fn a_daemon_that_is_stopped_is_not_waited_for_for_ever() {
    let folder = tempfile::tempdir().unwrap();
    let listener = UnixListener::bind(folder.path().join(SOCKET)).unwrap();
    // Nobody accepts: the first connections wait for a greeting, and once the queue is full, the others wait for a
    // place in it.
    let start = Instant::now();
    let mut queued = Vec::new();
    while let Ok(stream) = connect(folder.path(), CONNECT_TIMEOUT) {
        queued.push(stream);
        assert!(queued.len() < 10_000);
    }
    let error = Client::connect_within(folder.path(), CONNECT_TIMEOUT).unwrap_err();
    assert!(error.to_string().ends_with("it doesn't answer"), "{error}");
    queued.clear();
    drop(listener);

    let folder = tempfile::tempdir().unwrap();
    let _listener = UnixListener::bind(folder.path().join(SOCKET)).unwrap();
    let error = Client::connect_within(folder.path(), CONNECT_TIMEOUT).unwrap_err();
    assert!(error.to_string().ends_with("it doesn't answer"), "{error}");
    assert!(start.elapsed() < Duration::from_secs(30));
}
