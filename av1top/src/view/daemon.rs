//! Draws the lines about the daemon: its state, and the number of films by state.

use std::collections::BTreeMap;

use av1exec::serve::status::{Standing, State, Status};
use av1exec::sys::sanitize::sanitize;
use ratatui::text::{Line, Span};

use super::header::part;
use super::{style, whole_parts};
use crate::message::{Folder, LeftBehind, Worker};
use crate::model::Model;
use crate::text;

/// Returns the line with the daemon's state and the state folder.
pub(super) fn state(model: &Model, columns: usize) -> Line<'static> {
    let mut parts = vec![part(" daemon ")];
    match &model.worker {
        Worker::Unknown => parts.push(Line::styled("unknown", style::faint())),
        Worker::Daemon(status) => parts.extend(at_work(model, status, columns)),
        Worker::Silent(why) => {
            let why = text::cut(&sanitize(why), columns.saturating_sub(30)).into_owned();
            parts.push(Line::styled(format!("doesn't answer: {why}"), style::bad()));
        }
        Worker::Working(who) if who.is_empty() => parts.push(Line::from("none, but an av1d works here")),
        Worker::Working(who) => {
            parts.push(Line::from(format!("none, but an av1d works here ({})", sanitize(who))));
        }
        Worker::Gone(LeftBehind { last_sign, .. }) => {
            let since = last_sign.map(|time| text::when(time, model.now, &model.zone));
            let since = since.map(|since| format!(" since {}", since.trim())).unwrap_or_default();
            parts.push(Line::styled(format!("not running{since}"), style::warning()));
        }
    }
    parts.extend(folder(model, columns));
    whole_parts(parts, columns)
}

fn at_work(model: &Model, status: &Status, columns: usize) -> Vec<Line<'static>> {
    let (word, style) = match status.state {
        State::Running => ("running", style::level(0)),
        State::Paused => ("paused", style::warning()),
        State::QuietHours => ("quiet hours", style::warning()),
        State::StateDiskFull => ("the disk of its state folder is full", style::bad()),
        State::Stopping => ("stopping", style::warning()),
        State::Other => ("there", style::warning()),
    };
    let ffmpeg = sanitize(&status.ffmpeg).into_owned();
    let ffmpeg = if columns < 120 { text::cut(&ffmpeg, 12).into_owned() } else { ffmpeg };
    let version = status.encoder_version.as_deref().filter(|_| columns >= 80);
    let version =
        version.map(|version| format!(" {}", text::cut(&sanitize(version), 12))).unwrap_or_default();
    let since = text::when(status.started, model.now, &model.zone);
    vec![
        Line::styled(word, style),
        format!(" since {}", since.trim()).into(),
        format!("  ffmpeg {ffmpeg}").into(),
        format!("  {}{version}", sanitize(&status.encoder)).into(),
        format!("  av1d {} (process {})", sanitize(&status.version), status.pid).into(),
    ]
}

/// Returns the part about the state folder, if there is something to report.
fn folder(model: &Model, columns: usize) -> Vec<Line<'static>> {
    let mut parts = Vec::new();
    let path = text::cut_start(&model.place.state, columns / 3).into_owned();
    let (what, style) = match &model.folder {
        Folder::Unreadable(_) => (" (unreadable)", style::bad()),
        Folder::Missing => (" (not there)", style::warning()),
        Folder::Unread | Folder::Read => ("", style::faint()),
    };
    parts.push(Line::from(vec![Span::raw("  state "), Span::raw(path), Span::styled(what, style)]));
    if let Some((name, reason)) = model.damaged.first() {
        let long = format!("  {} unreadable: {name}: {}", model.damaged.len(), sanitize(reason));
        parts.push(Line::styled(text::cut(&long, columns / 2).into_owned(), style::bad()));
    }
    parts
}

/// Returns the number of films by state, from the daemon's status or else from its index.
pub(super) fn counts(model: &Model, columns: usize) -> Line<'static> {
    let films = match &model.worker {
        Worker::Daemon(status) => &status.films,
        Worker::Gone(LeftBehind { films: Some(films), .. }) => films,
        Worker::Gone(_) => return Line::styled(" the index of films can't be read now", style::faint()),
        Worker::Unknown | Worker::Silent(_) | Worker::Working(_) => return Line::default(),
    };
    if films.is_empty() {
        let scanned = matches!(&model.worker, Worker::Daemon(status) if status.last_scan.is_some());
        let word = if scanned { " no films found" } else { " no films seen yet" };
        return Line::styled(word, style::faint());
    }
    let sum = |standing| of(films, standing).map(|(_, count)| count).sum::<u64>();
    let count = |word: &'static str, standing| {
        Line::from(vec![Span::styled(format!(" {word} "), style::label()), sum(standing).to_string().into()])
    };
    let failed = sum(Standing::Failed);
    let bad = if failed > 0 { style::bad() } else { style::label() };
    let mut parts = vec![
        count("queued", Standing::Queued),
        count("settling", Standing::Settling),
        count("encoding", Standing::Running),
        count("done", Standing::Done),
        Line::from(vec![Span::styled(" failed ", bad), failed.to_string().into()]),
        count("skipped", Standing::Skipped),
    ];
    // The most common reasons are the most informative.
    let mut reasons: Vec<(&String, u64)> = of(films, Standing::Skipped).collect();
    reasons.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let reason = |(place, (code, count)): (usize, (&String, u64))| {
        Line::from(format!("{} {count} {}", if place == 0 { ":" } else { "," }, sanitize(code)))
    };
    parts.extend(reasons.into_iter().enumerate().map(reason));
    whole_parts(parts, columns)
}

fn of(films: &BTreeMap<String, u64>, standing: Standing) -> impl Iterator<Item = (&String, u64)> {
    films.iter().filter(move |(word, _)| Standing::of(word) == standing).map(|(word, count)| (word, *count))
}
