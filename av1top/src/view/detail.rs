//! Draws the details of one job: the outcome, the decisions with their reasons, the losses, the command, the contract,
//! the journal, the other attempts, and the end of the log.

use av1exec::state::jobs::{self, OutcomeRecord};
use av1exec::state::outcome::{Bytes, Saved};
use av1exec::sys::sanitize::sanitize;
use av1plan::wire::{DecisionDocument, EncodeDocument};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::{cards, footer, layout, style};
use crate::job::{Job, State};
use crate::message::JobFile;
use crate::model::{Details, Model};
use crate::{command, text};

pub(super) fn draw(model: &Model, details: &Details, frame: &mut Frame<'_>, area: Rect) {
    let [title, body, last] = layout::details(area);
    let known = model.table.job(&details.id);
    let name = known.map_or(details.id.as_str(), Job::name);
    let columns = usize::from(title.width);
    let shown = text::cut(name, columns.saturating_sub(2));
    let padding = " ".repeat(columns.saturating_sub(text::width(&shown) + 1));
    frame.render_widget(Line::styled(format!(" {shown}{padding}"), style::selected()), title);
    let height = usize::from(body.height);
    let lines = lines(model, details, usize::from(body.width)).into_iter().skip(details.top).take(height);
    frame.render_widget(Paragraph::new(lines.collect::<Vec<_>>()), body);
    footer::draw(model, frame, last);
}

/// Returns the details of a job in lines of at most `columns`.
pub fn lines(model: &Model, details: &Details, columns: usize) -> Vec<Line<'static>> {
    let Some(loaded) = &details.loaded else { return vec![Line::styled(" reading the job", style::faint())] };
    let mut page = Page { columns, lines: Vec::new() };
    match &loaded.job {
        Ok(file) => page.job(model, file),
        Err(reason) => page.text(&format!("can't read the job's file: {reason}"), style::bad()),
    }
    page.heading("log");
    match &loaded.log {
        Ok(log) if log.is_empty() => page.text("it is empty", style::faint()),
        Ok(log) => log.iter().for_each(|line| page.text(line, Style::new())),
        Err(reason) => page.text(reason, style::faint()),
    }
    page.lines
}

/// Collects lines of the same width.
struct Page {
    columns: usize,
    lines: Vec<Line<'static>>,
}

impl Page {
    fn job(&mut self, model: &Model, file: &JobFile) {
        let job = &file.job;
        self.outcome(model, job);
        self.sizes(model, file);
        self.attempts(model, job);
        if let Some(encode) = file.encode() {
            self.losses(encode);
        }
        self.heading("decisions");
        match &file.plan {
            Ok(plan) => plan.decisions.iter().for_each(|decision| self.decision(decision)),
            Err(reason) => self.text(&format!("its plan can't be read here: {reason}"), style::faint()),
        }
        if let Some(encode) = file.encode() {
            self.contract(encode, job.outcome.as_ref());
            self.heading("command");
            match command::line(file) {
                Ok(line) => self.text(&line, Style::new()),
                Err(reason) => self.text(&reason, style::faint()),
            }
        }
        self.heading("journal");
        for entry in &job.journal {
            let step: &'static str = entry.step.into();
            self.field(step, &text::moment(entry.at, &model.zone), Style::new());
        }
    }

    fn outcome(&mut self, model: &Model, job: &jobs::Job) {
        let brief = Job::of_file(job);
        let state = model.table.state(&brief);
        let sentence = match &job.outcome {
            Some(outcome) => outcome.text.clone(),
            None if state == State::Running => "it runs".into(),
            None => "it was left behind without an outcome; the next av1d takes it up again".into(),
        };
        self.field(brief.word(state), &sentence, style::state(state));
        self.field("film", &brief.path, Style::new());
        let ended = match job.ended {
            Some(ended) => format!(
                "{} to {}, {}",
                text::moment(job.started, &model.zone),
                text::moment(ended, &model.zone),
                text::duration(job.started, ended)
            ),
            None => format!("since {}", text::moment(job.started, &model.zone)),
        };
        self.field("when", &ended, Style::new());
        self.field("encoder", &brief.long_settings(), Style::new());
        self.field("job", &job.id, Style::new());
    }

    fn sizes(&mut self, model: &Model, file: &JobFile) {
        let job = &file.job;
        let before = job.source.size;
        let outcome = job.outcome.as_ref();
        let after = match outcome.and_then(|outcome| outcome.size_after) {
            Some(after) if after >= before => format!("{} to {}, no smaller", Bytes(before), Bytes(after)),
            Some(after) => format!("{} to {}, {} saved", Bytes(before), Bytes(after), Saved(before, after)),
            None => Bytes(before).to_string(),
        };
        let limit = file.encode().map(|encode| encode.contract.size.limit());
        let limit = limit.map(|limit| format!("; too big from {}", Bytes(limit))).unwrap_or_default();
        self.field("size", &format!("{after}{limit}"), Style::new());
        let temporary = model.table.job(&job.id).and_then(|job| job.temporary.as_ref());
        let live = model.live.job(&job.id);
        if let Some(bytes) = temporary.and_then(|temporary| temporary.bytes).filter(|_| live.is_none()) {
            let percent = text::percent(bytes, before);
            self.field("so far", &format!("{}, {percent} % of the original", Bytes(bytes)), Style::new());
        }
        if let Some(live) = live {
            let words = cards::rates(&live.running)
                .into_iter()
                .chain([Line::from("  ")])
                .chain(cards::weight(&live.running));
            self.field("now", words.map(|word| word.to_string()).collect::<String>().trim(), Style::new());
        }
        let moved =
            outcome.and_then(|outcome| outcome.replaced_by.as_ref()).filter(|path| **path != job.path);
        if let Some(path) = moved {
            self.field("new name", &path.path, Style::new());
        }
    }

