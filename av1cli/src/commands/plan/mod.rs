//! `av1cli plan`: shows what would be done and why, without changing anything.

mod difference;
mod document;
mod film;
mod library;
mod sampling;

use std::ffi::OsString;

use av1exec::ffmpeg::tools::Tools;
use av1exec::pipeline::open::find_tools;
use av1exec::settings::{self, Environment, Settings, SettingsError};

use av1plan::Config;

use crate::args::PlanArgs;
use crate::output::console::complain;
use crate::setup::signals;
use av1exec::sys::failure::{Exit, Failure};

/// Plans films and folders. A film that can't be planned doesn't stop the others.
pub(crate) async fn run(
    args: PlanArgs,
    mut settings: Settings,
    environment: &Environment,
) -> Result<Exit, Failure> {
    settings.policy.ignore.extend(&args.ignore);
    settings.policy.predict |= args.sample.is_some();
    if let Some(document) = &args.probe_json {
        return document::plan_document(document, &args, &settings);
    }
    let other = match &args.diff {
        Some(file) => {
            let mut other = settings::load(Some(file), environment).map_err(of_the_other)?.settings.policy;
            other.ignore.extend(&args.ignore);
            Some(other)
        }
        None => None,
    };
    let tools = find_tools(&settings, environment.path.as_deref()).await?;
    let program =
        settings.ffmpeg.as_ref().map_or(OsString::from("ffmpeg"), |path| path.clone().into_os_string());
    let plan_all = plan_all(&args, &settings, other.as_ref(), &tools, &program);
    if args.sample.is_none() {
        return plan_all.await;
    }
    // Dropping an unfinished sample kills ffmpeg and removes its file.
    let ended = signals::ended()?;
    tokio::select! {
        exit = plan_all => exit,
        () = ended => Ok(Exit::Interrupted),
    }
}

async fn plan_all(
    args: &PlanArgs,
    settings: &Settings,
    other: Option<&Config>,
    tools: &Tools,
    program: &OsString,
) -> Result<Exit, Failure> {
    let mut worst = Exit::Done;
    for file in &args.files {
        let planned = match other {
            Some(other) => difference::show(file, args, tools, settings, other).await,
            None if file.is_dir() => library::show(file, args, tools, settings).await,
            None => film::show(file, args, tools, settings, program).await,
        };
        match planned {
            Ok(Shown::All(exit)) => worst = worst.max(exit),
            Ok(Shown::Enough) => break,
            Err(failure) => {
                complain(&failure);
                worst = worst.max(failure.exit);
            }
        }
    }
    Ok(worst)
}

/// Returns the failure for a problem in the config of `--diff`.
fn of_the_other(error: SettingsError) -> Failure {
    match error {
        SettingsError::NotFound { path, .. } => {
            let missing = format!("{}: no such config file, though --diff names it", path.display());
            Failure::new(Exit::Usage, missing).hint("correct the path")
        }
        error => error.into(),
    }
}

/// Whether standard output is still being read.
pub(crate) enum Shown {
    /// Everything was printed; the exit code says how planning went.
    All(Exit),
    /// The reader has closed the pipe, so that nothing more is printed.
    Enough,
}
