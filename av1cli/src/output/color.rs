//! Decides whether output is coloured, and colours the first words of lines.

use std::borrow::Cow;
use std::ffi::OsString;
use std::io::IsTerminal;

use clap::ColorChoice;
use console::Style;

/// Decides for both output streams whether they are coloured.
pub(crate) fn settle(choice: ColorChoice, variable: impl Fn(&str) -> Option<OsString>) {
    console::set_colors_enabled(colored(choice, std::io::stdout().is_terminal(), &variable));
    console::set_colors_enabled_stderr(colored(choice, std::io::stderr().is_terminal(), &variable));
}

/// Whether a stream is coloured. This depends on the user's choice, then on <https://no-color.org> and
/// <https://bixense.com/clicolors>, then on whether the stream is a terminal that supports colours.
fn colored(choice: ColorChoice, terminal: bool, variable: impl Fn(&str) -> Option<OsString>) -> bool {
    let set = |name: &str| variable(name).filter(|value| !value.is_empty());
    let is = |name: &str, word: &str| set(name).is_some_and(|value| value == word);
    match choice {
        ColorChoice::Always => true,
        ColorChoice::Never => false,
        ColorChoice::Auto if set("NO_COLOR").is_some() => false,
        ColorChoice::Auto if set("CLICOLOR_FORCE").is_some() => !is("CLICOLOR_FORCE", "0"),
        ColorChoice::Auto => terminal && !is("CLICOLOR", "0") && !is("TERM", "dumb"),
    }
}

/// An output stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stream {
    Out,
    Err,
}

/// Colours the word that a line begins with, if the line's stream is coloured.
pub(crate) fn paint(line: &str, stream: Stream) -> Cow<'_, str> {
    let text = line.trim_start();
    let Some((word, rest)) = text.split_once(':') else { return line.into() };
    let Some(style) = style_of(word) else { return line.into() };
    let style = if stream == Stream::Err { style.for_stderr() } else { style };
    let indent = &line[..line.len() - text.len()];
    format!("{indent}{}{rest}", style.apply_to(format_args!("{word}:"))).into()
}

fn style_of(word: &str) -> Option<Style> {
    let style = Style::new();
    Some(match word {
        "error" | "failed" | "failed lately" => style.red().bold(),
        "warning" | "stopping" | "paused" | "unfinished" => style.yellow().bold(),
        "done" | "running" => style.green().bold(),
        "encode" | "encoding" | "recover" => style.bold(),
        "hint" => style.cyan(),
        "skip" => style.dim(),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_persons_word_counts_then_the_environment_then_the_terminal() {
        type Row<'a> = (ColorChoice, bool, &'a [(&'a str, &'a str)], bool);
        let table: [Row<'_>; 13] = [
            (ColorChoice::Auto, true, &[], true),
            (ColorChoice::Auto, false, &[], false),
            (ColorChoice::Auto, true, &[("NO_COLOR", "1")], false),
            (ColorChoice::Auto, true, &[("NO_COLOR", "")], true),
            (ColorChoice::Auto, false, &[("CLICOLOR_FORCE", "1")], true),
            (ColorChoice::Auto, true, &[("CLICOLOR_FORCE", "0")], false),
            (ColorChoice::Auto, false, &[("CLICOLOR_FORCE", "")], false),
            (ColorChoice::Auto, false, &[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")], false),
            (ColorChoice::Auto, true, &[("CLICOLOR", "0")], false),
            (ColorChoice::Auto, true, &[("TERM", "dumb")], false),
            (ColorChoice::Auto, true, &[("TERM", "xterm")], true),
            (ColorChoice::Always, false, &[("NO_COLOR", "1"), ("TERM", "dumb")], true),
            (ColorChoice::Never, true, &[("CLICOLOR_FORCE", "1")], false),
        ];
        for (choice, terminal, variables, expected) in table {
            let find = |name: &str| variables.iter().find(|(key, _)| *key == name);
            let variable = |name: &str| find(name).map(|(_, value)| OsString::from(value));
            assert_eq!(colored(choice, terminal, variable), expected, "{choice} {terminal} {variables:?}");
        }
    }

    #[test]
    fn nothing_but_the_first_word_is_coloured() {
        console::set_colors_enabled(true);
        for (line, painted) in [
            ("error: no: x", "\u{1b}[31m\u{1b}[1merror:\u{1b}[0m no: x"),
            ("  hint: look", "  \u{1b}[36mhint:\u{1b}[0m look"),
            ("/films/error: x", "/films/error: x"),
            ("jobs: 1", "jobs: 1"),
            ("nothing", "nothing"),
        ] {
            assert_eq!(paint(line, Stream::Out), painted);
        }
    }
}
