//! Whom events are told: a person, by lines and bars, or a log; and programs beside them.

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

/// All that hears of an event.
pub(crate) struct Sinks {
    ear: Ear,
    /// Standard output, where it gets each event as JSON.
    programs: Option<Stream>,
}

/// Who hears of it on standard error.
enum Ear {
    Person(Reporter),
    Log(Log),
}

impl Sinks {
    /// For a command that somebody waits for.
    pub(crate) fn to_person(output: OutputArgs) -> Result<Self, Failure> {
        let bars = output.bars(std::io::stderr().is_terminal());
        let reporter = Reporter::open(bars, !bars && output.lines(true), output.level())?;
        Ok(Self { ear: Ear::Person(reporter), programs: programs(output)? })
    }

    /// For a daemon: to its log where it has one, which begins here.
    pub(crate) fn to_log(logging: Option<Logging>, output: OutputArgs) -> Result<Self, Failure> {
        let Some(logging) = logging else { return Self::to_person(output) };
        logging.begin()?;
        Ok(Self { ear: Ear::Log(Log::new(output.lines(false))), programs: programs(output)? })
    }

    /// Listens until nobody speaks any more. It hands lines over and waits for no reader, so that events don't pile up.
    pub(crate) async fn listen(self, mut events: UnboundedReceiver<Event>) {
        let Self { mut ear, programs } = self;
        while let Some(event) = events.recv().await {
            if let Some(programs) = &programs {
                programs.tell(&event);
            }
            match &mut ear {
                Ear::Person(reporter) => reporter.show(event),
                Ear::Log(log) => log.tell(&event),
            }
        }
    }
}

/// Waits until all was told; of work that was asked to stop, a call that hangs in a disk may keep a word for ever.
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
