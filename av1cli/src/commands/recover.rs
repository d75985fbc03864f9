//! `av1cli recover`: finishes or undoes what interrupted jobs left behind.

use av1exec::pipeline::open;
use av1exec::replace::recover::RecoverDocument;
use av1exec::settings::Settings;
use av1exec::sys::sanitize::display;

use crate::args::RecoverArgs;
use crate::output::console::{Reader, note, out};
use crate::output::reporter::cut_off;
use av1exec::sys::failure::{Exit, Failure};

/// Cleans up, or with `--dry-run` only prints what would be done.
pub(crate) fn run(args: &RecoverArgs, settings: &Settings) -> Result<Exit, Failure> {
    // The lock is needed: a process that holds it has already cleaned up, and its own unfinished jobs are running.
    let (jobs, locks) = open::lock_jobs(settings, args.dry_run)?;
    let recovery = open::tidy_up(&jobs, settings, args.dry_run)?;
    drop(locks);
    for recovered in &recovery.jobs {
        let line = if args.json {
            serde_json::to_string(&RecoverDocument::new(recovered, args.dry_run)).unwrap_or_default()
        } else {
            cut_off(recovered)
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
