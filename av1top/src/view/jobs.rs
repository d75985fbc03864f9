//! Draws the table: as many columns as fit, the visible lines, or a message if there are none.

use av1exec::state::outcome::{Bytes, Saved};
use ratatui::Frame;
use ratatui::layout::{Alignment, Constraint, Layout, Rect};
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::header::one_line;
use super::{style, whole_parts};
use crate::job::{Job, State};
use crate::message::Folder;
use crate::model::Model;
use crate::text;

/// A column of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Column {
    State,
    Name,
    Class,
    Settings,
    Before,
    After,
    Saved,
    When,
    Took,
}

impl Column {
    /// All columns, from left to right.
    const ALL: [Self; 9] = [
        Self::State,
        Self::Name,
        Self::Class,
        Self::Settings,
        Self::Before,
        Self::After,
        Self::Saved,
        Self::When,
        Self::Took,
    ];

    /// The columns in the order of importance. The name isn't listed: it always gets the remaining width.
    const BY_WORTH: [Self; 8] = [
        Self::State,
        Self::Saved,
        Self::Before,
        Self::After,
        Self::When,
        Self::Settings,
        Self::Took,
        Self::Class,
    ];

    const fn heading(self) -> &'static str {
        match self {
            Self::State => "state",
            Self::Name => "film",
            Self::Class => "class",
            Self::Settings => "encoder",
            Self::Before => "before",
            Self::After => "after",
            Self::Saved => "saved",
            Self::When => "when",
            Self::Took => "took",
        }
    }

    const fn width(self, wide: bool) -> u16 {
        let (short, long) = match self {
            Self::State => (7, 7),
            Self::Name => (0, 0),
            Self::Class => (5, 11),
            Self::Settings => (10, 28),
            Self::Before | Self::After => (7, 10),
            Self::Saved | Self::When => (6, 6),
            Self::Took => (8, 8),
        };
        if wide { long } else { short }
    }

    const fn alignment(self) -> Alignment {
        match self {
            Self::State | Self::Name | Self::Class | Self::Settings => Alignment::Left,
            Self::Before | Self::After | Self::Saved | Self::When | Self::Took => Alignment::Right,
        }
    }
}

/// Returns the columns that fit, each with its place in a line.
fn columns(area: Rect) -> Vec<(Column, Rect)> {
    let wide = area.width >= 120;
    let least_name = if wide { 30 } else { 22 };
    let mut room = area.width.saturating_sub(least_name + 2);
    let mut fitting = Vec::new();
    for column in Column::BY_WORTH {
        let Some(left) = room.checked_sub(column.width(wide) + 1) else { break };
        room = left;
        fitting.push(column);
    }
    let shown: Vec<Column> = Column::ALL
        .into_iter()
        .filter(|column| *column == Column::Name || fitting.contains(column))
        .collect();
    let widths = shown.iter().map(|column| match column {
        Column::Name => Constraint::Fill(1),
        other => Constraint::Length(other.width(wide)),
    });
    let inside = Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area };
    let places = Layout::horizontal(widths).spacing(1).split(inside);
    shown.into_iter().zip(places.iter().copied()).collect()
}

pub(super) fn draw_tabs(model: &Model, frame: &mut Frame<'_>, area: Rect) {
    let Some(area) = one_line(area) else { return };
    let columns = usize::from(area.width);
    let overview = model.table.overview();
    let chosen = model.table.choice().tab;
    let narrow = columns < 80;
    let tab = |tab: Option<State>, name: &str, count: usize| {
        // On a narrow terminal, states without jobs are left out to make room for the others.
        if narrow && count == 0 && tab.is_some() && tab != chosen {
            return Line::default();
        }
        let style = match tab {
            _ if tab == chosen => style::selected(),
            // Only states with jobs are coloured, so that empty ones don't attract attention.
            Some(state) if count > 0 => style::state(state),
            _ => Style::new(),
        };
        let gap = if narrow { "" } else { " " };
        Line::from(vec![Span::styled(format!(" {name} {count} "), style), Span::raw(gap)])
    };
    let all = tab(None, "all", overview.jobs);
    let states = State::ALL.map(|state| tab(Some(state), state.name(), overview.count(state)));
    let mut line = whole_parts([all].into_iter().chain(states), columns);
    let sort = format!("{} ", model.table.choice().sort.name());
    let gap = columns.saturating_sub(line.width() + sort.len());
    if gap > 0 {
        line.push_span(Span::styled(" ".repeat(gap) + &sort, style::faint()));
    }
    frame.render_widget(line, area);
}

