//! The receivers of events: standard error as lines and bars or as a log, and in addition programs.

use std::io::IsTerminal;

use av1exec::pipeline::event::Event;
use av1exec::sys::failure::Failure;
use av1exec::sys::stop::Stop;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::task::JoinHandle;

use crate::args::OutputArgs;
use crate::output::log::Log;
use crate::output::logging::Logging;
use crate::output::reporter::Reporter;
use crate::output::stream::Stream;
use crate::setup::END_TIMEOUT;

/// All receivers of events.
pub(crate) struct Sinks {
    ear: Ear,
    /// Standard output, if it receives each event as JSON.
    programs: Option<Stream>,
}

/// The receiver on standard error.
enum Ear {
    Person(Reporter),
    Log(Log),
}

impl Sinks {
    /// Creates the sinks for a command that a person waits for.
    pub(crate) fn to_person(output: OutputArgs) -> Result<Self, Failure> {
        let bars = output.bars(std::io::stderr().is_terminal());
        let reporter = Reporter::open(bars, !bars && output.lines(true), output.level())?;
        Ok(Self { ear: Ear::Person(reporter), programs: programs(output)? })
    }

    /// Creates the sinks for a daemon. If logging is configured, this starts the log and writes to it. Otherwise the
    /// sinks print lines and progress bars, as [`Self::to_person`] does.
    pub(crate) fn to_log(logging: Option<Logging>, output: OutputArgs) -> Result<Self, Failure> {
        let Some(logging) = logging else { return Self::to_person(output) };
        logging.begin()?;
        Ok(Self { ear: Ear::Log(Log::new(output.lines(false))), programs: programs(output)? })
    }

    /// Passes on all events until the last sender is dropped. It never waits for a reader, so that events don't pile
    /// up.
    pub(crate) async fn listen(self, mut events: UnboundedReceiver<Event>) {
        let Self { mut ear, programs } = self;
        while let Some(event) = events.recv().await {
            if let Some(programs) = &programs {
                programs.write(&event);
            }
            match &mut ear {
                Ear::Person(reporter) => reporter.show(event),
                Ear::Log(log) => log.write(&event),
            }
        }
    }
}

/// Waits until all events are written. After a request to stop the wait is limited, because a call that hangs on a disk
/// may keep a sender alive forever.
pub(crate) async fn told(sinks: JoinHandle<()>, stop: &Stop) {
    if stop.is_asked() {
        let _ = tokio::time::timeout(END_TIMEOUT, sinks).await;
    } else {
        let _ = sinks.await;
    }
}

fn programs(output: OutputArgs) -> Result<Option<Stream>, Failure> {
    output.json().then(Stream::open).transpose()
}
