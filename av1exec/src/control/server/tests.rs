//! Clients of every kind against a real socket; the daemon behind it is a function.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream as Stream;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use super::*;
use crate::control::client::{Client as Face, ClientError};
use crate::control::events::EventDocument;
use crate::control::protocol::Foreign;
use crate::event::{Check, Event};

/// A server with a daemon that answers everything, on a thread of its own until it is dropped.
struct Served {
    folder: tempfile::TempDir,
    feed: Feed,
    /// Calls that the daemon got.
    calls: Arc<AtomicUsize>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Served {
    fn start() -> Self {
        Self::with(Feed::new(), |_| ())
    }

    fn with(feed: Feed, change: impl FnOnce(&mut Limits)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let server = Server::bind(folder.path()).unwrap().with_limits(change);
        let (stop, stopped) = oneshot::channel();
        let calls = Arc::new(AtomicUsize::new(0));
        let (told, counted) = (feed.clone(), Arc::clone(&calls));
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let (sender, receiver) = mpsc::channel(4);
                tokio::select! {
                    result = server.run(sender, told) => result.unwrap(),
                    () = daemon(receiver, &counted) => {}
                    _ = stopped => {}
                }
            });
        });
        Self { folder, feed, calls, stop: Some(stop), thread: Some(thread) }
    }

    fn connect(&self) -> BufReader<Stream> {
        let stream = Stream::connect(self.folder.path().join(SOCKET)).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        BufReader::new(stream)
    }

    /// A client that has read the greeting.
    fn greeted(&self) -> BufReader<Stream> {
        let mut stream = self.connect();
        let greeting: Greeting = serde_json::from_str(&read(&mut stream)).unwrap();
        assert_eq!(greeting, Greeting::current());
        stream
    }

    fn face(&self) -> Face {
        Face::connect(self.folder.path()).unwrap().unwrap()
    }

    /// Asserts that the daemon is still there for others.
    #[track_caller]
    fn is_well(&self) {
        assert_eq!(self.face().ask(&Request::Pause).unwrap(), Reply::done("pause"));
    }

    fn wait_for_listeners(&self, count: usize) {
        let deadline = Instant::now() + Duration::from_secs(20);
        while self.feed.listeners() != count {
            assert!(Instant::now() < deadline, "{} listen", self.feed.listeners());
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        drop(self.stop.take());
        self.thread.take().unwrap().join().unwrap();
    }
}

/// Answers with what was asked; a `cancel` never, which is what a daemon that hangs does.
async fn daemon(mut calls: mpsc::Receiver<Call>, counted: &AtomicUsize) {
    let mut kept = Vec::new();
    while let Some(call) = calls.recv().await {
        counted.fetch_add(1, Ordering::Relaxed);
        if matches!(call.request, Request::Cancel { .. }) {
            kept.push(call);
            continue;
        }
        let name: &str = (&call.request).into();
        let path = call.request.path().map(|path| format!(" {}", path.display())).unwrap_or_default();
        drop(call.reply.send(Reply::done(format!("{name}{path}"))));
    }
}

fn read(stream: &mut impl BufRead) -> String {
    let mut line = String::new();
    stream.read_line(&mut line).unwrap();
    line
}

fn refusal(line: &str) -> RefusalCode {
    match serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")) {
        Reply::Refused(refusal) => refusal.code,
        reply => panic!("{reply:?}"),
    }
}

#[test]
fn a_client_is_greeted_and_answered_again_and_again() {
    let served = Served::start();
    let mut face = served.face();
    assert_eq!(face.daemon.pid, std::process::id());
    for _ in 0..3 {
        assert_eq!(face.ask(&Request::Scan).unwrap(), Reply::done("scan"));
        let skip = Request::unskip(Path::new("/f/a.mkv"), Foreign::Keep);
        assert_eq!(face.ask(&skip).unwrap(), Reply::done("unskip /f/a.mkv"));
    }
}

