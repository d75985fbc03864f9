//! A small HTTP server for `GET /metrics` and `GET /healthz`, with few connections at a time, each limited in time.

use crate::sys::failure::{Exit, Failure};
use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use av1plan::explain::Seconds;
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use jiff::Timestamp;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::places::{Places, Rules};
use super::{Health, Source, health, metrics};

/// How connections share the places. There are never more than a few monitors; several may be on one machine.
const RULES: Rules = Rules { all: 32, of_a_peer: 8, grace: Duration::from_millis(250) };
/// How long the header of a request may take to arrive.
const HEADER_TIME: Duration = Duration::from_secs(2);
/// How long a connection may last, from its first byte to its last. Monitors themselves give up after ten seconds.
const TIME: Duration = Duration::from_secs(10);
/// How many bytes of a request are read: the smallest limit that hyper allows.
const REQUEST_LIMIT: usize = 8192;
/// How long to wait after `accept` failed, for example because too many files are open.
const REST: Duration = Duration::from_secs(1);

/// A server that listens but doesn't answer until [`serve`](Self::serve) is called.
#[derive(Debug)]
pub struct Server(TcpListener);

/// Why metrics can't be served.
#[derive(Debug, thiserror::Error)]
#[error("failed to listen for metrics on {address}: {source}")]
pub struct MetricsError {
    /// The address.
    pub address: SocketAddr,
    /// The I/O error.
    pub source: io::Error,
}

impl MetricsError {
    /// Returns what a user can do about it.
    pub fn hint(&self) -> &'static str {
        match self.source.kind() {
            io::ErrorKind::AddrInUse => {
                "another program listens there (see `ss -ltnp`): set `metrics_listen` in the config to another port"
            }
            io::ErrorKind::AddrNotAvailable => {
                "this machine has no such address: set `metrics_listen` in the config to 127.0.0.1 and a port"
            }
            io::ErrorKind::PermissionDenied => {
                "ports below 1024 are for root: set `metrics_listen` in the config to a higher one"
            }
            _ => "set `metrics_listen` in the config to another address and port, or leave it out",
        }
    }
}

impl From<MetricsError> for Failure {
    fn from(error: MetricsError) -> Self {
        Self::from_error(Exit::Failed, &error).hint(error.hint())
    }
}

impl Server {
    /// Starts to listen. Connections wait until [`serve`](Self::serve) is called.
    pub async fn listen(address: SocketAddr) -> Result<Self, MetricsError> {
        TcpListener::bind(address).await.map(Self).map_err(|source| MetricsError { address, source })
    }

    /// Returns the address that it listens on. If port 0 was requested, it contains the port that the system chose.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }

    /// Answers requests forever. Dropping the future closes every connection.
    pub async fn serve(self, source: Source) {
        let mut places = Places::new(RULES);
        let (mut connections, mut leaving) = (tokio::task::JoinSet::new(), tokio::task::JoinSet::new());
        loop {
            while connections.try_join_next().is_some() {}
            match self.0.accept().await {
                Ok((stream, peer)) => {
                    let (peer, now) = (peer.ip().to_canonical(), Instant::now());
                    if !places.make_room(peer, now) {
                        while leaving.try_join_next().is_some() {}
                        // Those beyond that are disconnected without a word.
                        if leaving.len() < RULES.all {
                            leaving.spawn(tokio::time::timeout(REST, turn_away(stream)));
                        }
                        continue;
                    }
                    let source = source.clone();
                    let task = connections.spawn(async move {
                        // A client that is too slow, or doesn't speak HTTP, is disconnected.
                        let _ = tokio::time::timeout(TIME, talk(stream, source)).await;
                    });
                    places.give(peer, now, task);
                    // Whoever has sent its request already gets its answer before the next one is let in.
                    tokio::task::yield_now().await;
                }
                // Errors such as too many open files must not lead to a busy loop.
                Err(_) => tokio::time::sleep(REST).await,
            }
        }
    }
}

/// Tells a client that it has too many connections, and closes this one. What the client has sent is read before, as
/// the system would otherwise tell it of a broken connection instead.
async fn turn_away(mut stream: TcpStream) -> io::Result<()> {
    const REPLY: &[u8] =
        b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 21\r\nConnection: close\r\n\r\n\
        too many connections\n";
    stream.write_all(REPLY).await?;
    stream.shutdown().await?;
    let mut sent = [0; 1024];
    while stream.read(&mut sent).await? > 0 {}
    Ok(())
}

