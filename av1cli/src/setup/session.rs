//! What working on films takes, set up in the order in which it can fail.

use std::sync::Arc;

use av1exec::ffmpeg::tools::Tools;
use av1exec::pipeline::Pipeline;
use av1exec::pipeline::event::{Event, Events};
use av1exec::replace::recover::{end_orphans, recover};
use av1exec::settings::{Environment, Settings};
use av1exec::state::jobs::JobStore;
use av1exec::sys::lock::{LockError, Locks};
use av1exec::sys::pause::Pause;
use av1exec::sys::reservation::Reservations;
use av1exec::sys::stop::{StopSwitch, stop_switch};
use av1exec::sys::waits::Waits;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc::UnboundedReceiver;

use crate::output::console::{leave, note};
use crate::output::sink;
use av1exec::sys::failure::{Exit, Failure};

/// A pipeline, and what it tells.
pub(crate) struct Session {
    pub(crate) pipeline: Pipeline,
    pub(crate) events: UnboundedReceiver<Event>,
}

impl Session {
    pub(crate) async fn open(settings: Settings, environment: &Environment) -> Result<Self, Failure> {
        let tools =
            Tools::find(settings.ffmpeg.as_deref(), settings.ffprobe.as_deref(), environment.path.as_deref())
                .await?;
        let jobs = open_jobs(&settings)?;
        let locks = take_locks(&settings, &jobs)?;
        let (events, receiver) = Events::channel();
        let recovery = recover(&jobs, settings.keep_original, false).map_err(|error| unreadable(&error))?;
        for (path, message) in recovery.unread {
            events.send(Event::Warning { path, message });
        }
        for recovered in recovery.jobs {
            events.recovered(recovered);
        }
        // Only now: tidying up must not be stopped half-way by a signal that it wouldn't hear, and may be killed at any time.
        let (switch, stop) = stop_switch();
        listen_for_signals(switch)?;
        let pipeline = Pipeline {
            settings: Arc::new(settings),
            tools: Arc::new(tools),
            jobs,
            locks: Arc::new(locks),
            reservations: Reservations::default(),
            events,
            stop,
            pause: Pause::never(),
            waits: Waits::default(),
        };
        Ok(Self { pipeline, events: receiver })
    }
}

/// The jobs, with other workers kept out. A dry run only looks at them: it makes nothing, and leaves the library unlocked.
pub(crate) fn lock_jobs(settings: &Settings, dry_run: bool) -> Result<(JobStore, Option<Locks>), Failure> {
    if dry_run {
        let locks = match Locks::take(&settings.job_state_dir, &[], || ()) {
            Err(held @ LockError::Held { .. }) => return Err(held.into()),
            // Without a right to write, looking is still allowed.
            taken => taken.ok(),
        };
        return Ok((JobStore::read_only(&settings.job_state_dir), locks));
    }
    let jobs = open_jobs(settings)?;
    let locks = take_locks(settings, &jobs)?;
    Ok((jobs, Some(locks)))
}

/// Keeps other workers out of the state folder and the library.
pub(crate) fn take_locks(settings: &Settings, jobs: &JobStore) -> Result<Locks, Failure> {
    Ok(Locks::take(&settings.job_state_dir, &settings.library_roots, || end_orphans(jobs))?)
}

/// Opens the folder of job files, which is made where it isn't there.
pub(crate) fn open_jobs(settings: &Settings) -> Result<JobStore, Failure> {
    let folder = &settings.job_state_dir;
    JobStore::open(folder).map_err(|error| {
        Failure::new(Exit::Failed, format!("failed to make the state folder {}: {error}", folder.display()))
            .hint("set `job_state_dir` in the config to a folder that this user may write to")
    })
}

/// Why the jobs can't be read.
pub(crate) fn unreadable(error: &std::io::Error) -> Failure {
    Failure::new(Exit::Failed, format!("failed to read the jobs: {error}"))
        .hint("check the owner and the rights of `job_state_dir`")
}

/// The first Ctrl-C or SIGTERM asks work to stop, which leaves nothing behind; the second ends the program at once.
///
/// A thread of its own hears them: whatever the work waits for, it can be ended.
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
            // Children die with us; what they leave is tidied up at the next start.
            leave();
            sink::end_at_once();
            std::process::exit(Exit::Interrupted.code().into());
        }
        // First the effect, then the word on it.
        switch.stop();
        sink::hurry();
        note("stopping: encodes are ended, originals are untouched (again to stop at once)");
    }
}
