//! The arguments, and the environment variables that describe the terminal.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Parser;

use crate::model::{Colours, Looks};

/// Shows what av1d does on this machine, what it saved, and what went wrong.
///
/// It listens to the daemon of `job_state_dir` and reads the job files there; it can be opened and left at any time.
/// Press ? in it for its keys, by which work is paused, cancelled, skipped and tried again, too.
#[derive(Debug, Parser)]
#[command(name = "av1top", version, after_help = AFTER, max_term_width = 100)]
pub(crate) struct Cli {
    #[arg(long, value_name = "FILE", help = CONFIG_HELP)]
    pub(crate) config: Option<PathBuf>,
    /// Write what is installed below `share`, manual and completions, into a folder that isn't there yet
    #[arg(long, value_name = "FOLDER", hide = true)]
    pub(crate) share: Option<PathBuf>,
}

const CONFIG_HELP: &str =
    "The config file [default: $AV1D_CONFIG, $XDG_CONFIG_HOME/av1d/config.toml, /etc/av1d/config.toml]";

const AFTER: &str = "Examples:\n  av1top\n  av1top --config ~/av1d.toml\n\nNO_COLOR=1 draws without colours; COLORTERM=truecolor and a TERM \
                     with 256color say that there are more than sixteen. Where the locale (LC_ALL, LC_CTYPE, LANG) isn't UTF-8 it draws in ASCII.\n\n\
                     Exit codes: 0 left with q, 1 something failed, 2 usage or config, 130 stopped by a signal.";

/// Reads from the environment how to draw: <https://no-color.org>, and the locale's variables in the order that POSIX
/// defines.
pub(crate) fn looks(variable: impl Fn(&str) -> Option<OsString>) -> Looks {
    let set = |name: &str| variable(name).filter(|value| !value.is_empty());
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(set).unwrap_or_default();
    let locale = locale.to_string_lossy().to_ascii_lowercase();
    let unicode = ["utf-8", "utf8"].iter().any(|charset| locale.contains(charset));
    Looks { colours: colours(set), unicode }
}

/// Returns the colours that the terminal announces, or none if the user doesn't want any.
fn colours(set: impl Fn(&str) -> Option<OsString>) -> Colours {
    let says = |name: &str, word: &str| set(name).is_some_and(|value| value.to_string_lossy().contains(word));
    if set("NO_COLOR").is_some() || says("TERM", "dumb") {
        Colours::None
    } else if says("COLORTERM", "truecolor") || says("COLORTERM", "24bit") {
        Colours::True
    } else if says("TERM", "256color") {
        Colours::Cube
    } else {
        Colours::Sixteen
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_decides_on_colours_and_characters() {
        use Colours::{Cube, None, Sixteen, True};
        type Row<'a> = (&'a [(&'a str, &'a str)], (Colours, bool));
        let table: [Row<'_>; 12] = [
            (&[], (Sixteen, false)),
            (&[("LANG", "en_GB.UTF-8")], (Sixteen, true)),
            (&[("LANG", "C.utf8"), ("NO_COLOR", "1")], (None, true)),
            (&[("LANG", "C.utf8"), ("NO_COLOR", "")], (Sixteen, true)),
            (&[("LANG", "en_GB.UTF-8"), ("LC_ALL", "C")], (Sixteen, false)),
            (&[("LANG", "en_GB.UTF-8"), ("LC_ALL", ""), ("LC_CTYPE", "POSIX")], (Sixteen, false)),
            (&[("LANG", "C"), ("LC_CTYPE", "de_DE.UTF-8@euro")], (Sixteen, true)),
            (&[("LANG", "ru_RU.KOI8-R")], (Sixteen, false)),
            (&[("TERM", "xterm-256color")], (Cube, false)),
            (&[("TERM", "xterm-256color"), ("COLORTERM", "truecolor")], (True, false)),
            (&[("COLORTERM", "24bit"), ("NO_COLOR", "1")], (None, false)),
            (&[("TERM", "dumb")], (None, false)),
        ];
        for (variables, expected) in table {
            let find = |name: &str| variables.iter().find(|(key, _)| *key == name);
            let Looks { colours, unicode } = looks(|name| find(name).map(|(_, value)| OsString::from(value)));
            assert_eq!((colours, unicode), expected, "{variables:?}");
        }
    }

    #[test]
    fn the_arguments_are_well_formed() {
        <Cli as clap::CommandFactory>::command().debug_assert();
    }
}
