//! Where log lines go and how they look: JSON, or text that a journal or a file takes.

use std::fmt::{self, Write};

use av1exec::sanitize::sanitize;
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::{Dispatch, Event, Level, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields, MakeWriter};
use tracing_subscriber::registry::LookupSpan;

/// How a log line looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Format {
    /// A sentence, then what a program may want to know.
    Text,
    /// A JSON object a line.
    Json,
}

/// A log, as it was asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Logging {
    pub(crate) format: Format,
    /// 0 is what happens; below it problems only, then nothing but what ends the program; above it the rest.
    pub(crate) level: i8,
    /// Whether a journal reads, which has its own clock and wants priorities.
    pub(crate) journal: bool,
}

impl Logging {
    /// What takes the lines.
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
        match self.format {
            Format::Json => Dispatch::new(log.json().flatten_event(true).with_target(false).finish()),
            Format::Text => Dispatch::new(log.event_format(Text { journal: self.journal }).finish()),
        }
    }

    /// From now on [`note`](crate::console::note) and the log write to standard error this way.
    pub(crate) fn begin(self) {
        // It fails where one has begun already, which then goes on.
        let _ = tracing::dispatcher::set_global_default(self.dispatch(std::io::stderr));
    }
}

/// `<6>done: /films/A.mkv [replaced]: ... job=j1`.
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
        // A name may hold anything, a line feed too.
        writeln!(to, "{}{}", sanitize(&line.message), sanitize(&line.fields))
    }
}

/// The priority that a journal reads from the start of a line: syslog's number, see sd-daemon(3).
fn priority(level: Level) -> &'static str {
    match level {
        Level::ERROR => "<3>",
        Level::WARN => "<4>",
        Level::INFO => "<6>",
        _ => "<7>",
    }
}

/// A line as it is collected: what the message says already isn't said again.
#[derive(Default)]
struct Line {
    message: String,
    fields: String,
}

const SAID: [&str; 4] = ["event", "path", "code", "settings"];

impl Line {
    fn add(&mut self, field: &Field, value: &dyn fmt::Display) {
        // Writing into a string can't fail.
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
    use std::io::{self, Write};
    use std::sync::{Arc, Mutex};

    use super::*;

    /// Keeps what is written.
    #[derive(Debug, Clone, Default)]
    pub(crate) struct Lines(Arc<Mutex<Vec<u8>>>);

    impl Lines {
        pub(crate) fn all(&self) -> Vec<String> {
            String::from_utf8(self.0.lock().unwrap().clone()).unwrap().lines().map(str::to_owned).collect()
        }
    }

    impl Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl<'a> MakeWriter<'a> for Lines {
        type Writer = Self;

        fn make_writer(&'a self) -> Self {
            self.clone()
        }
    }

    #[test]
    fn a_file_gets_the_time_and_the_level() {
        let lines = Lines::default();
        let logging = Logging { format: Format::Text, level: 0, journal: false };
        tracing::dispatcher::with_default(&logging.dispatch(lines.clone()), || {
            tracing::warn!(event = "warning", job = "j1", size = 3_u64, "a\u{1b} line");
        });
        let [line] = lines.all().try_into().unwrap();
        let (time, rest) = line.split_once(' ').unwrap();
        assert!(time.ends_with('Z') && time.parse::<jiff::Timestamp>().is_ok(), "{time}");
        assert_eq!(rest, "WARN a\\u{1b} line job=j1 size=3");
    }
}
