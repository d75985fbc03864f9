//! What somebody asks of a running daemon without talking to it: signals.

/// One thing that is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UserSignal {
    /// Read the config again (SIGHUP).
    Reload,
    /// Look at the library now (SIGUSR1).
    Scan,
}
