//! What keeps av1d from working on this machine, found out by looking and by trying.
//!
//! Each part first gathers facts and then says by a pure function what they mean. Nothing is changed: files that things are
//! tried out with are this module's own, and gone afterwards. Nothing can hang: whatever doesn't answer in time is a finding.

mod check;
mod config;
mod folder;
mod programs;
mod roots;
mod state;
mod trial;

use std::time::Duration;

pub use check::{Check, Code, Level};

use crate::settings::{Environment, Inspection};

/// How long a program may take to introduce itself, and a folder to be looked at. Disks that sleep take some seconds.
const CHECK_TIMEOUT: Duration = Duration::from_secs(10);

/// What is looked at.
#[derive(Debug)]
pub struct Patient<'a> {
    /// The config, right or wrong.
    pub inspection: &'a Inspection,
    /// The environment.
    pub environment: &'a Environment,
    /// Whether encoders are tried out.
    pub trials: Trials,
}

/// Whether encoders are tried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trials {
    /// Each that is there, for some seconds.
    Run,
    /// None.
    Leave,
}

/// Makes all checks, and tells each as soon as it is made.
pub async fn examine(patient: &Patient<'_>, mut tell: impl FnMut(Check)) {
    let Patient { inspection, environment, trials } = *patient;
    let settings = &inspection.reading.settings;
    config::checks(inspection).into_iter().for_each(&mut tell);
    let ffmpeg = programs::examine(settings, environment, &mut tell).await;
    if let (Some(ffmpeg), Trials::Run) = (ffmpeg, trials) {
        trial::examine(&ffmpeg, &settings.policy, &environment.temporary_folder(), &mut tell).await;
    }
    for root in &settings.library_roots {
        roots::examine(root).await.into_iter().for_each(&mut tell);
    }
    state::examine(settings).await.into_iter().for_each(&mut tell);
}

/// Runs what may hang in the kernel beside the runtime's own thread; nothing where it does.
async fn within<T: Send + 'static>(
    timeout: Duration,
    look: impl FnOnce() -> T + Send + 'static,
) -> Option<T> {
    tokio::time::timeout(timeout, tokio::task::spawn_blocking(look)).await.ok()?.ok()
}
