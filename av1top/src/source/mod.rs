//! The sources of messages: the terminal, the clock, the machine, the daemon, the job files and signals. Each has a
//! thread of its own, so that a slow disk or a hanging network file system doesn't block the others.
//!
//! A thread ends when the receiver of its messages is gone. The queue of messages is bounded, and a thread waits while
//! it is full: otherwise messages would pile up while a terminal accepts no output.

mod daemon;
mod finished;
mod jobs;
mod loaded;
mod machine;
mod worker;

use std::path::PathBuf;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use av1exec::settings::Settings;
use crossterm::event::{self, Event};
use tokio::signal::unix::{SignalKind, signal};

use crate::message::{Command, Msg};
use crate::terminal as screen;
use av1exec::sys::failure::Exit;
use daemon::{Call, Line};

/// The interval for the machine's load, the clock and the running jobs.
const BEAT: Duration = Duration::from_secs(1);
/// The interval for the state folder.
const LOOK: Duration = Duration::from_secs(2);
/// The interval for the roots' free space.
const SPACE: Duration = Duration::from_secs(10);
/// The maximum number of messages in the queue.
const QUEUE_LIMIT: usize = 1000;
/// How long the main thread gets to restore the terminal after a signal.
const RESTORE_TIMEOUT: Duration = Duration::from_secs(1);

/// The running sources.
#[derive(Debug)]
pub(crate) struct Sources {
    sender: SyncSender<Msg>,
    refresh: Sender<()>,
    calls: Sender<Call>,
    folder: PathBuf,
}

impl Sources {
    /// Starts all sources.
    pub(crate) fn start(settings: &Settings) -> std::io::Result<(Self, Receiver<Msg>)> {
        let (sender, receiver) = sync_channel(QUEUE_LIMIT);
        let (refresh, asked) = channel();
        let folder = settings.job_state_dir.clone();
        let roots = settings.library_roots.clone();

        spawn("signals", &sender, signals)?;
        spawn("terminal", &sender, terminal)?;
        spawn("machine", &sender, machine::watch)?;
        spawn("roots", &sender, move |sender| machine::watch_roots(sender, &roots))?;
        let watched = folder.clone();
        spawn("jobs", &sender, move |sender| jobs::watch(sender, &asked, &watched))?;
        let (caller, calls) = channel();
        let (calling, settings) = (caller.clone(), settings.clone());
        let hold = move |sender: &SyncSender<Msg>| {
            Line { sender, calls, caller: calling, settings: &settings }.hold();
        };
        spawn("daemon", &sender, hold)?;
        Ok((Self { sender, refresh, calls: caller, folder }, receiver))
    }

    /// Passes on a request of the user.
    pub(crate) fn carry(&self, command: Command) {
        let _ = self.calls.send(Call::Carry(command, Instant::now()));
    }

    /// Asks for the state folder to be read again.
    pub(crate) fn refresh(&self) {
        let _ = self.refresh.send(());
    }

    /// Asks for the details of a job.
    pub(crate) fn load(&self, id: String) {
        let folder = self.folder.clone();
        let load = move |sender: &SyncSender<Msg>| {
            drop(sender.send(Msg::Loaded(Box::new(loaded::load(&folder, id)))));
        };
        if let Err(error) = spawn("details", &self.sender, load) {
            // `send` could deadlock here: this thread is the one that receives the messages.
            drop(self.sender.try_send(Msg::Notice(format!("failed to start a thread: {error}"))));
        }
    }
}

/// Ends the program if a thread panics. Without that thread the screen would silently become outdated.
struct PanicGuard(SyncSender<Msg>);

impl Drop for PanicGuard {
    fn drop(&mut self) {
        if thread::panicking() {
            drop(self.0.send(Msg::Stop(Exit::Failed)));
        }
    }
}

fn spawn(
    name: &str,
    sender: &SyncSender<Msg>,
    work: impl FnOnce(&SyncSender<Msg>) + Send + 'static,
) -> std::io::Result<()> {
    let sender = sender.clone();
    let watched = move || {
        let guard = PanicGuard(sender);
        work(&guard.0);
    };
    thread::Builder::new().name(name.to_owned()).spawn(watched).map(drop)
}

fn terminal(sender: &SyncSender<Msg>) {
    loop {
        let msg = match event::read() {
            Ok(Event::Key(key)) => Msg::Key(key),
            Ok(Event::Mouse(mouse)) => Msg::Mouse(mouse),
            Ok(Event::Resize(columns, rows)) => Msg::Resized(columns, rows),
            Ok(Event::FocusGained | Event::FocusLost | Event::Paste(_)) => continue,
            // The terminal is closed.
            Err(_) => Msg::Stop(Exit::Interrupted),
        };
        let last = matches!(msg, Msg::Stop(_));
        if sender.send(msg).is_err() || last {
            return;
        }
    }
}

/// Ends the program on a signal. If the main thread can't end because the terminal accepts no output, ends the process
/// from here.
fn signals(sender: &SyncSender<Msg>) {
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return };
    runtime.block_on(async {
        let kinds = [SignalKind::terminate(), SignalKind::hangup(), SignalKind::interrupt()];
        let [Ok(mut terminate), Ok(mut hangup), Ok(mut interrupt)] = kinds.map(signal) else { return };
        tokio::select! {
            _ = terminate.recv() => {}
            _ = hangup.recv() => {}
            _ = interrupt.recv() => {}
        }
    });
    // The queue may be full if the main thread no longer receives messages.
    drop(sender.try_send(Msg::Stop(Exit::Interrupted)));
    thread::sleep(RESTORE_TIMEOUT);
    screen::abandon();
    std::process::exit(Exit::Interrupted.code().into());
}
