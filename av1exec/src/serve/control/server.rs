//! The server of the control socket: any number of clients, each in a task of its own with bounded memory and time.

use std::collections::HashMap;
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::os::unix::net::UnixListener as StdListener;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::Mode;
use rustix::net::SocketFlags;
use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::address::{Address, SOCKET, socket};
use super::feed::Feed;
use super::protocol::{Greeting, MAX_REQUEST, Refusal, RefusalCode, Reply, Request, line};
use crate::sys::disk;
use crate::sys::failure::{Exit, Failure};

/// A request that waits for the daemon's reply.
#[derive(Debug)]
pub struct Call {
    /// The request; never [`Request::Subscribe`].
    pub request: Request,
    /// Where to send the reply. If sending fails, the client has disconnected, which is no error.
    pub reply: oneshot::Sender<Reply>,
}

/// The limits for clients.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// How many clients may be connected at once. Each takes one of the 1,024 file descriptors that a process
    /// usually has.
    pub(super) clients: usize,
    /// How many of them may be of one user. The others are left for root, who may connect as well.
    pub(super) of_a_user: usize,
    /// How long a client may take to begin its next request.
    pub(super) idle: Duration,
    /// How long a client may take from the first byte of a request to the end of its line.
    pub(super) line: Duration,
    /// How long a client may leave a reply or an event unread once the kernel's buffer is full.
    pub(super) unread: Duration,
    /// How long the daemon may take to reply.
    pub(super) answer: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            clients: 256,
            of_a_user: 192,
            idle: Duration::from_mins(5),
            line: Duration::from_secs(2),
            unread: Duration::from_secs(30),
            answer: Duration::from_secs(20),
        }
    }
}

/// The bound socket. Dropping it removes the socket file.
#[derive(Debug)]
pub struct Server {
    listener: StdListener,
    path: PathBuf,
    /// Device and inode of the socket file.
    identity: (u64, u64),
    limits: Limits,
}

impl Server {
    /// Binds the socket in a state folder. Only its owner can connect, from the first moment on.
    ///
    /// The caller holds the folder's lock, so an existing socket was left behind by a daemon that died, and is
    /// replaced. Any other file of that name is left alone.
    pub fn bind(folder: &Path) -> Result<Self, ControlError> {
        let path = folder.join(SOCKET);
        match std::fs::symlink_metadata(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Ok(found) if !found.file_type().is_socket() => return Err(ControlError::InTheWay { path }),
            Ok(_) => disk::unlink(&path).map_err(|source| ControlError::failed(&path, source))?,
            Err(source) => return Err(ControlError::failed(&path, source)),
        }
        listen(folder).and_then(|listener| Ok((listener, std::fs::symlink_metadata(&path)?))).map_or_else(
            |source| Err(ControlError::failed(&path, source)),
            |(listener, found)| {
                let identity = (found.dev(), found.ino());
                Ok(Self { listener, path: path.clone(), identity, limits: Limits::default() })
            },
        )
    }

    #[cfg(test)]
    fn with_limits(self, change: impl FnOnce(&mut Limits)) -> Self {
        let mut server = self;
        change(&mut server.limits);
        server
    }

    /// Serves clients until the future is dropped, which closes all connections. Needs a runtime with I/O and time.
    ///
    /// Fails only if the socket can't be registered with the runtime; a client never causes an error.
    pub async fn run(&self, calls: mpsc::Sender<Call>, feed: Feed) -> Result<(), ControlError> {
        let handed = self.listener.try_clone().and_then(UnixListener::from_std);
        let listener = handed.map_err(|source| ControlError::failed(&self.path, source))?;
        let (mut clients, mut users) = (JoinSet::new(), HashMap::new());
        loop {
            tokio::select! {
                accepted = listener.accept() => match accepted {
                    Ok((stream, _)) => {
                        // A client whose user can't be told has disconnected.
                        let Some(user) = stream.peer_cred().ok().map(|peer| peer.uid()) else { continue };
                        let count = users.values().filter(|other| **other == user).count();
                        if clients.len() >= self.limits.clients || count >= self.limits.of_a_user {
                            turn_away(&stream);
                            continue;
                        }
                        let client = Client { calls: calls.clone(), feed: feed.clone(), limits: self.limits };
                        users.insert(clients.spawn(client.serve(stream)).id(), user);
                    }
                    // Usually too many open files. That passes; the pause keeps the loop from using a core
                    // meanwhile.
                    Err(_) => tokio::time::sleep(Duration::from_millis(200)).await,
                },
                // How a client's task ended doesn't matter: the client disconnected or was too slow.
                Some(ended) = clients.join_next_with_id() => {
                    let id = ended.map_or_else(|error| error.id(), |(id, _)| id);
                    users.remove(&id);
                }
            }
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Only the file that this server created is removed: a user may have put another in its place.
        let ours = std::fs::symlink_metadata(&self.path)
            .is_ok_and(|found| (found.dev(), found.ino()) == self.identity);
        if ours {
            // If it can't be removed, the next daemon replaces it.
            drop(disk::unlink(&self.path));
        }
    }
}

/// Binds the socket and listens. Linux gives the socket file the mode that the socket has when it is bound
/// (`unix_bind_bsd`), so at no time can other users connect.
fn listen(folder: &Path) -> io::Result<StdListener> {
    let address = Address::of(folder)?;
    let socket = socket(SocketFlags::NONBLOCK)?;
    rustix::fs::fchmod(&socket, Mode::RUSR | Mode::WUSR)?;
    rustix::net::bind(&socket, &address.unix)?;
    rustix::net::listen(&socket, 128)?;
    Ok(StdListener::from(socket))
}

/// Tells a client that too many are connected.
fn turn_away(stream: &UnixStream) {
    let refusal = Refusal::new(RefusalCode::TooManyClients, "too many clients are connected")
        .hint("close some of them, and try again");
    let mut lines = line(&Greeting::current());
    lines.extend(line(&Reply::from(refusal)));
    // The buffer of a new socket is large enough; a client that has disconnected doesn't need the reply.
    drop(stream.try_write(&lines));
}

/// Serves one client.
struct Client {
    calls: mpsc::Sender<Call>,
    feed: Feed,
    limits: Limits,
}

/// What a client sent.
enum Sent {
    Line(Vec<u8>),
    TooLong,
    /// Nothing: the client disconnected or took too long.
    Nothing,
}

impl Client {
    async fn serve(self, mut stream: UnixStream) -> io::Result<()> {
        let (reader, mut writer) = stream.split();
        let mut reader = BufReader::new(reader);
        self.send(&mut writer, &line(&Greeting::current())).await?;
        loop {
            let reply = match self.next(&mut reader).await? {
                Sent::Nothing => return Ok(()),
                Sent::Line(blank) if blank.trim_ascii().is_empty() => continue,
                Sent::Line(text) => match Request::parse(&text) {
                    Ok(Request::Subscribe) => return self.stream_events(reader, writer).await,
                    Ok(request) => self.answer(request).await,
                    Err(refusal) => refusal.into(),
                },
                Sent::TooLong => {
                    let text = format!("a request has at most {MAX_REQUEST} bytes");
                    let refusal = Reply::refused(RefusalCode::LineTooLong, text);
                    // The start of the next request is unknown, so the connection ends.
                    return self.send(&mut writer, &line(&refusal)).await;
                }
            };
            self.send(&mut writer, &line(&reply)).await?;
        }
    }

