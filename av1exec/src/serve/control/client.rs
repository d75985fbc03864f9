//! The client of the control socket: blocking calls with timeouts.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::io::Errno;
use rustix::net::SocketFlags;
use rustix::net::sockopt::{Timeout, set_socket_timeout};
use serde::de::DeserializeOwned;

use super::address::{Address, SOCKET, socket};
use super::events::EventDocument;
use super::protocol::{Greeting, PROTOCOL, Reply, Request, line};

/// How long the daemon may take to accept the connection and send its greeting.
const GREETING_TIMEOUT: Duration = Duration::from_secs(5);
/// How long the daemon may take to reply: longer than its server waits for the loop.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(25);
/// Longer than any line that a daemon sends. Whatever sends a longer one isn't a daemon.
const MAX_LINE: u64 = 16 << 20;

/// A connection to the daemon of a state folder. The daemon closes it if no request arrives for five minutes.
#[derive(Debug)]
pub struct Client {
    stream: BufReader<UnixStream>,
    path: PathBuf,
    /// The daemon's greeting.
    pub daemon: Greeting,
}

impl Client {
    /// Connects to the daemon of a state folder; returns `None` if none runs.
    pub fn connect(folder: &Path) -> Result<Option<Self>, ClientError> {
        Self::connect_within(folder, GREETING_TIMEOUT)
    }

    fn connect_within(folder: &Path, timeout: Duration) -> Result<Option<Self>, ClientError> {
        let path = folder.join(SOCKET);
        let stream = match connect(folder, timeout) {
            Ok(stream) => BufReader::new(stream),
            Err(error) => {
                return match error.kind() {
                    // There is no socket or no folder, or the socket file was left behind by a daemon that died.
                    io::ErrorKind::NotFound
                    | io::ErrorKind::NotADirectory
                    | io::ErrorKind::ConnectionRefused => Ok(None),
                    _ => Err(ClientError::lost(&path, error)),
                };
            }
        };
        let mut client =
            Self { stream, path, daemon: Greeting { protocol: 0, version: String::new(), pid: 0 } };
        client.wait(Some(timeout))?;
        client.daemon = client.read()?.ok_or_else(|| client.hung_up())?;
        if client.daemon.protocol != PROTOCOL {
            return Err(ClientError::Incompatible { daemon: client.daemon });
        }
        client.wait(Some(ANSWER_TIMEOUT))?;
        Ok(Some(client))
    }

    /// Sends a request and waits for the reply. After an error the connection can't be used any more.
    pub fn ask(&mut self, request: &Request) -> Result<Reply, ClientError> {
        let sent = self.stream.get_mut().write_all(&line(request));
        sent.map_err(|error| ClientError::lost(&self.path, error))?;
        self.read()?.ok_or_else(|| self.hung_up())
    }

    /// Subscribes to events: returns an iterator that waits for each event, and ends when the daemon does.
    pub fn subscribe(mut self) -> Result<Subscription, ClientError> {
        match self.ask(&Request::Subscribe)? {
            Reply::Refused(refusal) => Err(ClientError::lost(&self.path, io::Error::other(refusal.error))),
            Reply::Done { .. } | Reply::Status(_) => {
                self.wait(None)?;
                Ok(Subscription(Some(self)))
            }
        }
    }

    /// Sets how long a read may take; `None` means forever.
    fn wait(&self, timeout: Option<Duration>) -> Result<(), ClientError> {
        let set = self.stream.get_ref().set_read_timeout(timeout);
        set.map_err(|error| ClientError::lost(&self.path, error))
    }

    /// Reads the next line; `None` if the daemon closed the connection.
    fn read<T: DeserializeOwned>(&mut self) -> Result<Option<T>, ClientError> {
        let mut line = Vec::new();
        let read = (&mut self.stream).take(MAX_LINE).read_until(b'\n', &mut line);
        match read.map_err(|error| ClientError::lost(&self.path, error))? {
            0 => Ok(None),
            _ => serde_json::from_slice(&line)
                .map(Some)
                .map_err(|source| ClientError::Garbled { path: self.path.clone(), source }),
        }
    }

