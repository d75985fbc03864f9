//! The output arguments, shared by all commands that work on films.

use clap::{ArgAction, Args, ValueEnum};

#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct OutputArgs {
    /// How it is shown how far encodes are
    #[arg(long, value_enum, value_name = "HOW", default_value_t = Progress::Auto)]
    pub(crate) progress: Progress,
    /// Say what is being checked, scans that found nothing new, and how far encodes are, too; no progress bars
    #[arg(short, long, action = ArgAction::Count)]
    pub(crate) verbose: u8,
    /// Print problems only; given twice, only errors that end the program
    #[arg(short, long, action = ArgAction::Count, conflicts_with = "verbose")]
    pub(crate) quiet: u8,
}

/// How the progress of encodes is shown. All other events are always shown as lines on standard error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Progress {
    /// Bars on a terminal; elsewhere `lines` (`none` for a daemon's log)
    Auto,
    /// Bars on a terminal, whatever -v and -q say; elsewhere as `auto`
    Bar,
    /// A line a minute on standard error
    Lines,
    /// Each event as a line of JSON on standard output, as the control socket sends it to subscribers
    Json,
    /// Not at all
    None,
}

impl OutputArgs {
    /// Returns the level of detail: 0 shows what happens, -1 only problems, -2 only the error that ends the program, 1
    /// and above also details.
    pub(crate) fn level(self) -> i8 {
        let amount = |count: u8| i8::try_from(count).unwrap_or(i8::MAX);
        amount(self.verbose) - amount(self.quiet)
    }

    /// Whether to draw progress bars; `terminal` says whether standard error is a terminal.
    pub(crate) fn bars(self, terminal: bool) -> bool {
        terminal && (self.progress == Progress::Bar || self.progress == Progress::Auto && self.level() == 0)
    }

    /// Whether to write lines about the progress of encodes. `auto` is the answer for [`Progress::Auto`] if there are
    /// no bars.
    pub(crate) fn lines(self, auto: bool) -> bool {
        match self.progress {
            Progress::Lines => true,
            Progress::Auto | Progress::Bar => auto || self.level() > 0,
            Progress::Json | Progress::None => false,
        }
    }

    /// Whether to write events as JSON to standard output.
    pub(crate) fn json(self) -> bool {
        self.progress == Progress::Json
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_for_terminals_and_give_way_to_what_was_asked_for() {
        let output = |progress, verbose, quiet| OutputArgs { progress, verbose, quiet };
        let table = [
            (output(Progress::Auto, 0, 0), true, false),
            (output(Progress::Auto, 1, 0), false, true),
            (output(Progress::Auto, 0, 1), false, false),
            (output(Progress::Bar, 1, 0), true, true),
            (output(Progress::Bar, 0, 2), true, false),
            (output(Progress::Lines, 0, 0), false, true),
            (output(Progress::Json, 0, 0), false, false),
            (output(Progress::None, 1, 0), false, false),
        ];
        for (output, bars, lines) in table {
            assert_eq!((output.bars(true), output.lines(false)), (bars, lines), "{output:?}");
            assert!(!output.bars(false), "a file takes no bars");
        }
        assert!(output(Progress::Auto, 0, 0).lines(true));
        assert_eq!(
            [(2, 0), (0, 1), (0, 255)].map(|(v, q)| output(Progress::Auto, v, q).level()),
            [2, -1, -127]
        );
    }
}
