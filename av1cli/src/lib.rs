//! The command line of av1d: parses arguments, loads the config, prints, and chooses exit codes. Decisions are made by
//! [`av1plan`] and carried out by [`av1exec`].

mod args;
mod commands;
mod output;
pub mod setup;

use std::ffi::OsString;
use std::process::ExitCode;

use av1exec::settings::Environment;
use clap::Parser;

use args::{Cli, Command};
pub use av1exec::sys::failure::Exit;
use av1exec::sys::failure::Failure;
use commands::{config, control, doctor, encode, plan, recover, share, undo, verify, watch, why};
use output::{color, console, sink};
use setup::END_TIMEOUT;
use setup::service::Service;

/// Runs the program. `args` begins with the program's name; `variable` looks up environment variables.
pub fn run(
    args: impl IntoIterator<Item = OsString>,
    variable: impl Fn(&str) -> Option<OsString>,
) -> ExitCode {
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(said) => return say(&said).into(),
    };
    color::settle(cli.color, &variable);
    let environment = Environment::from_vars(&variable);
    let service = Service::from_vars(&variable);
    // A single thread runs the async code; everything that waits for disks and programs runs on other threads.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let result = match runtime {
        Ok(runtime) => {
            let result = runtime.block_on(dispatch(cli, &environment, &service));
            // Threads with trial files get a moment to delete them; a walk that hangs on an unreachable share must not
            // keep the program from ending.
            runtime.shutdown_timeout(END_TIMEOUT);
            result
        }
        Err(error) => Err(Failure::new(Exit::Failed, format!("failed to start the runtime: {error}"))),
    };
    let exit = result.unwrap_or_else(|failure| {
        console::complain(&failure);
        failure.exit
    });
    sink::end_all(|name, lines| {
        console::warn(&format!("{lines} line(s) for {name} were not read and are lost"));
    });
    exit.into()
}

/// Prints clap's message: help and version, or an error in the arguments.
fn say(said: &clap::Error) -> Exit {
    match said.print() {
        _ if said.use_stderr() => Exit::Usage,
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            console::complain(&console::unwritten(&error));
            Exit::Failed
        }
        // If the reader has closed the pipe, it has seen enough.
        Ok(()) | Err(_) => Exit::Done,
    }
}

async fn dispatch(cli: Cli, environment: &Environment, service: &Service) -> Result<Exit, Failure> {
    let Cli { config, color: _, command } = cli;
    let file = config.as_deref();
    // The config is loaded only by the commands that need it: some have nothing to do with it, and others must work
    // with an invalid one.
    let loaded = || Ok::<_, Failure>(av1exec::settings::load(file, environment)?);
    let settings = || Ok::<_, Failure>(loaded()?.settings);
    match command {
        Command::Plan(args) => plan::run(args, settings()?, environment).await,
        Command::Encode(args) => encode::encode(args, settings()?, environment).await,
        Command::Recover(args) => recover::run(&args, &settings()?),
        Command::Why(args) => why::run(&args, &settings()?, environment).await,
        Command::Undo(args) => undo::run(&args, &settings()?),
        Command::Verify(args) => verify::run(&args, &settings()?, environment).await,
        Command::Watch(args) => watch::watch(&args, config.clone(), loaded()?, environment, service).await,
        Command::Control(command) => control::run(command, &settings()?),
        Command::Doctor(args) => doctor::run(&args, file, environment).await,
        Command::Config(command) => config::run(&command, file, environment),
        Command::Completions { shell } => share::completions(shell),
        Command::Share { folder } => share::write(&folder),
    }
}
