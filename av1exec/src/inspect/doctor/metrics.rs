//! Checks the address on which metrics are served: a daemon that can't listen there doesn't start.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::check::{Check, Code};
use super::{CHECK_TIMEOUT, within};
use crate::serve::control::client::Client;
use crate::serve::http::server::MetricsError;

/// How long the program that listens there may take to answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(3);

/// How much of an answer is read.
const ANSWER: usize = 4096;

/// What is asked of that program.
const REQUEST: &[u8] = b"GET /metrics HTTP/1.1\r\nHost: av1d\r\nConnection: close\r\n\r\n";

/// Who has the address.
#[derive(Debug)]
enum Found {
    /// Nobody.
    Free,
    /// The daemon of this state folder.
    Daemon,
    /// An av1d, but no daemon of this state folder runs.
    OtherDaemon,
    /// Another program, or the address can't be used.
    Unusable(io::Error),
}

/// Tries to listen on the address, and asks whoever listens there already.
pub(super) async fn examine(address: SocketAddr, state: PathBuf) -> Check {
    let looked = within(CHECK_TIMEOUT, move || look(address, &state)).await;
    check(address, looked.unwrap_or_else(|| Found::Unusable(ErrorKind::TimedOut.into())))
}

fn look(address: SocketAddr, state: &std::path::Path) -> Found {
    let error = match TcpListener::bind(address) {
        Ok(_) => return Found::Free,
        Err(error) if error.kind() != ErrorKind::AddrInUse => return Found::Unusable(error),
        Err(error) => error,
    };
    match (is_av1d(address), Client::connect(state)) {
        (true, Ok(Some(_))) => Found::Daemon,
        (true, _) => Found::OtherDaemon,
        (false, _) => Found::Unusable(error),
    }
}

/// Whether the server at this address serves metrics of av1d.
fn is_av1d(address: SocketAddr) -> bool {
    let answer = || -> io::Result<Vec<u8>> {
        let start = Instant::now();
        let mut stream = TcpStream::connect_timeout(&reachable(address), ANSWER_TIMEOUT)?;
        stream.set_write_timeout(Some(ANSWER_TIMEOUT))?;
        stream.write_all(REQUEST)?;
        let mut answer = Vec::new();
        let mut piece = [0; 1024];
        while answer.len() < ANSWER {
            let left = ANSWER_TIMEOUT.saturating_sub(start.elapsed());
            if left.is_zero() {
                break;
            }
            stream.set_read_timeout(Some(left))?;
            match stream.read(&mut piece) {
                Ok(0) | Err(_) => break,
                Ok(length) => answer.extend(piece.iter().take(length)),
            }
        }
        Ok(answer)
    };
    answer().is_ok_and(|answer| answer.windows(6).any(|window| window == b"\nav1d_"))
}

/// The address at which a client reaches a server that listens on `address`.
fn reachable(address: SocketAddr) -> SocketAddr {
    let host = match address.ip() {
        IpAddr::V4(host) if host.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(host) if host.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        host => host,
    };
    SocketAddr::new(host, address.port())
}

fn check(address: SocketAddr, found: Found) -> Check {
    match found {
        Found::Free => Check::ok(Code::Metrics, format!("{address} is free for `metrics_listen`")),
        Found::Daemon => {
            Check::ok(Code::Metrics, format!("{address} is held by the daemon, which serves metrics there"))
        }
        Found::OtherDaemon => Check::fail(
            Code::Metrics,
            format!("{address} is held by an av1d with another state folder"),
            "set `metrics_listen` in the config of one of them to another port",
        ),
        Found::Unusable(source) => {
            let error = MetricsError { address, source };
            Check::fail(Code::Metrics, error.to_string(), error.hint())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Level;
    use super::*;

    fn listener() -> (TcpListener, SocketAddr) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        (listener, address)
    }

    #[test]
    fn an_address_is_free_or_held_by_somebody() {
        let state = tempfile::tempdir().unwrap();
        let level = |address: SocketAddr| {
            let check = check(address, look(address, state.path()));
            (check.level, check.text)
        };
        let (held, address) = listener();
        // A server that says something else, and one that says what av1d says.
        for (said, expected) in [
            ("HTTP/1.1 200 OK\r\n\r\nhello\n", "Address already in use"),
            ("HTTP/1.1 200 OK\r\n\r\n# HELP\nav1d_queue_films 0\n", "an av1d with another state folder"),
        ] {
            let held = held.try_clone().unwrap();
            let server = std::thread::spawn(move || {
                let (mut stream, _) = held.accept().unwrap();
                stream.read_exact(&mut [0; REQUEST.len()]).unwrap();
                stream.write_all(said.as_bytes()).unwrap();
            });
            let (found, text) = level(address);
            assert_eq!(found, Level::Fail);
            assert!(text.contains(expected), "{text}");
            server.join().unwrap();
        }
        let (level, text) = level("192.0.2.1:9321".parse().unwrap());
        assert_eq!(level, Level::Fail);
        assert!(text.starts_with("failed to listen for metrics on 192.0.2.1:9321: "), "{text}");
        assert_eq!(check(address, Found::Free).level, Level::Ok);
        assert_eq!(reachable("[::]:1".parse().unwrap()), "[::1]:1".parse().unwrap());
        assert_eq!(reachable("0.0.0.0:1".parse().unwrap()), "127.0.0.1:1".parse().unwrap());
    }
}
