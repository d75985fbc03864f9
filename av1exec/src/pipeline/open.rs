//! Opens a pipeline. The steps happen in the only safe order, so that programs that use this crate can't forget to
//! keep other av1ds out or to recover unfinished jobs first.

use std::ffi::OsStr;
use std::io;
use std::sync::Arc;

use tokio::sync::mpsc::UnboundedReceiver;

use super::Pipeline;
use crate::ffmpeg::tools::{Tools, ToolsError};
use crate::pipeline::event::{Event, Events};
use crate::replace::abilities::Rehearsals;
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

/// Finds the programs that the settings name, and the others in `path`, a list of folders in the format of `PATH`.
///
/// # Errors
///
/// If ffmpeg or ffprobe is missing or unsuitable.
pub async fn find_tools(settings: &Settings, path: Option<&OsStr>) -> Result<Tools, ToolsError> {
    let (ffmpeg, ffprobe) = (settings.ffmpeg.as_deref(), settings.ffprobe.as_deref());
    Tools::find(ffmpeg, ffprobe, settings.mkvtoolnix.as_deref(), path).await
}

/// Opens a pipeline: finds ffmpeg, locks other av1ds out, and recovers unfinished jobs. Only then are stop signals
/// handled, since recovery must not be interrupted halfway, and can't be told to stop. Returns the pipeline and the
/// receiver of its events.
///
/// `path` is a list of folders in the format of `PATH`. `listen` installs signal handlers that use the stop switch.
///
/// # Errors
///
/// If ffmpeg is missing or unsuitable, the state folder can't be created, another av1d works in it or in a root,
/// the jobs can't be read, or the signal handlers can't be installed.
pub async fn open(
    settings: Settings,
    path: Option<&OsStr>,
    listen: impl FnOnce(StopSwitch) -> Result<(), Failure>,
) -> Result<(Pipeline, UnboundedReceiver<Event>), Failure> {
    let tools = find_tools(&settings, path).await?;
    let (jobs, locks) = lock(&settings)?;
    let (events, told) = Events::channel();
    let Recovery { jobs: recovered, unread } = tidy_up(&jobs, &settings, false)?;
    jobs.remove_samples().map_err(|error| unreadable(&error))?;
    for (path, message) in unread {
        events.send(Event::Warning { path, message });
    }
    for recovered in recovered {
        events.recovered(recovered);
    }
    let (switch, stop) = stop_switch();
    listen(switch.clone())?;
    let pipeline = Pipeline {
        settings: Arc::new(settings),
        tools: Arc::new(tools),
        rehearsals: Rehearsals::new(jobs.clone()),
        jobs,
        locks: Arc::new(locks),
        reservations: Reservations::default(),
        events,
        stop,
        stop_switch: switch,
        pause: Pause::never(),
        waits: Waits::default(),
    };
    Ok((pipeline, told))
}

/// Returns the jobs, and the locks that keep other av1ds out of the state folder and the library for as long as
/// they live. A dry run creates nothing, and locks only the state folder.
///
/// # Errors
///
/// If the state folder can't be created, or another av1d works in it or in a root.
pub fn lock_jobs(settings: &Settings, dry_run: bool) -> Result<(JobStore, Option<Locks>), Failure> {
    if !dry_run {
        let (jobs, locks) = lock(settings)?;
        return Ok((jobs, Some(locks)));
    }
    let locks = match Locks::take(&settings.job_state_dir, &[], || ()) {
        Err(held @ LockError::Held { .. }) => return Err(held.into()),
        // A user without write access may still look.
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

/// Recovers unfinished jobs; with `dry_run` it only returns what would be done.
///
/// # Errors
///
/// If the jobs can't be read.
pub fn tidy_up(jobs: &JobStore, settings: &Settings, dry_run: bool) -> Result<Recovery, Failure> {
    recover(jobs, settings, dry_run).map_err(|error| unreadable(&error))
}

/// Returns the failure for jobs that can't be read.
pub fn unreadable(error: &io::Error) -> Failure {
    Failure::new(Exit::Failed, format!("failed to read the jobs: {error}"))
        .hint("check the owner and the rights of `job_state_dir`")
}
