//! `av1cli verify`: checks a result again.

use std::path::{Path, PathBuf};

use av1exec::inspect::verify::{Extent, Request, Stage, Summary, Verification, verify};
use av1exec::pipeline::open::find_tools;
use av1exec::settings::{Environment, Settings};
use av1exec::state::jobs::JobStore;
use av1exec::state::outcome::Bytes;
use av1exec::sys::failure::{Exit, Failure};
use av1exec::sys::sanitize::{display, sanitize};
use av1plan::explain::Seconds;

use crate::args::VerifyArgs;
use crate::commands::films::{names_of, real};
use crate::output::bar::Bar;
use crate::output::console::out;

/// Verifies one result and prints the findings.
pub(crate) async fn run(
    args: &VerifyArgs,
    settings: &Settings,
    environment: &Environment,
) -> Result<Exit, Failure> {
    let tools = find_tools(settings, environment.path.as_deref()).await?;
    let jobs = JobStore::read_only(&settings.job_state_dir);
    let film = real(&args.file)?;
    let names = names_of(&args.file)?;
    let original: Option<PathBuf> = args.against.as_deref().map(real).transpose()?;
    let request = Request {
        tools: &tools,
        jobs: &jobs,
        policy: &settings.policy,
        film: &film,
        names: &names,
        original: original.as_deref(),
        metric: args.metric,
        extent: if args.sample { Extent::Windows } else { Extent::Whole },
        stall: settings.stall,
    };
    let bar = Bar::new();
    let verification = verify(&request, |stage| show(&bar, stage)).await;
    bar.clear();
    let verification = verification?;
    let text = if args.json {
        serde_json::to_string(&verification).unwrap_or_default()
    } else {
        text(&verification, &film)
    };
    out(text.as_bytes())?;
    Ok(if verification.good { Exit::Done } else { Exit::Failed })
}

fn show(bar: &Bar, stage: Stage) {
    let (message, done, of) = match stage {
        Stage::Hashing => ("reading its bytes", 0, None),
        Stage::Reading => ("reading its packets", 0, None),
        Stage::Decoding { done, of } => ("decoding it", done, of),
        Stage::Comparing => ("comparing parts of the picture", 0, None),
        Stage::Scoring { done, of } => ("scoring the picture", done, of),
    };
    bar.show(message, done, of);
}

/// Returns all findings as text; no line contains a control character.
fn text(verification: &Verification, film: &Path) -> String {
    let Verification { size, good, contract, job, defects, notes, picture, .. } = verification;
    let word = if *good { "good" } else { "defective" };
    let against = match (*contract, job) {
        ("job", Some(job)) => format!("held against the contract of job {job}"),
        ("original", _) => "held against a contract that its original gives".to_owned(),
        _ => "held against nothing but itself".to_owned(),
    };
    let mut lines = vec![format!("{word}: {}, {}, {against}", display(film), Bytes(*size))];
    lines.extend(defects.iter().map(|defect| format!("  [{}] {}", defect.code, defect.text)));
    lines.extend(picture.as_ref().map(|summary| format!("  picture: {}", score(summary))));
    lines.extend(notes.iter().map(|note| format!("  note [{}]: {}", note.code, note.text)));
    lines.iter().map(|line| sanitize(line)).collect::<Vec<_>>().join("\n")
}

/// Formats scores: `VMAF 96.5 (harmonic mean of 132 pictures); the worst second is 0:00:03 with 91.2`.
fn score(summary: &Summary) -> String {
    let Summary { metric, model, unit, frames, whole, mean, mean_kind, worst } = summary;
    let metric = metric.to_uppercase();
    let model = model.map_or(String::new(), |model| format!(", {model}"));
    let unit = if *unit == "dB" { " dB" } else { "" };
    let part = if *whole { "" } else { " in three windows" };
    let kind = if *mean_kind == "harmonic" { "harmonic mean" } else { "mean of the error" };
    let at = Seconds::between(0, worst.at_secs).clock();
    format!(
        "{metric} {mean:.2}{unit} ({kind} over {frames} pictures{part}{model}); the worst second is {at} with {:.2}{unit}",
        worst.score
    )
}
