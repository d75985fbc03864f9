//! `av1cli why`: tells what happened to a film, and what would happen to it now.

use std::path::Path;

use av1exec::pipeline::open::find_tools;
use av1exec::pipeline::story::{Account, Attempt, Remembered, Sidecar, SidecarKind};
use av1exec::settings::{Environment, Settings};
use av1exec::state::outcome::Bytes;
use av1exec::sys::failure::{Exit, Failure};
use av1exec::sys::path::path_of;
use av1exec::sys::sanitize::{display, sanitize};
use av1plan::explain::Seconds;
use av1plan::plan::Topic;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::args::WhyArgs;
use crate::commands::films::names_of;
use crate::output::console::{Reader, complain, out};

/// Prints the account of each film.
pub(crate) async fn run(
    args: &WhyArgs,
    settings: &Settings,
    environment: &Environment,
) -> Result<Exit, Failure> {
    let tools = find_tools(settings, environment.path.as_deref()).await;
    let mut worst = Exit::Done;
    for file in &args.files {
        let tools = tools.as_ref().map_err(ToString::to_string);
        let account = Account::gather(&names_of(file)?, settings, tools, Timestamp::now()).await;
        let account = match account {
            Ok(account) => account,
            Err(failure) => {
                complain(&failure);
                worst = worst.max(failure.exit);
                continue;
            }
        };
        if account.file.is_none() && account.attempts.is_empty() {
            worst = worst.max(Exit::Failed);
        }
        let text =
            if args.json { serde_json::to_string(&account).unwrap_or_default() } else { text(&account) };
        if out(text.as_bytes())? == Reader::Left {
            break;
        }
    }
    Ok(worst)
}

/// Returns the whole account as text; no line contains a control character.
fn text(account: &Account) -> String {
    let mut lines = vec![display(&path_of(&account.path))];
    let file = account.file.as_ref().map(|file| {
        let path = path_of(&file.path);
        let elsewhere = path != path_of(&account.path);
        let name = if elsewhere { format!("{}, ", name(&path)) } else { String::new() };
        format!("{name}{}, written {}", Bytes(file.size), clock(file.modified))
    });
    lines.extend(file.map(|file| row("file", &file)));
    let outlook = &account.outlook;
    lines.push(row("now", &format!("{} [{}]", outlook.text, outlook.code)));
    lines.extend(outlook.hint.map(|hint| row("", &format!("hint: {hint}"))));
    lines.extend(planned(account));
    if account.attempts.is_empty() {
        lines.push(row("jobs", "none: it was never worked on"));
    }
    for (position, attempt) in account.attempts.iter().enumerate() {
        lines.extend(attempt_lines(if position == 0 { "jobs" } else { "" }, attempt));
    }
    for (position, sidecar) in account.sidecars.iter().enumerate() {
        lines.extend(sidecar_lines(if position == 0 { "beside it" } else { "" }, sidecar));
    }
    for (position, remembered) in account.remembered.iter().enumerate() {
        lines.push(row(if position == 0 { "remembered" } else { "" }, &memory(remembered)));
    }
    for missing in &account.missing {
        lines.push(row("not known", &format!("{} [{}]", missing.text, missing.code)));
    }
    lines.iter().map(|line| sanitize(line)).collect::<Vec<_>>().join("\n")
}

fn row(head: &str, text: &str) -> String {
    format!("  {head:10}  {text}")
}

/// Returns the encoder and its quality settings with their reasons, and the losses, if the film would be encoded.
fn planned(account: &Account) -> Vec<String> {
    let Some(plan) = account.plan.as_ref() else { return Vec::new() };
    let Some(encode) = plan.encode.as_ref() else { return Vec::new() };
    let told = [Topic::Encoder, Topic::Crf, Topic::Qp].map(Topic::code);
    let decisions = plan.decisions.iter().filter(|decision| told.contains(&decision.topic.as_str()));
    let decisions =
        decisions.map(|decision| format!("{} {}: {}", decision.topic, decision.choice, decision.text));
    let losses = encode.losses.iter().map(|loss| format!("loss: {loss} [{}]", loss.code));
    decisions.chain(losses).map(|line| row("", &line)).collect()
}

