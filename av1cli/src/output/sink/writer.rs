//! The thread that writes a sink's lines.

use std::fs::File;
use std::io::{self, ErrorKind, Write};
use std::sync::Arc;
use std::time::{Duration, Instant};

use av1plan::explain::Seconds;

use super::{Shared, Words};

/// The interval between attempts to write a line after an error.
const RETRY: Duration = Duration::from_secs(1);
/// The interval between attempts if the destination is non-blocking and full.
const RETRY_FULL: Duration = Duration::from_millis(50);

/// The shortest interval between reports to a reader that is too slow and keeps missing lines.
const TELL_AGAIN: Duration = Duration::from_secs(1);

/// The lines that were dropped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Loss {
    /// The number of dropped lines.
    pub(crate) lines: u64,
    /// The error that prevented writing, and how long it lasted; `None` if the reader was only too slow.
    pub(crate) trouble: Option<(String, Duration)>,
}

impl Loss {
    /// Describes the loss for a person; `name` is the name of the destination.
    pub(crate) fn describe(&self, name: &str) -> String {
        let lines = match self.lines {
            1 => "1 line was".to_owned(),
            lines => format!("{lines} lines were"),
        };
        match &self.trouble {
            Some((error, time)) => {
                format!("{lines} lost while {name} couldn't be written for {}: {error}", Seconds::from(*time))
            }
            None => format!("{lines} lost: who reads {name} didn't keep up"),
        }
    }
}

/// The error that prevents writing, and since when.
struct Trouble {
    error: io::Error,
    since: Instant,
}

/// The state of the thread.
pub(super) struct Writer {
    shared: Arc<Shared>,
    to: File,
    words: Words,
    /// The rest of a partly written line, which has to be written before anything else.
    rest: Vec<u8>,
    /// The next line, if writing it has failed.
    line: Option<Vec<u8>>,
    trouble: Option<Trouble>,
    /// When dropped lines were last reported.
    told: Option<Instant>,
    /// The number of dropped lines at the last check.
    lost: u64,
}

impl Writer {
    pub(super) fn new(shared: Arc<Shared>, to: File, words: Words) -> Self {
        Self { shared, to, words, rest: Vec::new(), line: None, trouble: None, told: None, lost: 0 }
    }

    /// Writes until the sink is closed and everything is written, or until writing fails after the sink was closed.
    pub(super) fn run(mut self) {
        while self.has_something() {
            match self.write_something() {
                Ok(()) => self.shared.lock().progress += 1,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => self.pause(RETRY_FULL),
                Err(error) => {
                    if self.shared.lock().ending {
                        break;
                    }
                    let since = self.trouble.as_ref().map_or_else(Instant::now, |trouble| trouble.since);
                    self.trouble = Some(Trouble { error, since });
                    self.pause(RETRY);
                }
            }
            self.shared.lock().in_hand = u64::from(!self.rest.is_empty()) + u64::from(self.line.is_some());
        }
        self.shared.lock().ended = true;
        self.shared.changed.notify_all();
    }

    /// Waits until there is something to write. Returns `false` if the sink is closed and empty.
    fn has_something(&self) -> bool {
        let mut state = self.shared.lock();
        loop {
            let at_hand = !self.rest.is_empty() || self.line.is_some();
            if at_hand || state.queue.lines() > 0 || state.queue.lost() > 0 {
                return true;
            }
            if state.ending {
                return false;
            }
            state = self.shared.wait(state, Duration::from_hours(1));
        }
    }

    /// Waits for `time`. A wait of [`RETRY`] or longer ends early when the sink is closed.
    fn pause(&self, time: Duration) {
        let end = Instant::now() + time;
        let mut state = self.shared.lock();
        while !state.ending || time < RETRY {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            state = self.shared.wait(state, left);
        }
    }

    /// Writes some bytes of the next item: the rest of a line, a report of dropped lines, or a line.
    fn write_something(&mut self) -> io::Result<()> {
        if !self.rest.is_empty() {
            let written = written(self.to.write(&self.rest))?;
            self.rest.drain(..written);
            return Ok(());
        }
        if let Some(lost) = self.due() {
            let trouble = self.trouble.as_ref();
            let trouble = trouble.map(|trouble| (trouble.error.to_string(), trouble.since.elapsed()));
            let words = (self.words)(&Loss { lines: lost, trouble });
            self.begin(words).map_err(|(error, _)| error)?;
            self.trouble = None;
            (self.told, self.lost) = (Some(Instant::now()), 0);
            self.shared.lock().queue.told_of(lost);
            return Ok(());
        }
        let next = self.line.take().or_else(|| {
            let mut state = self.shared.lock();
            let line = state.queue.pop();
            state.in_hand = u64::from(line.is_some());
            line
        });
        let Some(line) = next else { return Ok(()) };
        self.begin(line).map_err(|(error, line)| {
            self.line = Some(line);
            error
        })
    }

    /// Returns the number of dropped lines if it is time to report them; after an error it is reported first. A reader
    /// that is so slow that lines keep being dropped gets a report only once in a while, so that it doesn't spend its
    /// time on reading reports.
    fn due(&mut self) -> Option<u64> {
        let state = self.shared.lock();
        let lost = state.queue.lost();
        let still_losing = lost > self.lost && state.queue.lines() > 0;
        let time = !still_losing || self.told.is_none_or(|told| told.elapsed() >= TELL_AGAIN);
        self.lost = lost;
        (self.trouble.is_some() || lost > 0 && time).then_some(lost)
    }

    /// Writes the beginning of a line. If nothing could be written, returns the line with the error.
    fn begin(&mut self, mut line: Vec<u8>) -> Result<(), (io::Error, Vec<u8>)> {
        if line.is_empty() {
            return Ok(());
        }
        match written(self.to.write(&line)) {
            Ok(written) => {
                line.drain(..written);
                self.rest = line;
                Ok(())
            }
            Err(error) => Err((error, line)),
        }
    }
}

/// Turns a write of zero bytes into an error: retrying it at once would loop forever.
fn written(result: io::Result<usize>) -> io::Result<usize> {
    match result {
        Ok(0) => Err(ErrorKind::WriteZero.into()),
        result => result,
    }
}
