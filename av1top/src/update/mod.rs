//! Applies messages to the model. This is the only place that changes the model; anything else to be done is returned
//! as effects.

mod commands;
mod pointer;
mod press;

use std::path::Path;

use av1exec::serve::control::events::EventDocument;
use av1exec::sys::path::path_of;
use av1exec::sys::sanitize::{display, sanitize};
use crossterm::event::KeyEventKind;
use jiff::Timestamp;
use ratatui::layout::Rect;

use crate::command;
use crate::job::{Job, State};
use crate::message::{Changes, Effect, Folder, Loaded, Msg, Worker};
use crate::model::{Model, Notice};
use crate::table::Choice;
use crate::view::{detail, layout};

/// Applies a message to the model and returns the effects to carry out.
pub fn update(model: &mut Model, msg: Msg) -> Vec<Effect> {
    match msg {
        Msg::Key(key) if key.kind != KeyEventKind::Release => press::press(model, key),
        Msg::Key(_) => Vec::new(),
        Msg::Mouse(mouse) => pointer::point(model, mouse),
        Msg::Resized(columns, rows) => {
            model.area = Rect::new(0, 0, columns, rows);
            reveal(model);
            vec![Effect::Draw]
        }
        Msg::Clock(now) => on_clock(model, now),
        Msg::Machine(machine) => set(&mut model.machine, Some(machine)),
        Msg::Roots(roots) => set(&mut model.roots, roots),
        Msg::Folder(folder) => on_folder(model, folder),
        Msg::Worker(worker) => on_worker(model, worker),
        Msg::Event(event) => on_event(model, &event),
        Msg::Jobs(changes) => on_jobs(model, changes),
        Msg::Finished(jobs) => on_finished(model, jobs),
        Msg::Sizes(sizes) => {
            if model.table.grow(sizes) {
                vec![Effect::Draw]
            } else {
                Vec::new()
            }
        }
        Msg::Loaded(loaded) => on_loaded(model, loaded),
        Msg::Notice(notice) => {
            say(model, notice);
            vec![Effect::Draw]
        }
        Msg::Stop(exit) => vec![Effect::Quit(exit)],
    }
}

/// Sets a field, and asks for a draw if the value has changed.
fn set<T: PartialEq>(field: &mut T, value: T) -> Vec<Effect> {
    if *field == value {
        return Vec::new();
    }
    *field = value;
    vec![Effect::Draw]
}

fn on_worker(model: &mut Model, mut worker: Worker) -> Vec<Effect> {
    // The running jobs are also updated by events, so that they are kept in `model.live` only.
    let running = match &mut worker {
        Worker::Daemon(status) => std::mem::take(&mut status.running),
        Worker::Unknown | Worker::Silent(_) | Worker::Working(_) | Worker::Gone(_) => Vec::new(),
    };
    let moved = model.live.take(running);
    let mut effects = set(&mut model.worker, worker);
    if !effects.is_empty() {
        model.table.worker(&model.worker, model.now);
        fit(model);
    } else if moved {
        effects.push(Effect::Draw);
    }
    effects
}

fn on_event(model: &mut Model, event: &EventDocument) -> Vec<Effect> {
    let mut draw = model.live.note(event);
    if let Some(text) = worth_telling(event) {
        say(model, text);
        draw = true;
    }
    if draw { vec![Effect::Draw] } else { Vec::new() }
}

/// Returns the text for the last line if the event is worth one.
fn worth_telling(event: &EventDocument) -> Option<String> {
    let name = |path| {
        let path = path_of(path);
        path.file_name().map_or_else(|| display(&path), |name| display(Path::new(name)))
    };
    match event {
        EventDocument::Finished { path, code, text, failed, .. } => {
            let word = if *failed { "failed" } else { "done" };
            Some(format!("{word}: {} [{code}]: {text}", name(path)))
        }
        EventDocument::Unreadable { path, reason } => {
            Some(format!("{} can't be read: {reason}", display(&path_of(path))))
        }
        EventDocument::Warning { path, message } => Some(format!("{}: {message}", display(&path_of(path)))),
        _ => None,
    }
}

