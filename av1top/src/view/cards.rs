//! The running jobs, a card each: what is encoded, how, since when, and how far its result has grown towards the size at
//! which it would be thrown away.

use av1exec::outcome::Bytes;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Color, Style};
use ratatui::text::{Line, Span};

use super::layout::CARD;
use super::{style, whole_parts};
use crate::job::Job;
use crate::model::Model;
use crate::text;

pub(super) fn draw(model: &Model, frame: &mut Frame<'_>, area: Rect) {
    let most = usize::from(area.height / CARD);
    let lines = model.table.running().take(most).flat_map(|job| card(model, job, usize::from(area.width)));
    let more = model.table.running_count().saturating_sub(most);
    let more = (more > 0 && most > 0).then(|| Line::styled(format!("   and {more} more"), style::faint()));
    for (line, row) in lines.chain(more).zip(area.rows()) {
        frame.render_widget(line, row);
    }
}

fn card(model: &Model, job: &Job, columns: usize) -> [Line<'static>; 2] {
    [title(model, job, columns), growth(job, columns)]
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

/// The result so far, against the original's size and the size gate.
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
