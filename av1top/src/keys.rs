//! The key bindings: one table, used by [`update`](crate::update()) and by the help screen.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// The action of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Ends the program.
    Quit,
    /// Reads everything again.
    Refresh,
    /// Moves up by a line.
    Up,
    /// Moves down by a line.
    Down,
    /// Moves up by a screen.
    PageUp,
    /// Moves down by a screen.
    PageDown,
    /// Moves to the first line.
    Home,
    /// Moves to the last line.
    End,
    /// Opens the details of the selected job.
    Open,
    /// Closes what is open: the help, the details or the filter.
    Back,
    /// Starts typing a filter.
    Filter,
    /// Shows the next tab.
    NextTab,
    /// Shows the previous tab.
    PreviousTab,
    /// Switches to the next sort order.
    Sort,
    /// Copies the job's command.
    Copy,
    /// Pauses all work, or resumes it.
    Pause,
    /// Ends the job's encode.
    Cancel,
    /// Excludes the job's film from now on.
    Skip,
    /// Tries the job's film again.
    Retry,
    /// Shows the help.
    Help,
}

/// An action and its keys.
#[derive(Debug)]
pub struct Binding {
    /// The action.
    pub action: Action,
    /// The keys for the action. The first one is shown in the last line.
    pub keys: &'static [(KeyModifiers, KeyCode)],
    /// The description in the help; at most [`LONGEST_HELP`] columns.
    pub help: &'static str,
    /// A word for the last line; empty if the action isn't shown there.
    pub word: &'static str,
    /// Whether the action works while a job's details are open.
    pub in_details: bool,
}

const fn plain(code: KeyCode) -> (KeyModifiers, KeyCode) {
    (KeyModifiers::NONE, code)
}

const fn char(c: char) -> (KeyModifiers, KeyCode) {
    plain(KeyCode::Char(c))
}

/// Two columns of help with texts of this length fit on a terminal of 60 columns.
pub const LONGEST_HELP: usize = 18;

/// All key bindings.
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

/// Returns the action of a key event.
pub fn action(event: KeyEvent) -> Option<Action> {
    // SHIFT is ignored: the character already reflects it, and terminals differ in whether they report it as well.
    let modifiers = event.modifiers - KeyModifiers::SHIFT;
    let bound = |binding: &&Binding| binding.keys.contains(&(modifiers, event.code));
    KEYS.iter().find(bound).map(|binding| binding.action)
}

/// Returns the name of the action's first key.
pub fn label(action: Action) -> String {
    let binding = KEYS.iter().find(|binding| binding.action == action);
    binding.and_then(|binding| binding.keys.first()).map(|key| name(*key)).unwrap_or_default()
}

/// Returns the name of a key.
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