    fn hung_up(&self) -> ClientError {
        ClientError::lost(&self.path, io::Error::new(io::ErrorKind::UnexpectedEof, "it hung up"))
    }
}

/// Connects with a timeout. The standard library's `connect` has none: if nobody accepts connections, it waits
/// forever once the queue is full.
fn connect(folder: &Path, timeout: Duration) -> io::Result<UnixStream> {
    let address = Address::of(folder)?;
    let socket = socket(SocketFlags::empty())?;
    // The send timeout applies to `connect`, and to later writes as well.
    set_socket_timeout(&socket, Timeout::Send, Some(timeout))?;
    match rustix::net::connect(&socket, &address.unix) {
        Err(Errno::AGAIN) => Err(io::ErrorKind::TimedOut.into()),
        connected => Ok(connected.map(|()| UnixStream::from(socket))?),
    }
}

/// Events as they happen. After an error the iterator ends.
#[derive(Debug)]
pub struct Subscription(Option<Client>);

/// When dropped, ends a [`Subscription`] that another thread waits for.
#[derive(Debug)]
pub struct HangUp(UnixStream);

impl Drop for HangUp {
    fn drop(&mut self) {
        // If the connection is closed already, there is nothing to do.
        drop(self.0.shutdown(Shutdown::Both));
    }
}

impl Subscription {
    /// Returns a handle that ends this subscription from another thread.
    pub fn hang_up(&self) -> io::Result<HangUp> {
        let Some(client) = &self.0 else { return Err(io::ErrorKind::NotConnected.into()) };
        client.stream.get_ref().try_clone().map(HangUp)
    }
}

impl Iterator for Subscription {
    type Item = Result<EventDocument, ClientError>;

    fn next(&mut self) -> Option<Self::Item> {
        let read = self.0.as_mut()?.read();
        if !matches!(read, Ok(Some(_))) {
            self.0 = None;
        }
        read.transpose()
    }
}

/// Why a request to a running daemon failed.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The daemon speaks another version of the protocol.
    #[error("the daemon is av1d {} and speaks version {} of the protocol, not {PROTOCOL}", 
        crate::sys::sanitize::sanitize(&daemon.version), daemon.protocol)]
    Incompatible {
        /// The daemon's greeting.
        daemon: Greeting,
    },
    /// The received line isn't a message of a daemon.
    #[error("what comes from {} is no answer of an av1d: {source}", crate::sys::sanitize::display(path))]
    Garbled {
        /// The path of the socket.
        path: PathBuf,
        /// The parse error.
        source: serde_json::Error,
    },
    /// The daemon can't be reached, doesn't answer, or closed the connection.
    #[error("failed to talk to the daemon at {}: {}", crate::sys::sanitize::display(path), in_words(source))]
    Lost {
        /// The path of the socket.
        path: PathBuf,
        /// The I/O error.
        source: io::Error,
    },
}

/// Describes an I/O error. A read that timed out is reported as `WouldBlock`, whose text would mean nothing to a
/// user.
fn in_words(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => "it doesn't answer".to_owned(),
        _ => error.to_string(),
    }
}

impl ClientError {
    fn lost(path: &Path, source: io::Error) -> Self {
        Self::Lost { path: path.to_owned(), source }
    }

    /// Returns what a user can do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Incompatible { .. } => {
                "use the av1cli of its version, or start the daemon anew after an update"
            }
            Self::Garbled { .. } => "see what has that socket open: `fuser control.sock` in the state folder",
            Self::Lost { source, .. } if source.kind() == io::ErrorKind::PermissionDenied => {
                "run this as the user that the daemon runs as"
            }
            Self::Lost { .. } => "see whether the daemon is well; `av1cli status` shows its state",
        }
    }
}

#[cfg(test)]
mod tests;
