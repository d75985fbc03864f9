//! What each message changes: the only place that changes the model. It does nothing itself; what has to be done is said as
//! effects.

use crossterm::event::{
    KeyCode, KeyEvent, KeyEventKind, KeyModifiers, MouseButton, MouseEvent, MouseEventKind,
};
use jiff::Timestamp;
use ratatui::layout::{Position, Rect};

use crate::command;
use crate::job::State;
use crate::keys::{self, Action};
use crate::message::{Changes, Effect, Folder, Loaded, Msg};
use crate::model::{Details, Model};
use crate::table::Choice;
use crate::view::{detail, layout};
use av1exec::failure::Exit;

/// Takes in a message, and says what is to be done now.
pub fn update(model: &mut Model, msg: Msg) -> Vec<Effect> {
    match msg {
        Msg::Key(key) if key.kind != KeyEventKind::Release => on_key(model, key),
        Msg::Key(_) => Vec::new(),
        Msg::Mouse(mouse) => on_mouse(model, mouse),
        Msg::Resized(columns, rows) => {
            model.area = Rect::new(0, 0, columns, rows);
            reveal(model);
            vec![Effect::Draw]
        }
        Msg::Clock(now) => on_clock(model, now),
        Msg::Machine(machine) => set(&mut model.machine, Some(machine)),
        Msg::Roots(roots) => set(&mut model.roots, roots),
        Msg::Folder(folder) => set(&mut model.folder, folder),
        Msg::Worker(worker) => {
            let effects = set(&mut model.worker, worker);
            if !effects.is_empty() {
                model.table.worker(&model.worker, model.now);
                fit(model);
            }
            effects
        }
        Msg::Jobs(changes) => on_jobs(model, changes),
        Msg::Sizes(sizes) => {
            if model.table.grow(sizes) {
                vec![Effect::Draw]
            } else {
                Vec::new()
            }
        }
        Msg::Loaded(loaded) => on_loaded(model, loaded),
        Msg::Notice(notice) => set(&mut model.notice, Some(notice)),
        Msg::Stop(exit) => vec![Effect::Quit(exit)],
    }
}

/// Changes a field, and has it drawn if that changed it.
fn set<T: PartialEq>(field: &mut T, value: T) -> Vec<Effect> {
    if *field == value {
        return Vec::new();
    }
    *field = value;
    vec![Effect::Draw]
}

fn on_clock(model: &mut Model, now: Timestamp) -> Vec<Effect> {
    let before = std::mem::replace(&mut model.now, now);
    let hour = |time: Timestamp| time.as_second().div_euclid(3600);
    let next_hour = hour(before) != hour(now);
    if next_hour {
        model.table.count(now);
    }
    let running = model.table.running_count() > 0;
    let next_second = before.as_second() != now.as_second();
    let mut effects = if next_hour || running && next_second { vec![Effect::Draw] } else { Vec::new() };
    // The log of a job that runs grows without its file being written.
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

fn on_jobs(model: &mut Model, changes: Changes) -> Vec<Effect> {
    model.folder = Folder::Read;
    if model.damaged != changes.damaged {
        model.damaged.clone_from(&changes.damaged);
        let told = |(name, reason): &(String, String)| format!("can't read {name}: {reason}");
        model.notice = model.damaged.first().map(told).or_else(|| model.notice.take());
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
            Err(reason) => model.notice = Some(reason),
        }
    }
    if let Some(details) = model.details.as_mut().filter(|details| details.id == loaded.id) {
        details.loaded = Some(loaded);
        scroll_details(model, 0);
        effects.push(Effect::Draw);
    }
    effects
}

fn on_key(model: &mut Model, key: KeyEvent) -> Vec<Effect> {
    model.notice = None;
    let mut effects = vec![Effect::Draw];
    if model.typing && type_filter(model, key) {
        return effects;
    }
    let Some(action) = keys::action(key) else { return effects };
    match action {
        Action::Quit => effects.push(Effect::Quit(Exit::Done)),
        Action::Refresh => effects.extend(refresh(model)),
        Action::Help => model.help = !model.help,
        _ if model.help => model.help = action != Action::Back,
        Action::Copy => effects.extend(copy(model)),
        _ if model.details.is_some() => on_details(model, action),
        _ => effects.extend(on_table(model, action)),
    }
    effects
}

