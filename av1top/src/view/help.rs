//! Draws the help from the table of key bindings.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Clear, Paragraph};

use super::style;
use crate::keys::{self, Binding, KEYS};

/// The width of the keys, and of keys and description together, in columns.
const KEY: usize = 10;
const ENTRY: u16 = 33;

pub(super) fn draw(frame: &mut Frame<'_>, area: Rect) {
    let count = u16::try_from(KEYS.len() + 1).unwrap_or(u16::MAX);
    // If the keys don't fit in one column, they are drawn in two.
    let sides = if count + 2 > area.height { 2 } else { 1 };
    let entry = ENTRY.min(area.width.saturating_sub(2) / sides);
    let lines = count.div_ceil(sides).min(area.height.saturating_sub(2));
    let window = area.centered(
        ratatui::layout::Constraint::Length(entry * sides + 2),
        ratatui::layout::Constraint::Length(lines + 2),
    );
    let block = Block::bordered().title(Span::styled(" keys ", style::strong()));
    let inside = block.inner(window);
    frame.render_widget(Clear, window);
    frame.render_widget(block, window);
    let mouse = Line::from(vec![
        Span::styled(format!(" {:KEY$}", "mouse"), style::label()),
        Span::raw("select and scroll"),
    ]);
    let entries: Vec<Line<'_>> = KEYS.iter().map(line).chain([mouse]).collect();
    let columns = entries.chunks(usize::from(lines.max(1)));
    for (side, chunk) in (0..sides).zip(columns) {
        let column = Rect { x: inside.x + side * entry, width: entry, ..inside }.intersection(inside);
        frame.render_widget(Paragraph::new(chunk.to_vec()), column);
    }
}

fn line(binding: &Binding) -> Line<'static> {
    let keys: Vec<String> = binding.keys.iter().map(|key| keys::name(*key)).collect();
    Line::from(vec![
        Span::styled(format!(" {:KEY$}", keys.join(" ")), style::label()),
        Span::raw(binding.help),
    ])
}
