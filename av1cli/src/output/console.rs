//! Standard output and standard error, with quiet pipes and nothing hostile in them.

use std::io::{self, ErrorKind, Write};
use std::sync::OnceLock;
use std::time::Duration;

use av1exec::sys::failure::{Exit, Failure};
use av1exec::sys::sanitize::sanitize;
use indicatif::MultiProgress;

use crate::output::bars;
use crate::output::color::{Stream, paint};
use crate::output::sink::{Importance, Loss, Sink};

/// What a person knows standard error as.
pub(crate) const STDERR: &str = "standard error";

/// How a person is spoken to, from when films are worked on.
static VOICE: OnceLock<Voice> = OnceLock::new();

/// Progress bars, above which lines are written, where lines go, and how much is said.
#[derive(Debug)]
struct Voice {
    bars: MultiProgress,
    sink: Sink,
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

impl Weight {
    fn importance(self) -> Importance {
        match self {
            Self::Problem => Importance::Result,
            Self::News => Importance::News,
            Self::Detail => Importance::Progress,
        }
    }
}

/// From now on lines go to this sink and stand above these bars, and those below this level are left out.
pub(crate) fn speak(bars: MultiProgress, sink: Sink, level: i8) {
    // It fails where that was settled before, which then holds.
    let _ = VOICE.set(Voice { bars, sink, level });
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
    match write_whole(&mut io::stdout().lock(), &[bytes, b"\n"].concat()) {
        Ok(()) => Ok(Reader::Listens),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(Reader::Left),
        Err(error) => Err(unwritten(&error)),
    }
}

/// Standard output can't be written to, so that whoever asked has no answer.
pub(crate) fn unwritten(error: &io::Error) -> Failure {
    Failure::new(Exit::Failed, format!("failed to write to standard output: {error}"))
        .hint("is its disk full? what was asked for is missing, or only a part of it is there")
}

/// How long to leave a reader alone that takes nothing more at the moment.
const FULL: Duration = Duration::from_millis(10);

/// Writes all of it, also where somebody made standard output non-blocking, which others that share it can do at any time.
fn write_whole(to: &mut impl Write, bytes: &[u8]) -> io::Result<()> {
    let mut left = bytes;
    while !left.is_empty() {
        let written = patiently(|| to.write(left))?;
        left = &left[written..];
    }
    patiently(|| to.flush())
}

/// Tries it until it is done or fails for good.
fn patiently<T>(mut attempt: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    loop {
        match attempt() {
            Err(error) if error.kind() == ErrorKind::WouldBlock => std::thread::sleep(FULL),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            done => return done,
        }
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

/// The same for what a person should look at.
pub(crate) fn warn(line: &str) {
    if tracing::dispatcher::has_been_set() {
        tracing::warn!(event = "note", "{line}");
    } else {
        tell(Weight::Problem, &format!("warning: {line}"));
    }
}

/// Writes a line to standard error, above the bars, where as much is to be said.
pub(crate) fn tell(weight: Weight, line: &str) {
    tell_as(weight.importance(), weight, line);
}

/// The same for a line that is missed more or less than others of its weight.
pub(crate) fn tell_as(importance: Importance, weight: Weight, line: &str) {
    if VOICE.get().is_none_or(|voice| weight as i8 <= voice.level) {
        write(importance, line);
    }
}

/// Says what a person missed on standard error.
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

/// A line as it is written.
fn finished(line: &str) -> Vec<u8> {
    format!("{}\n", paint(&sanitize(line), Stream::Err)).into_bytes()
}

/// Says what went wrong.
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

    /// Takes three bytes at a time, and none each second time.
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
