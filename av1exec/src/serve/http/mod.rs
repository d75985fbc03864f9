//! HTTP endpoints for monitoring: Prometheus metrics at `/metrics`, and a health check at `/healthz`.
//!
//! The daemon publishes a [`Status`] at each heartbeat of its loop. [`metrics::render`] and [`health`] are pure
//! functions of it, and [`server`] sends what they return.

pub mod metrics;
mod places;
pub mod server;

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::watch;

use crate::serve::status::Status;

/// A loop without a heartbeat for this long hangs. Normally the heartbeat comes every few seconds, whatever else
/// happens.
const LATE: Duration = Duration::from_mins(2);

/// The last status that the daemon published.
#[derive(Debug, Clone)]
pub struct Published {
    /// The status.
    pub status: Arc<Status>,
    /// When it was published.
    pub at: Instant,
}

/// The daemon's end of the channel: publishes the status.
#[derive(Debug)]
pub struct Publisher(watch::Sender<Option<Published>>);

/// The other end of the channel: receives the status; cheap to clone. Holds `None` before the first heartbeat.
pub type Source = watch::Receiver<Option<Published>>;

/// Creates a publisher and its source.
pub fn publisher() -> (Publisher, Source) {
    let (sender, source) = watch::channel(None);
    (Publisher(sender), source)
}

impl Publisher {
    /// Publishes the current status. This is the loop's heartbeat: it has to be called every few seconds even if
    /// nothing has changed.
    pub fn publish(&self, status: Arc<Status>, at: Instant) {
        self.0.send_replace(Some(Published { status, at }));
    }
}

/// The health of the loop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Health {
    /// The heartbeat is recent.
    Well,
    /// There was no heartbeat yet.
    Starting,
    /// The last heartbeat is so long ago that the loop hangs.
    Late {
        /// The time since the last heartbeat.
        since: Duration,
    },
}

/// Returns the health of the loop that published `last`.
pub fn health(last: Option<&Published>, now: Instant) -> Health {
    let Some(last) = last else { return Health::Starting };
    let since = now.saturating_duration_since(last.at);
    if since > LATE { Health::Late { since } } else { Health::Well }
}
