//! Signals that control a running daemon, or end a command.

use std::io;

use av1exec::daemon::signal::UserSignal;
use av1exec::sys::failure::{Exit, Failure};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

/// Receives signals: SIGHUP reloads the config, SIGUSR1 scans the library now. From this call on, neither ends the
/// program.
///
/// If `terminal` is set, SIGHUP means that the terminal was closed, and still ends the program.
pub fn listen(terminal: bool) -> io::Result<UnboundedReceiver<UserSignal>> {
    let (sender, receiver) = unbounded_channel();
    let mut wanted = vec![(SignalKind::user_defined1(), UserSignal::Scan)];
    if !terminal {
        wanted.push((SignalKind::hangup(), UserSignal::Reload));
    }
    for (kind, meaning) in wanted {
        let (mut signals, sender) = (signal(kind)?, sender.clone());
        tokio::spawn(async move { while signals.recv().await.is_some() && sender.send(meaning).is_ok() {} });
    }
    Ok(receiver)
}

/// Listens for the signals by which a user or a closed terminal ends the program. From this call on, they end nothing by
/// themselves; what it returns ends when one of them comes.
pub(crate) fn ended() -> Result<impl Future<Output = ()>, Failure> {
    let failed = |error| Failure::new(Exit::Failed, format!("failed to listen for signals: {error}"));
    let listen = |kind| signal(kind).map_err(failed);
    let (mut interrupt, mut terminate, mut hang_up) =
        (listen(SignalKind::interrupt())?, listen(SignalKind::terminate())?, listen(SignalKind::hangup())?);
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hang_up.recv() => {}
        }
    })
}

#[cfg(test)]
mod tests {
    use rustix::process::{Signal, getpid, kill_process};

    use super::*;

    #[tokio::test]
    async fn signals_become_what_they_ask_for() {
        let mut signals = listen(false).unwrap();
        for (signal, meaning) in [
            (Signal::USR1, UserSignal::Scan),
            (Signal::HUP, UserSignal::Reload),
            (Signal::USR1, UserSignal::Scan),
        ] {
            kill_process(getpid(), signal).unwrap();
            assert_eq!(signals.recv().await, Some(meaning));
        }
    }
}
