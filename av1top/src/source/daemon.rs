//! Talks to the daemon of the state folder: receives its status and events, and sends requests. If no daemon is
//! running, requests that need none are carried out here.

use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender};
use std::time::{Duration, Instant};

use av1exec::serve::control::client::{Client, ClientError};
use av1exec::serve::control::events::EventDocument;
use av1exec::serve::control::offline;
use av1exec::serve::control::protocol::{Reply, Request};
use av1exec::settings::Settings;
use av1exec::state::jobs::JobStore;
use av1exec::sys::path::path_of;

use super::{LOOK, spawn, worker};
use crate::message::{Command, Msg, Worker};

/// Wakes this source before its next regular look.
#[derive(Debug)]
pub(super) enum Call {
    /// A request of the user, and when it was made.
    Carry(Command, Instant),
    /// The daemon sent an event after which its status has to be queried again.
    News,
    /// The daemon's event stream has ended.
    Silence,
}

/// A request that couldn't be sent for this long is dropped: the user has seen by then that nothing happens.
const STALE: Duration = Duration::from_secs(15);

/// A pause that lets simultaneous events be answered with a single query.
const PAUSE: Duration = Duration::from_millis(200);

/// The channels of this source: to the model, and from those who wake it.
pub(super) struct Line<'a> {
    pub(super) sender: &'a SyncSender<Msg>,
    pub(super) calls: Receiver<Call>,
    pub(super) caller: Sender<Call>,
    pub(super) settings: &'a Settings,
}

/// Why the work with a daemon ends.
enum End {
    /// The receiver of the messages is gone.
    Unheard,
    /// The daemon's event stream has ended.
    Silence,
    /// The daemon can't be reached or understood.
    Lost(ClientError),
}

impl From<ClientError> for End {
    fn from(error: ClientError) -> Self {
        Self::Lost(error)
    }
}

