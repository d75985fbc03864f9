//! What a command needs before it starts: locks, tools, signals, sinks, the service manager.

pub mod service;
pub(crate) mod session;
pub mod signals;
pub(crate) mod sinks;

use std::time::Duration;

/// How long threads that may hang get to finish when the program ends.
pub(crate) const END_TIMEOUT: Duration = Duration::from_secs(1);