async fn talk(stream: TcpStream, source: Source) -> hyper::Result<()> {
    let answer = service_fn(|request: Request<hyper::body::Incoming>| {
        let page = answer(request.method(), request.uri().path(), &source);
        std::future::ready(Ok::<_, Infallible>(page.response()))
    });
    let mut http = http1::Builder::new();
    // Each connection gets one answer, so that no client keeps a connection without a request.
    http.keep_alive(false).max_buf_size(REQUEST_LIMIT);
    http.timer(TokioTimer::new()).header_read_timeout(HEADER_TIME);
    http.serve_connection(TokioIo::new(stream), answer).await
}

/// The content of a response.
#[derive(Debug, PartialEq, Eq)]
struct Page {
    status: StatusCode,
    kind: &'static str,
    body: String,
}

fn answer(method: &Method, path: &str, source: &Source) -> Page {
    let plain =
        |status, body: &str| Page { status, kind: "text/plain; charset=utf-8", body: format!("{body}\n") };
    if method != Method::GET && method != Method::HEAD {
        return plain(StatusCode::METHOD_NOT_ALLOWED, "only GET");
    }
    let last = source.borrow().clone();
    match path {
        "/metrics" => match &last {
            None => plain(StatusCode::SERVICE_UNAVAILABLE, "starting"),
            Some(last) => Page {
                status: StatusCode::OK,
                kind: metrics::CONTENT_TYPE,
                body: metrics::render(&last.status, Timestamp::now()),
            },
        },
        "/healthz" => match health(last.as_ref(), Instant::now()) {
            Health::Well => plain(StatusCode::OK, "ok"),
            Health::Starting => plain(StatusCode::SERVICE_UNAVAILABLE, "starting"),
            Health::Late { since } => {
                let text = format!("no sign of life for {}", Seconds::from(since));
                plain(StatusCode::SERVICE_UNAVAILABLE, &text)
            }
        },
        _ => plain(StatusCode::NOT_FOUND, "there are /metrics and /healthz"),
    }
}

impl Page {
    fn response(self) -> Response<String> {
        let Self { status, kind, body } = self;
        let mut response = Response::new(body);
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, hyper::header::HeaderValue::from_static(kind));
        headers.insert(CACHE_CONTROL, hyper::header::HeaderValue::from_static("no-store"));
        response
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio::net::TcpSocket;

    use super::super::metrics::tests::status;
    use super::super::publisher;
    use super::*;

    async fn listen() -> Server {
        Server::listen("127.0.0.1:0".parse().unwrap()).await.unwrap()
    }

    async fn ask(address: SocketAddr, request: &str) -> String {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut reply = String::new();
        stream.read_to_string(&mut reply).await.unwrap();
        reply
    }

    #[tokio::test]
    async fn it_answers_what_it_is_asked_and_closes() {
        let (publisher, source) = publisher();
        let server = listen().await;
        let address = server.address().unwrap();
        let serving = tokio::spawn(server.serve(source));
        let get = |path: &str| format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n");

        let before = ask(address, &get("/healthz")).await;
        assert!(before.starts_with("HTTP/1.1 503 ") && before.ends_with("starting\n"), "{before}");
        let now = Instant::now();
        publisher.publish(Arc::new(status()), now);
        let well = ask(address, &get("/healthz")).await;
        assert!(well.starts_with("HTTP/1.1 200 ") && well.ends_with("ok\n"), "{well}");
        let metrics = ask(address, &get("/metrics?x=1")).await;
        assert!(metrics.starts_with("HTTP/1.1 200 OK\r\n"), "{metrics}");
        assert!(metrics.contains("content-type: text/plain; version=0.0.4"), "{metrics}");
        assert!(metrics.contains("\nav1d_queue_films 3\n"), "{metrics}");
        let head = ask(address, "HEAD /metrics HTTP/1.1\r\nHost: x\r\n\r\n").await;
        assert!(head.starts_with("HTTP/1.1 200 ") && head.ends_with("\r\n\r\n"), "{head}");
        if let Some(long_ago) = now.checked_sub(Duration::from_mins(5)) {
            publisher.publish(Arc::new(status()), long_ago);
            let late = ask(address, &get("/healthz")).await;
            assert!(
                late.starts_with("HTTP/1.1 503 ") && late.contains("no sign of life for 5 min"),
                "{late}"
            );
        }
        for (request, code) in [
            (get("/"), "404"),
            ("POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx".to_owned(), "405"),
            ("nonsense\r\n\r\n".to_owned(), "400"),
            (format!("GET / HTTP/1.1\r\nx: {}\r\n\r\n", "y".repeat(3 * REQUEST_LIMIT)), "431"),
        ] {
            let reply = ask(address, &request).await;
            assert!(reply.starts_with(&format!("HTTP/1.1 {code} ")), "{code}: {reply}");
        }
        serving.abort();
    }