impl Line<'_> {
    /// Reports on the daemon until the receiver of the messages is gone.
    pub(super) fn hold(&self) {
        while !matches!(self.look(), Err(End::Unheard)) {}
    }

    fn look(&self) -> Result<(), End> {
        let end = match Client::connect(self.folder()) {
            Ok(Some(client)) => match self.attend(client) {
                Err(End::Lost(error)) => {
                    self.silent(&error)?;
                    return self.wait(None);
                }
                end => end,
            },
            Ok(None) => {
                self.send(Msg::Worker(worker::find(self.folder())))?;
                return self.wait(None);
            }
            Err(error) => {
                self.silent(&error)?;
                return self.wait(None);
            }
        };
        // Without this pause a daemon that keeps closing the connection would be queried in a busy loop.
        std::thread::sleep(PAUSE);
        end
    }

    fn silent(&self, error: &ClientError) -> Result<(), End> {
        self.send(Msg::Worker(Worker::Silent(error.to_string())))
    }

    fn folder(&self) -> &Path {
        &self.settings.job_state_dir
    }

    fn send(&self, msg: Msg) -> Result<(), End> {
        self.sender.send(msg).map_err(|_| End::Unheard)
    }

    /// Queries the daemon's status at intervals, while a thread passes on its events.
    fn attend(&self, mut client: Client) -> Result<(), End> {
        let Some(feed) = Client::connect(self.folder())? else { return Err(End::Silence) };
        let feed = feed.subscribe()?;
        // When this guard is dropped, the connection is closed and the thread that listens ends.
        let Ok(_hang_up) = feed.hang_up() else { return Err(End::Silence) };
        let caller = self.caller.clone();
        let listen = move |sender: &SyncSender<Msg>| {
            for event in feed.flatten() {
                let news = !matches!(event, EventDocument::Progressed { .. });
                let told = sender.send(Msg::Event(Box::new(event))).is_ok();
                if !told || news && caller.send(Call::News).is_err() {
                    return;
                }
            }
            drop(caller.send(Call::Silence));
        };
        if let Err(error) = spawn("events", self.sender, listen) {
            self.send(Msg::Notice(format!("failed to start a thread: {error}")))?;
        }
        loop {
            match client.ask(&Request::Status)? {
                Reply::Status(status) => self.send(Msg::Worker(Worker::Daemon(status)))?,
                Reply::Refused(refusal) => self.send(Msg::Worker(Worker::Silent(refusal.error)))?,
                Reply::Done { .. } => {}
            }
            self.wait(Some(&mut client))?;
        }
    }

    /// Waits for the next regular look, and carries out requests in the meantime.
    fn wait(&self, mut daemon: Option<&mut Client>) -> Result<(), End> {
        let first = match self.calls.recv_timeout(LOOK) {
            Ok(call) => call,
            Err(RecvTimeoutError::Timeout) => return Ok(()),
            Err(RecvTimeoutError::Disconnected) => return Err(End::Unheard),
        };
        if matches!(first, Call::News) {
            std::thread::sleep(PAUSE);
        }
        // All waiting calls are handled together, so that many events cause a single query and delay no request.
        for call in std::iter::once(first).chain(self.calls.try_iter()) {
            match call {
                Call::News => {}
                Call::Silence => return Err(End::Silence),
                Call::Carry(_, since) if since.elapsed() > STALE => {
                    self.send(Msg::Notice("nobody answered in time: nothing was done".into()))?;
                }
                Call::Carry(command, _) => {
                    let done = self.carry_out(&command, daemon.as_deref_mut());
                    let told = done.as_ref().map_or_else(ToString::to_string, Clone::clone);
                    self.send(Msg::Notice(told))?;
                    done?;
                }
            }
        }
        Ok(())
    }

    /// Carries out a request. Returns what was done, or why it couldn't be done.
    fn carry_out(&self, command: &Command, daemon: Option<&mut Client>) -> Result<String, ClientError> {
        let request = match request(command, self.folder()) {
            Ok(request) => request,
            Err(reason) => return Ok(reason),
        };
        let reply = match daemon {
            Some(daemon) => daemon.ask(&request)?,
            None => match offline::answer(&request, self.settings) {
                Ok(reply) => reply,
                Err(failure) => return Ok(failure.lines().join("; ")),
            },
        };
        Ok(match reply {
            Reply::Done { message } => message,
            Reply::Refused(refusal) => match refusal.hint {
                Some(hint) => format!("{}: {hint}", refusal.error),
                None => refusal.error,
            },
            Reply::Status(_) => String::new(),
        })
    }
}

/// Converts a request for the daemon. A job's film is looked up in its file, because the path in the table may be
/// altered for display.
fn request(command: &Command, folder: &Path) -> Result<Request, String> {
    let film = |id: &str| {
        let job = JobStore::read_only(folder).get(id).map_err(|unread| unread.to_string())?;
        let now = job.outcome.as_ref().and_then(|outcome| outcome.replaced_by.as_ref());
        Ok::<_, String>(now.map_or_else(|| job.film(), path_of))
    };
    Ok(match command {
        Command::Pause => Request::Pause,
        Command::Resume => Request::Resume,
        Command::Cancel(job) => Request::Cancel { job: job.clone() },
        Command::Skip(job) => Request::skip(&film(job)?),
        Command::Retry(job) => Request::retry(&film(job)?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::script::files;
    use av1exec::sys::path::path_document;

    #[test]
    fn a_command_is_about_the_film_where_it_is_now() {
        let folder = tempfile::tempdir().unwrap();
        let mut job = files().remove(0).0;
        let store = JobStore::open(folder.path()).unwrap();
        let asked = |command: &Command| request(command, folder.path()).map(|request| request.path());
        store.save(&job).unwrap();
        assert_eq!(asked(&Command::Skip(job.id.clone())), Ok(Some(job.film())));
        let renamed = Path::new("/media/Films/Metropolis.mkv");
        job.outcome.as_mut().unwrap().replaced_by = Some(path_document(renamed));
        store.save(&job).unwrap();
        assert_eq!(asked(&Command::Retry(job.id.clone())), Ok(Some(renamed.to_owned())));
        assert!(asked(&Command::Skip("20261122-120000-000099".into())).is_err());
        assert_eq!(asked(&Command::Pause), Ok(None));
    }
}
