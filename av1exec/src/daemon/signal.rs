//! Requests that reach a running daemon as signals.

/// A request that arrived as a signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UserSignal {
    /// Read the config again (SIGHUP).
    Reload,
    /// Scan the library now (SIGUSR1).
    Scan,
}
