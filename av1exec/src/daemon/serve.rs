//! Runs a daemon together with its control socket and its metrics server, which are opened and closed in a fixed
//! order.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc::{self, UnboundedReceiver};
use tokio::task::JoinHandle;

use super::signal::UserSignal;
use super::{Channels, Daemon, Reload, Run, Summary};
use crate::pipeline::Pipeline;
use crate::pipeline::event::Event;
use crate::serve::control::feed::Feed;
use crate::serve::control::server::{Call, Server};
use crate::serve::http::{self, Source};
use crate::sys::failure::{Exit, Failure};
use crate::sys::sanitize::display;
use crate::sys::waits::Care;

/// How many requests may wait for the daemon's loop.
const CALLS: usize = 16;

/// How long the end waits for the socket file to be removed, in case the state folder hangs.
const UNBIND_TIMEOUT: Duration = Duration::from_secs(1);

/// A future that follows the daemon's status, such as a notifier for systemd.
pub type Following = Pin<Box<dyn Future<Output = ()> + Send>>;

/// What the program around a daemon provides.
pub struct Surroundings {
    /// Requests that arrive as signals.
    pub signals: UnboundedReceiver<UserSignal>,
    /// Reads the config again.
    pub reload: Reload,
    /// Called once the daemon is ready.
    pub ready: Box<dyn FnOnce() + Send>,
    /// Returns a future that follows the daemon's status for as long as the daemon runs.
    pub follow: Box<dyn FnOnce(Source) -> Following + Send>,
    /// Called when the daemon ends, if its sockets were opened.
    pub ending: Box<dyn FnOnce() + Send>,
}

/// Opens the control socket, the metrics server and the index, runs for one pass or until it is stopped, and closes
/// them all.
///
/// # Errors
///
/// If one of them can't be opened: something that isn't a socket has the socket's name, the metrics address is in
/// use, or a newer version wrote the index.
pub async fn serve(pipeline: Pipeline, run: Run, surroundings: Surroundings) -> Result<Summary, Failure> {
    let stopped = Summary { stopped: true, ..Summary::default() };
    let mut stop = pipeline.stop.clone();
    let (folder, state) = (&pipeline.settings.job_state_dir, pipeline.settings.job_state_dir.clone());
    // The state folder may hang, here and when the index is opened.
    let control = tokio::select! {
        bound = pipeline.waits.run(folder, Care::Free, move |_| Server::bind(&state)) => bound,
        () = stop.asked() => return Ok(stopped),
    };
    let control = control.map_err(|error| {
        Failure::new(Exit::Failed, format!("failed to open the control socket: {error}"))
    })??;
    let metrics = match pipeline.settings.metrics_listen {
        Some(address) => Some(http::server::Server::listen(address).await?),
        None => None,
    };
    let Surroundings { signals, reload, ready, follow, ending } = surroundings;
    let (publisher, source) = http::publisher();
    let (sender, calls) = mpsc::channel(CALLS);
    let feed = Feed::new();
    let mut servers = Servers { control: Arc::new(control), running: Vec::new() };
    servers.serve(&pipeline, sender, feed.clone());
    if let Some(server) = metrics {
        servers.running.push(tokio::spawn(server.serve(source.clone())));
    }
    servers.running.push(tokio::spawn(follow(source)));
    let opened = tokio::select! {
        opened = Daemon::open(pipeline, Channels { calls, signals, feed, publisher, reload }, run) => Some(opened),
        () = stop.asked() => None,
    };
    let (summary, daemon) = match opened {
        Some(Ok(mut daemon)) => {
            ready();
            (run_with_state(&mut daemon).await, Some(daemon))
        }
        Some(Err(error)) => (Err(error.into()), None),
        None => (Ok(stopped), None),
    };
    ending();
    servers.end().await;
    if let Some(daemon) = daemon {
        daemon.close().await;
    }
    summary
}

/// How often the daemon looks whether its state folder is still there.
const LOOK_FOR_STATE: Duration = Duration::from_secs(5);

/// Runs the daemon to its end. If its state folder vanishes, it ends its encodes and then says so: whoever starts it
/// again makes the folder anew, and nothing is recorded of a film.
async fn run_with_state(daemon: &mut Daemon) -> Result<Summary, Failure> {
    let (locks, state) = (Arc::clone(&daemon.pipeline.locks), daemon.pipeline.settings.job_state_dir.clone());
    let (waits, stop_switch) = (daemon.pipeline.waits.clone(), daemon.pipeline.stop_switch.clone());
    let lost = async {
        loop {
            tokio::time::sleep(LOOK_FOR_STATE).await;
            let (locks, folder) = (Arc::clone(&locks), state.clone());
            if waits.run(&state, Care::Free, move |_| locks.has_lost(&folder)).await.unwrap_or_default() {
                return;
            }
        }
    };
    let mut run = std::pin::pin!(daemon.run());
    tokio::select! {
        summary = &mut run => return Ok(summary),
        () = lost => stop_switch.stop(),
    }
    run.await;
    let message = format!(
        "the state folder {} or its lock file was deleted, or its disk unmounted, while av1d worked in it",
        display(&state)
    );
    let hint = "originals are untouched; mount it if it is a disk of its own, and start av1d again, which makes it anew";
    Err(Failure::new(Exit::Failed, message).hint(hint))
}

/// The servers that run concurrently with the daemon.
struct Servers {
    /// The server of the control socket.
    control: Arc<Server>,
    /// The tasks that serve clients, including those of the metrics.
    running: Vec<JoinHandle<()>>,
}

impl Servers {
    /// Starts to serve clients of the control socket.
    fn serve(&mut self, pipeline: &Pipeline, calls: mpsc::Sender<Call>, feed: Feed) {
        let (control, events) = (Arc::clone(&self.control), pipeline.events.clone());
        let path = pipeline.settings.job_state_dir.clone();
        self.running.push(tokio::spawn(async move {
            if let Err(error) = control.run(calls, feed).await {
                let message = format!("the control socket is given up: {error}");
                events.send(Event::Warning { path, message });
            }
        }));
    }

    /// Closes all connections and removes the socket file.
    async fn end(self) {
        let Self { control, running } = self;
        for task in running {
            task.abort();
            let _ = task.await;
        }
        // Dropping the server removes the socket file, which waits for the state folder's disk.
        let unbound = tokio::task::spawn_blocking(move || drop(control));
        let _ = tokio::time::timeout(UNBIND_TIMEOUT, unbound).await;
    }
}
