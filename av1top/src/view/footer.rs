//! Draws the last line: a question, or else the filter that is being typed, or else a notice, or else the keys.

use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};

use super::header::one_line;
use super::{style, whole_parts};
use crate::keys::{self, Action, Binding, KEYS};
use crate::model::{Model, Question};
use crate::text;

pub(super) fn draw(model: &Model, frame: &mut Frame<'_>, area: Rect) {
    let Some(area) = one_line(area) else { return };
    let columns = usize::from(area.width);
    let filter = &model.table.choice().filter;
    if let Some(question) = &model.question {
        frame.render_widget(asked(question, columns), area);
    } else if model.typing {
        let typed = text::cut_start(filter, columns.saturating_sub(3)).into_owned();
        let end = u16::try_from(text::width(&typed) + 2).unwrap_or(u16::MAX);
        frame.set_cursor_position(Position::new(area.x.saturating_add(end).min(area.right() - 1), area.y));
        frame.render_widget(Line::from(vec![Span::styled(" /", style::label()), Span::raw(typed)]), area);
    } else if let Some(notice) = &model.notice {
        let notice = text::cut(&notice.text, columns.saturating_sub(1)).into_owned();
        frame.render_widget(Line::styled(format!(" {notice}"), style::strong()), area);
    } else {
        frame.render_widget(hints(model, columns), area);
    }
}

/// Returns the question, the cost of a yes, and the possible answers. All of these are shown however long the film's
/// name is.
fn asked(question: &Question, columns: usize) -> Line<'static> {
    let Question { verb, name, cost, command: _ } = question;
    let around = text::width(&format!(" {verb} ? {cost} y yes n no "));
    let name = text::cut(name, columns.saturating_sub(around)).into_owned();
    let parts = [
        Line::styled(format!(" {verb} {name}? {cost}"), style::bad()),
        Line::from(vec![Span::styled(" y", style::label()), Span::raw(" yes")]),
        Line::from(vec![Span::styled(" n", style::label()), Span::raw(" no ")]),
    ];
    whole_parts(parts, columns)
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
