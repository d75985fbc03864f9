//! The last line: the filter while it is typed, else what there is to tell, else the keys.

use av1exec::sanitize::sanitize;
use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};

use super::header::one_line;
use super::{style, whole_parts};
use crate::keys::{self, Action, Binding, KEYS};
use crate::model::Model;
use crate::text;

pub(super) fn draw(model: &Model, frame: &mut Frame<'_>, area: Rect) {
    let Some(area) = one_line(area) else { return };
    let columns = usize::from(area.width);
    let filter = &model.table.choice().filter;
    if model.typing {
        let typed = text::cut_start(filter, columns.saturating_sub(3)).into_owned();
        let end = u16::try_from(text::width(&typed) + 2).unwrap_or(u16::MAX);
        frame.set_cursor_position(Position::new(area.x.saturating_add(end).min(area.right() - 1), area.y));
        frame.render_widget(Line::from(vec![Span::styled(" /", style::label()), Span::raw(typed)]), area);
    } else if let Some(notice) = &model.notice {
        let notice = text::cut(&sanitize(notice), columns.saturating_sub(1)).into_owned();
        frame.render_widget(Line::styled(format!(" {notice}"), style::strong()), area);
    } else {
        frame.render_widget(hints(model, columns), area);
    }
}

fn hints(model: &Model, columns: usize) -> Line<'static> {
    let filter = &model.table.choice().filter;
    let in_details = model.details.is_some();
    let filtered = !in_details && !filter.is_empty();
    let useful = |binding: &&Binding| {
        let useful = if in_details { binding.in_details } else { binding.action != Action::Back };
        useful && !binding.word.is_empty()
    };
    let hint = |binding: &Binding| {
        let key = Span::styled(format!(" {}", keys::label(binding.action)), style::label());
        Line::from(vec![key, Span::raw(format!(" {} ", binding.word))])
    };
    let filter = filtered.then(|| {
        let shown = text::cut(filter, columns / 3).into_owned();
        Line::from(vec![
            Span::styled(format!(" /{shown}"), style::selected()),
            Span::styled(format!(" {}", keys::label(Action::Back)), style::label()),
            Span::raw(" drops it "),
        ])
    });
    whole_parts(filter.into_iter().chain(KEYS.iter().filter(useful).map(hint)), columns)
}
