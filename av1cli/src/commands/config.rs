//! `av1cli config`: creates, shows, checks and finds the config file, even if the file is invalid.

use std::io::IsTerminal;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use av1exec::settings::init::{self, target, write_new};
use av1exec::settings::{
    Effective, Environment, Inspection, Origin, Place, Problem, SettingsError, Source, Warning, effective,
    inspect, warnings,
};
use av1exec::sys::failure::{Exit, Failure};
use av1exec::sys::path::path_document;
use av1exec::sys::sanitize::{display, sanitize};
use av1plan::wire::PathDocument;
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::args::{CheckArgs, ConfigCommand, InitArgs, ShowArgs};
use crate::output::console::{note, out};

/// Runs one of the `config` commands; `explicit` is the value of `--config`.
pub(crate) fn run(
    command: &ConfigCommand,
    explicit: Option<&Path>,
    environment: &Environment,
) -> Result<Exit, Failure> {
    match command {
        ConfigCommand::Init(args) => init(args, explicit, environment),
        ConfigCommand::Show(args) => show(args, inspect(explicit, environment)),
        ConfigCommand::Check(CheckArgs { file, json }) => {
            let inspection = inspect(file.as_deref().or(explicit), environment);
            check(inspection, *json, file.as_deref())
        }
        ConfigCommand::Path(args) => path(args, inspect(explicit, environment)),
    }
}

fn init(args: &InitArgs, explicit: Option<&Path>, environment: &Environment) -> Result<Exit, Failure> {
    let InitArgs { path, stdout } = args;
    let text = init::text(environment);
    if *stdout || path.as_deref() == Some(Path::new("-")) {
        out(text.trim_end().as_bytes())?;
        return Ok(Exit::Done);
    }
    let Some(path) = target(path.as_deref().or(explicit), environment) else {
        return Err(Failure::new(Exit::Failed, "there is no home to write a config to")
            .hint("set $HOME, or name a place with --path"));
    };
    write_new(&path, &text)
        .map_err(|error| Failure::new(Exit::Failed, error.to_string()).hint(error.hint()))?;
    out(format!("wrote {}", display(&path)).as_bytes())?;
    match inspect(explicit, environment).file {
        Some(read) if read == path => {
            note("next: name your folders in it (`library_roots`), then see what `av1cli doctor` says");
        }
        Some(other) => note(&format!("but {} comes before it and is the one that is read", other.display())),
        None => note("av1d doesn't look there by itself: name it with --config or $AV1D_CONFIG"),
    }
    Ok(Exit::Done)
}

fn show(args: &ShowArgs, inspection: Inspection) -> Result<Exit, Failure> {
    let Inspection { places: _, file, reading, error } = inspection;
    let entries = effective(&reading);
    let text = if args.json {
        document(&ShowDocument {
            file: file.as_deref().map(path_document),
            settings: settings_document(&entries),
            problems: error.as_ref().map_or(&[], SettingsError::problems),
        })
    } else {
        let file = file.as_deref().map(display).unwrap_or_default();
        entries.iter().map(|entry| shown(entry, &file)).collect::<Vec<_>>().join("\n")
    };
    out(text.as_bytes())?;
    error.map_or(Ok(Exit::Done), |error| Err(error.into()))
}

/// Returns a line of a config, with the source of the value as a comment.
fn shown(entry: &Effective, file: &str) -> String {
    let Effective { key, value, source } = entry;
    let line =
        value.as_ref().map_or_else(|| format!("# {key} is not set"), |value| format!("{key} = {value}"));
    let source = match source {
        Source::Default => "default".to_owned(),
        Source::File { line } => format!("{file}:{line}"),
        Source::Refused { line } => format!("default, since {file}:{line} is wrong"),
    };
    sanitize(&format!("{line:<42} # {source}")).into_owned()
}

/// Returns the values by their keys, as JSON.
pub(crate) fn settings_document(entries: &[Effective]) -> Map<String, Value> {
    let entry = |entry: &Effective| {
        let (source, line) = match entry.source {
            Source::Default => ("default", None),
            Source::File { line } => ("file", Some(line)),
            Source::Refused { line } => ("refused", Some(line)),
        };
        (entry.key.to_owned(), json!({ "value": entry.json(), "source": source, "line": line }))
    };
    entries.iter().map(entry).collect()
}

#[derive(Debug, Serialize)]
struct ShowDocument<'a> {
    /// The file that is used; null for the built-in defaults.
    file: Option<PathDocument>,
    settings: Map<String, Value>,
    problems: &'a [Problem],
}

