//! `av1cli status`, `pause`, `resume`, `cancel`, `retry`, `skip`, `unskip` and `scan`. They ask the daemon if one is
//! running; what needs no daemon is otherwise done here.

mod report;
mod status;

use std::path::Path;

use av1exec::library::exclusion::Foreign;
use av1exec::serve::control::client::{Client, ClientError};
use av1exec::serve::control::offline;
use av1exec::serve::control::protocol::{Refusal, Reply, Request};
use av1exec::settings::Settings;
use av1exec::sys::failure::{Exit, Failure};
use av1exec::sys::sanitize::{display, sanitize};

use crate::args::{AskArgs, CancelArgs, ControlCommand, PathsArgs, UnskipArgs};
use crate::commands::films::real;
use crate::output::console::{complain, out};

/// Runs one of these commands.
pub(crate) fn run(command: ControlCommand, settings: &Settings) -> Result<Exit, Failure> {
    match command {
        ControlCommand::Status(args) => status::run(&args, settings),
        ControlCommand::Pause(AskArgs { json }) => ask(&Request::Pause, Form::of(json), settings),
        ControlCommand::Resume(AskArgs { json }) => ask(&Request::Resume, Form::of(json), settings),
        ControlCommand::Scan(AskArgs { json }) => ask(&Request::Scan, Form::of(json), settings),
        ControlCommand::Cancel(CancelArgs { job, json }) => {
            ask(&Request::Cancel { job }, Form::of(json), settings)
        }
        ControlCommand::Retry(args) => each(&args, Request::retry, settings),
        ControlCommand::Skip(args) => each(&args, Request::skip, settings),
        ControlCommand::Unskip(UnskipArgs { paths, force }) => {
            let foreign = if force { Foreign::Remove } else { Foreign::Keep };
            each(&paths, |path| Request::unskip(path, foreign), settings)
        }
    }
}

/// The format in which replies are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Words,
    Json,
}

impl Form {
    fn of(json: bool) -> Self {
        if json { Self::Json } else { Self::Words }
    }
}

/// Connects to the daemon of the configured state folder, or returns `None` if no daemon is running.
fn connect(settings: &Settings) -> Result<Option<Client>, Failure> {
    Client::connect(&settings.job_state_dir).map_err(|error| failure(&error))
}

fn failure(error: &ClientError) -> Failure {
    Failure::new(Exit::Failed, error.to_string()).hint(error.hint())
}

/// Sends a request to the daemon; it is an error if none is running.
fn ask(request: &Request, form: Form, settings: &Settings) -> Result<Exit, Failure> {
    let Some(mut daemon) = connect(settings)? else {
        let folder = display(&settings.job_state_dir);
        return Err(Failure::new(Exit::Failed, format!("no daemon runs here (nobody listens in {folder})"))
            .hint("start one with `av1cli watch`, or name its config by --config"));
    };
    let reply = daemon.ask(request).map_err(|error| failure(&error))?;
    print(&reply, None, form)
}

/// Handles each path, through the daemon if one is running. A refusal doesn't stop the other paths.
fn each(args: &PathsArgs, request: impl Fn(&Path) -> Request, settings: &Settings) -> Result<Exit, Failure> {
    let mut daemon = connect(settings)?;
    let mut worst = Exit::Done;
    for path in &args.paths {
        let path = real(path)?;
        let request = request(&path);
        let reply = match &mut daemon {
            Some(daemon) => daemon.ask(&request).map_err(|error| failure(&error))?,
            None => offline::answer(&request, settings)?,
        };
        worst = worst.max(print(&reply, Some(&path), Form::of(args.json))?);
    }
    Ok(worst)
}

fn print(reply: &Reply, path: Option<&Path>, form: Form) -> Result<Exit, Failure> {
    if form == Form::Json {
        let mut document = serde_json::to_value(reply).unwrap_or_default();
        if let (Some(fields), Some(path)) = (document.as_object_mut(), path) {
            let path = serde_json::to_value(av1exec::sys::path::path_document(path)).unwrap_or_default();
            fields.extend(path.as_object().cloned().unwrap_or_default());
        }
        out(document.to_string().as_bytes())?;
    }
    match reply {
        Reply::Refused(Refusal { code: _, error, hint }) => {
            let failure = Failure::new(Exit::Failed, error.clone());
            complain(&hint.iter().fold(failure, |failure, hint| failure.hint(hint.clone())));
            return Ok(Exit::Failed);
        }
        Reply::Done { message } if form == Form::Words => {
            out(sanitize(message).as_bytes())?;
        }
        Reply::Done { .. } | Reply::Status(_) => {}
    }
    Ok(Exit::Done)
}
