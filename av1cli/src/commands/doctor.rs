//! `av1cli doctor`: all that av1d needs, a line a check.

use std::io;
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
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::oneshot;

use crate::args::DoctorArgs;
use crate::commands::config::settings_document;
use crate::output::console::out;

/// Makes all checks and prints them as they come, or all as one document.
pub(crate) async fn run(
    args: &DoctorArgs,
    explicit: Option<&Path>,
    environment: &Environment,
) -> Result<Exit, Failure> {
    let DoctorArgs { json, no_encode } = args;
    let inspection = inspect(explicit, environment);
    let trials = if *no_encode { Trials::Leave } else { Trials::Run };
    let patient = Patient { inspection: &inspection, environment, trials };
    let failed = |error| Failure::new(Exit::Failed, format!("failed to listen for signals: {error}"));
    let [mut interrupt, mut terminate, mut hang_up] = signals().map_err(failed)?;
    let (lines, printed) = printer()?;
    let examined = async {
        let mut checks = Vec::new();
        examine(&patient, |check| {
            if !json {
                // That nobody reads any more is no reason to leave a file of a trial behind.
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
    // What is dropped half-way ends its children and takes its files away.
    tokio::select! {
        exit = examined => exit,
        _ = interrupt.recv() => Ok(Exit::Interrupted),
        _ = terminate.recv() => Ok(Exit::Interrupted),
        _ = hang_up.recv() => Ok(Exit::Interrupted),
    }
}

/// How printing went, once it is over.
type Printed = oneshot::Receiver<Result<(), Failure>>;

/// Prints texts on a thread of its own: a reader who doesn't read must not keep signals from being heard. How that went is
/// known once all are printed.
fn printer() -> Result<(Sender<String>, Printed), Failure> {
    let (sender, texts) = channel::<String>();
    let (done, printed) = oneshot::channel();
    let print = move || {
        // Nobody asks once a signal came.
        let _ = done.send(texts.iter().try_for_each(|text| out(text.as_bytes()).map(drop)));
    };
    let thread = std::thread::Builder::new().name("stdout".to_owned()).spawn(print);
    let failed = |error| Failure::new(Exit::Failed, format!("failed to start a thread: {error}"));
    thread.map(|_| (sender, printed)).map_err(failed)
}

/// All of it, for programs.
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

/// All that a person or a terminal that is closed ends a program with.
fn signals() -> io::Result<[Signal; 3]> {
    let [interrupt, terminate, hang_up] =
        [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()].map(signal);
    Ok([interrupt?, terminate?, hang_up?])
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

/// How many checks came to what.
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

    /// The last line.
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

/// The line of a check, and the one below it that says what to do.
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