pub(super) fn draw(model: &Model, frame: &mut Frame<'_>, heading: Rect, rows: Rect) {
    if let Some(area) = one_line(heading) {
        let underlined = Style::new().add_modifier(Modifier::UNDERLINED);
        frame.buffer_mut().set_style(area, underlined);
        for (column, place) in columns(area) {
            frame.render_widget(
                Line::styled(column.heading(), style::label()).alignment(column.alignment()),
                place,
            );
        }
    }
    if model.table.shown_count() == 0 {
        return draw_nothing(model, frame, rows);
    }
    let height = usize::from(rows.height);
    for ((job, selected), area) in model.table.in_sight(height).zip(rows.rows()) {
        for (column, place) in columns(area) {
            frame.render_widget(cell(model, job, column, place), place);
        }
        if selected {
            frame.buffer_mut().set_style(area, style::selected());
        }
    }
}

fn cell(model: &Model, job: &Job, column: Column, place: Rect) -> Line<'static> {
    let state = model.table.state(job);
    let wide = place.width >= column.width(true);
    let bytes = |bytes: u64| if wide { Bytes(bytes).to_string() } else { text::short_bytes(bytes) };
    let shown = match column {
        Column::State => job.word(state).to_owned(),
        Column::Name => text::cut(job.name(), usize::from(place.width)).into_owned(),
        Column::Class if wide => job.class.map(|class| class.name().to_owned()).unwrap_or_default(),
        Column::Class => job.short_class().to_owned(),
        Column::Settings if wide => job.long_settings(),
        Column::Settings => job.short_settings(),
        Column::Before => bytes(job.before),
        Column::After => job.after.map(bytes).unwrap_or_default(),
        Column::Saved => match (state, job.after) {
            (State::Done, Some(after)) => Saved(job.before, after).to_string(),
            _ => String::new(),
        },
        Column::When => text::when(job.started, model.now, &model.zone),
        Column::Took => match (state, job.ended) {
            (_, Some(ended)) => text::duration(job.started, ended),
            (State::Running, None) => text::duration(job.started, model.now),
            (_, None) => String::new(),
        },
    };
    let style = if column == Column::State { style::state(state) } else { Style::new() };
    Line::styled(shown, style).alignment(column.alignment())
}

/// Says why the table is empty, and what to do.
fn draw_nothing(model: &Model, frame: &mut Frame<'_>, area: Rect) {
    let choice = model.table.choice();
    let (what, hint) = if !choice.filter.is_empty() {
        (format!("No job matches {:?}.", choice.filter), "Esc drops the filter.".to_owned())
    } else if let (Some(tab), 1..) = (choice.tab, model.table.job_count()) {
        (format!("No job is {}.", tab.name()), "Tab shows the next state.".to_owned())
    } else {
        let start =
            format!("Start `{}`: films show up here as soon as they are worked on.", model.place.start);
        match &model.folder {
            Folder::Unread => ("Reading the jobs.".to_owned(), String::new()),
            Folder::Read => ("No jobs yet.".to_owned(), start),
            Folder::Missing => (format!("No jobs yet: {} isn't there.", model.place.state), start),
            Folder::Unreadable(reason) => (
                format!("Can't read {}: {reason}.", model.place.state),
                "Check the owner and the rights of `job_state_dir`, or name another config with --config."
                    .to_owned(),
            ),
        }
    };
    let inside = Rect { x: area.x + 2, width: area.width.saturating_sub(4), ..area };
    let paragraph = |text: &str, style: Style| {
        let lines = text::wrap(text, usize::from(inside.width)).into_iter();
        lines.map(move |line| Line::styled(line, style)).collect::<Vec<_>>()
    };
    let lines = [vec![Line::default()], paragraph(&what, style::strong()), paragraph(&hint, Style::new())];
    frame.render_widget(Paragraph::new(lines.concat()), inside);
}
