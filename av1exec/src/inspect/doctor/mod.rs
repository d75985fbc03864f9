//! Finds out what keeps av1d from working on this machine.
//!
//! Each part first gathers facts, then a pure function turns them into findings. Nothing is changed: files that are
//! needed for a trial are created by this module and deleted afterwards. Nothing can hang: whatever doesn't answer
//! in time is reported as a finding.

mod check;
mod config;
mod films;
mod folder;
mod metrics;
mod programs;
mod roots;
mod state;
mod trial;

use std::time::Duration;

pub use check::{Check, Code, Level};

use crate::settings::{Environment, Inspection};

/// How long a program may take to print its version, and a folder to be examined. Disks that sleep take some
/// seconds.
const CHECK_TIMEOUT: Duration = Duration::from_secs(10);

/// What is examined.
#[derive(Debug)]
pub struct Patient<'a> {
    /// The config, valid or not.
    pub inspection: &'a Inspection,
    /// The environment variables that av1d uses.
    pub environment: &'a Environment,
    /// Whether encoders are tried out.
    pub trials: Trials,
}

/// Whether encoders are tried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trials {
    /// Try out each encoder that ffmpeg has, for some seconds.
    Run,
    /// Try out none.
    Leave,
}

/// Makes all checks. Passes each to `report` as soon as it is made.
pub async fn examine(patient: &Patient<'_>, mut report: impl FnMut(Check)) {
    let Patient { inspection, environment, trials } = *patient;
    let settings = &inspection.reading.settings;
    config::checks(inspection).into_iter().for_each(&mut report);
    report(config::time_zone_check(settings, environment));
    if let Some(address) = settings.metrics_listen {
        report(metrics::examine(address, settings.job_state_dir.clone()).await);
    }
    let ffmpeg = programs::examine(settings, environment, &mut report).await;
    if let (Some(ffmpeg), Trials::Run) = (ffmpeg, trials) {
        trial::examine(&ffmpeg, &settings.policy, &environment.temporary_folder(), &mut report).await;
    }
    for root in &settings.library_roots {
        roots::examine(root, settings).await.into_iter().for_each(&mut report);
    }
    state::examine(settings).await.into_iter().for_each(&mut report);
}

/// Runs `look` on a thread of its own, since it may hang in the kernel. Returns `None` if it isn't done in time.
async fn within<T: Send + 'static>(
    timeout: Duration,
    look: impl FnOnce() -> T + Send + 'static,
) -> Option<T> {
    tokio::time::timeout(timeout, tokio::task::spawn_blocking(look)).await.ok()?.ok()
}