#[derive(Debug, Serialize)]
struct CheckDocument<'a> {
    file: Option<PathDocument>,
    ok: bool,
    /// The problems in the file.
    problems: &'a [Problem],
    /// What is allowed but can't work.
    warnings: &'a [Warning],
    /// Why the file can't be read at all.
    error: Option<String>,
}

fn check(inspection: Inspection, json: bool, named: Option<&Path>) -> Result<Exit, Failure> {
    let Inspection { places: _, file, reading, error } = inspection;
    let problems = error.as_ref().map_or(&[][..], SettingsError::problems);
    let missing = match (&error, named) {
        (Some(SettingsError::NotFound { .. }), Some(named)) => {
            Some(format!("{}: no such file", named.display()))
        }
        _ => None,
    };
    let warnings = warnings(&reading);
    if json {
        let warnings = &warnings;
        let unreadable = error.as_ref().filter(|_| problems.is_empty()).map(ToString::to_string);
        let (file, unreadable) = (file.as_deref().map(path_document), missing.clone().or(unreadable));
        out(document(&CheckDocument { file, ok: error.is_none(), problems, warnings, error: unreadable })
            .as_bytes())?;
    }
    match (missing, error) {
        (Some(missing), _) => Err(Failure::new(Exit::Usage, missing)
            .hint("correct the path; `av1cli config path` says which file is used")),
        (None, Some(error)) => Err(error.into()),
        (None, None) => {
            if !json {
                for warning in &warnings {
                    note(&warned(warning, file.as_deref()));
                }
                out(well(file.as_deref(), &effective(&reading)).as_bytes())?;
            }
            Ok(Exit::Done)
        }
    }
}

fn warned(warning: &Warning, file: Option<&Path>) -> String {
    let Warning { key: _, line, text, hint } = warning;
    let line = line.map_or_else(String::new, |line| format!(":{line}"));
    let place = file.map_or_else(String::new, |file| format!("{}{line}: ", display(file)));
    sanitize(&format!("warning: {place}{text}\nhint: {hint}")).into_owned()
}

fn well(file: Option<&Path>, entries: &[Effective]) -> String {
    let set = entries.iter().filter(|entry| entry.source != Source::Default).count();
    file.map_or_else(
        || "ok: there is no config file, and all keys have their defaults".to_owned(),
        |file| {
            format!("ok: {} sets {set} of {} keys, and nothing in it is wrong", display(file), entries.len())
        },
    )
}

fn path(args: &ShowArgs, inspection: Inspection) -> Result<Exit, Failure> {
    let Inspection { places, file, reading: _, error } = inspection;
    // Only the first place with this path is marked: two places may name the same file.
    let used = places.iter().position(|place| Some(&place.path) == file.as_ref());
    let states: Vec<State> =
        places.iter().enumerate().map(|(at, place)| State::of(place, Some(at) == used)).collect();
    if args.json {
        let places = places.iter().zip(&states).map(|(Place { path, origin }, state)| {
            let origin: &str = (*origin).into();
            json!({ "file": path_document(path), "origin": origin, "exists": state.exists, "used": state.used })
        });
        let places: Vec<Value> = places.collect();
        let file = file.as_deref().map(path_document);
        out(json!({ "file": file, "places": places }).to_string().as_bytes())?;
    } else {
        if let Some(file) = &file {
            // A script gets the path byte for byte; a terminal gets it with control characters escaped.
            let shown = display(file).into_bytes();
            let bytes = if std::io::stdout().is_terminal() { &shown } else { file.as_os_str().as_bytes() };
            out(bytes)?;
        }
        for (place, state) in places.iter().zip(&states) {
            note(&format!("{:<14} {:<18} {}", origin(place.origin), state.word(), place.path.display()));
        }
        if file.is_none() {
            note(
                "no config file is there, and all keys have their defaults: `av1cli config init` writes one",
            );
        }
    }
    match error {
        Some(error @ SettingsError::NotFound { .. }) => Err(error.into()),
        _ => Ok(Exit::Done),
    }
}

/// Whether a place contains a file, and whether that file is the config.
#[derive(Debug, Clone, Copy)]
struct State {
    exists: bool,
    used: bool,
}

impl State {
    fn of(place: &Place, used: bool) -> Self {
        Self { exists: place.is_taken(), used }
    }

    fn word(self) -> &'static str {
        match (self.exists, self.used) {
            (true, true) => "used",
            (true, false) => "there, not used",
            (false, _) => "not there",
        }
    }
}

fn origin(origin: Origin) -> &'static str {
    match origin {
        Origin::Caller => "--config",
        Origin::Variable => "$AV1D_CONFIG",
        Origin::User => "the user's",
        Origin::System => "the machine's",
    }
}

fn document(document: &impl Serialize) -> String {
    serde_json::to_string(document).unwrap_or_default()
}