/// Shows a notice in the last line for a while.
fn say(model: &mut Model, text: impl AsRef<str>) {
    model.notice = Some(Notice { text: sanitize(text.as_ref()).into_owned(), since: model.now });
}

fn on_clock(model: &mut Model, now: Timestamp) -> Vec<Effect> {
    let before = std::mem::replace(&mut model.now, now);
    let told = model.notice.take_if(|notice| !notice.is_fresh(now)).is_some();
    let hour = |time: Timestamp| time.as_second().div_euclid(3600);
    let next_hour = hour(before) != hour(now);
    if next_hour {
        model.table.count(now);
    }
    let running = model.table.running_count() > 0;
    let next_second = before.as_second() != now.as_second();
    let mut effects =
        if told || next_hour || running && next_second { vec![Effect::Draw] } else { Vec::new() };
    // A running job's log grows without a change of the job file, so that open details are loaded again every two
    // seconds.
    let open = model.details.as_ref().and_then(|details| model.table.job(&details.id));
    if let Some(job) = open
        && model.table.state(job) == State::Running
        && next_second
        && now.as_second() % 2 == 0
    {
        effects.push(Effect::Load(job.id.clone()));
    }
    effects
}

/// If the folder can no longer be read, removes all jobs.
fn on_folder(model: &mut Model, folder: Folder) -> Vec<Effect> {
    if !matches!(folder, Folder::Read) && model.table.job_count() > 0 {
        model.table.clear(model.now);
        fit(model);
    }
    set(&mut model.folder, folder)
}

fn on_finished(model: &mut Model, jobs: Vec<Job>) -> Vec<Effect> {
    let damaged = model.damaged.clone();
    on_jobs(model, Changes { changed: jobs, gone: Vec::new(), damaged })
}

fn on_jobs(model: &mut Model, changes: Changes) -> Vec<Effect> {
    model.folder = Folder::Read;
    if model.damaged != changes.damaged {
        model.damaged.clone_from(&changes.damaged);
        let told = |(name, reason): &(String, String)| format!("can't read {name}: {reason}");
        if let Some(text) = model.damaged.first().map(told) {
            say(model, text);
        }
    }
    let mut effects = vec![Effect::Draw];
    if let Some(open) = &model.details
        && changes.changed.iter().any(|job| job.id == open.id)
    {
        effects.push(Effect::Load(open.id.clone()));
    }
    model.table.apply(changes, model.now);
    fit(model);
    effects
}

fn on_loaded(model: &mut Model, loaded: Box<Loaded>) -> Vec<Effect> {
    let mut effects = Vec::new();
    if model.copying.as_ref() == Some(&loaded.id) {
        model.copying = None;
        effects.push(Effect::Draw);
        match loaded.job.as_ref().map_err(Clone::clone).and_then(command::line) {
            Ok(line) => effects.push(Effect::Copy(line)),
            Err(reason) => say(model, reason),
        }
    }
    if let Some(details) = model.details.as_mut().filter(|details| details.id == loaded.id) {
        details.loaded = Some(loaded);
        scroll_details(model, 0);
        effects.push(Effect::Draw);
    }
    effects
}

fn scroll_details(model: &mut Model, lines: isize) {
    let [_, text, _] = layout::details(model.area);
    let Some(details) = &model.details else { return };
    let last =
        detail::lines(model, details, usize::from(text.width)).len().saturating_sub(usize::from(text.height));
    if let Some(details) = &mut model.details {
        details.top = details.top.saturating_add_signed(lines).min(last);
    }
}

fn choose(model: &mut Model, choice: Choice) {
    model.table.choose(choice, model.now);
    reveal(model);
}

/// Scrolls the selected line into view, after an action of the user.
fn reveal(model: &mut Model) {
    let height = usize::from(model.regions().rows.height);
    model.table.reveal(height);
    scroll_details(model, 0);
}

/// Keeps the visible lines in place, after changes that the user didn't cause.
fn fit(model: &mut Model) {
    let height = usize::from(model.regions().rows.height);
    model.table.fit(height);
}
