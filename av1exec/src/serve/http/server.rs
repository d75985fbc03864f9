//! A small HTTP server for `GET /metrics` and `GET /healthz`, with few connections at a time, each limited in time.

use crate::sys::failure::{Exit, Failure};
use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use av1plan::explain::Seconds;
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use jiff::Timestamp;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

use super::{Health, Source, health, metrics};

/// How many connections are served at once; others wait. There are never more than a few monitors.
const CONNECTIONS: usize = 8;
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
        let free = Arc::new(Semaphore::new(CONNECTIONS));
        let mut connections = tokio::task::JoinSet::new();
        loop {
            while connections.try_join_next().is_some() {}
            let Ok(permit) = Arc::clone(&free).acquire_owned().await else { return };
            match self.0.accept().await {
                Ok((stream, _)) => {
                    let source = source.clone();
                    connections.spawn(async move {
                        // A client that is too slow, or doesn't speak HTTP, is disconnected.
                        let _ = tokio::time::timeout(TIME, talk(stream, source)).await;
                        drop(permit);
                    });
                }
                // Errors such as too many open files must not lead to a busy loop.
                Err(_) => tokio::time::sleep(REST).await,
            }
        }
    }
}

async fn talk(stream: TcpStream, source: Source) -> hyper::Result<()> {
    let answer = service_fn(|request: Request<hyper::body::Incoming>| {
        let page = answer(request.method(), request.uri().path(), &source);
        std::future::ready(Ok::<_, Infallible>(page.response()))
    });
    let mut http = http1::Builder::new();
    // Each connection gets one answer, so that no client keeps a connection without a request.
    http.keep_alive(false).max_buf_size(REQUEST_LIMIT);
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
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

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

    #[tokio::test]
    async fn silent_connections_take_their_places_for_a_moment_only() {
        let (publisher, source) = publisher();
        publisher.publish(Arc::new(status()), Instant::now());
        let server = listen().await;
        let address = server.address().unwrap();
        let serving = tokio::spawn(server.serve(source));
        let mut silent = Vec::new();
        for _ in 0..CONNECTIONS {
            silent.push(TcpStream::connect(address).await.unwrap());
        }
        let start = Instant::now();
        let reply = ask(address, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n").await;
        assert!(reply.ends_with("ok\n"), "{reply}");
        assert!(start.elapsed() + Duration::from_secs(1) > TIME, "all places were taken");
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
