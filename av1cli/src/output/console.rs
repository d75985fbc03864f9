//! Writes to standard output and standard error. A closed pipe isn't an error, and control characters are escaped.

use std::io::{self, ErrorKind, Write};
use std::sync::OnceLock;
use std::time::Duration;

use av1exec::sys::failure::{Exit, Failure};
use av1exec::sys::sanitize::sanitize;
use indicatif::MultiProgress;

use crate::output::bars;
use crate::output::color::{Stream, paint};
use crate::output::sink::{Importance, Loss, Sink};

/// The name of standard error in messages.
pub(crate) const STDERR: &str = "standard error";

/// How lines are written to standard error, set when work on films begins.
static VOICE: OnceLock<Voice> = OnceLock::new();

/// The progress bars above which lines are written, the sink for the lines, and the level of detail.
#[derive(Debug)]
struct Voice {
    bars: MultiProgress,
    sink: Sink,
    level: i8,
}

/// The weight of a line. A line is written if its weight is at most the level of detail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Weight {
    /// A problem that needs a person's attention.
    Problem = -1,
    /// Something that happened.
    News = 0,
    /// A detail.
    Detail = 1,
}

impl Weight {
    fn importance(self) -> Importance {
        match self {
            Self::Problem => Importance::Result,
            Self::News => Importance::News,
            Self::Detail => Importance::Progress,
        }
    }
}

/// From now on writes lines to this sink, above these bars, and leaves out lines of a weight above this level.
pub(crate) fn speak(bars: MultiProgress, sink: Sink, level: i8) {
    // This fails if a voice was already set, which then stays.
    let _ = VOICE.set(Voice { bars, sink, level });
}

/// Removes the bars from the terminal, before the program is ended at once.
pub(crate) fn leave() {
    if let Some(Voice { bars, .. }) = VOICE.get() {
        let _ = bars.clear();
    }
}

/// Whether standard output is still being read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reader {
    Listens,
    /// The reader has closed the pipe, which isn't an error.
    Left,
}

/// Writes a line to standard output.
pub(crate) fn out(bytes: &[u8]) -> Result<Reader, Failure> {
    match write_whole(&mut io::stdout().lock(), &[bytes, b"\n"].concat()) {
        Ok(()) => Ok(Reader::Listens),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(Reader::Left),
        Err(error) => Err(unwritten(&error)),
    }
}

/// The failure if standard output can't be written.
pub(crate) fn unwritten(error: &io::Error) -> Failure {
    Failure::new(Exit::Failed, format!("failed to write to standard output: {error}"))
        .hint("is its disk full? what was asked for is missing, or only a part of it is there")
}

/// How long to wait before writing again to a pipe that is full.
const FULL: Duration = Duration::from_millis(10);

/// Writes all bytes, even if standard output is non-blocking, which another process that shares it can set at any time.
fn write_whole(to: &mut impl Write, bytes: &[u8]) -> io::Result<()> {
    let mut left = bytes;
    while !left.is_empty() {
        let written = patiently(|| to.write(left))?;
        left = &left[written..];
    }
    patiently(|| to.flush())
}

/// Repeats `attempt` until it succeeds or fails with a permanent error.
fn patiently<T>(mut attempt: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    loop {
        match attempt() {
            Err(error) if error.kind() == ErrorKind::WouldBlock => std::thread::sleep(FULL),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            done => return done,
        }
    }
}

/// Writes a line to the log if there is one, and otherwise to standard error. A failure to write is ignored, because
/// there is nowhere to report it.
pub(crate) fn note(line: &str) {
    if tracing::dispatcher::has_been_set() {
        tracing::info!(event = "note", "{line}");
    } else {
        print_line(Weight::News, line);
    }
}

/// Like [`note`], for a line that needs a person's attention.
pub(crate) fn warn(line: &str) {
    if tracing::dispatcher::has_been_set() {
        tracing::warn!(event = "note", "{line}");
    } else {
        print_line(Weight::Problem, &format!("warning: {line}"));
    }
}

/// Writes a line to standard error, above the bars, if the level of detail includes its weight.
pub(crate) fn print_line(weight: Weight, line: &str) {
    print_line_as(weight.importance(), weight, line);
}

/// Like [`print_line`], for a line with another importance than its weight suggests. Less important lines are dropped
/// first.
pub(crate) fn print_line_as(importance: Importance, weight: Weight, line: &str) {
    if VOICE.get().is_none_or(|voice| weight as i8 <= voice.level) {
        write(importance, line);
    }
}

/// Describes the lines that were dropped from standard error.
pub(crate) fn words_of_loss(level: i8) -> impl Fn(&Loss) -> Vec<u8> {
    move |loss| {
        if level < Weight::Problem as i8 {
            return Vec::new();
        }
        finished(&format!("warning: {}", loss.describe(STDERR)))
    }
}

fn write(importance: Importance, line: &str) {
    match VOICE.get() {
        Some(Voice { bars, .. }) if !bars.is_hidden() => {
            bars::above(importance, || drop(bars.println(paint(&sanitize(line), Stream::Err))));
        }
        Some(Voice { sink, .. }) => sink.push(importance, finished(line)),
        None => drop(io::stderr().lock().write_all(&finished(line))),
    }
}

/// Returns a line as it is written: sanitized, coloured and with a line break.
fn finished(line: &str) -> Vec<u8> {
    format!("{}\n", paint(&sanitize(line), Stream::Err)).into_bytes()
}

/// Reports a failure.
pub(crate) fn complain(failure: &Failure) {
    let lines = failure.lines();
    if tracing::dispatcher::has_been_set() {
        tracing::error!(event = "failure", "{}", lines.join("; "));
    } else {
        for line in &lines {
            write(Importance::Result, line);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A writer that takes three bytes at a time, and returns an error at every second attempt.
    #[derive(Default)]
    struct Choppy {
        taken: Vec<u8>,
        full: bool,
        flushed: bool,
    }

    impl Choppy {
        fn turn(&mut self) -> io::Result<()> {
            self.full = !self.full;
            if self.full { Err(ErrorKind::WouldBlock.into()) } else { Ok(()) }
        }
    }

    impl Write for Choppy {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.turn()?;
            let taken = &bytes[..bytes.len().min(3)];
            self.taken.extend_from_slice(taken);
            Ok(taken.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            self.turn()?;
            self.flushed = true;
            Ok(())
        }
    }

    #[test]
    fn an_answer_gets_through_whole_where_a_pipe_is_full_and_does_not_block() {
        let mut to = Choppy::default();
        write_whole(&mut to, b"an answer").unwrap();
        assert!(to.taken == b"an answer" && to.flushed);
        let mut none = Choppy::default();
        write_whole(&mut none, b"").unwrap();
        assert!(none.taken.is_empty());
    }
}
