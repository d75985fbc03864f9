//! `av1cli recover`: what jobs that were cut off left behind, and what becomes of it.

use av1exec::replace::recover::{Action, RecoverDocument, Recovered, recover};
use av1exec::settings::Settings;
use av1exec::sys::sanitize::display;

use crate::args::RecoverArgs;
use crate::console::{Reader, note, out};
use crate::session::lock_jobs;
use av1exec::sys::failure::{Exit, Failure};

/// Tidies up, or with `--dry-run` only says what would be done.
pub(crate) fn run(args: &RecoverArgs, settings: &Settings) -> Result<Exit, Failure> {
    // Whoever holds the lock has tidied up already, and its own jobs are unfinished by right.
    let (jobs, locks) = lock_jobs(settings, args.dry_run)?;
    let recovery =
        recover(&jobs, settings.keep_original, args.dry_run).map_err(|error| unreadable(&error))?;
    drop(locks);
    for recovered in &recovery.jobs {
        let line = if args.json {
            serde_json::to_string(&RecoverDocument::new(recovered, args.dry_run)).unwrap_or_default()
        } else {
            describe(recovered)
        };
        if out(line.as_bytes())? == Reader::Left {
            break;
        }
    }
    if recovery.jobs.is_empty() {
        note("nothing was cut off; there is nothing to tidy up");
    }
    let mut exit = Exit::Done;
    for (path, message) in recovery.warnings() {
        note(&format!("warning: {}: {message}", display(path)));
        exit = Exit::Failed;
    }
    Ok(exit)
}

/// Why the jobs can't be read.
pub(crate) fn unreadable(error: &std::io::Error) -> Failure {
    Failure::new(Exit::Failed, format!("failed to read the jobs: {error}"))
        .hint("check the owner and the rights of `job_state_dir`")
}

/// One line about a job that was cut off.
pub(crate) fn describe(recovered: &Recovered) -> String {
    let Recovered { job, film, scene, actions, .. } = recovered;
    let stage = if scene.committed { "while its result was put in place" } else { "while it was encoded" };
    let actions: Vec<&str> = actions.iter().map(|action: &Action| (*action).into()).collect();
    format!("recover: {} (job {job}) was cut off {stage}: {}", display(film), actions.join(", "))
}
