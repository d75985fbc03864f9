//! Where things are on the screen: pure geometry, which the view draws by and the mouse is understood by.

use ratatui::layout::{Constraint, Layout, Rect};

/// The parts of the screen, from top to bottom. One that has no room has no height.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Regions {
    /// Processor, memory, load.
    pub machine: Rect,
    /// Roots and state folder.
    pub place: Rect,
    /// What was saved.
    pub saved: Rect,
    /// The running jobs, [`CARD`] lines each.
    pub cards: Rect,
    /// The states with their counts.
    pub tabs: Rect,
    /// The table's heading.
    pub heading: Rect,
    /// The table's lines.
    pub rows: Rect,
    /// The last line.
    pub footer: Rect,
}

/// Lines of a running job's card.
pub const CARD: u16 = 2;

/// The parts of a terminal of that size while so many jobs run.
pub fn regions(area: Rect, running: usize) -> Regions {
    // What must go first on a small terminal is said first.
    let place = match area.height {
        0..=9 => 0,
        10..=19 => 1,
        _ => 2,
    };
    let saved = u16::from(area.height >= 7);
    let machine = u16::from(area.height >= 5);
    let fixed = machine + place + saved + 3;
    // The cards may have a third of what is left, the table has the rest.
    let most = area.height.saturating_sub(fixed) / 3 / CARD;
    let cards = most.min(u16::try_from(running).unwrap_or(u16::MAX)) * CARD;
    // What doesn't fit gets a line that says how many there are.
    let more = u16::from(running > usize::from(most) && most > 0);
    let heights = [machine, place, saved, cards + more, 1, 1].map(Constraint::Length);
    let [machine, place, saved, cards, tabs, heading, rows, footer] =
        Layout::vertical(heights.into_iter().chain([Constraint::Fill(1), Constraint::Length(1)])).areas(area);
    Regions { machine, place, saved, cards, tabs, heading, rows, footer }
}

/// The details' parts: title, text, last line.
pub fn details(area: Rect) -> [Rect; 3] {
    Layout::vertical([Constraint::Length(1), Constraint::Fill(1), Constraint::Length(1)]).areas(area)
}
