//! `av1cli watch`: the daemon, and everything by which it is talked to.

use std::io::IsTerminal;
use std::path::PathBuf;
use std::sync::Arc;

use av1exec::daemon::{Channels, Daemon, Summary};
use av1exec::pipeline::Pipeline;
use av1exec::serve::control::feed::Feed;
use av1exec::serve::control::server::{Call, Server};
use av1exec::serve::http;
use av1exec::settings::{Environment, Settings};
use av1exec::state::outcome::Bytes;
use av1exec::sys::sanitize::display;
use av1exec::sys::stop::Stop;
use av1exec::sys::waits::Care;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::args::WatchArgs;
use crate::output::console::{note, warn};
use crate::setup::END_TIMEOUT;
use crate::setup::service::{Notifier, Service};
use crate::setup::session::Session;
use crate::setup::signals;
use crate::setup::sinks::{Sinks, told};
use av1exec::sys::failure::{Exit, Failure};

/// How many requests may wait for the loop's next turn.
const CALLS: usize = 16;

/// Watches the library, for one pass or until it is stopped.
pub(crate) async fn watch(
    args: &WatchArgs,
    config: Option<PathBuf>,
    settings: Settings,
    environment: &Environment,
    service: &Service,
) -> Result<Exit, Failure> {
    let terminal = std::io::stderr().is_terminal();
    let logging = args.logging(terminal, service.journal);
    let sinks = Sinks::to_log(logging, args.output)?;
    let Session { pipeline, events } = Session::open(settings, environment).await?;
    let sinks = tokio::spawn(sinks.listen(events));
    greet(&pipeline);
    let mut stop = pipeline.stop.clone();
    let around = Around::open(&pipeline, service, terminal, &mut stop).await?;
    let Some(around) = around else { return Ok(conclude(args, stopped())) };
    let (channels, tasks) = around.connect(config, environment.clone());
    // The state folder may hang.
    let opened = tokio::select! {
        opened = Daemon::open(pipeline, channels) => Some(opened?),
        () = stop.asked() => None,
    };
    let Some(mut daemon) = opened else {
        tasks.end().await;
        return Ok(conclude(args, stopped()));
    };
    tasks.notifier.ready();
    let summary = if args.once { daemon.once().await } else { daemon.forever().await };
    tasks.end().await;
    daemon.close().await;
    told(sinks, &stop).await;
    Ok(conclude(args, summary))
}

/// What a run did that was stopped before it began.
fn stopped() -> Summary {
    Summary { stopped: true, ..Summary::default() }
}

fn greet(pipeline: &Pipeline) {
    let roots: Vec<String> = pipeline.settings.library_roots.iter().map(|root| display(root)).collect();
    let toolchain = &pipeline.tools.toolchain;
    let encoder = toolchain.choose(pipeline.settings.policy.prefer_encoder);
    note(&format!(
        "watching {} with ffmpeg {} and {}",
        roots.join(", "),
        toolchain.version(),
        encoder.ffmpeg_name()
    ));
}

fn conclude(args: &WatchArgs, summary: Summary) -> Exit {
    let Summary { replaced, skipped, failed, unreadable, saved, stopped } = summary;
    note(&format!("{replaced} replaced, {skipped} skipped, {failed} failed; {} saved", Bytes(saved)));
    match (stopped, failed + unreadable) {
        (true, _) if args.once => Exit::Interrupted,
        // A daemon that was asked to stop and did has done what it was asked.
        (true, _) | (false, 0) => Exit::Done,
        (false, _) => Exit::Failed,
    }
}

/// What is opened around a daemon, each part of which can fail.
struct Around {
    control: Server,
    metrics: Option<http::server::Server>,
    signals: mpsc::UnboundedReceiver<av1exec::daemon::signal::UserSignal>,
    notifier: Notifier,
    /// A second way to the service manager, for the loop's beats.
    beats: Notifier,
}

impl Around {
    /// Opens all of it; nothing where it was asked to stop meanwhile.
    async fn open(
        pipeline: &Pipeline,
        service: &Service,
        terminal: bool,
        stop: &mut Stop,
    ) -> Result<Option<Self>, Failure> {
        let (folder, state) = (&pipeline.settings.job_state_dir, pipeline.settings.job_state_dir.clone());
        let control = tokio::select! {
            bound = pipeline.waits.run(folder, Care::Free, move |_| Server::bind(&state)) => bound,
            () = stop.asked() => return Ok(None),
        };
        let control = control.map_err(|error| {
            Failure::new(Exit::Failed, format!("failed to open the control socket: {error}"))
        })??;
        let metrics = match pipeline.settings.metrics_listen {
            Some(address) => Some(http::server::Server::listen(address).await?),
            None => None,
        };
        let signals = signals::listen(terminal)
            .map_err(|error| Failure::new(Exit::Failed, format!("failed to listen for signals: {error}")))?;
        let notifier = || {
            service.notifier().map_err(|error| {
                let message = format!("failed to reach the service manager at $NOTIFY_SOCKET: {error}");
                Failure::new(Exit::Failed, message).hint("unset it where no service manager started this")
            })
        };
        Ok(Some(Self { control, metrics, signals, notifier: notifier()?, beats: notifier()? }))
    }

    /// Begins to serve; what comes in arrives at the lines.
    fn connect(self, config: Option<PathBuf>, environment: Environment) -> (Channels, Tasks) {
        let Self { control, metrics, signals, notifier, beats } = self;
        let (sender, calls) = mpsc::channel::<Call>(CALLS);
        let (publisher, source) = http::publisher();
        let feed = Feed::new();
        let told = feed.clone();
        let control = Arc::new(control);
        let serving = Arc::clone(&control);
        let mut running = vec![tokio::spawn(async move {
            if let Err(error) = serving.run(sender, told).await {
                warn(&format!("the control socket is given up: {error}"));
            }
        })];
        if let Some(server) = metrics {
            running.push(tokio::spawn(server.serve(source.clone())));
        }
        running.push(tokio::spawn(async move { beats.follow(source).await }));
        let reload = move || Ok(av1exec::settings::load(config.as_deref(), &environment)?.settings);
        let channels = Channels { calls, signals, feed, publisher, reload: Arc::new(reload) };
        (channels, Tasks { notifier, running, control })
    }
}

/// What runs beside the daemon.
struct Tasks {
    notifier: Notifier,
    running: Vec<JoinHandle<()>>,
    control: Arc<Server>,
}

impl Tasks {
    /// Hangs up on everybody; the socket's name goes.
    async fn end(self) {
        let Self { notifier, running, control } = self;
        notifier.stopping();
        for task in running {
            task.abort();
            let _ = task.await;
        }
        // The socket's name goes with it, if the state folder answers.
        let _ = tokio::time::timeout(END_TIMEOUT, tokio::task::spawn_blocking(move || drop(control))).await;
    }
}
