//! Signals that ask something of a running daemon.

use std::io;

use av1exec::daemon::signal::Nudge;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

/// Hands signals over: SIGHUP to read the config again, SIGUSR1 to look at the library now. From the call on, neither ends
/// the program.
///
/// Where a person looks on (`terminal`), SIGHUP says that the terminal was closed, and ends the program as ever.
pub fn listen(terminal: bool) -> io::Result<UnboundedReceiver<Nudge>> {
    let (sender, receiver) = unbounded_channel();
    let mut wanted = vec![(SignalKind::user_defined1(), Nudge::Scan)];
    if !terminal {
        wanted.push((SignalKind::hangup(), Nudge::Reload));
    }
    for (kind, nudge) in wanted {
        let (mut signals, sender) = (signal(kind)?, sender.clone());
        tokio::spawn(async move { while signals.recv().await.is_some() && sender.send(nudge).is_ok() {} });
    }
    Ok(receiver)
}

#[cfg(test)]
mod tests {
    use rustix::process::{Signal, getpid, kill_process};

    use super::*;

    #[tokio::test]
    async fn signals_become_nudges() {
        let mut nudges = listen(false).unwrap();
        for (signal, nudge) in
            [(Signal::USR1, Nudge::Scan), (Signal::HUP, Nudge::Reload), (Signal::USR1, Nudge::Scan)]
        {
            kill_process(getpid(), signal).unwrap();
            assert_eq!(nudges.recv().await, Some(nudge));
        }
    }
}
