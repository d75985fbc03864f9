//! Computes where everything is on the screen. Both drawing and mouse handling use it.

use ratatui::layout::{Constraint, Layout, Rect};

/// The parts of the screen, from top to bottom. A part without room has height 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Regions {
    /// The line with CPU, memory and load.
    pub machine: Rect,
    /// The line with the library's roots and their free space.
    pub roots: Rect,
    /// The line about the daemon.
    pub daemon: Rect,
    /// The line with the number of films by state.
    pub counts: Rect,
    /// The line with the saved space.
    pub saved: Rect,
    /// The cards of the running jobs.
    pub cards: Rect,
    /// The number of lines of each card.
    pub card: u16,
    /// The line with the states and their counts.
    pub tabs: Rect,
    /// The heading of the table.
    pub heading: Rect,
    /// The lines of the table.
    pub rows: Rect,
    /// The last line.
    pub footer: Rect,
}

/// The two heights of a running job's card: the low one is used if there is little room or no daemon reports on the
/// jobs.
const CARDS: [u16; 2] = [2, 3];

/// Returns the layout of a terminal of this size with `running` running jobs; `told` says whether a daemon reports on
/// them.
pub fn regions(area: Rect, running: usize, told: bool) -> Regions {
    // On a small terminal the table keeps some lines, and the least important lines are left out first.
    let line = |from: u16| u16::from(area.height >= from);
    let (machine, daemon, counts, saved, roots) = (line(5), line(8), line(10), line(12), line(14));
    let fixed = machine + daemon + counts + saved + roots + 3;
    // The cards get at most a third of the remaining lines, and the table the rest.
    let third = area.height.saturating_sub(fixed) / 3;
    let running = u16::try_from(running).unwrap_or(u16::MAX);
    let [low, high] = CARDS;
    let card = if told && running.saturating_mul(high) <= third { high } else { low };
    let most = third / card;
    // If some cards don't fit, a line says how many.
    let more = u16::from(running > most && most > 0);
    let cards = most.min(running) * card + more;
    let heights = [machine, roots, daemon, counts, saved, cards, 1, 1].map(Constraint::Length);
    let [machine, roots, daemon, counts, saved, cards, tabs, heading, rows, footer] =
        Layout::vertical(heights.into_iter().chain([Constraint::Fill(1), Constraint::Length(1)])).areas(area);
    Regions { machine, roots, daemon, counts, saved, cards, card, tabs, heading, rows, footer }
}

/// Returns the areas of the details screen: title, text, last line.
pub fn details(area: Rect) -> [Rect; 3] {
    Layout::vertical([Constraint::Length(1), Constraint::Fill(1), Constraint::Length(1)]).areas(area)
}