#[test]
fn only_its_owner_may_connect_and_its_name_goes_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(SOCKET);
    let server = Server::bind(folder.path()).unwrap();
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    drop(server);
    assert!(!path.exists());
}

#[test]
fn a_dead_daemons_socket_is_replaced_and_nothing_else_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(SOCKET);
    // The name stays when the socket is closed.
    drop(StdListener::bind(&path).unwrap());
    assert!(Face::connect(folder.path()).unwrap().is_none(), "nobody listens");
    let first = Server::bind(folder.path()).unwrap();
    // As the next daemon does after one that was killed; the first must not take its name away then.
    let second = Server::bind(folder.path()).unwrap();
    drop(first);
    assert!(path.exists());
    drop(second);

    std::fs::write(&path, "precious").unwrap();
    let error = Server::bind(folder.path()).unwrap_err();
    assert!(matches!(error, ControlError::InTheWay { .. }), "{error}");
    assert_eq!(std::fs::read(&path).unwrap(), b"precious");
    assert!(Face::connect(folder.path()).unwrap().is_none());
    std::fs::remove_file(&path).unwrap();
    std::os::unix::fs::symlink("/dev/null", &path).unwrap();
    assert!(Server::bind(folder.path()).is_err());
}

#[test]
fn a_path_that_no_address_holds_works_all_the_same() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("x".repeat(200)).join("y".repeat(200));
    std::fs::create_dir_all(&folder).unwrap();
    let server = Server::bind(&folder).unwrap();
    let path = folder.join(SOCKET);
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let asked =
        std::thread::spawn(move || Face::connect(&folder).unwrap().unwrap().ask(&Request::Resume).unwrap());
    runtime.block_on(async {
        let (sender, receiver) = mpsc::channel(1);
        let (served, counted) = (server.run(sender, Feed::new()), AtomicUsize::new(0));
        let answered = async {
            while !asked.is_finished() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::select! { _ = served => {}, () = daemon(receiver, &counted) => {}, () = answered => {} }
    });
    assert_eq!(asked.join().unwrap(), Reply::done("resume"));
    drop(server);
    assert!(!path.exists());
}

#[test]
fn at_the_length_where_an_address_is_full_the_name_is_whole_too() {
    let home = tempfile::tempdir().unwrap();
    let given = home.path().as_os_str().len() + 1 + 1 + SOCKET.len();
    for length in 104..=112 {
        let folder = home.path().join("x".repeat(length - given));
        std::fs::create_dir(&folder).unwrap();
        let server = Server::bind(&folder).unwrap();
        let path = folder.join(SOCKET);
        assert_eq!(path.as_os_str().len(), length);
        assert!(std::fs::metadata(&path).unwrap().file_type().is_socket(), "{length}");
        drop(server);
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0, "{length}");
    }
}

#[test]
fn what_is_no_request_is_refused_and_the_client_may_go_on() {
    let served = Served::start();
    let mut client = served.greeted();
    let table: [(&[u8], RefusalCode); 5] = [
        (b"hello\n", RefusalCode::InvalidJson),
        (b"\xff\x00\xfe\x1b[2J\n", RefusalCode::InvalidJson),
        (b"{\"request\":\"format\"}\n", RefusalCode::UnknownRequest),
        (b"[[[[[[\n", RefusalCode::InvalidJson),
        (b"{\"request\":\"skip\",\"path\":\"a\"}\n", RefusalCode::InvalidPath),
    ];
    for (sent, code) in table {
        client.get_mut().write_all(sent).unwrap();
        assert_eq!(refusal(&read(&mut client)), code);
    }
    // Nesting that would overflow a stack is an error as any other.
    client.get_mut().write_all(&[&b"[".repeat(60_000)[..], b"\n"].concat()).unwrap();
    assert_eq!(refusal(&read(&mut client)), RefusalCode::InvalidJson);
    client.get_mut().write_all(b"\n  \r\n{\"request\":\"scan\"}\r\n").unwrap();
    assert_eq!(read(&mut client), "{\"ok\":true,\"message\":\"scan\"}\n");
    assert_eq!(served.calls.load(Ordering::Relaxed), 1, "the daemon heard of one only");
}

