//! The text of a `.why.txt`.

use std::fmt::Write;
use std::path::Path;

use av1plan::{Verdict, explain};

use crate::library::sidecars::WHEN;
use crate::state::outcome::Outcome;
use crate::sys::sanitize::{display, sanitize};

/// Returns the first line: the film and the outcome.
pub(crate) fn title(film: &Path, outcome: &Outcome) -> String {
    let name = film.file_name().map_or(film, Path::new);
    format!("{} was not replaced ({})", display(name), outcome.code())
}

/// Returns the other lines: the reason, what to do, and the plan. No line contains control characters.
pub(crate) fn text(outcome: &Outcome, verdict: Option<&Verdict>) -> String {
    let mut text = format!("Why:      {}\n", sanitize(&outcome.to_string()));
    if let Some(hint) = outcome.hint() {
        push(&mut text, format_args!("To do:    {hint}\n"));
    }
    push(&mut text, format_args!("{WHEN}     {}\n", jiff::Zoned::now().strftime("%Y-%m-%d %H:%M:%S %Z")));
    if let Some(verdict) = verdict {
        if let Verdict::Encode(plan) = verdict {
            push(&mut text, format_args!("Settings: {}\n", plan.video.settings));
            for loss in &plan.losses {
                push(
                    &mut text,
                    format_args!("Loss:     {} [{}]\n", sanitize(&loss.to_string()), loss.kind.code()),
                );
            }
        }
        text.push_str("\nDecisions:\n");
        for line in explain::table(verdict.decisions()).lines() {
            push(&mut text, format_args!("  {}\n", sanitize(line)));
        }
    }
    text
}

fn push(text: &mut String, line: std::fmt::Arguments<'_>) {
    // Writing to a string can't fail.
    let _ = text.write_fmt(line);
}
