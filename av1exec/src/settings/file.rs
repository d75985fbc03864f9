//! Parses the text of a config file and collects all problems with line and column.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;

use toml::de::{DeTable, DeValue};

use super::Settings;
use super::error::{Problem, SettingsError, position};
use super::key::{known, nearest};
use super::keys::KEYS;
use super::value::{Read, Value, shortened};

/// A config file, as far as it could be read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reading {
    /// The values of all correct lines, and defaults for everything else.
    pub settings: Settings,
    /// All problems, in the order of the file. If there is any, the file as a whole is invalid.
    pub problems: Vec<Problem>,
    /// The keys that occur in the file.
    pub(super) lines: BTreeMap<&'static str, Line>,
}

/// The line of a key in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Line {
    /// The line number, from 1.
    pub(super) number: usize,
    /// Whether the value was correct and is used.
    pub(super) taken: bool,
}

impl Reading {
    /// Whether the file sets a key to a correct value.
    pub(super) fn sets(&self, key: &str) -> bool {
        self.lines.get(key).is_some_and(|line| line.taken)
    }

    /// Returns the settings if the whole file is correct. `path` is used in the error.
    pub(super) fn whole(self, path: &Path) -> Result<Settings, SettingsError> {
        if self.problems.is_empty() {
            return Ok(self.settings);
        }
        Err(SettingsError::Invalid { path: path.to_path_buf(), problems: self.problems })
    }
}

/// Parses the text of a config file; `file` is its name in errors.
pub fn parse(text: &str, file: &Path) -> Result<Settings, SettingsError> {
    read_text(text).whole(file)
}

/// Parses the raw bytes of a config file.
pub(super) fn read_bytes(bytes: &[u8]) -> Reading {
    let error = match str::from_utf8(bytes) {
        Ok(text) => return read_text(text),
        Err(error) => error,
    };
    let before = bytes.get(..error.valid_up_to()).unwrap_or_default();
    let problem = Problem::at(
        &String::from_utf8_lossy(before),
        before.len(),
        "this byte is not UTF-8, which a config has to be in".into(),
    );
    Reading { problems: vec![problem], ..Reading::default() }
}

fn read_text(text: &str) -> Reading {
    // Editors on Windows put a byte order mark at the start of a file. It is stripped because it takes no column on the
    // screen.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let (table, errors) = DeTable::parse_recoverable(text);
    let mut reading = Reading::default();
    for error in errors {
        let at = error.span().map_or(text.len(), |span| span.start);
        let problem = Problem::at(text, at, unreadable_toml(text, &error));
        // A single mistake often causes several parser errors on a line. The first one is usually the most helpful.
        if reading.problems.iter().all(|known| known.line != problem.line) {
            reading.problems.push(problem);
        }
    }
    let unreadable: Vec<usize> = reading.problems.iter().map(|problem| problem.line).collect();
    for (name, value) in table.get_ref() {
        // The parser gives a missing value an empty span at the start of the text, so that the end of the name is used
        // as well.
        let end = value.span().end.max(name.span().end);
        let number = position(text, name.span().start).0;
        let lines = number..=position(text, end).0;
        let readable = !unreadable.iter().any(|line| lines.contains(line));
        // The parser's value for a line with a syntax error is a guess, so that it isn't used.
        let taken =
            if readable { take(&mut reading.settings, name.get_ref(), name.span(), value) } else { Ok(()) };
        let wrong = taken.err();
        if let Some(key) = known(name.get_ref()) {
            reading.lines.insert(key.name, Line { number, taken: readable && wrong.is_none() });
        }
        let wrong = wrong.into_iter().flatten();
        reading.problems.extend(wrong.map(|(at, message)| Problem::at(text, at.start, message)));
    }
    reading.problems.sort();
    reading
}

/// Returns the parser's message, followed by the offending text.
fn unreadable_toml(text: &str, error: &toml::de::Error) -> String {
    let found = error.span().and_then(|span| text.get(span)).unwrap_or_default();
    if found.is_empty() && error.message().starts_with("string values must be quoted") {
        return "the value is missing".into();
    }
    if found.trim().is_empty() || found.contains(char::is_control) {
        return error.message().to_owned();
    }
    format!("{}; found `{}`", error.message(), shortened(found))
}

/// Applies one entry of the file to the settings, or returns what is wrong with it and where.
fn take(
    settings: &mut Settings,
    name: &str,
    at: Range<usize>,
    value: &Value<'_>,
) -> Result<(), Vec<(Range<usize>, String)>> {
    if holds_table(value.get_ref()) {
        let name = on_one_line(name);
        let message = format!(
            "`{name}` is a table, and the keys of the config are flat: write `key = value` lines, \
             without a [section] above them and without a dot"
        );
        return Err(vec![(at, message)]);
    }
    let Some(key) = known(name) else {
        return Err(vec![(at, unknown(name))]);
    };
    let read: Read<()> = (key.set)(settings, value);
    read.map_err(|wrong| {
        let message = |found| format!("`{name}` must be {}; found {found}", key.allowed);
        wrong.into_iter().map(|wrong| (wrong.at, message(wrong.found))).collect()
    })
}

/// Whether the value is a table or a list of tables, as `[[name]]` creates it.
fn holds_table(value: &DeValue<'_>) -> bool {
    match value {
        DeValue::Table(_) => true,
        DeValue::Array(list) => list.iter().any(|element| element.get_ref().is_table()),
        _ => false,
    }
}

