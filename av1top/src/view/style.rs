//! Colours and bars: words in the sixteen colours that every terminal has, as its user has set them up; shades for amounts.

use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};

use super::palette;
use crate::job::State;

/// Text that explains other text.
pub(super) fn label() -> Style {
    Style::new().fg(Color::Cyan)
}

/// Text that matters less.
pub(super) fn faint() -> Style {
    Style::new().add_modifier(Modifier::DIM)
}

/// Text that matters more.
pub(super) fn strong() -> Style {
    Style::new().add_modifier(Modifier::BOLD)
}

/// The selected line, which must be seen without colours, too.
pub(super) fn selected() -> Style {
    Style::new().add_modifier(Modifier::REVERSED)
}

/// Something that is wrong.
pub(super) fn bad() -> Style {
    Style::new().fg(Color::Red).add_modifier(Modifier::BOLD)
}

/// The colour of a state.
pub(super) fn state(state: State) -> Style {
    match state {
        State::Running => Style::new().fg(Color::Cyan),
        State::Done => Style::new().fg(Color::Green),
        State::Skipped => Style::new().fg(Color::Yellow),
        State::Failed => bad(),
        State::Stopped => Style::new().fg(Color::Magenta),
    }
}

/// Something that a person should know.
pub(super) fn warning() -> Style {
    Style::new().fg(Color::Yellow)
}

/// The colour of how full something is.
pub(super) fn level(percent: u64) -> Style {
    Style::new().fg(palette::shade(percent))
}

/// A bar of `columns`, of which `percent` are full.
pub(super) fn bar(percent: u64, columns: usize, style: Style) -> Line<'static> {
    let full = cells(percent, columns);
    Line::from(vec![Span::styled("█".repeat(full), style), Span::styled("░".repeat(columns - full), faint())])
}

/// A bar with a mark that it must not reach.
pub(super) fn bar_with_mark(percent: u64, mark: u64, columns: usize, style: Style) -> Line<'static> {
    let (full, mark) = (cells(percent, columns), cells(mark, columns).min(columns.saturating_sub(1)));
    let cell = |column| match (column == mark, column < full) {
        (true, _) => Span::styled("│", strong()),
        (false, true) => Span::styled("█", style),
        (false, false) => Span::styled("░", faint()),
    };
    (0..columns).map(cell).collect::<Vec<_>>().into()
}

fn cells(percent: u64, columns: usize) -> usize {
    usize::try_from(percent.min(100)).unwrap_or(100) * columns / 100
}

/// A character as high as `percent`.
pub(super) fn column(percent: u8) -> &'static str {
    const HEIGHTS: [&str; 8] = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];
    HEIGHTS.get(usize::from(percent) * 8 / 101).copied().unwrap_or("█")
}
