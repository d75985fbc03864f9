//! Asking work to stop.

use tokio::sync::watch;

/// The side that asks.
#[derive(Debug)]
pub struct StopSwitch(watch::Sender<bool>);

/// The side that is asked; cloned freely.
#[derive(Debug, Clone)]
pub struct Stop(watch::Receiver<bool>);

/// A switch that is not thrown yet.
pub fn stop_switch() -> (StopSwitch, Stop) {
    let (sender, receiver) = watch::channel(false);
    (StopSwitch(sender), Stop(receiver))
}

impl StopSwitch {
    /// Asks everybody to stop; again changes nothing.
    pub fn stop(&self) {
        self.0.send_replace(true);
    }
}

impl Stop {
    /// Whether it was asked for.
    pub fn is_asked(&self) -> bool {
        *self.0.borrow()
    }

    /// Waits until it is asked for; for ever where the switch is gone without having been thrown.
    pub async fn asked(&mut self) {
        if self.0.wait_for(|stopped| *stopped).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