/// Escapes and shortens a key name for a message of one line: a quoted key may contain any text.
fn on_one_line(name: &str) -> String {
    shortened(name).escape_debug().to_string()
}

fn unknown(name: &str) -> String {
    let shown = on_one_line(name);
    if let Some(key) = nearest(name) {
        return format!("`{shown}` is no key of the config; did you mean `{}`?", key.name);
    }
    let names: Vec<&str> = KEYS.iter().map(|key| key.name).collect();
    format!("`{shown}` is no key of the config; the keys are {}", names.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn errors(text: &str) -> String {
        match parse(text, Path::new("c.toml")) {
            Ok(_) => String::new(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn each_problem_is_one_line_that_says_where_what_and_what_is_right() {
        let table = [
            ("", ""),
            ("# nothing\r\n\r\nmin_bytes = 0x10 # ten\r\n", ""),
            ("\u{feff}min_bytes = 1", ""),
            ("min_byte = 1", "c.toml:1:1: `min_byte` is no key of the config; did you mean `min_bytes`?"),
            (
                "\n\nmin_bytes = \"2GiB\"",
                "c.toml:3:13: `min_bytes` must be a whole number of bytes, 0 or more; found the string \"2GiB\"",
            ),
            (
                "\u{feff}min_bytes = -1",
                "c.toml:1:13: `min_bytes` must be a whole number of bytes, 0 or more; found the number -1",
            ),
            (
                "prefer_encoder = 'x265'",
                "c.toml:1:18: `prefer_encoder` must be \"svt\", \"aom\" or \"rav1e\"; found the string \"x265\"",
            ),
            ("bit_depth = 10", "c.toml:1:13: `bit_depth` must be \"10\" or \"source\"; found the number 10"),
            (
                "library_roots = [\n  '/a', # \u{e4}\n  'b', 'c'\n]",
                "c.toml:3:3: `library_roots` must be a list of absolute paths, at least one; \
                 found the relative path \"b\"\n\
                 c.toml:3:8: `library_roots` must be a list of absolute paths, at least one; \
                 found the relative path \"c\"",
            ),
            (
                "keep_original = 'ä'\n[av1d]\nmin_bytes = 1",
                "c.toml:1:17: `keep_original` must be true or false; found the string \"ä\"\n\
                 c.toml:2:2: `av1d` is a table, and the keys of the config are flat: write `key = value` lines, \
                 without a [section] above them and without a dot",
            ),
        ];
        for (text, message) in table {
            assert_eq!(errors(text), message, "{text}");
        }
    }

    #[test]
    fn a_key_that_is_like_none_is_answered_with_all_of_them() {
        let message = errors("colour = 1");
        let (problem, keys) = message.split_once("; the keys are ").unwrap();
        assert_eq!(problem, "c.toml:1:1: `colour` is no key of the config");
        assert_eq!(keys.split(", ").collect::<Vec<_>>(), KEYS.iter().map(|key| key.name).collect::<Vec<_>>());
    }

    #[test]
    fn tables_in_every_notation_are_called_flat() {
        for text in
            ["[a]", "[[a]]", "a.b = 1", "a = { b = 1 }", "[min_bytes]", "a = [{}]", "[a.b.c]", "[\"a\\nb\"]"]
        {
            let message = errors(text);
            assert!(message.contains("flat") && message.lines().count() == 1, "{text}: {message}");
        }
    }

    #[test]
    fn a_slip_of_toml_is_named_once_and_the_other_lines_are_read_all_the_same() {
        let message =
            errors("min_bytes = 2GiB\nstable_sec = 1\nkeep_original = maybe\nmin_bytes = 3\nffmpeg = 'x'\n");
        let places: Vec<&str> = message.lines().filter_map(|line| line.split(": ").next()).collect();
        assert_eq!(
            places,
            ["c.toml:1:13", "c.toml:2:1", "c.toml:3:17", "c.toml:4:1", "c.toml:5:10"],
            "{message}"
        );
        assert!(message.contains("duplicate key; found `min_bytes`"), "{message}");
        assert!(message.contains("must be quoted, expected literal string; found `2GiB`"), "{message}");
    }

    #[test]
    fn a_missing_value_is_called_that_and_nothing_else() {
        for text in ["\n\nffmpeg =", "\n\nffmpeg = # none\n", "\n\nffmpeg =\nmin_bytes = 1"] {
            assert_eq!(errors(text).split_once(": ").unwrap().1, "the value is missing", "{text}");
        }
    }

    #[test]
    fn bytes_that_are_not_utf8_have_their_place() {
        let error = read_bytes(b"a = 1\nb = '\xff'").whole(Path::new("c.toml")).unwrap_err();
        assert_eq!(error.to_string(), "c.toml:2:6: this byte is not UTF-8, which a config has to be in");
    }

    #[test]
    fn no_text_makes_it_panic() {
        let pieces: Vec<&str> = "min_bytes|=|[|]|{|}|\"|'|'''|.|,|\n|1|\\u|ä|#| |\r".split('|').collect();
        // Each number, read as digits in base `pieces.len()`, is one combination of pieces.
        for number in 0..30_000_usize {
            let mut rest = number.wrapping_mul(7919);
            let mut text = String::new();
            while rest > 0 {
                text += pieces[rest % pieces.len()];
                rest /= pieces.len();
            }
            let _ = parse(&text, Path::new("c.toml"));
        }
        for deep in ["[", "{a=", "a."] {
            let _ = parse(&format!("a = {}", deep.repeat(100_000)), Path::new("c.toml"));
        }
    }
}
