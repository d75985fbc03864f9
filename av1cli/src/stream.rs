//! Events for programs: each a line of JSON on standard output.

use std::time::Duration;

use av1exec::control::feed::{Feed, Listener};
use av1exec::event::Event;
use av1exec::failure::{Exit, Failure};
use av1exec::stop::Stop;
use tokio::sync::oneshot;

use crate::console::{Reader, complain, out};

/// How long a reader may take for what lies unread when work was asked to stop.
const PATIENCE: Duration = Duration::from_secs(5);

/// Standard output, written by a thread of its own: a reader that doesn't read holds up that thread, and not the work.
/// Who falls too far behind misses events, and is told so, as subscribers of the control socket are.
pub(crate) struct Stream {
    feed: Feed,
    /// Comes to an end when the thread does.
    writing: oneshot::Receiver<()>,
}

impl Stream {
    /// Begins to write; nothing where the system has no thread for it.
    pub(crate) fn open() -> Option<Self> {
        let feed = Feed::new();
        let (listener, (written, writing)) = (feed.listen(), oneshot::channel());
        let thread = std::thread::Builder::new().name("stdout".to_owned());
        match thread.spawn(move || {
            write(listener);
            drop(written);
        }) {
            Ok(_) => Some(Self { feed, writing }),
            Err(error) => {
                let message = format!("failed to start a thread for standard output: {error}");
                complain(&Failure::new(Exit::Failed, message));
                None
            }
        }
    }

    /// Tells of one event, and never waits.
    pub(crate) fn tell(&self, event: &Event) {
        self.feed.tell(event);
    }

    /// Waits until all is written: as long as the reader likes, but not for long once work was asked to stop.
    pub(crate) async fn end(self, mut stop: Stop) {
        let Self { feed, writing } = self;
        drop(feed);
        let given_up = async {
            stop.asked().await;
            tokio::time::sleep(PATIENCE).await;
        };
        tokio::select! {
            _ = writing => {}
            () = given_up => {}
        }
    }
}

/// Writes until nobody speaks or nobody reads any more. Work goes on whoever reads.
fn write(mut listener: Listener) {
    while let Some(line) = listener.wait() {
        match out(line.trim_ascii_end()) {
            Ok(Reader::Listens) => {}
            Ok(Reader::Left) => return,
            Err(failure) => return complain(&failure),
        }
    }
}
