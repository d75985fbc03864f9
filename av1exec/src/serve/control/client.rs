//! A face's end: blocking, with time limits.

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

/// How long the daemon may take for its greeting.
const GREETING_TIMEOUT: Duration = Duration::from_secs(5);
/// How long it may take for an answer: longer than the server waits for the daemon.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(25);
/// More than any line of the daemon has. What is longer doesn't come from one.
const MAX_LINE: u64 = 16 << 20;

/// A connection to the daemon of a state folder. The daemon hangs up on one that asks nothing for five minutes.
#[derive(Debug)]
pub struct Client {
    stream: BufReader<UnixStream>,
    path: PathBuf,
    /// Who answered.
    pub daemon: Greeting,
}

impl Client {
    /// Connects to the daemon that serves a state folder; nothing where none does.
    pub fn connect(folder: &Path) -> Result<Option<Self>, ClientError> {
        Self::connect_within(folder, GREETING_TIMEOUT)
    }

    fn connect_within(folder: &Path, timeout: Duration) -> Result<Option<Self>, ClientError> {
        let path = folder.join(SOCKET);
        let stream = match connect(folder, timeout) {
            Ok(stream) => BufReader::new(stream),
            Err(error) => {
                return match error.kind() {
                    // No socket, no folder, or the socket of a daemon that is dead.
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

    /// Asks, and waits for the answer. After an error the connection is of no use any more.
    pub fn ask(&mut self, request: &Request) -> Result<Reply, ClientError> {
        let sent = self.stream.get_mut().write_all(&line(request));
        sent.map_err(|error| ClientError::lost(&self.path, error))?;
        self.read()?.ok_or_else(|| self.hung_up())
    }

    /// Asks for events: an iterator that waits for each, and ends when the daemon does.
    pub fn subscribe(mut self) -> Result<Subscription, ClientError> {
        match self.ask(&Request::Subscribe)? {
            Reply::Refused(refusal) => Err(ClientError::lost(&self.path, io::Error::other(refusal.error))),
            Reply::Done { .. } | Reply::Status(_) => {
                self.wait(None)?;
                Ok(Subscription(Some(self)))
            }
        }
    }

    /// How long a read may take.
    fn wait(&self, timeout: Option<Duration>) -> Result<(), ClientError> {
        let set = self.stream.get_ref().set_read_timeout(timeout);
        set.map_err(|error| ClientError::lost(&self.path, error))
    }

    /// The next line; nothing where the daemon hung up.
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

/// The standard library's `connect` can't be limited in time: where nobody accepts, it waits for ever once the queue is full.
fn connect(folder: &Path, timeout: Duration) -> io::Result<UnixStream> {
    let address = Address::of(folder)?;
    let socket = socket(SocketFlags::empty())?;
    // Holds for writes later, too.
    set_socket_timeout(&socket, Timeout::Send, Some(timeout))?;
    match rustix::net::connect(&socket, &address.unix) {
        Err(Errno::AGAIN) => Err(io::ErrorKind::TimedOut.into()),
        connected => Ok(connected.map(|()| UnixStream::from(socket))?),
    }
}

/// Events as they happen. An error is the last item.
#[derive(Debug)]
pub struct Subscription(Option<Client>);

/// Ends a [`Subscription`] that another thread waits in, when it is dropped.
#[derive(Debug)]
pub struct HangUp(UnixStream);

impl Drop for HangUp {
    fn drop(&mut self) {
        // One that is closed already is as good.
        drop(self.0.shutdown(Shutdown::Both));
    }
}

impl Subscription {
    /// What ends it from elsewhere.
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

/// Why a daemon that is there can't be talked to.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// It speaks another version.
    #[error("the daemon is av1d {} and speaks version {} of the protocol, not {PROTOCOL}", 
        crate::sys::sanitize::sanitize(&daemon.version), daemon.protocol)]
    Incompatible {
        /// Who it says that it is.
        daemon: Greeting,
    },
    /// What came isn't what a daemon says.
    #[error("what comes from {} is no answer of an av1d: {source}", crate::sys::sanitize::display(path))]
    Garbled {
        /// The socket.
        path: PathBuf,
        /// Why.
        source: serde_json::Error,
    },
    /// It can't be reached, doesn't answer, or hung up.
    #[error("failed to talk to the daemon at {}: {}", crate::sys::sanitize::display(path), in_words(source))]
    Lost {
        /// The socket.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// A read that took too long is `WouldBlock` to the system, which tells nobody anything.
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

    /// What to do about it.
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
