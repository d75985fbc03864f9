//! Draws the model into a frame. Nothing here changes the model.

mod cards;
mod daemon;
pub mod detail;
mod footer;
mod header;
mod help;
mod jobs;
pub mod layout;
mod palette;
mod style;

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::model::{Looks, Model};

/// Draws `model`.
pub fn view(model: &Model, frame: &mut Frame<'_>) {
    // The terminal may have been resized since the model's last message about its size; another message will follow.
    let area = frame.area();
    match &model.details {
        Some(details) => detail::draw(model, details, frame, area),
        None => draw_list(model, frame, area),
    }
    if model.help {
        help::draw(frame, area);
    }
    restrict(frame.buffer_mut(), model.looks);
}

fn draw_list(model: &Model, frame: &mut Frame<'_>, area: Rect) {
    let regions = model.regions_of(area);
    header::draw(model, frame, &regions);
    cards::draw(model, frame, regions.cards, regions.card);
    jobs::draw_tabs(model, frame, regions.tabs);
    jobs::draw(model, frame, regions.heading, regions.rows);
    footer::draw(model, frame, regions.footer);
}

/// Removes colours and characters that the terminal doesn't support or the user doesn't want. This is done at the end
/// for every cell, so that no widget can miss it.
fn restrict(buffer: &mut Buffer, looks: Looks) {
    for cell in &mut buffer.content {
        cell.fg = palette::fit(cell.fg, looks.colours);
        cell.bg = palette::fit(cell.bg, looks.colours);
        if !looks.unicode && !cell.symbol().is_ascii() {
            let plain = ascii(cell.symbol());
            cell.set_char(plain);
        }
    }
}

/// Returns the ASCII character that is most similar to a symbol used for drawing.
fn ascii(symbol: &str) -> char {
    match symbol {
        "─" | "━" => '-',
        "│" | "┃" => '|',
        "┌" | "┐" | "└" | "┘" => '+',
        "█" | "▇" | "▆" => '#',
        "▅" | "▄" => '=',
        "▃" | "▂" | "▁" => '_',
        "░" | "·" => '.',
        "…" => '~',
        "▶" => '>',
        _ => '?',
    }
}

/// Returns the spans of a line, each combined with the line's own style.
fn spans(line: Line<'_>) -> impl Iterator<Item = Span<'_>> {
    let style = line.style;
    line.spans.into_iter().map(move |span| {
        let own = span.style;
        span.style(style.patch(own))
    })
}

/// Joins parts to a line. Parts that don't fit completely are left out, because a truncated number would be wrong.
fn whole_parts<'a>(parts: impl IntoIterator<Item = Line<'a>>, columns: usize) -> Line<'a> {
    let mut line = Line::default();
    for part in parts {
        if line.width() + part.width() > columns {
            break;
        }
        line.spans.extend(spans(part));
    }
    line
}
