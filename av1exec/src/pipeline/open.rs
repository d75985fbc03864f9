//! The one door to a pipeline: what working on films takes, opened in the only safe order, so that nobody who embeds this forgets
//! to keep others out or to tidy up first.

use std::ffi::OsStr;
use std::io;
use std::sync::Arc;

use tokio::sync::mpsc::UnboundedReceiver;

use super::Pipeline;
use crate::ffmpeg::tools::Tools;
use crate::pipeline::event::{Event, Events};
use crate::replace::recover::{Recovery, end_orphans, recover};
use crate::settings::Settings;
use crate::state::jobs::JobStore;
use crate::sys::failure::{Exit, Failure};
use crate::sys::lock::{LockError, Locks};
use crate::sys::pause::Pause;
use crate::sys::reservation::Reservations;
use crate::sys::sanitize::display;
use crate::sys::stop::{StopSwitch, stop_switch};
use crate::sys::waits::Waits;

/// Opens a pipeline: ffmpeg is found, other av1ds are kept out, what was cut off is tidied up, and only then may a signal stop
/// it, since tidying up must not be stopped half-way by one that it wouldn't hear. Returns it with what it tells.
///
/// `path` is a list of folders, as `PATH` is; `listen` has signals heard, which throw the switch.
///
/// # Errors
///
/// Where ffmpeg is missing or unfit, the state folder can't be made, another av1d works there, jobs can't be read, or signals
/// can't be listened for.
pub async fn open(
    settings: Settings,
    path: Option<&OsStr>,
    listen: impl FnOnce(StopSwitch) -> Result<(), Failure>,
) -> Result<(Pipeline, UnboundedReceiver<Event>), Failure> {
    let tools = Tools::find(settings.ffmpeg.as_deref(), settings.ffprobe.as_deref(), path).await?;
    let (jobs, locks) = lock(&settings)?;
    let (events, told) = Events::channel();
    let Recovery { jobs: recovered, unread } = tidy_up(&jobs, &settings, false)?;
    for (path, message) in unread {
        events.send(Event::Warning { path, message });
    }
    for recovered in recovered {
        events.recovered(recovered);
    }
    let (switch, stop) = stop_switch();
    listen(switch)?;
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
    Ok((pipeline, told))
}

/// The jobs, with other av1ds kept out of the state folder and the library for as long as the locks live. A dry run only looks at
/// them: it makes nothing, and leaves the library unlocked.
///
/// # Errors
///
/// Where the state folder can't be made, or another av1d works there.
pub fn lock_jobs(settings: &Settings, dry_run: bool) -> Result<(JobStore, Option<Locks>), Failure> {
    if !dry_run {
        let (jobs, locks) = lock(settings)?;
        return Ok((jobs, Some(locks)));
    }
    let locks = match Locks::take(&settings.job_state_dir, &[], || ()) {
        Err(held @ LockError::Held { .. }) => return Err(held.into()),
        // Without a right to write, looking is still allowed.
        taken => taken.ok(),
    };
    Ok((JobStore::read_only(&settings.job_state_dir), locks))
}

fn lock(settings: &Settings) -> Result<(JobStore, Locks), Failure> {
    let folder = &settings.job_state_dir;
    let jobs = JobStore::open(folder).map_err(|error| {
        Failure::new(Exit::Failed, format!("failed to make the state folder {}: {error}", display(folder)))
            .hint("set `job_state_dir` in the config to a folder that this user may write to")
    })?;
    let locks = Locks::take(folder, &settings.library_roots, || end_orphans(&jobs))?;
    Ok((jobs, locks))
}

/// Tidies up after jobs that were cut off, or with `dry_run` only tells what would be done.
///
/// # Errors
///
/// Where the jobs can't be read.
pub fn tidy_up(jobs: &JobStore, settings: &Settings, dry_run: bool) -> Result<Recovery, Failure> {
    recover(jobs, settings.keep_original, dry_run).map_err(|error| unreadable(&error))
}

/// Why the jobs can't be read.
pub fn unreadable(error: &io::Error) -> Failure {
    Failure::new(Exit::Failed, format!("failed to read the jobs: {error}"))
        .hint("check the owner and the rights of `job_state_dir`")
}
