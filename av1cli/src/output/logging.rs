//! The destination and format of log lines: JSON, or text for a journal or a file.

use std::fmt::{self, Write};
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use av1exec::sys::failure::Failure;
use av1exec::sys::sanitize::sanitize;
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::{Dispatch, Event, Level, Metadata, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields, MakeWriter};
use tracing_subscriber::registry::LookupSpan;

use crate::output::console::STDERR;
use crate::output::sink::{Importance, Loss, Sink};

/// The target of lines about a film's outcome, which are dropped later than others of their level.
pub(crate) const RESULT: &str = "result";
/// The target of lines about an encode's progress, which are dropped sooner than others of their level.
pub(crate) const PROGRESS: &str = "progress";

/// The format of a log line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Format {
    /// A sentence, then what a program may want to know.
    Text,
    /// A JSON object a line.
    Json,
}

/// The requested log.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Logging {
    pub(crate) format: Format,
    /// The level of detail: 0 shows what happens, -1 only problems, -2 only the error that ends the program, 1 and
    /// above also details.
    pub(crate) level: i8,
    /// Whether a journal reads the log. It adds the time itself, and expects priorities.
    pub(crate) journal: bool,
}

impl Logging {
    /// Creates the subscriber that writes log lines to `writer`.
    pub(crate) fn dispatch<W>(self, writer: W) -> Dispatch
    where
        W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
    {
        let level = match self.level {
            ..=-2 => LevelFilter::ERROR,
            -1 => LevelFilter::WARN,
            0 => LevelFilter::INFO,
            1.. => LevelFilter::DEBUG,
        };
        let log = tracing_subscriber::fmt().with_max_level(level).with_writer(writer).with_ansi(false);
        // Otherwise tracing would report its own write errors on standard error, and panic if that fails.
        let log = log.log_internal_errors(false);
        match self.format {
            Format::Json => Dispatch::new(log.json().flatten_event(true).with_target(false).finish()),
            Format::Text => Dispatch::new(log.event_format(Text { journal: self.journal }).finish()),
        }
    }

    /// From now on [`note`](crate::output::console::note) and the log write to standard error in this format.
    pub(crate) fn begin(self) -> Result<(), Failure> {
        let sink = Sink::open(STDERR, io::stderr(), Box::new(self.words_of_loss()))?;
        // This fails if a log was already set up, which then stays.
        let _ = tracing::dispatcher::set_global_default(self.dispatch(sink));
        Ok(())
    }

    /// Describes dropped log lines, as a line in the format of the log.
    fn words_of_loss(self) -> impl Fn(&Loss) -> Vec<u8> + Send {
        let kept = SharedBuffer::default();
        let dispatch = self.dispatch(kept.clone());
        move |loss| {
            let (lines, text) = (loss.lines, loss.describe(STDERR));
            tracing::dispatcher::with_default(&dispatch, || tracing::warn!(event = "lost", lines, "{text}"));
            kept.take()
        }
    }
}

/// The formatter writes each line with a single call, so that the sink gets complete lines.
impl<'a> MakeWriter<'a> for Sink {
    type Writer = LineOf<'a>;

    fn make_writer(&'a self) -> Self::Writer {
        LineOf { sink: self, importance: Importance::News }
    }

    fn make_writer_for(&'a self, of: &Metadata<'_>) -> Self::Writer {
        LineOf { sink: self, importance: importance(of) }
    }
}

fn importance(of: &Metadata<'_>) -> Importance {
    match *of.level() {
        Level::ERROR | Level::WARN => Importance::Result,
        Level::INFO if of.target() == RESULT => Importance::Result,
        Level::INFO if of.target() != PROGRESS => Importance::News,
        _ => Importance::Progress,
    }
}

/// Passes one line to a sink. Writing never fails.
pub(crate) struct LineOf<'a> {
    sink: &'a Sink,
    importance: Importance,
}

impl io::Write for LineOf<'_> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.sink.push(self.importance, line.to_vec());
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A shared buffer that keeps what is written until it is taken.
#[derive(Debug, Clone, Default)]
pub(crate) struct SharedBuffer(Arc<Mutex<Vec<u8>>>);

