//! `av1cli status`: shows the daemon's status if one is running, and otherwise what the job files say.

use std::path::Path;
use std::sync::mpsc;
use std::time::Duration;

use av1exec::pipeline::open;
use av1exec::serve::control::protocol::{Reply, Request};
use av1exec::serve::status::Status;
use av1exec::settings::Settings;
use av1exec::state::history::{FailedJob, History, Unfinished};
use av1exec::state::totals::Totals;
use av1exec::sys::failure::{Exit, Failure};
use av1exec::sys::sanitize::display;
use jiff::Timestamp;
use serde::Serialize;

use super::{connect, failure, report};
use crate::args::StatusArgs;
use crate::output::color::{Stream, paint};
use crate::output::console::{Reader, complain, note, out};

/// The content of the status; `--json` prints it.
#[derive(Debug, Serialize)]
pub(super) struct Shown {
    /// The daemon's status; null if none is running.
    pub(super) daemon: Option<Status>,
    pub(super) totals: Totals,
    /// Unfinished jobs. Filled only if no daemon is running, because the daemon's status contains its jobs.
    pub(super) unfinished: Vec<Unfinished>,
    /// Recent failures, the latest first.
    pub(super) failures: Vec<FailedJob>,
}

/// How long to wait for the job files. Reading them takes seconds if the disk has to spin up.
const HISTORY_TIMEOUT: Duration = Duration::from_secs(5);

/// The interval of `--watch`.
const PERIOD: Duration = Duration::from_secs(1);

pub(super) fn run(args: &StatusArgs, settings: &Settings) -> Result<Exit, Failure> {
    let terminal = console::Term::stdout();
    if !args.watch {
        out(text(args, settings)?.as_bytes())?;
        return Ok(Exit::Done);
    }
    loop {
        let text = text(args, settings);
        if !args.json && terminal.is_term() {
            // If clearing fails, the new text is printed below the old one.
            drop(terminal.clear_screen());
        }
        match text {
            Ok(text) if out(text.as_bytes())? == Reader::Left => return Ok(Exit::Done),
            Ok(_) => {}
            // An error doesn't end `--watch`: the daemon may just be starting or ending.
            Err(failure) => complain(&failure),
        }
        std::thread::sleep(PERIOD);
    }
}

fn text(args: &StatusArgs, settings: &Settings) -> Result<String, Failure> {
    let shown = look(settings)?;
    if !args.json {
        let text = report::text(&shown, &settings.job_state_dir, Timestamp::now());
        return Ok(text.lines().map(|line| paint(line, Stream::Out)).collect::<Vec<_>>().join("\n"));
    }
    serde_json::to_string(&shown)
        .map_err(|error| Failure::new(Exit::Failed, format!("failed to write JSON: {error}")))
}

/// Returns the recent failures. They are read on a separate thread, so that a hanging state folder doesn't keep the
/// daemon's status from being shown.
fn failed_lately(state: &Path) -> Result<Vec<FailedJob>, Failure> {
    let (sender, read) = mpsc::channel();
    let folder = state.to_owned();
    std::thread::spawn(move || drop(sender.send(History::read(&folder))));
    if let Ok(history) = read.recv_timeout(HISTORY_TIMEOUT) {
        return history.map(|history| history.failures).map_err(|error| open::unreadable(&error));
    }
    let folder = display(state);
    note(&format!("warning: what failed lately isn't known, since {folder} doesn't answer"));
    Ok(Vec::new())
}

fn look(settings: &Settings) -> Result<Shown, Failure> {
    let state = &settings.job_state_dir;
    if let Some(mut daemon) = connect(settings)? {
        return match daemon.ask(&Request::Status).map_err(|error| failure(&error))? {
            Reply::Status(status) => {
                let failures = failed_lately(state)?;
                let totals = status.totals.clone();
                Ok(Shown { daemon: Some(*status), totals, unfinished: Vec::new(), failures })
            }
            Reply::Refused(refusal) => Err(Failure::new(Exit::Failed, refusal.error)),
            Reply::Done { .. } => Err(Failure::new(Exit::Failed, "the daemon didn't tell its status")),
        };
    }
    let History { totals, unfinished, failures } =
        History::read(state).map_err(|error| open::unreadable(&error))?;
    Ok(Shown { daemon: None, totals, unfinished, failures })
}
