//! `av1cli plan --diff OTHER.toml`: shows what another config would change.

use std::path::Path;

use av1exec::ffmpeg::tools::Tools;
use av1exec::settings::Settings;
use av1exec::sys::sanitize::{display, sanitize};
use av1plan::plan::Decision;
use av1plan::{Config, Verdict};
use serde_json::json;

use super::Shown;
use super::film::{Basis, Planned};
use super::library::{Looking, films_below};
use crate::args::PlanArgs;
use crate::commands::films::look;
use crate::output::console::{Reader, complain, note, out};
use av1exec::sys::failure::{Exit, Failure};

/// Plans a film, or every film below a folder, with both configs from a single probe, and prints those whose plans
/// differ.
pub(super) async fn show(
    file: &Path,
    args: &PlanArgs,
    tools: &Tools,
    settings: &Settings,
    other: &Config,
) -> Result<Shown, Failure> {
    let (films, mut exit) = if file.is_dir() {
        // Includes the extensions of both configs.
        let mut both = settings.clone();
        both.policy.extensions.extend(other.extensions.iter().cloned());
        let (found, exit) = films_below(file, &both).await?;
        (found.films, exit)
    } else {
        (vec![look(file, settings)?], Exit::Done)
    };
    let (mut seen, mut changed) = (0_usize, 0_usize);
    let mut looking =
        Looking::start(films, Basis::of(args, tools, settings), vec![settings.policy.clone(), other.clone()]);
    while let Some(looked) = looking.next().await {
        let looked = match looked {
            Ok(looked) => looked,
            Err(failure) => {
                complain(&failure);
                exit = exit.max(failure.exit);
                continue;
            }
        };
        seen += 1;
        let before = looked.plan(&tools.toolchain, &settings.policy);
        let after = looked.plan(&tools.toolchain, other);
        let changes = changes(&before.verdict, &after.verdict);
        if changes.is_empty() {
            continue;
        }
        changed += 1;
        let text =
            if args.json { as_json(&before, &after, &changes) } else { as_text(&before, &after, &changes) };
        if out(text.as_bytes())? == Reader::Left {
            return Ok(Shown::Enough);
        }
    }
    note(&format!("{changed} of {seen} film(s) would be planned differently"));
    Ok(Shown::All(exit))
}

/// A choice that differs between the two plans, or that only one of them makes.
struct Change<'a> {
    before: Option<&'a Decision>,
    after: Option<&'a Decision>,
}

/// Returns the choices that differ: first those of the first plan in its order, then those that only the second plan
/// makes.
fn changes<'a>(before: &'a Verdict, after: &'a Verdict) -> Vec<Change<'a>> {
    let same_question =
        |one: &Decision, other: &Decision| (one.topic, one.stream) == (other.topic, other.stream);
    let find = |decisions: &'a [Decision], wanted: &Decision| {
        decisions.iter().find(|decision| same_question(decision, wanted))
    };
    let (before, after) = (before.decisions(), after.decisions());
    let of_before =
        before.iter().map(|decision| Change { before: Some(decision), after: find(after, decision) });
    let only_after = after.iter().filter(|decision| find(before, decision).is_none());
    let changes = of_before.chain(only_after.map(|decision| Change { before: None, after: Some(decision) }));
    changes.filter(|change| change.before.map(key) != change.after.map(key)).collect()
}

/// What is compared: the choice, and the code of its reason.
fn key(decision: &Decision) -> (&str, &str) {
    (&decision.choice, decision.reason.code())
}

fn as_text(before: &Planned, after: &Planned, changes: &[Change<'_>]) -> String {
    let mut lines = vec![format!("{}: {} -> {}", display(&before.path), before.summary(), after.summary())];
    // If one of the plans skips the film, all other differences follow from that, so that only the gates are shown.
    let skips = [before, after].iter().any(|planned| matches!(planned.verdict, Verdict::Skip(_)));
    let shown = changes.iter().filter(|change| !skips || subject(change) == "gate");
    lines.extend(shown.map(|change| {
        let choice = |decision: Option<&Decision>| {
            decision
                .map_or("none".to_owned(), |decision| format!("{} ({})", decision.choice, decision.reason))
        };
        format!("  {}: {} -> {}", subject(change), choice(change.before), choice(change.after))
    }));
    lines.iter().map(|line| sanitize(line)).collect::<Vec<_>>().join("\n")
}

fn subject(change: &Change<'_>) -> String {
    change.before.or(change.after).map(|decision| decision.subject().into_owned()).unwrap_or_default()
}

fn as_json(before: &Planned, after: &Planned, changes: &[Change<'_>]) -> String {
    let choice = |decision: Option<&Decision>| {
        decision.map(|decision| {
            json!({
                "choice": decision.choice,
                "code": decision.reason.code(),
                "text": decision.reason.to_string(),
            })
        })
    };
    let changes: Vec<_> = changes
        .iter()
        .map(|change| {
            let decision = change.before.or(change.after);
            json!({
                "topic": decision.map(|decision| decision.topic.code()),
                "stream": decision.and_then(|decision| decision.stream),
                "before": choice(change.before),
                "after": choice(change.after),
            })
        })
        .collect();
    let document = before.document();
    let after = after.document();
    json!({
        "format": "av1.difference",
        "version": "1.0",
        "source": document.source,
        "before": {"verdict": document.verdict, "skip": document.skip},
        "after": {"verdict": after.verdict, "skip": after.skip},
        "changes": changes,
    })
    .to_string()
}
