//! Requests of the user about the work. Irreversible ones are confirmed first.

use av1exec::serve::status::{State as DaemonState, Status};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::say;
use crate::job::State;
use crate::keys::Action;
use crate::message::{Command, Effect, Worker};
use crate::model::{Model, Question};

/// The answer to a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    Yes,
    No,
    Neither,
}

/// Returns a key's answer. Only a letter means yes, because an Enter may have been pressed for something else.
pub(super) fn answer(key: KeyEvent) -> Answer {
    match (key.modifiers - KeyModifiers::SHIFT, key.code) {
        (KeyModifiers::NONE, KeyCode::Char('y' | 'Y')) => Answer::Yes,
        (KeyModifiers::NONE, KeyCode::Char('n' | 'N')) | (_, KeyCode::Esc) => Answer::No,
        _ => Answer::Neither,
    }
}

/// Handles a key that requests something. Returns the effect, if there is one already.
pub(super) fn command(model: &mut Model, action: Action) -> Option<Effect> {
    if action == Action::Pause {
        return pause(model);
    }
    if let Worker::Silent(why) = &model.worker {
        let why = why.clone();
        say(model, why);
        return None;
    }
    let Some(id) = model.chosen().map(str::to_owned) else {
        say(model, "no job is selected");
        return None;
    };
    let job = model.table.job(&id);
    let name = job.map_or(id.as_str(), |job| job.name()).to_owned();
    let runs = job.is_some_and(|job| model.table.state(job) == State::Running);
    match action {
        Action::Cancel if !runs => {
            say(model, format!("{name} isn't being encoded"));
            None
        }
        Action::Cancel if daemon(model).is_none() => None,
        Action::Cancel => {
            let cost = "What is encoded of it is lost.";
            ask(model, Question { verb: "Cancel", name, cost, command: Command::Cancel(id) })
        }
        Action::Skip => {
            let cost = match &model.worker {
                Worker::Daemon(_) if runs => "Its encode ends.",
                _ if runs => "What is encoded of it is lost in the end.",
                _ => "It gets a marker.",
            };
            ask(model, Question { verb: "Skip for ever", name, cost, command: Command::Skip(id) })
        }
        _ => Some(Effect::Carry(Command::Retry(id))),
    }
}

fn ask(model: &mut Model, question: Question) -> Option<Effect> {
    model.question = Some(question);
    None
}

fn pause(model: &mut Model) -> Option<Effect> {
    let paused = daemon(model)?.state == DaemonState::Paused;
    Some(Effect::Carry(if paused { Command::Resume } else { Command::Pause }))
}

/// Returns the daemon's status, or shows a notice that says why no daemon can be asked.
fn daemon(model: &mut Model) -> Option<&Status> {
    let why = match &model.worker {
        Worker::Daemon(_) => None,
        Worker::Silent(why) => Some(why.clone()),
        Worker::Working(who) => Some(format!("{who} works without a daemon: stop it where it was started")),
        Worker::Unknown | Worker::Gone(_) => {
            Some(format!("no daemon runs here: start one with `{}`", model.place.start))
        }
    };
    if let Some(why) = why {
        say(model, why);
    }
    match &model.worker {
        Worker::Daemon(status) => Some(status),
        _ => None,
    }
}
