//! Asks work to pause and to resume.

use tokio::sync::watch;

/// The sending side.
#[derive(Debug)]
pub struct PauseSwitch(watch::Sender<bool>);

/// The receiving side, held by the work that is to pause. Clones share one state.
#[derive(Debug, Clone)]
pub struct Pause(watch::Receiver<bool>);

/// Creates a switch that doesn't pause yet.
pub fn pause_switch() -> (PauseSwitch, Pause) {
    let (sender, receiver) = watch::channel(false);
    (PauseSwitch(sender), Pause(receiver))
}

impl PauseSwitch {
    /// Asks all receivers to pause. Calling it again changes nothing.
    pub fn pause(&self) {
        self.0.send_replace(true);
    }

    /// Lets all receivers go on. Calling it again changes nothing.
    pub fn resume(&self) {
        self.0.send_replace(false);
    }

    /// Whether receivers are asked to pause.
    pub fn is_paused(&self) -> bool {
        *self.0.borrow()
    }
}

impl Pause {
    /// A pause that is never asked for.
    pub fn never() -> Self {
        pause_switch().1
    }

    /// Whether a pause is asked for now. If the switch was dropped, it isn't: nobody could ever end the pause.
    pub fn is_asked(&self) -> bool {
        *self.0.borrow() && self.0.has_changed().is_ok()
    }

    /// Waits until a pause is asked for. Waits forever if the switch was dropped.
    pub async fn asked(&mut self) {
        let asked = self.0.wait_for(|paused| *paused).await.is_ok();
        if !asked || self.0.has_changed().is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Waits until work may go on. Returns at once if the switch was dropped.
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