    /// Connects from an address of this machine.
    async fn connect_from(host: &str, to: SocketAddr) -> TcpStream {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(format!("{host}:0").parse().unwrap()).unwrap();
        socket.connect(to).await.unwrap()
    }

    /// A client that sends its request byte by byte, and never ends it. Returns when it is disconnected.
    async fn dawdle(mut stream: TcpStream) {
        for byte in b"GET /healthz HTTP/1.1\r\nx: ".iter().chain(b"y".iter().cycle()) {
            if stream.write_all(&[*byte]).await.is_err() {
                return;
            }
            let pause = tokio::time::sleep(Duration::from_millis(100));
            tokio::select! { () = pause => {}, _ = stream.readable() => {
                if !matches!(stream.try_read(&mut [0; 64]), Ok(1..)) { return }
            } }
        }
    }

    #[tokio::test]
    async fn slow_clients_cost_places_of_their_own_and_lose_them_soon() {
        let (publisher, source) = publisher();
        publisher.publish(Arc::new(status()), Instant::now());
        let server = listen().await;
        let address = server.address().unwrap();
        let serving = tokio::spawn(server.serve(source));
        let mut slow = tokio::task::JoinSet::new();
        let start = Instant::now();
        for _ in 0..RULES.of_a_peer {
            slow.spawn(dawdle(connect_from("127.0.0.1", address).await));
            slow.spawn(async move { drop(connect_from("127.0.0.2", address).await.read_u8().await) });
        }
        // The machine may be slow, but must not have waited for the clients.
        let request = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";
        for (host, wait) in
            [("127.0.0.3", Duration::ZERO), ("127.0.0.1", RULES.grace), ("127.0.0.2", RULES.grace)]
        {
            tokio::time::sleep(wait).await;
            let mut stream = connect_from(host, address).await;
            stream.write_all(request).await.unwrap();
            let mut reply = String::new();
            stream.read_to_string(&mut reply).await.unwrap();
            assert!(reply.ends_with("ok\n"), "{host}: {reply}");
        }
        while slow.join_next().await.is_some() {}
        assert!(
            start.elapsed() < TIME,
            "a header that doesn't come isn't waited for that long: {:?}",
            start.elapsed()
        );
        serving.abort();
    }

    #[tokio::test]
    async fn a_peer_with_too_many_connections_is_turned_away_and_a_burst_is_served() {
        let (publisher, source) = publisher();
        publisher.publish(Arc::new(status()), Instant::now());
        let server = listen().await;
        let address = server.address().unwrap();
        let serving = tokio::spawn(server.serve(source));
        let mut burst = tokio::task::JoinSet::new();
        for _ in 0..3 * RULES.all {
            burst.spawn(ask(address, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"));
        }
        while let Some(reply) = burst.join_next().await {
            let reply = reply.unwrap();
            assert!(reply.ends_with("ok\n") || reply.ends_with("too many connections\n"), "{reply}");
        }
        let start = Instant::now();
        let mut silent = Vec::new();
        for _ in 0..RULES.of_a_peer {
            silent.push(TcpStream::connect(address).await.unwrap());
        }
        let reply = ask(address, "").await;
        // On a busy machine the silent ones may have lost their places already.
        if start.elapsed() < RULES.grace {
            assert!(
                reply.starts_with("HTTP/1.1 503 ") && reply.ends_with("\r\n\r\ntoo many connections\n"),
                "{reply}"
            );
        }
        serving.abort();
    }

    #[tokio::test]
    async fn an_address_in_use_is_said_with_a_remedy() {
        let first = listen().await;
        let address = first.address().unwrap();
        let error = Server::listen(address).await.unwrap_err();
        assert!(
            error.to_string().starts_with(&format!("failed to listen for metrics on {address}: ")),
            "{error}"
        );
        assert!(error.hint().contains("another port"), "{}", error.hint());
        let nowhere = Server::listen("192.0.2.1:9321".parse().unwrap()).await.unwrap_err();
        assert!(nowhere.hint().contains("no such address"), "{nowhere}: {}", nowhere.hint());
    }
}
