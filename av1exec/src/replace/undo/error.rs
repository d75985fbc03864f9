//! Why a replacement wasn't taken back, and what a person can do about it.

use std::io;
use std::path::{Path, PathBuf};

use super::Refusal;
use crate::sys::names;
use crate::sys::sanitize::{display, sanitize};

/// Why a replacement wasn't taken back. Nothing is lost: both files are there, by one name or another.
#[derive(Debug, thiserror::Error)]
pub enum UndoError {
    /// What is found doesn't allow it.
    #[error("{}", refusal_text(*refusal, film, backup, replacement, job))]
    Refused {
        /// Why.
        refusal: Refusal,
        /// The film's name before.
        film: PathBuf,
        /// The original's name.
        backup: PathBuf,
        /// The replacement's name.
        replacement: PathBuf,
        /// The job.
        job: String,
    },
    /// A step failed.
    #[error("putting the original of {} back stopped at {step}: {source}", display(path))]
    Disk {
        /// Which.
        step: &'static str,
        /// The film.
        path: PathBuf,
        /// Why.
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
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Refused { refusal, .. } => (*refusal).into(),
            Self::Disk { .. } => "failed",
        }
    }

    /// What to do about it.
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

/// Once its name is free, the original gets it back without a word about what had it.
fn move_away(replacement: &Path, aside: &Path, film: &Path) -> String {
    match (quoted(replacement), quoted(aside), quoted(film)) {
        (Some(replacement), Some(aside), Some(film)) => format!(
            "to have the original back and keep this one: `mv -n -- {replacement} {aside}`, then `av1cli undo -- {film}` again"
        ),
        _ => "to have the original back and keep this one, rename this one, then undo again".to_owned(),
    }
}

/// A path as a shell takes it; nothing where it can't be shown as it is.
fn quoted(path: &Path) -> Option<String> {
    let text = path.to_str().filter(|text| sanitize(text) == *text)?;
    shlex::try_quote(text).ok().map(std::borrow::Cow::into_owned)
}
