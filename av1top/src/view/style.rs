//! Styles and bars: text uses the sixteen basic colours, as the terminal's user has configured them; amounts are
//! shaded.

use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};

use super::palette;
use crate::job::State;

/// The style of labels.
pub(super) fn label() -> Style {
    Style::new().fg(Color::Cyan)
}

/// The style of less important text.
pub(super) fn faint() -> Style {
    Style::new().add_modifier(Modifier::DIM)
}

/// The style of more important text.
pub(super) fn strong() -> Style {
    Style::new().add_modifier(Modifier::BOLD)
}

/// The style of the selected line. It is visible without colours, too.
pub(super) fn selected() -> Style {
    Style::new().add_modifier(Modifier::REVERSED)
}

/// The style of errors.
pub(super) fn bad() -> Style {
    Style::new().fg(Color::Red).add_modifier(Modifier::BOLD)
}

/// The style of a job state.
pub(super) fn state(state: State) -> Style {
    match state {
        State::Running => Style::new().fg(Color::Cyan),
        State::Done => Style::new().fg(Color::Green),
        State::Skipped => Style::new().fg(Color::Yellow),
        State::Failed => bad(),
        State::Stopped => Style::new().fg(Color::Magenta),
    }
}

/// The style of warnings.
pub(super) fn warning() -> Style {
    Style::new().fg(Color::Yellow)
}

/// The style of a fill level.
pub(super) fn level(percent: u64) -> Style {
    Style::new().fg(palette::shade(percent))
}

/// Returns a bar of `columns` columns, filled to `percent`.
pub(super) fn bar(percent: u64, columns: usize, style: Style) -> Line<'static> {
    let full = cells(percent, columns);
    Line::from(vec![Span::styled("█".repeat(full), style), Span::styled("░".repeat(columns - full), faint())])
}

/// Returns a bar with a mark for the limit that must not be reached.
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

/// Returns a block character whose height represents `percent`.
pub(super) fn column(percent: u8) -> &'static str {
    const HEIGHTS: [&str; 8] = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];
    HEIGHTS.get(usize::from(percent) * 8 / 101).copied().unwrap_or("█")
}