impl SharedBuffer {
    pub(crate) fn take(&self) -> Vec<u8> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl io::Write for SharedBuffer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for SharedBuffer {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// Formats a line as text: `<6>done: /films/A.mkv [replaced]: ... job=j1`.
struct Text {
    journal: bool,
}

impl<S, N> FormatEvent<S, N> for Text
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, _: &FmtContext<'_, S, N>, mut to: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let mut line = Line::default();
        event.record(&mut line);
        let level = *event.metadata().level();
        if self.journal {
            to.write_str(priority(level))?;
        } else {
            write!(to, "{:.0} {level} ", jiff::Timestamp::now())?;
        }
        // A file name may contain any character, even a line feed.
        writeln!(to, "{}{}", sanitize(&line.message), sanitize(&line.fields))
    }
}

/// Returns the prefix from which a journal reads the priority: syslog's number, see sd-daemon(3).
fn priority(level: Level) -> &'static str {
    match level {
        Level::ERROR => "<3>",
        Level::WARN => "<4>",
        Level::INFO => "<6>",
        _ => "<7>",
    }
}

/// Collects a line. Fields that the message already contains are left out.
#[derive(Default)]
struct Line {
    message: String,
    fields: String,
}

const SAID: [&str; 4] = ["event", "path", "code", "settings"];

impl Line {
    fn add(&mut self, field: &Field, value: &dyn fmt::Display) {
        // Writing to a string can't fail.
        let _ = match field.name() {
            "message" => write!(self.message, "{value}"),
            name if SAID.contains(&name) => Ok(()),
            name => write!(self.fields, " {name}={value}"),
        };
    }
}

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.add(field, &format_args!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        if value.contains(' ') {
            self.add(field, &format_args!("{value:?}"));
        } else {
            self.add(field, &value);
        }
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.add(field, &value);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.add(field, &value);
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Takes what was written and splits it into lines.
    pub(crate) fn lines(kept: &SharedBuffer) -> Vec<String> {
        String::from_utf8(kept.take()).unwrap().lines().map(str::to_owned).collect()
    }

    #[test]
    fn a_file_gets_the_time_and_the_level() {
        let kept = SharedBuffer::default();
        let logging = Logging { format: Format::Text, level: 0, journal: false };
        tracing::dispatcher::with_default(&logging.dispatch(kept.clone()), || {
            tracing::warn!(event = "warning", job = "j1", size = 3_u64, "a\u{1b} line");
        });
        let [line] = lines(&kept).try_into().unwrap();
        let (time, rest) = line.split_once(' ').unwrap();
        assert!(time.ends_with('Z') && time.parse::<jiff::Timestamp>().is_ok(), "{time}");
        assert_eq!(rest, "WARN a\\u{1b} line job=j1 size=3");
    }

    #[test]
    fn what_the_log_misses_is_said_in_its_own_form_and_where_problems_are_said() {
        let loss = |lines, trouble: Option<&str>| Loss {
            lines,
            trouble: trouble.map(|error| (error.to_owned(), std::time::Duration::from_secs(9))),
        };
        let said = |format, level, loss: &Loss| {
            let words = Logging { format, level, journal: true }.words_of_loss();
            String::from_utf8(words(loss)).unwrap()
        };
        assert_eq!(
            said(Format::Text, 0, &loss(2, None)),
            "<4>2 lines were lost: who reads standard error didn't keep up lines=2\n"
        );
        assert_eq!(
            said(Format::Text, -1, &loss(1, Some("no room"))),
            "<4>1 line was lost while standard error couldn't be written for 9 s: no room lines=1\n"
        );
        assert_eq!(said(Format::Text, -2, &loss(2, None)), "");
        let json: serde_json::Value = serde_json::from_str(&said(Format::Json, 0, &loss(3, None))).unwrap();
        assert_eq!(
            (&json["event"], &json["lines"], &json["level"]),
            (&"lost".into(), &3.into(), &"WARN".into())
        );
    }
}
