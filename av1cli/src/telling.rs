//! Whom events are told: a person, by lines and bars, or a log; and programs beside them.

use std::io::IsTerminal;

use av1exec::control::events::EventDocument;
use av1exec::event::Event;
use tokio::sync::mpsc::UnboundedReceiver;

use crate::args::OutputArgs;
use crate::console::{Reader, complain, out};
use crate::log::Log;
use crate::logging::Logging;
use crate::reporter::Reporter;

/// All that hears of an event.
pub(crate) struct Telling {
    ear: Ear,
    /// Whether standard output gets each event as JSON, and is still read.
    json: bool,
}

/// Who hears of it on standard error.
enum Ear {
    Person(Reporter),
    Log(Log),
}

impl Telling {
    /// For a command that somebody waits for.
    pub(crate) fn to_person(output: OutputArgs) -> Self {
        let bars = output.bars(std::io::stderr().is_terminal());
        let reporter = Reporter::open(bars, !bars && output.lines(true), output.level());
        Self { ear: Ear::Person(reporter), json: output.json() }
    }

    /// For a daemon: to its log where it has one, which begins here.
    pub(crate) fn to_log(logging: Option<Logging>, output: OutputArgs) -> Self {
        let Some(logging) = logging else { return Self::to_person(output) };
        logging.begin();
        Self { ear: Ear::Log(Log::new(output.lines(false))), json: output.json() }
    }

    /// Listens until nobody speaks any more.
    pub(crate) async fn listen(mut self, mut events: UnboundedReceiver<Event>) {
        while let Some(event) = events.recv().await {
            if self.json {
                self.json = print(&event);
            }
            match &mut self.ear {
                Ear::Person(reporter) => reporter.show(event),
                Ear::Log(log) => log.tell(&event),
            }
        }
    }
}

/// Prints an event; says whether the next one is wanted too. Work goes on whoever reads.
fn print(event: &Event) -> bool {
    let document = serde_json::to_vec(&EventDocument::from(event)).unwrap_or_default();
    match out(&document) {
        Ok(reader) => reader == Reader::Listens,
        Err(failure) => {
            complain(&failure);
            false
        }
    }
}