fn attempt_lines(head: &str, attempt: &Attempt) -> Vec<String> {
    let mut lines =
        vec![row(head, &format!("{}  {}: {}", clock(attempt.started), attempt.code, attempt.text))];
    let mut facts = Vec::new();
    facts.extend(attempt.settings.clone());
    let after = attempt.size_after.map_or(String::new(), |after| format!(" to {}", Bytes(after)));
    facts.push(format!("{}{after}", Bytes(attempt.size_before)));
    let took = |ended: Timestamp| Seconds::between(attempt.started.as_second(), ended.as_second());
    facts.extend(attempt.ended.map(|ended| took(ended).clock().to_string()));
    if !attempt.losses.is_empty() {
        facts.push(format!("without {}", attempt.losses.join(", ")));
    }
    if attempt.was_renamed() {
        let new = attempt.replaced_by.as_ref().map(|path| name(&path_of(path))).unwrap_or_default();
        facts.push(format!("{} became {new}", name(&path_of(&attempt.path))));
    }
    facts.extend(attempt.undone.map(|undone| format!("undone {}", clock(undone))));
    facts.push(format!("job {}", attempt.job));
    lines.push(row("", &format!("  {}", facts.join(", "))));
    lines
}

fn sidecar_lines(head: &str, sidecar: &Sidecar) -> Vec<String> {
    let path = path_of(&sidecar.path);
    let what = match (sidecar.kind, sidecar.holds) {
        (SidecarKind::Marker, Some(false)) => "a marker that holds no more",
        (SidecarKind::Marker, _) => "a marker that excludes it",
        (SidecarKind::FolderMarker, _) => "a marker that excludes all below its folder",
        (SidecarKind::Why, _) => "why it wasn't replaced",
        (SidecarKind::Original, _) => "the original, kept (`av1cli undo` puts it back)",
    };
    let shown = if sidecar.kind == SidecarKind::FolderMarker { display(&path) } else { name(&path) };
    let mut lines = vec![row(head, &format!("{shown}: {what}"))];
    // The table of decisions in a long `.why.txt` is left out here.
    let text =
        sidecar.text.lines().take_while(|line| *line != "Decisions:").filter(|line| !line.trim().is_empty());
    lines.extend(text.take(12).map(|line| row("", &format!("  {line}"))));
    lines
}

fn memory(remembered: &Remembered) -> String {
    let Remembered { code, again, again_at, failures, put_off, unchanged_since, .. } = remembered;
    let came = code.as_deref().unwrap_or("seen, and nothing more yet");
    let again = match (*again, again_at) {
        ("later", Some(at)) => format!("; not before {}", clock(*at)),
        ("replanned", _) => "; until it, the config or ffmpeg changes".to_owned(),
        ("asked", _) => "; until it changes or somebody asks".to_owned(),
        _ => String::new(),
    };
    let failed = if *failures > 0 { format!("; {failures} attempt(s) failed") } else { String::new() };
    let lost = if *put_off > 0 { format!("; {put_off} encode(s) lost otherwise") } else { String::new() };
    let path = name(&path_of(&remembered.path));
    if !remembered.holds {
        return format!("{path}: {came}, but that was another file of this name and doesn't hold any more");
    }
    format!("{path}: {came}, unchanged since {}{again}{failed}{lost}", clock(*unchanged_since))
}

fn name(path: &Path) -> String {
    path.file_name().map_or_else(|| display(path), |name| display(Path::new(name)))
}

/// Formats a time in the local time zone.
fn clock(moment: Timestamp) -> String {
    moment.to_zoned(TimeZone::system()).strftime("%Y-%m-%d %H:%M:%S").to_string()
}