/// Types a key into the filter; says whether it was one for that.
fn type_filter(model: &mut Model, key: KeyEvent) -> bool {
    let mut choice = model.table.choice().clone();
    match (key.modifiers - KeyModifiers::SHIFT, key.code) {
        (KeyModifiers::NONE, KeyCode::Char(c)) if !c.is_control() && choice.filter.len() < 200 => {
            choice.filter.push(c);
        }
        (KeyModifiers::NONE, KeyCode::Char(_)) => {}
        (_, KeyCode::Backspace) => drop(choice.filter.pop()),
        (KeyModifiers::CONTROL, KeyCode::Char('u')) => choice.filter.clear(),
        (_, KeyCode::Enter) => model.typing = false,
        (_, KeyCode::Esc) => {
            model.typing = false;
            choice.filter.clear();
        }
        _ => return false,
    }
    choose(model, choice);
    true
}

fn refresh(model: &mut Model) -> Vec<Effect> {
    model.notice = Some("reading everything anew".into());
    let open = model.details.as_ref().map(|details| Effect::Load(details.id.clone()));
    [Effect::Refresh].into_iter().chain(open).collect()
}

fn copy(model: &mut Model) -> Option<Effect> {
    let open = model.details.as_ref().map(|details| details.id.clone());
    let id = open.or_else(|| Some(model.table.selected()?.id.clone()))?;
    model.copying = Some(id.clone());
    Some(Effect::Load(id))
}

fn on_details(model: &mut Model, action: Action) {
    let [_, text, _] = layout::details(model.area);
    let page = isize::try_from(text.height.max(2) - 1).unwrap_or(1);
    match action {
        Action::Back => model.details = None,
        Action::Up => scroll_details(model, -1),
        Action::Down => scroll_details(model, 1),
        Action::PageUp => scroll_details(model, -page),
        Action::PageDown => scroll_details(model, page),
        Action::Home => scroll_details(model, isize::MIN),
        Action::End => scroll_details(model, isize::MAX),
        _ => {}
    }
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

fn on_table(model: &mut Model, action: Action) -> Vec<Effect> {
    let (line, _) = model.table.position();
    let page = usize::from(model.regions().rows.height).max(2) - 1;
    let choice = model.table.choice().clone();
    match action {
        Action::Up => model.table.select(line.saturating_sub(1)),
        Action::Down => model.table.select(line + 1),
        Action::PageUp => model.table.select(line.saturating_sub(page)),
        Action::PageDown => model.table.select(line.saturating_add(page)),
        Action::Home => model.table.select(0),
        Action::End => model.table.select(usize::MAX),
        Action::Open => return open(model),
        Action::Back => choose(model, Choice { filter: String::new(), ..choice }),
        Action::Filter => model.typing = true,
        Action::NextTab => choose(model, Choice { tab: neighbour(choice.tab, 1), ..choice }),
        Action::PreviousTab => choose(model, Choice { tab: neighbour(choice.tab, -1), ..choice }),
        Action::Sort => {
            let sort = choice.sort.next();
            choose(model, Choice { sort, ..choice });
            model.notice = Some(format!("sorted {}", sort.name()));
        }
        Action::Quit | Action::Refresh | Action::Copy | Action::Help => {}
    }
    reveal(model);
    Vec::new()
}

/// The tab beside `tab`; all jobs are the first one.
fn neighbour(tab: Option<State>, by: isize) -> Option<State> {
    let tabs: Vec<Option<State>> = [None].into_iter().chain(State::ALL.map(Some)).collect();
    let place = tabs.iter().position(|one| *one == tab).unwrap_or_default();
    let next = (place + tabs.len()).saturating_add_signed(by) % tabs.len();
    tabs.get(next).copied().flatten()
}

fn open(model: &mut Model) -> Vec<Effect> {
    let Some(id) = model.table.selected().map(|job| job.id.clone()) else { return Vec::new() };
    model.details = Some(Details { id: id.clone(), loaded: None, top: 0 });
    vec![Effect::Load(id)]
}

fn on_mouse(model: &mut Model, mouse: MouseEvent) -> Vec<Effect> {
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

fn choose(model: &mut Model, choice: Choice) {
    model.table.choose(choice, model.now);
    reveal(model);
}

/// Brings the selected line into sight: after what a person did.
fn reveal(model: &mut Model) {
    let height = usize::from(model.regions().rows.height);
    model.table.reveal(height);
    scroll_details(model, 0);
}

/// Keeps what is in sight where it is: after what happened by itself.
fn fit(model: &mut Model) {
    let height = usize::from(model.regions().rows.height);
    model.table.fit(height);
}
