//! `av1cli undo`: restores kept originals.

use std::path::{Path, PathBuf};

use av1exec::pipeline::open;
use av1exec::replace::undo::{Move, Undo, UndoDocument, job_of};
use av1exec::settings::Settings;
use av1exec::state::code::UNDONE;
use av1exec::state::jobs::{FilmJobs, JobStore};
use av1exec::sys::failure::{Exit, Failure};
use av1exec::sys::sanitize::display;

use crate::args::UndoArgs;
use crate::commands::films::names_of;
use crate::output::console::{complain, note, out};
use crate::output::reporter::cut_off;

/// Restores originals one after the other. One that can't be restored doesn't stop the others.
pub(crate) fn run(args: &UndoArgs, settings: &Settings) -> Result<Exit, Failure> {
    let (jobs, _locks) = open::lock_jobs(settings, args.dry_run)?;
    if !args.dry_run {
        tidy_up(&jobs, settings)?;
    }
    let mut worst = Exit::Done;
    for file in &args.files {
        let document = undo(file, &jobs, args.dry_run)
            .unwrap_or_else(|failure| UndoDocument::new(file, "failed", failure.lines().join("; ")));
        if !is_undone(&document) {
            worst = worst.max(Exit::Failed);
        }
        print(&document, args.json)?;
    }
    Ok(worst)
}

/// Finishes or undoes interrupted replacements before anything else.
fn tidy_up(jobs: &JobStore, settings: &Settings) -> Result<(), Failure> {
    let recovery = open::tidy_up(jobs, settings, false)?;
    for recovered in &recovery.jobs {
        note(&cut_off(recovered));
    }
    for (path, message) in recovery.warnings() {
        note(&format!("warning: {}: {message}", display(path)));
    }
    Ok(())
}

/// Whether the original is back in place, or would be with `--dry-run`.
fn is_undone(document: &UndoDocument) -> bool {
    matches!(document.code, UNDONE | "already-undone" | "would-be-undone")
}

fn print(document: &UndoDocument, json: bool) -> Result<(), Failure> {
    if json {
        out(serde_json::to_string(document).unwrap_or_default().as_bytes())?;
    } else if is_undone(document) {
        out(document.text.as_bytes())?;
    } else {
        let failure = Failure::new(Exit::Failed, format!("{} [{}]", document.text, document.code));
        complain(&match &document.hint {
            Some(hint) => failure.hint(hint),
            None => failure,
        });
    }
    Ok(())
}

fn undo(file: &Path, jobs: &JobStore, dry_run: bool) -> Result<UndoDocument, Failure> {
    let names = names_of(file)?;
    let found = jobs.of_film(&names).map_err(|error| open::unreadable(&error))?;
    let job = job_of(&found, &names);
    let Some(mut undo) = job.and_then(|job| Undo::new(jobs, job.clone())) else {
        let path = names.first().map_or(file, PathBuf::as_path);
        return Ok(unknown(file, path, &found));
    };
    let (job, film) = (Some(undo.job().to_owned()), undo.film().to_owned());
    let document = if undo.is_done() {
        UndoDocument::new(&film, "already-undone", format!("{} was put back already", display(&film)))
    } else {
        match if dry_run { undo.steps() } else { undo.run() } {
            Ok(steps) => {
                let left = undo.left();
                let text = sentence(&film, dry_run, &steps, &left);
                UndoDocument::done(&film, dry_run, text, &steps, &left)
            }
            Err(error) => UndoDocument::refused(&film, &error),
        }
    };
    Ok(UndoDocument { job, ..document })
}

/// Returns the reason why there is no known replacement of `file` to undo. `path` is its full path.
fn unknown(file: &Path, path: &Path, found: &FilmJobs) -> UndoDocument {
    let (code, message, hint) = match found.unread.first() {
        Some((job, unread)) => (
            "unread-job",
            format!("the job file {} may be of {}: {unread}", display(job), display(file)),
            "put it back from a copy of the state folder; or look at FILE.orig, and rename it by hand",
        ),
        None => (
            "no-job",
            format!("no job of this state folder replaced {}", display(file)),
            "what isn't written down can't be checked: look at FILE.orig, rename it by hand, then `av1cli skip` the film",
        ),
    };
    UndoDocument { hint: Some(hint.to_owned()), ..UndoDocument::new(path, code, message) }
}

fn sentence(film: &Path, dry_run: bool, steps: &[Move], left: &[PathBuf]) -> String {
    let film = display(film);
    let left: Vec<String> = left.iter().map(|path| display(path)).collect();
    let left = match left.as_slice() {
        [] => String::new(),
        left => format!("; not deleted, since it isn't known to be av1d's: {}", left.join(", ")),
    };
    if dry_run {
        let steps: Vec<&str> = steps.iter().map(|step| doing(*step)).collect();
        format!("{film} would be put back: {}{left}", steps.join(", "))
    } else {
        format!(
            "{film} is the original again, and is left alone from now on (`av1cli unskip` ends that){left}"
        )
    }
}

/// Describes a step in words.
fn doing(step: Move) -> &'static str {
    match step {
        Move::Mark => "write its .av1skip",
        Move::SetAside => "give the replacement a second name",
        Move::PutBackOver => "rename the original over it",
        Move::PutBack => "give the original its name",
        Move::DropBackup => "take the name .orig away",
        Move::DeleteAside | Move::DeleteTarget => "delete the replacement",
        Move::Record => "note it in the job",
    }
}
