//! The keys: one table, which [`update`](crate::update()) obeys and from which the help is drawn.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// What a key does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Ends the program.
    Quit,
    /// Reads everything anew.
    Refresh,
    /// One line up.
    Up,
    /// One line down.
    Down,
    /// A screen up.
    PageUp,
    /// A screen down.
    PageDown,
    /// To the first line.
    Home,
    /// To the last line.
    End,
    /// Opens the details of the selected job.
    Open,
    /// Leaves what is open: help, details, a filter.
    Back,
    /// Types a filter.
    Filter,
    /// Shows the next state.
    NextTab,
    /// Shows the previous state.
    PreviousTab,
    /// Sorts by the next order.
    Sort,
    /// Copies the job's command.
    Copy,
    /// Pauses all work, or lets it go on.
    Pause,
    /// Ends the job's encode.
    Cancel,
    /// Leaves the job's film alone from now on.
    Skip,
    /// Tries the job's film again.
    Retry,
    /// Shows the keys.
    Help,
}

/// An action and its keys.
#[derive(Debug)]
pub struct Binding {
    /// The action.
    pub action: Action,
    /// Its keys, the one to show in the last line first.
    pub keys: &'static [(KeyModifiers, KeyCode)],
    /// What it does, for the help; at most [`LONGEST_HELP`] columns.
    pub help: &'static str,
    /// What it does, in a word, for the last line; empty: not worth its room.
    pub word: &'static str,
    /// Whether it does something in a job's details.
    pub in_details: bool,
}

const fn plain(code: KeyCode) -> (KeyModifiers, KeyCode) {
    (KeyModifiers::NONE, code)
}

const fn char(c: char) -> (KeyModifiers, KeyCode) {
    plain(KeyCode::Char(c))
}

/// So much fits on a terminal of 60 columns twice.
pub const LONGEST_HELP: usize = 18;

/// All keys.
pub const KEYS: [Binding; 20] = [
    Binding {
        action: Action::Quit,
        keys: &[char('q'), (KeyModifiers::CONTROL, KeyCode::Char('c'))],
        help: "quit",
        word: "quit",
        in_details: true,
    },
    Binding {
        action: Action::Help,
        keys: &[char('?'), plain(KeyCode::F(1))],
        help: "this help",
        word: "help",
        in_details: true,
    },
    Binding {
        action: Action::Open,
        keys: &[plain(KeyCode::Enter)],
        help: "details of the job",
        word: "details",
        in_details: false,
    },
    Binding {
        action: Action::Back,
        keys: &[plain(KeyCode::Esc)],
        help: "back, no filter",
        word: "back",
        in_details: true,
    },
    Binding {
        action: Action::Filter,
        keys: &[char('/')],
        help: "filter the jobs",
        word: "filter",
        in_details: false,
    },
    Binding {
        action: Action::NextTab,
        keys: &[plain(KeyCode::Tab)],
        help: "next state",
        word: "state",
        in_details: false,
    },
    Binding {
        action: Action::PreviousTab,
        keys: &[plain(KeyCode::BackTab)],
        help: "previous state",
        word: "",
        in_details: false,
    },
    Binding { action: Action::Sort, keys: &[char('s')], help: "next order", word: "sort", in_details: false },
    Binding {
        action: Action::Pause,
        keys: &[char('p')],
        help: "pause, go on",
        word: "pause",
        in_details: true,
    },
    Binding {
        action: Action::Cancel,
        keys: &[char('x')],
        help: "cancel the encode",
        word: "cancel",
        in_details: true,
    },
    Binding { action: Action::Skip, keys: &[char('S')], help: "skip for ever", word: "", in_details: true },
    Binding { action: Action::Retry, keys: &[char('R')], help: "try again", word: "", in_details: true },
    Binding {
        action: Action::Copy,
        keys: &[char('y')],
        help: "copy the command",
        word: "copy",
        in_details: true,
    },
    Binding {
        action: Action::Refresh,
        keys: &[char('r')],
        help: "read all anew",
        word: "refresh",
        in_details: true,
    },
    Binding {
        action: Action::Up,
        keys: &[plain(KeyCode::Up), char('k')],
        help: "up",
        word: "",
        in_details: true,
    },
    Binding {
        action: Action::Down,
        keys: &[plain(KeyCode::Down), char('j')],
        help: "down",
        word: "",
        in_details: true,
    },
    Binding {
        action: Action::PageUp,
        keys: &[plain(KeyCode::PageUp)],
        help: "a screen up",
        word: "",
        in_details: true,
    },
    Binding {
        action: Action::PageDown,
        keys: &[plain(KeyCode::PageDown)],
        help: "a screen down",
        word: "",
        in_details: true,
    },
    Binding {
        action: Action::Home,
        keys: &[plain(KeyCode::Home)],
        help: "to the first",
        word: "",
        in_details: true,
    },
    Binding {
        action: Action::End,
        keys: &[plain(KeyCode::End)],
        help: "to the last",
        word: "",
        in_details: true,
    },
];