    /// Reads the next line. The last line may lack its line break: a client that then closes its side still gets a
    /// reply.
    async fn next(&self, reader: &mut (impl AsyncBufRead + Unpin)) -> io::Result<Sent> {
        match timeout(self.limits.idle, reader.fill_buf()).await {
            Err(_) => return Ok(Sent::Nothing),
            Ok(Err(error)) => return Err(error),
            Ok(Ok(_)) => {}
        }
        let mut line = Vec::new();
        let mut limited = reader.take(MAX_REQUEST as u64);
        match timeout(self.limits.line, limited.read_until(b'\n', &mut line)).await {
            Err(_) | Ok(Ok(0)) => Ok(Sent::Nothing),
            Ok(Ok(_)) if line.len() >= MAX_REQUEST && line.last() != Some(&b'\n') => Ok(Sent::TooLong),
            Ok(Ok(_)) => Ok(Sent::Line(line)),
            Ok(Err(error)) => Err(error),
        }
    }

    async fn answer(&self, request: Request) -> Reply {
        let (reply, answer) = oneshot::channel();
        let asked = async {
            self.calls.send(Call { request, reply }).await.ok()?;
            answer.await.ok()
        };
        match timeout(self.limits.answer, asked).await {
            Ok(Some(reply)) => reply,
            Ok(None) => Reply::refused(RefusalCode::Busy, "the daemon is about to end"),
            Err(_) => Reply::refused(RefusalCode::Busy, "the daemon didn't answer in time"),
        }
    }

    /// Sends events until the client disconnects or leaves too much unread.
    async fn stream_events(
        &self,
        mut reader: impl AsyncBufRead + Unpin,
        mut writer: impl AsyncWrite + Unpin,
    ) -> io::Result<()> {
        // Subscribes before the reply is sent, so that no event after the reply is missed.
        let mut events = self.feed.subscribe();
        self.send(&mut writer, &line(&Reply::done("events follow"))).await?;
        loop {
            let event = tokio::select! {
                event = events.next() => event,
                () = hung_up(&mut reader) => return Ok(()),
            };
            match event {
                Some(event) => self.send(&mut writer, &event).await?,
                None => return Ok(()),
            }
        }
    }

    async fn send(&self, writer: &mut (impl AsyncWrite + Unpin), line: &[u8]) -> io::Result<()> {
        let sent = timeout(self.limits.unread, writer.write_all(line)).await;
        sent.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
    }
}

/// Waits until the client closes the connection. Ignores everything that it sends.
async fn hung_up(reader: &mut (impl AsyncBufRead + Unpin)) {
    while let Ok(length @ 1..) = reader.fill_buf().await.map(<[u8]>::len) {
        reader.consume(length);
    }
}

/// Why the socket can't be opened.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// A file that isn't a socket has its name.
    #[error("{} is no socket", crate::sys::sanitize::display(path))]
    InTheWay {
        /// The socket's path.
        path: PathBuf,
    },
    /// A system call failed.
    #[error("failed to listen on {}: {source}", crate::sys::sanitize::display(path))]
    Failed {
        /// The socket's path.
        path: PathBuf,
        /// The I/O error.
        source: io::Error,
    },
}

impl ControlError {
    fn failed(path: &Path, source: io::Error) -> Self {
        Self::Failed { path: path.to_owned(), source }
    }

    /// Returns what a user can do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::InTheWay { .. } => "move it out of the state folder",
            Self::Failed { .. } => {
                "set `job_state_dir` to a folder with a short path on a local disk that this user may write to"
            }
        }
    }
}

impl From<ControlError> for Failure {
    fn from(error: ControlError) -> Self {
        Self::from_error(Exit::Failed, &error).hint(error.hint())
    }
}

#[cfg(test)]
mod tests;
