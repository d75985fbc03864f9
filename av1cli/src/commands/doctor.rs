//! `av1cli doctor`: checks everything that av1d needs, and prints a line per check.

use std::path::Path;
use std::sync::mpsc::{Sender, channel};

use av1exec::inspect::doctor::{Check, Level, Patient, Trials, examine};
use av1exec::settings::{Environment, Inspection, effective, inspect};
use av1exec::sys::failure::{Exit, Failure};
use av1exec::sys::path::path_document;
use av1exec::sys::sanitize::sanitize;
use av1plan::wire::PathDocument;
use console::style;
use serde::Serialize;
use serde_json::{Map, Value};
use tokio::sync::oneshot;

use crate::args::DoctorArgs;
use crate::commands::config::settings_document;
use crate::output::console::out;
use crate::setup::signals;

/// Runs all checks and prints them one by one, or all of them as one JSON document.
pub(crate) async fn run(
    args: &DoctorArgs,
    explicit: Option<&Path>,
    environment: &Environment,
) -> Result<Exit, Failure> {
    let DoctorArgs { json, trial, no_encode: _ } = args;
    let inspection = inspect(explicit, environment);
    let trials = if *trial { Trials::Run } else { Trials::Leave };
    let patient = Patient { inspection: &inspection, environment, trials };
    let ended = signals::ended()?;
    let (lines, printed) = printer()?;
    let examined = async {
        let mut checks = Vec::new();
        examine(&patient, |check| {
            if !json {
                // If nobody reads the output any more, the checks go on, so that they clean up their trial files.
                let _ = lines.send(text(&check));
            }
            checks.push(check);
        })
        .await;
        let counts = Counts::of(&checks);
        let last = if *json { document(&inspection, counts, &checks) } else { counts.summary() };
        let _ = lines.send(last);
        drop(lines);
        let printed = printed.await.unwrap_or(Ok(()));
        printed.map(|()| if counts.fail == 0 { Exit::Done } else { Exit::Failed })
    };
    // Dropping an unfinished check kills its child processes and deletes its files.
    tokio::select! {
        exit = examined => exit,
        () = ended => Ok(Exit::Interrupted),
    }
}

/// Receives the result of printing once all texts are printed.
type Printed = oneshot::Receiver<Result<(), Failure>>;

/// Prints texts on a separate thread, so that a reader who doesn't read can't keep signals from being handled. The
/// result is available once all texts are printed.
fn printer() -> Result<(Sender<String>, Printed), Failure> {
    let (sender, texts) = channel::<String>();
    let (done, printed) = oneshot::channel();
    let print = move || {
        // After a signal nobody waits for the result any more.
        let _ = done.send(texts.iter().try_for_each(|text| out(text.as_bytes()).map(drop)));
    };
    let thread = std::thread::Builder::new().name("stdout".to_owned()).spawn(print);
    let failed = |error| Failure::new(Exit::Failed, format!("failed to start a thread: {error}"));
    thread.map(|_| (sender, printed)).map_err(failed)
}

/// Returns all checks as a JSON document.
fn document(inspection: &Inspection, counts: Counts, checks: &[Check]) -> String {
    let document = Document {
        version: env!("CARGO_PKG_VERSION"),
        works: counts.fail == 0,
        counts,
        checks,
        config: ConfigDocument {
            file: inspection.file.as_deref().map(path_document),
            settings: settings_document(&effective(&inspection.reading)),
        },
    };
    serde_json::to_string(&document).unwrap_or_default()
}

#[derive(Debug, Serialize)]
struct Document<'a> {
    version: &'static str,
    works: bool,
    counts: Counts,
    checks: &'a [Check],
    config: ConfigDocument,
}

#[derive(Debug, Serialize)]
struct ConfigDocument {
    file: Option<PathDocument>,
    settings: Map<String, Value>,
}

/// How many checks had each level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
struct Counts {
    ok: usize,
    warn: usize,
    fail: usize,
}

impl Counts {
    fn of(checks: &[Check]) -> Self {
        let count = |level| checks.iter().filter(|check| check.level == level).count();
        Self { ok: count(Level::Ok), warn: count(Level::Warn), fail: count(Level::Fail) }
    }

    /// Returns the summary line.
    fn summary(self) -> String {
        let Self { ok, warn, fail } = self;
        let all = ok + warn + fail;
        match (fail, warn) {
            (0, 0) => format!("all is well ({all} checks)"),
            (0, _) => format!("av1d can work; {warn} of {all} checks may be worth a look"),
            _ => format!("av1d can't work, or not everywhere: {fail} of {all} checks failed"),
        }
    }
}

/// Returns the line of a check, and its hint as a second line.
fn text(check: &Check) -> String {
    let Check { code, level, text, hint, about: _, took_ms: _ } = check;
    let word = match level {
        Level::Ok => style("ok  ").green(),
        Level::Warn => style("warn").yellow(),
        Level::Fail => style("FAIL").red().bold(),
    };
    let code: &str = (*code).into();
    let line = format!("{word}  {code:<12}  {}", sanitize(text));
    hint.as_ref().map_or_else(|| line.clone(), |hint| format!("{line}\n{:20}hint: {}", "", sanitize(hint)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_says_whether_av1d_can_work() {
        for (ok, warn, fail, words) in [
            (14, 0, 0, "all is well (14 checks)"),
            (13, 1, 0, "av1d can work; 1 of 14 checks may be worth a look"),
            (12, 1, 2, "av1d can't work, or not everywhere: 2 of 15 checks failed"),
        ] {
            assert_eq!(Counts { ok, warn, fail }.summary(), words);
        }
    }
}
