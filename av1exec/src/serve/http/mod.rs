//! What the daemon does, for a monitor: Prometheus text at `/metrics`, and whether it is well at `/healthz`.
//!
//! The daemon publishes a [`Status`] at each beat of its loop; [`metrics::render`] and [`health`] are pure, and [`server`] hands
//! out what they say.

pub mod metrics;
pub mod server;

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::watch;

use crate::serve::status::Status;

/// A loop that hasn't beaten for this long hangs. It beats every few seconds, whatever else goes on.
const LATE: Duration = Duration::from_mins(2);

/// What the daemon last said about itself.
#[derive(Debug, Clone)]
pub struct Published {
    /// What.
    pub status: Arc<Status>,
    /// When.
    pub at: Instant,
}

/// The daemon's side.
#[derive(Debug)]
pub struct Publisher(watch::Sender<Option<Published>>);

/// The side of whoever wants to know; cloned freely. Nothing before the first beat.
pub type Source = watch::Receiver<Option<Published>>;

/// A publisher and its source.
pub fn publisher() -> (Publisher, Source) {
    let (sender, source) = watch::channel(None);
    (Publisher(sender), source)
}

impl Publisher {
    /// Says how things stand now. This is the loop's beat: it is to be called every few seconds, though nothing changed.
    pub fn publish(&self, status: Arc<Status>, at: Instant) {
        self.0.send_replace(Some(Published { status, at }));
    }
}

/// Whether the loop is well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Health {
    /// It beats.
    Well,
    /// It hasn't beaten yet.
    Starting,
    /// It hasn't beaten for so long that it hangs.
    Late {
        /// For how long.
        since: Duration,
    },
}

/// Whether the loop that said this last is well now.
pub fn health(last: Option<&Published>, now: Instant) -> Health {
    let Some(last) = last else { return Health::Starting };
    let since = now.saturating_duration_since(last.at);
    if since > LATE { Health::Late { since } } else { Health::Well }
}
