//! The dashboard of av1d: what the machine does, what was saved, what went wrong.
//!
//! Model, update, view. The sources send [`Msg`]s, [`update()`] takes them into the [`Model`] and says what is to be done as
//! [`Effect`]s, [`view`](view::view) draws the model. The last two touch nothing but their arguments. What a person wants done is
//! asked of the daemon.

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

/// Runs the program: `args` with the program's name first, `variable` to look up the environment.
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
                // A reader that went away has seen enough of the help.
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
    // Where that fails there is nobody to tell.
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
        // Nobody is left who could be told; the signal that says the same may be on its way still.
        Err(error) if terminal::is_gone(&error) => Ok(Exit::Interrupted),
        attended => attended.map_err(failed),
    }
}

/// What the config says, for a person.
fn place(cli: &Cli, loaded: &Loaded) -> Place {
    let start = match &cli.config {
        Some(path) => format!("av1cli --config {} watch", sanitize::display(path)),
        None => "av1cli watch".to_owned(),
    };
    Place { state: sanitize::display(&loaded.settings.job_state_dir), start }
}

/// Takes in messages, does what they lead to, and draws where something that is shown has changed: until the end.
fn attend(
    model: &mut Model,
    screen: &mut Screen,
    sources: &Sources,
    messages: &Receiver<Msg>,
) -> std::io::Result<Exit> {
    screen.draw(model)?;
    while let Ok(first) = messages.recv() {
        let mut draw = false;
        // What has come meanwhile is drawn at once: a held key doesn't lag behind.
        for msg in std::iter::once(first).chain(messages.try_iter().take(1000)) {
            for effect in update(model, msg) {
                match effect {
                    Effect::Draw => draw = true,
                    Effect::Quit(exit) => return Ok(exit),
                    Effect::Refresh => sources.refresh(),
                    Effect::Load(id) => sources.load(id),
                    Effect::Carry(wish) => sources.carry(wish),
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
