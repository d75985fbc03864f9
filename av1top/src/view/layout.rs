//! Where things are on the screen: pure geometry, which the view draws by and the mouse is understood by.

use ratatui::layout::{Constraint, Layout, Rect};

/// The parts of the screen, from top to bottom. One that has no room has no height.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Regions {
    /// Processor, memory, load.
    pub machine: Rect,
    /// The library's roots and their room.
    pub roots: Rect,
    /// The daemon.
    pub daemon: Rect,
    /// How many films are what.
    pub counts: Rect,
    /// What was saved.
    pub saved: Rect,
    /// The running jobs.
    pub cards: Rect,
    /// Lines of each of their cards.
    pub card: u16,
    /// The states with their counts.
    pub tabs: Rect,
    /// The table's heading.
    pub heading: Rect,
    /// The table's lines.
    pub rows: Rect,
    /// The last line.
    pub footer: Rect,
}

/// Lines of a running job's card where there is little room or little to say, and else.
const CARDS: [u16; 2] = [2, 3];

/// The parts of a terminal of that size while so many jobs run; `told` is whether a daemon tells of them.
pub fn regions(area: Rect, running: usize, told: bool) -> Regions {
    // On a small terminal the table keeps some lines; what is worth least goes first.
    let line = |from: u16| u16::from(area.height >= from);
    let (machine, daemon, counts, saved, roots) = (line(5), line(8), line(10), line(12), line(14));
    let fixed = machine + daemon + counts + saved + roots + 3;
    // The cards may have a third of what is left, the table has the rest.
    let third = area.height.saturating_sub(fixed) / 3;
    let running = u16::try_from(running).unwrap_or(u16::MAX);
    let [low, high] = CARDS;
    let card = if told && running.saturating_mul(high) <= third { high } else { low };
    let most = third / card;
    // What doesn't fit gets a line that says how many there are.
    let more = u16::from(running > most && most > 0);
    let cards = most.min(running) * card + more;
    let heights = [machine, roots, daemon, counts, saved, cards, 1, 1].map(Constraint::Length);
    let [machine, roots, daemon, counts, saved, cards, tabs, heading, rows, footer] =
        Layout::vertical(heights.into_iter().chain([Constraint::Fill(1), Constraint::Length(1)])).areas(area);
    Regions { machine, roots, daemon, counts, saved, cards, card, tabs, heading, rows, footer }
}

/// The details' parts: title, text, last line.
pub fn details(area: Rect) -> [Rect; 3] {
    Layout::vertical([Constraint::Length(1), Constraint::Fill(1), Constraint::Length(1)]).areas(area)
}
