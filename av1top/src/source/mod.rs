//! Where messages come from: the terminal, the clock, the machine, the daemon, the job files, signals. Each has a thread of its own, so
//! that a slow disk or a hanging network file system holds nothing else up.
//!
//! A thread lives until its message finds nobody who listens, and waits while too many lie there unheard: a terminal that
//! takes nothing more must not have them pile up.

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

use crate::message::{Msg, Wish};
use crate::terminal as screen;
use av1exec::sys::failure::Exit;
use daemon::{Call, Line};

/// Between two looks at the machine, the clock, and running jobs.
const BEAT: Duration = Duration::from_secs(1);
/// Between two looks at the state folder.
const LOOK: Duration = Duration::from_secs(2);
/// Between two looks at the roots' free space.
const SPACE: Duration = Duration::from_secs(10);
/// So many messages may lie unheard.
const UNHEARD: usize = 1000;
/// How long the terminal may take to be given back once a signal ended the program.
const FAREWELL: Duration = Duration::from_secs(1);

/// The sources while they run.
#[derive(Debug)]
pub(crate) struct Sources {
    sender: SyncSender<Msg>,
    refresh: Sender<()>,
    calls: Sender<Call>,
    folder: PathBuf,
}

impl Sources {
    /// Starts all of them.
    pub(crate) fn start(settings: &Settings) -> std::io::Result<(Self, Receiver<Msg>)> {
        let (sender, receiver) = sync_channel(UNHEARD);
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

    /// Has done what a person wants.
    pub(crate) fn carry(&self, wish: Wish) {
        let _ = self.calls.send(Call::Carry(wish, Instant::now()));
    }

    /// Has the state folder read anew.
    pub(crate) fn refresh(&self) {
        let _ = self.refresh.send(());
    }

    /// Has all about a job read.
    pub(crate) fn load(&self, id: String) {
        let folder = self.folder.clone();
        let load = move |sender: &SyncSender<Msg>| {
            drop(sender.send(Msg::Loaded(Box::new(loaded::load(&folder, id)))));
        };
        if let Err(error) = spawn("details", &self.sender, load) {
            // Who listens is who calls this, and would wait for itself.
            drop(self.sender.try_send(Msg::Notice(format!("failed to start a thread: {error}"))));
        }
    }
}

/// Ends the program where a thread panics: half of it must not go on as if it were all.
struct Watchman(SyncSender<Msg>);

impl Drop for Watchman {
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
        let watchman = Watchman(sender);
        work(&watchman.0);
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
            // The terminal is gone.
            Err(_) => Msg::Stop(Exit::Interrupted),
        };
        let last = matches!(msg, Msg::Stop(_));
        if sender.send(msg).is_err() || last {
            return;
        }
    }
}

/// Has the program end on a signal; where it can't, since its terminal takes nothing more, this ends it.
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
    // It finds no room where nobody listens any more.
    drop(sender.try_send(Msg::Stop(Exit::Interrupted)));
    thread::sleep(FAREWELL);
    screen::abandon();
    std::process::exit(Exit::Interrupted.code().into());
}