    fn attempts(&mut self, model: &Model, job: &jobs::Job) {
        let path = Job::of_file(job).path;
        let attempts = model.table.attempts(&path);
        if attempts.len() < 2 {
            return;
        }
        self.heading("attempts");
        for attempt in attempts {
            let state = model.table.state(attempt);
            let time = text::moment(attempt.started, &model.zone);
            let this = if attempt.id == job.id { " (this one)" } else { "" };
            self.field(
                &time,
                &format!("{} {}{this}", attempt.word(state), attempt.code),
                style::state(state),
            );
        }
    }

    fn losses(&mut self, encode: &EncodeDocument) {
        if encode.losses.is_empty() {
            return;
        }
        self.heading("what the result won't have");
        for loss in &encode.losses {
            let stream = loss.stream.map(|stream| format!(", stream {stream}")).unwrap_or_default();
            self.field(&sanitize(&loss.code), &format!("{}{stream}", loss.what), Style::new());
        }
    }

    /// Adds a decision: its subject, the choice, and the reason.
    fn decision(&mut self, decision: &DecisionDocument) {
        let DecisionDocument { topic, stream, choice, code, text, .. } = decision;
        let topic = stream.map_or_else(|| topic.clone(), |stream| format!("{topic} {stream}"));
        let (about, chosen) = (
            16,
            match self.columns {
                0..80 => 14,
                80..100 => 20,
                _ => 34,
            },
        );
        let reason = self.columns.saturating_sub(about + chosen + 3).max(8);
        let why = if self.columns >= 120 { format!("{text} [{code}]") } else { text.clone() };
        let topics = text::wrap(&sanitize(&topic), about);
        let choices = text::wrap(&sanitize(choice), chosen);
        let reasons = text::wrap(&sanitize(&why), reason);
        for line in 0..topics.len().max(choices.len()).max(reasons.len()) {
            let part = |parts: &[String], columns| {
                let part = parts.get(line).map_or("", String::as_str);
                format!("{part}{} ", " ".repeat(usize::saturating_sub(columns, text::width(part))))
            };
            self.lines.push(Line::from(vec![
                Span::styled(format!(" {}", part(&topics, about)), style::label()),
                Span::styled(part(&choices, chosen), style::strong()),
                Span::raw(part(&reasons, 0)),
            ]));
        }
    }

    /// Adds the contract that the result had to meet, one line per stream, and whether it did.
    fn contract(&mut self, encode: &EncodeDocument, outcome: Option<&OutcomeRecord>) {
        self.heading("contract: what the result is held against");
        let (judged, style) = match outcome {
            None => ("not yet".to_owned(), Style::new()),
            Some(outcome) if outcome.replaced_by.is_some() => {
                ("all of it held".to_owned(), style::state(State::Done))
            }
            Some(outcome) => (format!("{} [{}]", outcome.text, outcome.code), Style::new()),
        };
        self.field("judged", &judged, style);
        let contract = &encode.contract;
        for stream in &contract.streams {
            // Serializing the stream gives the names from the document, so that they needn't be listed here.
            let written = serde_json::to_value(stream).unwrap_or_default();
            let word =
                |key: &str| written.get(key).and_then(|value| value.as_str()).unwrap_or_default().to_owned();
            let told = ["codec", "language", "title"].map(word).join(" ");
            self.field(&word("kind"), told.trim(), Style::new());
        }
        self.field("chapters", &contract.chapters.to_string(), Style::new());
    }

    fn heading(&mut self, name: &'static str) {
        self.lines.push(Line::default());
        let rule = "─".repeat(self.columns.saturating_sub(name.len() + 5));
        self.lines.push(Line::from(vec![
            Span::styled("── ", style::faint()),
            Span::styled(name, style::strong()),
            Span::styled(format!(" {rule}"), style::faint()),
        ]));
    }

    /// Adds a name and its value, which is wrapped below itself.
    fn field(&mut self, name: &str, value: &str, name_style: Style) {
        let name = sanitize(name).into_owned();
        let indent = if text::width(&name) > 10 { 21 } else { 11 };
        let value = text::wrap(&sanitize(value), self.columns.saturating_sub(indent + 1));
        for (line, part) in value.into_iter().enumerate() {
            let name = if line == 0 { text::cut(&name, indent - 1).into_owned() } else { String::new() };
            let gap = " ".repeat(indent - text::width(&name));
            let style = if name_style == Style::new() { style::label() } else { name_style };
            self.lines.push(Line::from(vec![
                Span::raw(" "),
                Span::styled(name, style),
                Span::raw(gap),
                Span::raw(part),
            ]));
        }
    }

    fn text(&mut self, text: &str, style: Style) {
        for line in text::wrap(&sanitize(text), self.columns.saturating_sub(2)) {
            self.lines.push(Line::styled(format!(" {line}"), style));
        }
    }
}
