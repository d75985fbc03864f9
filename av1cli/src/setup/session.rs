//! Sets up a pipeline that a user can stop.

use av1exec::pipeline::event::Event;
use av1exec::pipeline::{Pipeline, open};
use av1exec::settings::{Environment, Settings};
use av1exec::sys::failure::{Exit, Failure};
use av1exec::sys::stop::StopSwitch;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc::UnboundedReceiver;

use crate::output::console::{leave, note};
use crate::output::sink;

/// Opens a pipeline, and returns it with its events.
pub(crate) async fn open_pipeline(
    settings: Settings,
    environment: &Environment,
) -> Result<(Pipeline, UnboundedReceiver<Event>), Failure> {
    open::open(settings, environment.path.as_deref(), listen_for_signals).await
}

/// Handles signals: the first Ctrl-C or SIGTERM asks the work to stop and clean up; the second ends the program at
/// once.
///
/// A separate thread receives them, so that the program can be ended even while the work waits for something.
fn listen_for_signals(switch: StopSwitch) -> Result<(), Failure> {
    let failed = |error| Failure::new(Exit::Failed, format!("failed to listen for signals: {error}"));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().map_err(failed)?;
    let listening = {
        let _within = runtime.enter();
        signal(SignalKind::interrupt())
            .and_then(|interrupt| Ok((interrupt, signal(SignalKind::terminate())?)))
    };
    let (interrupt, terminate) = listening.map_err(failed)?;
    let thread = std::thread::Builder::new().name("signals".to_owned());
    thread.spawn(move || runtime.block_on(obey(interrupt, terminate, switch))).map_err(failed)?;
    Ok(())
}

async fn obey(mut interrupt: Signal, mut terminate: Signal, switch: StopSwitch) {
    for asked in 0_u8.. {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        if asked > 0 {
            // The kernel kills the child processes with this process; the next start cleans up what they leave.
            leave();
            sink::end_at_once();
            std::process::exit(Exit::Interrupted.code().into());
        }
        // The work is stopped first, then the message is written.
        switch.stop();
        sink::hurry();
        note("stopping: encodes are ended, originals are untouched (again to stop at once)");
    }
}
