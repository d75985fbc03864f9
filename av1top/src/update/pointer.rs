//! Handles the mouse: the wheel scrolls, a click selects.

use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::Position;

use super::scroll_details;
use crate::message::Effect;
use crate::model::Model;

/// Handles a mouse event.
pub(super) fn point(model: &mut Model, mouse: MouseEvent) -> Vec<Effect> {
    let lines = match mouse.kind {
        MouseEventKind::ScrollUp => -3,
        MouseEventKind::ScrollDown => 3,
        MouseEventKind::Down(MouseButton::Left) => return click(model, mouse),
        _ => return Vec::new(),
    };
    if model.details.is_some() {
        scroll_details(model, lines);
    } else {
        let height = usize::from(model.regions().rows.height);
        model.table.scroll(lines, height);
    }
    vec![Effect::Draw]
}

fn click(model: &mut Model, mouse: MouseEvent) -> Vec<Effect> {
    let rows = model.regions().rows;
    let at = Position::new(mouse.column, mouse.row);
    if model.help || model.details.is_some() || !rows.contains(at) {
        return Vec::new();
    }
    let (_, top) = model.table.position();
    let line = top + usize::from(at.y - rows.y);
    if line >= model.table.shown_count() {
        return Vec::new();
    }
    model.table.select(line);
    vec![Effect::Draw]
}
