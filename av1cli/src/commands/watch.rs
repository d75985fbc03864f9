//! `av1cli watch`: runs the daemon.

use std::io::IsTerminal;
use std::path::PathBuf;
use std::sync::Arc;

use av1exec::daemon::serve::{Surroundings, serve};
use av1exec::daemon::{Run, Summary};
use av1exec::pipeline::Pipeline;
use av1exec::pipeline::event::Event;
use av1exec::settings::{Environment, Loaded, Reloader, ZoneRemark, time_zone};
use av1exec::state::outcome::Bytes;
use av1exec::sys::failure::{Exit, Failure};
use av1exec::sys::sanitize::display;

use crate::args::WatchArgs;
use crate::output::console::note;
use crate::setup::service::Service;
use crate::setup::session::open_pipeline;
use crate::setup::signals;
use crate::setup::sinks::{Sinks, told};

/// The file that a warning about the time zone names if there is no config file.
const LOCAL_TIME: &str = "/etc/localtime";

/// Watches the library, for one pass or until the daemon is stopped.
pub(crate) async fn watch(
    args: &WatchArgs,
    config: Option<PathBuf>,
    loaded: Loaded,
    environment: &Environment,
    service: &Service,
) -> Result<Exit, Failure> {
    let reloader = Reloader::new(config, environment.clone(), &loaded);
    let zone = time_zone(&loaded.settings, environment);
    let file = loaded.file.clone();
    let terminal = std::io::stderr().is_terminal();
    let logging = args.logging(terminal, service.journal);
    let sinks = Sinks::to_log(logging, args.output)?;
    let (pipeline, events) = open_pipeline(loaded.settings, environment).await?;
    let sinks = tokio::spawn(sinks.listen(events));
    greet(&pipeline);
    if let Err(ZoneRemark { text, hint }) = zone {
        let (path, message) = (file.unwrap_or_else(|| LOCAL_TIME.into()), format!("{text} (hint: {hint})"));
        pipeline.events.send(Event::Warning { path, message });
    }
    let stop = pipeline.stop.clone();
    let run = if args.once { Run::OnePass } else { Run::Forever };
    let surroundings = surroundings(service, terminal, reloader)?;
    let summary = serve(pipeline, run, surroundings).await?;
    told(sinks, &stop).await;
    Ok(conclude(args, summary))
}

/// Collects what surrounds the daemon: signals, the config, and the service manager.
fn surroundings(service: &Service, terminal: bool, reloader: Reloader) -> Result<Surroundings, Failure> {
    let signals = signals::listen(terminal)
        .map_err(|error| Failure::new(Exit::Failed, format!("failed to listen for signals: {error}")))?;
    let notifier = service.notifier().map_err(|error| {
        let message = format!("failed to reach the service manager at $NOTIFY_SOCKET: {error}");
        Failure::new(Exit::Failed, message).hint("unset it where no service manager started this")
    })?;
    let notifier = Arc::new(notifier);
    let (ready, beats, ending) = (Arc::clone(&notifier), Arc::clone(&notifier), notifier);
    Ok(Surroundings {
        signals,
        reload: Arc::new(move || Ok(reloader.read()?)),
        ready: Box::new(move || ready.ready()),
        follow: Box::new(move |source| Box::pin(async move { beats.follow(source).await })),
        ending: Box::new(move || ending.stopping()),
    })
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
        // A daemon that was asked to stop and did so has succeeded.
        (true, _) | (false, 0) => Exit::Done,
        (false, _) => Exit::Failed,
    }
}
