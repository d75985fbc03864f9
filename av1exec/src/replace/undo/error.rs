//! Why a replacement couldn't be undone, and what a user can do about it.

use std::io;
use std::path::{Path, PathBuf};

use super::Refusal;
use crate::sys::names;
use crate::sys::sanitize::{display, sanitize};

/// Why a replacement couldn't be undone. Nothing is lost: both files still exist, under one name or another.
#[derive(Debug, thiserror::Error)]
pub enum UndoError {
    /// The files on the disk, or the job, don't allow it.
    #[error("{}", refusal_text(*refusal, film, backup, replacement, job))]
    Refused {
        /// The reason.
        refusal: Refusal,
        /// The film's original path.
        film: PathBuf,
        /// The path that the original is kept under.
        backup: PathBuf,
        /// The path of the replacement.
        replacement: PathBuf,
        /// The ID of the job.
        job: String,
    },
    /// A step failed.
    #[error("putting the original of {} back stopped at {step}: {source}", display(path))]
    Disk {
        /// The code of the step.
        step: &'static str,
        /// The film's original path.
        path: PathBuf,
        /// The I/O error.
        source: io::Error,
    },
}

fn refusal_text(refusal: Refusal, film: &Path, backup: &Path, replacement: &Path, job: &str) -> String {
    let (film, backup, replacement) = (display(film), display(backup), display(replacement));
    match refusal {
        Refusal::NoOriginal => format!("{film} can't be put back: {backup} isn't there"),
        Refusal::OriginalChanged => {
            format!(
                "{backup} isn't the original any more: its size or time isn't that which job {job} wrote down"
            )
        }
        Refusal::ReplacementChanged => format!(
            "{replacement} isn't what job {job} put there: somebody changed it since, and undoing would lose that"
        ),
        Refusal::ReplacementRotten => format!(
            "{replacement} isn't what job {job} put there any more: some of its bytes changed or can't be read, though neither its size \
             nor its time changed: the disk may be failing"
        ),
        Refusal::NameTaken => format!("{film} can't be put back: another file has a name that this needs"),
        Refusal::NewerJob => {
            format!("{film} can't be put back: job {job}, which replaced it, was written by a newer av1d")
        }
        Refusal::Unreadable => {
            format!("{film} can't be put back: it, {backup} or {replacement} can't be read")
        }
    }
}

impl UndoError {
    /// Returns the code, which stays the same over versions.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Refused { refusal, .. } => (*refusal).into(),
            Self::Disk { .. } => "failed",
        }
    }

    /// Returns what a user can do about it.
    pub fn hint(&self) -> String {
        let Self::Refused { refusal, film, replacement, .. } = self else {
            return "nothing is lost; run this again once that is mended".to_owned();
        };
        let text = match refusal {
            Refusal::NoOriginal => {
                "originals are kept with `keep_original = true` only; without it the replacement is all there is"
            }
            Refusal::OriginalChanged => "look at both, and rename by hand what you want to keep",
            Refusal::ReplacementChanged => return move_away(replacement, &names::edited(replacement), film),
            Refusal::ReplacementRotten => return move_away(replacement, &names::broken(replacement), film),
            Refusal::NameTaken => "move the other file away first",
            Refusal::NewerJob => "let that version undo it",
            Refusal::Unreadable => "check the disk and the rights of its files",
        };
        text.to_owned()
    }
}

/// Returns commands that move the replacement away and undo again. Once the name is free, the undo doesn't check
/// what was there.
fn move_away(replacement: &Path, aside: &Path, film: &Path) -> String {
    match (quoted(replacement), quoted(aside), quoted(film)) {
        (Some(replacement), Some(aside), Some(film)) => format!(
            "to have the original back and keep this one: `mv -n -- {replacement} {aside}`, then `av1cli undo -- {film}` again"
        ),
        _ => "to have the original back and keep this one, rename this one, then undo again".to_owned(),
    }
}

/// Quotes a path for a shell; `None` if it contains characters that can't be shown.
fn quoted(path: &Path) -> Option<String> {
    let text = path.to_str().filter(|text| sanitize(text) == *text)?;
    shlex::try_quote(text).ok().map(std::borrow::Cow::into_owned)
}