#[test]
fn a_line_that_is_too_long_is_refused_and_ends_the_connection() {
    let served = Served::start();
    let fits = |length: usize| {
        let mut client = served.greeted();
        let mut request = br#"{"request":"scan"}"#.to_vec();
        request.resize(length - 1, b' ');
        request.push(b'\n');
        // The server may have hung up before all of it is written.
        drop(client.get_mut().write_all(&request));
        client
    };
    assert_eq!(read(&mut fits(MAX_REQUEST)), "{\"ok\":true,\"message\":\"scan\"}\n");
    let mut client = fits(MAX_REQUEST + 1);
    assert_eq!(refusal(&read(&mut client)), RefusalCode::LineTooLong);
    assert!(!matches!(client.read(&mut [0]), Ok(1..)), "it hangs up");
    let mut endless = served.greeted();
    while endless.get_mut().write_all(&[b'x'; 4096]).is_ok() {}
    served.is_well();
}

#[test]
fn half_a_line_is_answered_when_it_is_a_request_and_else_harmless() {
    let served = Served::start();
    let mut client = served.greeted();
    client.get_mut().write_all(br#"{"request":"scan"}"#).unwrap();
    client.get_mut().shutdown(std::net::Shutdown::Write).unwrap();
    assert_eq!(read(&mut client), "{\"ok\":true,\"message\":\"scan\"}\n");
    assert_eq!(read(&mut client), "");
    for sent in [&b"{\"request\":\"st"[..], b""] {
        let mut client = served.greeted();
        client.get_mut().write_all(sent).unwrap();
    }
    served.is_well();
}

#[test]
fn a_client_that_dawdles_is_dropped() {
    let served = Served::with(Feed::new(), |limits| limits.idle = Duration::from_millis(50));
    let mut client = served.greeted();
    client.get_mut().write_all(b"{\"request\"").unwrap();
    assert_eq!(read(&mut client), "", "it hangs up");
}

#[test]
fn a_daemon_that_hangs_is_told_of() {
    let served = Served::with(Feed::new(), |limits| limits.answer = Duration::from_millis(50));
    let reply = served.face().ask(&Request::Cancel { job: "7".into() }).unwrap();
    assert_eq!(reply, Reply::refused(RefusalCode::Busy, "the daemon didn't answer in time"));
    served.is_well();
}

#[test]
fn a_hundred_clients_at_once_are_all_answered() {
    let served = Served::start();
    let faces: Vec<Face> = (0..100).map(|_| served.face()).collect();
    std::thread::scope(|scope| {
        for mut face in faces {
            scope.spawn(move || assert_eq!(face.ask(&Request::Scan).unwrap(), Reply::done("scan")));
        }
    });
    assert_eq!(served.calls.load(Ordering::Relaxed), 100);
}

#[test]
fn more_clients_than_are_allowed_are_turned_away_with_a_word() {
    let served = Served::with(Feed::new(), |limits| limits.clients = 2);
    let kept = [served.face(), served.face()];
    let mut third = served.greeted();
    assert_eq!(refusal(&read(&mut third)), RefusalCode::TooManyClients);
    drop(kept);
    // It takes the server a moment to see that they left.
    let deadline = Instant::now() + Duration::from_secs(20);
    while served.face().ask(&Request::Scan).is_ok_and(|reply| reply != Reply::done("scan")) {
        assert!(Instant::now() < deadline);
    }
}

#[test]
fn a_subscriber_is_told_what_happens_until_it_leaves() {
    let served = Served::start();
    let mut events = served.face().subscribe().unwrap();
    served.feed.tell(&Event::Scanned { films: 1, stopped: BTreeMap::new() });
    served.feed.tell(&Event::Judging { job: "7".into(), check: Check::Contract });
    assert_eq!(
        events.next().unwrap().unwrap(),
        EventDocument::Scanned { films: 1, stopped: BTreeMap::new() }
    );
    assert_eq!(
        events.next().unwrap().unwrap(),
        EventDocument::Judging { job: "7".into(), check: "contract".into() }
    );
    drop(events);
    served.wait_for_listeners(0);
    let events = served.face().subscribe().unwrap();
    drop(served);
    assert_eq!(events.count(), 0, "the daemon's end is the end of the events");
}

#[test]
fn a_subscriber_that_is_too_slow_holds_nobody_up_and_is_told_what_it_missed() {
    let served = Served::with(Feed::with_backlog(16), |_| ());
    let mut slow = served.greeted();
    slow.get_mut().write_all(b"{\"request\":\"subscribe\"}\n").unwrap();
    read(&mut slow);
    let mut quick = served.face().subscribe().unwrap();
    // Far more than the kernel buffers for one that doesn't read.
    let long = "x".repeat(1000);
    let told: u64 = 5000;
    for number in 0..told {
        let message = format!("{number} {long}");
        served.feed.tell(&Event::Warning { path: "/f".into(), message });
        // The quick one keeps up, though the slow one doesn't read.
        match quick.next().unwrap().unwrap() {
            EventDocument::Warning { message, .. } => assert!(message.starts_with(&format!("{number} "))),
            other => panic!("{other:?}"),
        }
    }
    served.is_well();
    let (mut seen, mut missed) = (0, 0);
    while seen + missed < told {
        match serde_json::from_str(&read(&mut slow)).unwrap() {
            EventDocument::Warning { .. } => seen += 1,
            EventDocument::Lagged { missed: more } => missed += more,
            other => panic!("{other:?}"),
        }
    }
    assert!(missed > 0, "all {seen} fitted the buffers");
    assert_eq!(seen + missed, told, "nothing is lost without a word");
}

#[test]
fn a_client_that_never_reads_is_dropped() {
    let served = Served::with(Feed::with_backlog(16), |limits| limits.unread = Duration::from_millis(50));
    let mut client = served.greeted();
    client.get_mut().write_all(b"{\"request\":\"subscribe\"}\n").unwrap();
    served.wait_for_listeners(1);
    let long = "x".repeat(100_000);
    let deadline = Instant::now() + Duration::from_secs(20);
    while served.feed.listeners() > 0 {
        served.feed.tell(&Event::Warning { path: "/f".into(), message: long.clone() });
        assert!(Instant::now() < deadline);
        std::thread::sleep(Duration::from_millis(1));
    }
    // The same for one that only asks and never reads the answers.
    let mut client = served.greeted();
    client.get_mut().set_write_timeout(Some(Duration::from_secs(20))).unwrap();
    let error = loop {
        if let Err(error) = client.get_mut().write_all(b"{\"request\":\"scan\"}\n") {
            break error;
        }
    };
    assert_ne!(error.kind(), io::ErrorKind::WouldBlock, "it hangs up rather than waits for ever");
    served.is_well();
}

#[test]
fn a_subscriber_is_not_listened_to() {
    let served = Served::start();
    let mut client = served.greeted();
    client.get_mut().write_all(b"{\"request\":\"subscribe\"}\n").unwrap();
    read(&mut client);
    client.get_mut().write_all(&b"{\"request\":\"scan\"}\n".repeat(10_000)).unwrap();
    served.feed.tell(&Event::Scanned { films: 1, stopped: BTreeMap::new() });
    assert_eq!(read(&mut client), "{\"event\":\"scanned\",\"films\":1}\n");
    assert_eq!(served.calls.load(Ordering::Relaxed), 0);
}

#[test]
fn a_face_without_a_right_is_told_so() {
    // Root may connect to anything.
    if rustix::process::geteuid().is_root() {
        return;
    }
    let served = Served::start();
    let path = served.folder.path().join(SOCKET);
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o000)).unwrap();
    let error = Face::connect(served.folder.path()).unwrap_err();
    assert!(
        matches!(&error, ClientError::Lost { source, .. } if source.kind() == io::ErrorKind::PermissionDenied)
    );
    assert!(error.hint().contains("as the user"));
}
