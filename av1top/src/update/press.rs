//! Handles key presses.

use av1exec::sys::failure::Exit;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::commands::{self, Answer};
use super::{choose, reveal, say, scroll_details};
use crate::job::State;
use crate::keys::{self, Action};
use crate::message::Effect;
use crate::model::{Details, Model};
use crate::table::Choice;
use crate::view::layout;

/// Handles a key press.
pub(super) fn press(model: &mut Model, key: KeyEvent) -> Vec<Effect> {
    model.notice = None;
    let mut effects = vec![Effect::Draw];
    if let Some(question) = model.question.take() {
        match commands::answer(key) {
            Answer::Yes => effects.push(Effect::Carry(question.command)),
            Answer::No => say(model, "nothing was done"),
            Answer::Neither => model.question = Some(question),
        }
        // The user can quit without answering the question.
        if keys::action(key) != Some(Action::Quit) {
            return effects;
        }
    }
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
        Action::Pause | Action::Cancel | Action::Skip | Action::Retry => {
            effects.extend(commands::command(model, action));
        }
        _ if model.details.is_some() => on_details(model, action),
        _ => effects.extend(on_table(model, action)),
    }
    effects
}

/// Applies a key to the filter that is being typed. Returns whether the key was meant for it.
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
    say(model, "reading everything anew");
    let open = model.details.as_ref().map(|details| Effect::Load(details.id.clone()));
    [Effect::Refresh].into_iter().chain(open).collect()
}

fn copy(model: &mut Model) -> Option<Effect> {
    let id = model.chosen()?.to_owned();
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
            say(model, format!("sorted {}", sort.name()));
        }
        _ => {}
    }
    reveal(model);
    Vec::new()
}

/// Returns the tab beside `tab`; `None` is the first tab, with all jobs.
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
