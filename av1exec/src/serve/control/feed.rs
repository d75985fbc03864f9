//! Delivers [`Event`]s to subscribers.

use std::sync::Arc;

use tokio::sync::broadcast::{self, error::RecvError};

use super::events::EventDocument;
use super::protocol::line;
use crate::pipeline::event::Event;

/// How many events a subscriber may be behind before it misses some.
const BACKLOG: usize = 1024;

/// Publishes events to all subscribers; cheap to clone. Publishing never waits, and does nothing while there is no
/// subscriber.
#[derive(Debug, Clone)]
pub struct Feed(broadcast::Sender<Arc<[u8]>>);

impl Default for Feed {
    fn default() -> Self {
        Self::new()
    }
}

impl Feed {
    /// Creates a feed without subscribers.
    pub fn new() -> Self {
        Self::with_backlog(BACKLOG)
    }

    /// The number of subscribers.
    #[cfg(test)]
    pub(super) fn subscribers(&self) -> usize {
        self.0.receiver_count()
    }

    pub(super) fn with_backlog(lines: usize) -> Self {
        Self(broadcast::Sender::new(lines))
    }

    /// Publishes an event to the current subscribers.
    pub fn publish(&self, event: &Event) {
        if self.0.receiver_count() > 0 {
            self.publish_document(&EventDocument::from(event));
        }
    }

    pub(super) fn publish_document(&self, document: &EventDocument) {
        drop(self.0.send(line(document).into()));
    }

    /// Subscribes to the events from now on.
    pub(super) fn subscribe(&self) -> Subscriber {
        Subscriber(self.0.subscribe())
    }
}

/// Receives events as lines of JSON. A subscriber that is too slow misses the oldest, and receives a line with
/// their number instead.
#[derive(Debug)]
pub(super) struct Subscriber(broadcast::Receiver<Arc<[u8]>>);

impl Subscriber {
    /// Waits for the next line, which includes its line break; `None` once the feed is dropped.
    pub(super) async fn next(&mut self) -> Option<Arc<[u8]>> {
        match self.0.recv().await {
            Ok(line) => Some(line),
            Err(RecvError::Lagged(missed)) => Some(line(&EventDocument::Lagged { missed }).into()),
            Err(RecvError::Closed) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::library::passed_over::PassedOver;
    use std::collections::BTreeMap;

    #[tokio::test]
    async fn without_subscribers_nothing_is_sent_and_a_subscriber_gets_lines() {
        let feed = Feed::new();
        feed.publish(&scanned(1));
        let mut subscriber = feed.subscribe();
        feed.publish(&scanned(2));
        drop(feed);
        assert_eq!(
            all(&mut subscriber).await,
            ["{\"event\":\"scanned\",\"films\":2}\n"],
            "and nothing from before"
        );
    }

    #[tokio::test]
    async fn who_is_too_slow_gets_the_newest_and_learns_how_many_are_missing() {
        let feed = Feed::with_backlog(2);
        let mut subscriber = feed.subscribe();
        (1..=5).for_each(|films| feed.publish(&scanned(films)));
        drop(feed);
        let [lagged, fourth, fifth] = &all(&mut subscriber).await[..] else { panic!("not three lines") };
        assert_eq!(lagged, "{\"event\":\"lagged\",\"missed\":3}\n");
        assert!(fourth.contains(":4}") && fifth.contains(":5}"), "{fourth}{fifth}");
    }

    fn scanned(films: usize) -> Event {
        Event::Scanned { films, stopped: BTreeMap::new(), passed_over: PassedOver::default() }
    }

    async fn all(subscriber: &mut Subscriber) -> Vec<String> {
        let mut lines = Vec::new();
        while let Some(line) = subscriber.next().await {
            lines.push(String::from_utf8(line.to_vec()).unwrap());
        }
        lines
    }
}
