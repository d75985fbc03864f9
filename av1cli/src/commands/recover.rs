//! `av1cli recover`: what jobs that were cut off left behind, and what becomes of it.

use av1exec::pipeline::open;
use av1exec::replace::recover::RecoverDocument;
use av1exec::settings::Settings;
use av1exec::sys::sanitize::display;

use crate::args::RecoverArgs;
use crate::output::console::{Reader, note, out};
use crate::output::reporter::cut_off;
use av1exec::sys::failure::{Exit, Failure};

/// Tidies up, or with `--dry-run` only says what would be done.
pub(crate) fn run(args: &RecoverArgs, settings: &Settings) -> Result<Exit, Failure> {
    // Whoever holds the lock has tidied up already, and its own jobs are unfinished by right.
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
