//! Standard output and standard error, with quiet pipes and nothing hostile in them.

use std::io::{self, Write};
use std::sync::OnceLock;

use av1exec::failure::{Exit, Failure};
use av1exec::sanitize::sanitize;
use indicatif::MultiProgress;

use crate::color::{Stream, paint};

/// How a person is spoken to, from when films are worked on.
static VOICE: OnceLock<Voice> = OnceLock::new();

/// Progress bars, above which lines are written, and how much is said.
#[derive(Debug)]
struct Voice {
    bars: MultiProgress,
    level: i8,
}

/// How much a line matters: it is written where at least as much is to be said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Weight {
    /// A person should look.
    Problem = -1,
    /// It happened.
    News = 0,
    /// For who wants to know more.
    Detail = 1,
}

/// From now on lines stand above these bars, and those below this level are left out.
pub(crate) fn speak(bars: MultiProgress, level: i8) {
    // It fails where that was settled before, which then holds.
    let _ = VOICE.set(Voice { bars, level });
}

/// Takes the bars off the terminal, for who ends the program at once.
pub(crate) fn leave() {
    if let Some(Voice { bars, .. }) = VOICE.get() {
        let _ = bars.clear();
    }
}

/// Whether whoever reads standard output still does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reader {
    Listens,
    /// A pipe's reader that went away has seen enough, which is no error.
    Left,
}

/// Writes a line to standard output.
pub(crate) fn out(bytes: &[u8]) -> Result<Reader, Failure> {
    let mut stdout = io::stdout().lock();
    let written =
        stdout.write_all(bytes).and_then(|()| stdout.write_all(b"\n")).and_then(|()| stdout.flush());
    match written {
        Ok(()) => Ok(Reader::Listens),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(Reader::Left),
        Err(error) => Err(Failure::new(Exit::Failed, format!("failed to write to standard output: {error}"))),
    }
}

/// Writes a line to the log where one has begun, else to standard error; where that fails there is nobody to tell.
pub(crate) fn note(line: &str) {
    if tracing::dispatcher::has_been_set() {
        tracing::info!(event = "note", "{line}");
    } else {
        tell(Weight::News, line);
    }
}

/// Writes a line to standard error, above the bars, where as much is to be said.
pub(crate) fn tell(weight: Weight, line: &str) {
    if VOICE.get().is_none_or(|voice| weight as i8 <= voice.level) {
        write(line);
    }
}

fn write(line: &str) {
    let line = sanitize(line);
    let line = paint(&line, Stream::Err);
    let _ = match VOICE.get() {
        Some(Voice { bars, .. }) if !bars.is_hidden() => bars.println(&line),
        _ => writeln!(io::stderr().lock(), "{line}"),
    };
}

/// Says what went wrong.
pub(crate) fn complain(failure: &Failure) {
    let lines = failure.lines();
    if tracing::dispatcher::has_been_set() {
        tracing::error!(event = "failure", "{}", lines.join("; "));
    } else {
        for line in &lines {
            write(line);
        }
    }
}
