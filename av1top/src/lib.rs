//! The dashboard of av1d: shows what the machine does, what was saved, and what went wrong.
//!
//! It is structured as model, update and view. The sources send [`Msg`]s; [`update()`] applies them to the [`Model`]
//! and returns [`Effect`]s to be carried out; [`view`](view::view) draws the model. The last two have no side effects
//! other than on their arguments. Requests of the user are sent to the daemon.

mod args;
mod command;
pub mod job;
pub mod keys;
pub mod live;
pub mod message;
pub mod model;
pub mod overview;
mod share;
mod source;
pub mod table;
mod terminal;
pub mod text;
mod update;
pub mod view;

#[cfg(test)]
mod tests;

use std::ffi::OsString;
use std::io::{ErrorKind, Write as _};
use std::process::ExitCode;
use std::sync::mpsc::Receiver;

use av1exec::settings::{Environment, Loaded};
use av1exec::sys::sanitize;
use clap::Parser;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use args::Cli;
pub use av1exec::sys::failure::Exit;
use av1exec::sys::failure::Failure;
pub use message::{Effect, Msg};
pub use model::Model;
use model::{Looks, Place};
use source::Sources;
use terminal::Screen;
pub use update::update;

/// Runs the program. `args` begins with the program's name; `variable` looks up environment variables.
pub fn run(
    args: impl IntoIterator<Item = OsString>,
    variable: impl Fn(&str) -> Option<OsString>,
) -> ExitCode {
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(error) => {
            let printed = error.print();
            return match printed {
                _ if error.use_stderr() => Exit::Usage.into(),
                // If the reader has closed the pipe, it has seen enough of the help.
                Err(unwritten) if unwritten.kind() != ErrorKind::BrokenPipe => {
                    let failure = Failure::new(Exit::Failed, "failed to write to standard output");
                    complain(&failure.cause(&unwritten));
                    Exit::Failed.into()
                }
                Ok(()) | Err(_) => Exit::Done.into(),
            };
        }
    };
    let looks = args::looks(&variable);
    let result = match &cli.share {
        Some(folder) => share::write(folder),
        None => start(&cli, looks, &Environment::from_vars(variable)),
    };
    match result {
        Ok(exit) => exit.into(),
        Err(failure) => {
            complain(&failure);
            failure.exit.into()
        }
    }
}

fn complain(failure: &Failure) {
    let mut stderr = std::io::stderr().lock();
    // A failure to write is ignored, because there is nowhere to report it.
    failure.lines().iter().for_each(|line| drop(writeln!(stderr, "{line}")));
}

fn start(cli: &Cli, looks: Looks, environment: &Environment) -> Result<Exit, Failure> {
    let loaded = av1exec::settings::load(cli.config.as_deref(), environment)?;
    let place = place(cli, &loaded);
    let mut screen = Screen::open().map_err(|error| {
        Failure::new(Exit::Usage, "failed to take the terminal over")
            .cause(&error)
            .hint("run it in a terminal; `av1cli watch` prints plain lines")
    })?;
    let failed = |error: std::io::Error| Failure::new(Exit::Failed, "failed to go on").cause(&error);
    let size = screen.size().map_err(failed)?;
    let mut model = Model::new(looks, place, TimeZone::system(), Timestamp::now(), size);
    let (sources, messages) = Sources::start(&loaded.settings).map_err(failed)?;
    match attend(&mut model, &mut screen, &sources, &messages) {
        // The terminal is closed, so the error can't be shown; a SIGHUP for the same reason may still arrive.
        Err(error) if terminal::is_gone(&error) => Ok(Exit::Interrupted),
        attended => attended.map_err(failed),
    }
}

/// Returns what the config says, as text.
fn place(cli: &Cli, loaded: &Loaded) -> Place {
    let start = match &cli.config {
        Some(path) => format!("av1cli --config {} watch", sanitize::display(path)),
        None => "av1cli watch".to_owned(),
    };
    Place { state: sanitize::display(&loaded.settings.job_state_dir), start }
}

/// Processes messages until the program ends: carries out their effects, and draws if anything visible has changed.
fn attend(
    model: &mut Model,
    screen: &mut Screen,
    sources: &Sources,
    messages: &Receiver<Msg>,
) -> std::io::Result<Exit> {
    screen.draw(model)?;
    while let Ok(first) = messages.recv() {
        let mut draw = false;
        // All messages that have arrived are processed before a single draw, so that a held key doesn't lag behind.
        for msg in std::iter::once(first).chain(messages.try_iter().take(1000)) {
            for effect in update(model, msg) {
                match effect {
                    Effect::Draw => draw = true,
                    Effect::Quit(exit) => return Ok(exit),
                    Effect::Refresh => sources.refresh(),
                    Effect::Load(id) => sources.load(id),
                    Effect::Carry(command) => sources.carry(command),
                    Effect::Copy(line) => {
                        Screen::copy(&line)?;
                        let notice = format!("copied: {}", text::cut(&line, 60));
                        update(model, Msg::Notice(notice));
                        draw = true;
                    }
                }
            }
        }
        if draw {
            screen.draw(model)?;
        }
    }
    Ok(Exit::Failed)
}
