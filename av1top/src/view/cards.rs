//! Draws the running jobs, one card each: the film, the encoder, progress, speed and expected size.

use av1exec::serve::status::{RunningJob, Stage};
use av1exec::state::outcome::Bytes;
use av1plan::explain::Seconds;
use av1plan::judge::projected_size;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Color, Style};
use ratatui::text::{Line, Span};

use super::{style, whole_parts};
use crate::job::Job;
use crate::live::LiveJob;
use crate::model::Model;
use crate::text;

pub(super) fn draw(model: &Model, frame: &mut Frame<'_>, area: Rect, height: u16) {
    let most = usize::from(area.height / height.max(1));
    let lines =
        model.table.running().take(most).flat_map(|job| card(model, job, usize::from(area.width), height));
    let more = model.table.running_count().saturating_sub(most);
    let more = (more > 0 && most > 0).then(|| Line::styled(format!("   and {more} more"), style::faint()));
    for (line, row) in lines.chain(more).zip(area.rows()) {
        frame.render_widget(line, row);
    }
}

/// Returns the `height` lines of a card.
fn card(model: &Model, job: &Job, columns: usize, height: u16) -> Vec<Line<'static>> {
    let mut lines = vec![title(model, job, columns)];
    match model.live.job(&job.id) {
        Some(live) => {
            lines.push(course(live, columns));
            lines.push(whole_parts([Line::from("   ")].into_iter().chain(weight(&live.running)), columns));
        }
        // No daemon reports the progress, but the size of the result can be measured.
        None => lines.push(growth(job, columns)),
    }
    lines.resize(usize::from(height), Line::default());
    lines
}

fn title(model: &Model, job: &Job, columns: usize) -> Line<'static> {
    let settings = if columns >= 80 { job.long_settings() } else { job.short_settings() };
    let since = if columns >= 100 {
        format!("  since {}", text::when(job.started, model.now, &model.zone))
    } else {
        String::new()
    };
    let elapsed = text::duration(job.started, model.now);
    let facts = format!("  {settings}{since}  {elapsed} ");
    let room = columns.saturating_sub(text::width(&facts) + 3);
    let name = text::cut(job.name(), room);
    let gap = room.saturating_sub(text::width(&name));
    Line::from(vec![
        Span::styled(" ▶ ", style::state(crate::job::State::Running)),
        Span::styled(name.into_owned(), style::strong()),
        Span::raw(" ".repeat(gap)),
        Span::raw(facts),
    ])
}

/// Returns the line with progress, speed, remaining time and the speed so far.
fn course(live: &LiveJob, columns: usize) -> Line<'static> {
    let job = &live.running;
    let (word, colour) = match job.stage {
        Stage::Encoding | Stage::Other => (String::new(), Color::Green),
        Stage::Paused => ("  paused".to_owned(), Color::Yellow),
        Stage::Judging => (format!("  {}", checking(live.check.as_deref())), Color::Cyan),
    };
    let mut parts = vec![Line::from("   ")];
    if let Some(percent) = percent(job) {
        parts.push(style::bar(percent, (columns / 4).clamp(8, 40), Style::new().fg(colour)));
        parts.push(format!(" {percent:>3} %").into());
    }
    parts.push(Line::styled(word, Style::new().fg(colour)));
    if job.stage != Stage::Judging {
        parts.extend(rates(job));
    }
    let mut line = whole_parts(parts, columns);
    let room = columns.saturating_sub(line.width() + 4).min(40);
    if room >= 8 {
        let shares = live.pace.shares(room);
        line.push_span("  ");
        let column = |share: u8| Span::styled(style::column(share), style::label());
        line.spans.extend(shares.into_iter().map(column));
    }
    line
}

/// Returns how much is encoded, in percent.
fn percent(job: &RunningJob) -> Option<u64> {
    let frames = job.frames.filter(|frames| *frames > 0)?;
    if job.stage == Stage::Judging { Some(100) } else { Some(text::percent(job.frame, frames).min(100)) }
}

/// Returns the known speeds as text.
pub(super) fn rates(job: &RunningJob) -> Vec<Line<'static>> {
    let eta = |seconds: u64| Line::from(format!("  ETA {}", Seconds(seconds).clock()));
    let fps = job.fps.map(|fps| Line::from(format!("  {fps:.1} fps")));
    let speed = job.speed.map(|speed| Line::from(format!("  {speed:.2}x")));
    [fps, job.remaining_secs.map(eta), speed].into_iter().flatten().collect()
}

/// Describes the check that is running.
fn checking(check: Option<&str>) -> &'static str {
    match check {
        Some("decode") => "checking the result: decoding it",
        Some("picture") => "checking the result: comparing pictures",
        _ => "checking the result",
    }
}

/// Returns the current and the expected size of the result, compared with the original and the size limit; the least
/// important part comes last.
pub(super) fn weight(job: &RunningJob) -> Vec<Line<'static>> {
    let so_far = job.size.map(|size| Line::from(format!("{} so far", Bytes(size))));
    let end = job.frames.zip(job.size).and_then(|(frames, size)| projected_size(job.frame, frames, size));
    let end = end.map(|end| {
        let style = if end >= job.size_limit { style::bad() } else { style::strong() };
        let percent = text::percent(end, job.size_before);
        Line::from(vec![
            Span::styled(format!(", about {}", Bytes(end)), style),
            format!(" in the end, {percent} %").into(),
        ])
    });
    let of = [
        Line::from(format!(" of {}", Bytes(job.size_before))),
        Line::from(format!(" (too big from {})", Bytes(job.size_limit))),
    ];
    so_far.into_iter().chain(end).chain(of).collect()
}

/// Returns the current size of the result, compared with the original's size and the size limit.
fn growth(job: &Job, columns: usize) -> Line<'static> {
    if job.replacing {
        return Line::from("   the result is good and takes the film's place");
    }
    let bytes = job.temporary.as_ref().and_then(|temporary| temporary.bytes);
    let Some(bytes) = bytes else { return Line::styled("   no result yet", style::faint()) };
    let limit = job.limit.unwrap_or(job.before);
    let percent = text::percent(bytes, job.before);
    let colour = if bytes >= limit { Color::Red } else { Color::Green };
    let bar = (columns / 3).clamp(8, 40);
    let gauge = style::bar_with_mark(percent, text::percent(limit, job.before), bar, Style::new().fg(colour));
    let parts = [
        Line::from("   "),
        gauge,
        format!(" {} so far, {percent} % of {}", Bytes(bytes), Bytes(job.before)).into(),
        format!("; limit {}", Bytes(limit)).into(),
    ];
    whole_parts(parts, columns)
}
