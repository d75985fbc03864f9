//! Writes events for programs to standard output: one line of JSON per event.

use av1exec::pipeline::event::Event;
use av1exec::serve::control::events::EventDocument;
use av1exec::sys::failure::Failure;
use serde::Serialize;

use crate::output::sink::{Importance, Loss, Sink};

/// Standard output. If the reader falls too far behind, it misses events and gets a `lagged` event, like subscribers of
/// the control socket.
pub(crate) struct Stream(Sink);

impl Stream {
    /// Starts the sink for standard output.
    pub(crate) fn open() -> Result<Self, Failure> {
        Sink::open("standard output", std::io::stdout(), Box::new(lagged)).map(Self)
    }

    /// Writes an event. This never waits.
    pub(crate) fn write(&self, event: &Event) {
        self.0.push(importance(event), line(&EventDocument::from(event)));
    }
}

fn lagged(loss: &Loss) -> Vec<u8> {
    // If no event was lost, the program doesn't need to know that writing failed for a while.
    if loss.lines == 0 { Vec::new() } else { line(&EventDocument::Lagged { missed: loss.lines }) }
}

fn line(document: &impl Serialize) -> Vec<u8> {
    // Serializing can't fail: no event has a map whose keys aren't strings.
    let mut line = serde_json::to_vec(document).unwrap_or_default();
    line.push(b'\n');
    line
}

/// Returns the importance of an event. Less important events are dropped first.
fn importance(event: &Event) -> Importance {
    match event {
        Event::Progressed { .. } | Event::Judging { .. } | Event::Surveyed { .. } | Event::Sampled { .. } => {
            Importance::Progress
        }
        Event::Scanned { .. }
        | Event::Settling { .. }
        | Event::Surveying { .. }
        | Event::Sampling { .. }
        | Event::Skipped { .. } => Importance::News,
        Event::Unreadable { .. }
        | Event::Recovered(_)
        | Event::Started { .. }
        | Event::Finished { .. }
        | Event::Warning { .. } => Importance::Result,
    }
}

#[cfg(test)]
mod tests {
    use av1plan::judge::Progress;

    use super::*;

    #[test]
    fn a_program_learns_how_many_events_it_missed_and_of_nothing_else() {
        let loss = |lines| Loss { lines, trouble: Some(("no room".to_owned(), std::time::Duration::ZERO)) };
        assert_eq!(lagged(&loss(3)), b"{\"event\":\"lagged\",\"missed\":3}\n");
        assert_eq!(lagged(&loss(0)), b"");
    }

    #[test]
    fn how_far_an_encode_is_is_missed_before_what_came_of_it() {
        let progressed = Event::Progressed { job: "1".into(), progress: Progress::default() };
        let warning = Event::Warning { path: "/f".into(), message: "m".into() };
        let settling = Event::Settling { films: 1, wait: std::time::Duration::ZERO };
        assert!(
            importance(&progressed) < importance(&settling) && importance(&settling) < importance(&warning)
        );
    }
}
