//! The way of [`Event`]s to subscribers.

use std::sync::Arc;

use tokio::sync::broadcast;

use super::events::EventDocument;
use super::protocol::line;
use crate::event::Event;

/// How many events a subscriber may be behind before it misses some.
const BACKLOG: usize = 1024;

/// Where the daemon tells events to subscribers; cloned freely. Telling never waits, and costs nothing while nobody listens.
#[derive(Debug, Clone)]
pub struct Feed(broadcast::Sender<Arc<[u8]>>);

impl Default for Feed {
    fn default() -> Self {
        Self::new()
    }
}

impl Feed {
    /// One that nobody listens to yet.
    pub fn new() -> Self {
        Self::with_backlog(BACKLOG)
    }

    /// How many listen.
    #[cfg(test)]
    pub(super) fn listeners(&self) -> usize {
        self.0.receiver_count()
    }

    pub(super) fn with_backlog(lines: usize) -> Self {
        Self(broadcast::Sender::new(lines))
    }

    /// Tells all who listen now.
    pub fn tell(&self, event: &Event) {
        if self.0.receiver_count() > 0 {
            self.tell_document(&EventDocument::from(event));
        }
    }

    pub(super) fn tell_document(&self, document: &EventDocument) {
        drop(self.0.send(line(document).into()));
    }

    pub(super) fn subscribe(&self) -> broadcast::Receiver<Arc<[u8]>> {
        self.0.subscribe()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn nobody_listening_costs_nothing_and_a_listener_gets_lines() {
        let feed = Feed::new();
        feed.tell(&Event::Scanned { films: 1, stopped: BTreeMap::new() });
        let mut listener = feed.subscribe();
        feed.tell(&Event::Scanned { films: 2, stopped: BTreeMap::new() });
        assert_eq!(&listener.try_recv().unwrap()[..], b"{\"event\":\"scanned\",\"films\":2}\n");
        assert!(listener.try_recv().is_err(), "what was told before isn't told again");
    }
}