/// What `event` does.
pub fn action(event: KeyEvent) -> Option<Action> {
    // Shift is in the character already; terminals disagree on whether they tell it, too.
    let modifiers = event.modifiers - KeyModifiers::SHIFT;
    let bound = |binding: &&Binding| binding.keys.contains(&(modifiers, event.code));
    KEYS.iter().find(bound).map(|binding| binding.action)
}

/// The action's first key, as a person calls it.
pub fn label(action: Action) -> String {
    let binding = KEYS.iter().find(|binding| binding.action == action);
    binding.and_then(|binding| binding.keys.first()).map(|key| name(*key)).unwrap_or_default()
}

/// A key as a person calls it.
pub fn name((modifiers, code): (KeyModifiers, KeyCode)) -> String {
    let key = match code {
        KeyCode::Char(c) => c.to_string(),
        KeyCode::PageUp => "PgUp".into(),
        KeyCode::PageDown => "PgDn".into(),
        KeyCode::BackTab => "Shift-Tab".into(),
        code => code.to_string(),
    };
    if modifiers == KeyModifiers::CONTROL { format!("Ctrl-{}", key.to_uppercase()) } else { key }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_does_what_its_line_says_and_nothing_else() {
        for binding in &KEYS {
            for (modifiers, code) in binding.keys {
                let found = action(KeyEvent::new(*code, *modifiers));
                assert_eq!(found, Some(binding.action), "{}", name((*modifiers, *code)));
            }
        }
        assert_eq!(action(KeyEvent::new(KeyCode::Char('z'), KeyModifiers::NONE)), None);
        let shifted = action(KeyEvent::new(KeyCode::Char('S'), KeyModifiers::SHIFT));
        assert_eq!(shifted, Some(Action::Skip), "a capital is another key");
        assert_eq!(action(KeyEvent::new(KeyCode::Char('q'), KeyModifiers::ALT)), None);
        assert_eq!(action(KeyEvent::new(KeyCode::Char('?'), KeyModifiers::SHIFT)), Some(Action::Help));
        assert_eq!(action(KeyEvent::new(KeyCode::BackTab, KeyModifiers::SHIFT)), Some(Action::PreviousTab));
    }

    #[test]
    fn every_help_fits() {
        assert!(KEYS.iter().all(|binding| binding.help.len() <= LONGEST_HELP));
    }

    #[test]
    fn keys_have_the_names_that_are_on_them() {
        let names: Vec<String> = KEYS.iter().flat_map(|binding| binding.keys).map(|key| name(*key)).collect();
        assert_eq!(
            names.join(" "),
            "q Ctrl-C ? F1 Enter Esc / Tab Shift-Tab s p x S R y r Up k Down j PgUp PgDn Home End"
        );
    }
}
