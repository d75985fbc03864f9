//! Draws the first lines: the machine, the roots, the daemon, and the saved space.

use av1exec::state::outcome::{Bytes, Saved};
use av1exec::state::totals::Savings;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::layout::Regions;
use super::{daemon, spans, style, whole_parts};
use crate::message::Root;
use crate::model::Model;
use crate::text;

pub(super) fn draw(model: &Model, frame: &mut Frame<'_>, regions: &Regions) {
    frame.render_widget(machine(model, usize::from(regions.machine.width)), regions.machine);
    frame.render_widget(roots(model, usize::from(regions.roots.width)), regions.roots);
    frame.render_widget(daemon::state(model, usize::from(regions.daemon.width)), regions.daemon);
    frame.render_widget(daemon::counts(model, usize::from(regions.counts.width)), regions.counts);
    frame.render_widget(saved(model, usize::from(regions.saved.width)), regions.saved);
}

fn machine(model: &Model, columns: usize) -> Line<'static> {
    let Some(machine) = &model.machine else { return Line::styled(" measuring the machine", style::faint()) };
    // The bar is short on a narrow terminal, because the numbers are more informative.
    let bar = (columns / if columns < 80 { 10 } else { 6 }).clamp(4, 24);
    let memory = text::percent(machine.memory_used, machine.memory_total);
    let cpu = u64::from(machine.cpu);
    let used = if columns >= 100 {
        format!(" {} of {}", Bytes(machine.memory_used), Bytes(machine.memory_total))
    } else {
        format!(" {memory:>3} %")
    };
    let load = machine.load.map(|load| format!("{}.{:02}", load / 100, load % 100)).join(" ");
    // The cores are shown only if they leave room for the rest.
    let strip = machine.cores.len() > 1 && columns >= 100 + machine.cores.len();
    let cores =
        machine.cores.iter().map(|core| Span::styled(style::column(*core), style::level(u64::from(*core))));
    let parts = [
        joined([part(" CPU "), style::bar(cpu, bar, style::level(cpu)), format!(" {cpu:>3} %").into()]),
        if strip { joined([" ".into(), cores.collect::<Vec<_>>().into()]) } else { Line::default() },
        joined([part("  memory "), style::bar(memory, bar, style::level(memory)), used.into()]),
        joined([part("  load "), load.into()]),
    ];
    whole_parts(parts, columns)
}

fn roots(model: &Model, columns: usize) -> Line<'static> {
    let count = model.roots.len().max(1);
    // Each path gets the same share of the line; a longer one keeps its end, which is the most informative part.
    let share = (columns / count).saturating_sub(28).max(8);
    let parts = model.roots.iter().map(|root| root_part(root, share));
    whole_parts(parts, columns)
}

fn root_part(root: &Root, share: usize) -> Line<'static> {
    let name = Span::styled(format!(" {}", text::cut_start(&root.path, share)), style::label());
    let space = match &root.space {
        Ok((free, total)) => {
            let full = 100 - text::percent(*free, *total).min(100);
            vec![
                Span::styled(format!(" {}", Bytes(*free)), style::level(full)),
                format!(" free of {} ", Bytes(*total)).into(),
            ]
        }
        Err(reason) => vec![Span::styled(format!(" {} ", text::cut(reason, 40)), style::bad())],
    };
    let mut line = Line::from(name);
    line.spans.extend(space);
    line
}

fn saved(model: &Model, columns: usize) -> Line<'static> {
    let overview = model.table.overview();
    let amount = |savings: Savings, when: &str| {
        let Savings { before, after } = savings;
        let bytes = Span::styled(Bytes(savings.bytes()).to_string(), style::strong());
        let ratio = if before > 0 { format!(" ({})", Saved(before, after)) } else { String::new() };
        Line::from(vec![bytes, Span::raw(format!("{ratio} {when}"))])
    };
    let parts = [
        joined([part(" saved "), amount(overview.ever, "in all")]),
        joined([", ".into(), amount(overview.week, "this week")]),
    ];
    whole_parts(parts, columns)
}

pub(super) fn part(label: &'static str) -> Line<'static> {
    Line::styled(label, style::label())
}

fn joined<const N: usize>(parts: [Line<'static>; N]) -> Line<'static> {
    parts.into_iter().flat_map(spans).collect::<Vec<_>>().into()
}

/// Returns the first line of an area, or `None` if the area is empty.
pub(super) fn one_line(area: Rect) -> Option<Rect> {
    (area.height > 0 && area.width > 0).then_some(Rect { height: 1, ..area })
}
