//! Clients of every kind against a real socket. The daemon behind it is a function.

mod socket;
mod subscribers;

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream as Stream;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use super::*;
use crate::library::exclusion::Foreign;
use crate::serve::control::client::Client as Face;
use crate::serve::control::events::EventDocument;

/// A server whose daemon answers every request. Runs on a thread of its own until this is dropped.
struct Served {
    folder: tempfile::TempDir,
    feed: Feed,
    /// How many calls reached the daemon.
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

    /// Connects a client that has read the greeting.
    fn greeted(&self) -> BufReader<Stream> {
        let mut stream = self.connect();
        let greeting: Greeting = serde_json::from_str(&read(&mut stream)).unwrap();
        assert_eq!(greeting, Greeting::current());
        stream
    }

    fn face(&self) -> Face {
        Face::connect(self.folder.path()).unwrap().unwrap()
    }

    /// Asserts that the daemon still answers others.
    #[track_caller]
    fn is_well(&self) {
        assert_eq!(self.face().ask(&Request::Pause).unwrap(), Reply::done("pause"));
    }

    fn wait_for_subscribers(&self, count: usize) {
        let deadline = Instant::now() + Duration::from_secs(20);
        while self.feed.subscribers() != count {
            assert!(Instant::now() < deadline, "{} listen", self.feed.subscribers());
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

/// Replies with the request's name and path. Never replies to `cancel`, as a daemon that hangs wouldn't.
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
    // Nesting deep enough to overflow a stack is refused like any other error.
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
        // The server may close the connection before everything is written.
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
    let hour = Duration::from_hours(1);
    for (idle, line, sent) in
        [(Duration::from_millis(50), hour, &b""[..]), (hour, Duration::from_millis(50), b"{\"request\"")]
    {
        let served = Served::with(Feed::new(), |limits| (limits.idle, limits.line) = (idle, line));
        let mut client = served.greeted();
        client.get_mut().write_all(sent).unwrap();
        assert_eq!(read(&mut client), "", "it hangs up");
    }
}

#[test]
fn clients_that_send_byte_by_byte_are_dropped_while_others_and_subscribers_are_served() {
    let served = Served::with(Feed::new(), |limits| {
        (limits.clients, limits.of_a_user, limits.line) = (8, 8, Duration::from_millis(500));
    });
    let mut subscriber = served.greeted();
    subscriber.get_mut().write_all(b"{\"request\":\"subscribe\"}\n").unwrap();
    read(&mut subscriber);
    let slow: Vec<_> = (0..6).map(|_| served.greeted()).collect();
    std::thread::scope(|scope| {
        for mut client in slow {
            scope.spawn(move || {
                let deadline = Instant::now() + Duration::from_secs(20);
                while client.get_mut().write_all(b"[").is_ok() {
                    assert!(Instant::now() < deadline, "it isn't dropped");
                    std::thread::sleep(Duration::from_millis(50));
                }
            });
        }
        served.is_well();
    });
    served.is_well();
    served.feed.publish(&crate::pipeline::event::Event::Settling { films: 1, wait: Duration::ZERO });
    assert!(read(&mut subscriber).contains("settling"), "a subscriber may be idle");
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
    for of_a_user in [false, true] {
        turned_away(|limits| if of_a_user { limits.of_a_user = 2 } else { limits.clients = 2 });
    }
}

fn turned_away(change: impl FnOnce(&mut Limits)) {
    let served = Served::with(Feed::new(), change);
    let kept = [served.face(), served.face()];
    let mut third = served.greeted();
    assert_eq!(refusal(&read(&mut third)), RefusalCode::TooManyClients);
    drop(kept);
    // The server needs a moment to notice that the clients have left.
    let deadline = Instant::now() + Duration::from_secs(20);
    while served.face().ask(&Request::Scan).is_ok_and(|reply| reply != Reply::done("scan")) {
        assert!(Instant::now() < deadline);
    }
}
