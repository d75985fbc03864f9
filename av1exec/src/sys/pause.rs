//! Asking work to hold still for a while.

use tokio::sync::watch;

/// The side that asks.
#[derive(Debug)]
pub struct PauseSwitch(watch::Sender<bool>);

/// The side that is asked; cloned freely.
#[derive(Debug, Clone)]
pub struct Pause(watch::Receiver<bool>);

/// A switch for work that goes on.
pub fn pause_switch() -> (PauseSwitch, Pause) {
    let (sender, receiver) = watch::channel(false);
    (PauseSwitch(sender), Pause(receiver))
}

impl PauseSwitch {
    /// Asks everybody to hold still; again changes nothing.
    pub fn pause(&self) {
        self.0.send_replace(true);
    }

    /// Lets everybody go on; again changes nothing.
    pub fn resume(&self) {
        self.0.send_replace(false);
    }

    /// Whether everybody is asked to hold still.
    pub fn is_paused(&self) -> bool {
        *self.0.borrow()
    }
}

impl Pause {
    /// One that never comes.
    pub fn never() -> Self {
        pause_switch().1
    }

    /// Whether it is asked for now. A switch that is gone asks for nothing: nobody could ever throw it back.
    pub fn is_asked(&self) -> bool {
        *self.0.borrow() && self.0.has_changed().is_ok()
    }

    /// Waits until it is asked for; for ever where the switch is gone.
    pub async fn asked(&mut self) {
        let asked = self.0.wait_for(|paused| *paused).await.is_ok();
        if !asked || self.0.has_changed().is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Waits until work may go on; at once where the switch is gone.
    pub async fn over(&mut self) {
        let _ = self.0.wait_for(|paused| !*paused).await;
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn it_is_asked_for_and_over_as_often_as_the_switch_is_thrown() {
        let (switch, mut pause) = pause_switch();
        for _ in 0..2 {
            pause.over().await;
            assert!(!pause.is_asked() && !switch.is_paused());
            switch.pause();
            pause.asked().await;
            assert!(pause.is_asked() && switch.is_paused());
            switch.resume();
        }
    }

    #[tokio::test]
    async fn a_switch_that_is_gone_holds_nobody() {
        let (switch, mut pause) = pause_switch();
        switch.pause();
        drop(switch);
        pause.over().await;
        assert!(!pause.is_asked());
        for mut pause in [pause, Pause::never()] {
            let moment = Duration::from_millis(20);
            assert!(tokio::time::timeout(moment, pause.asked()).await.is_err());
        }
    }
}
