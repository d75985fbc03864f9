//! What a command needs before it can begin: locks, tools, signals, sinks, the service manager.

pub mod service;
pub(crate) mod session;
pub mod signals;
pub(crate) mod sinks;

use std::time::Duration;

/// How long what may hang may take to end with the program.
pub(crate) const END_TIMEOUT: Duration = Duration::from_secs(1);
