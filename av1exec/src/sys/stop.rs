//! Asks work to stop: all of it, or a single job.

use tokio::sync::watch;

/// The sending side.
#[derive(Debug, Clone)]
pub struct StopSwitch(watch::Sender<bool>);

/// The receiving side, held by the work that is to stop. Clones share one state.
#[derive(Debug, Clone)]
pub struct Stop {
    own: watch::Receiver<bool>,
    /// The larger work that this one belongs to. If that is asked to stop, so is this.
    whole: Option<Box<Stop>>,
}

/// Creates a switch that hasn't been thrown yet.
pub fn stop_switch() -> (StopSwitch, Stop) {
    let (sender, own) = watch::channel(false);
    (StopSwitch(sender), Stop { own, whole: None })
}

impl StopSwitch {
    /// Asks all receivers to stop. Calling it again changes nothing.
    pub fn stop(&self) {
        self.0.send_replace(true);
    }
}

impl Stop {
    /// Creates a switch for a part of this work. The part also stops if the whole is asked to.
    pub fn part(&self) -> (StopSwitch, Self) {
        let (switch, part) = stop_switch();
        (switch, Self { whole: Some(Box::new(self.clone())), ..part })
    }

    /// Whether this work, or the whole it belongs to, was asked to stop.
    pub fn is_asked(&self) -> bool {
        *self.own.borrow() || self.whole.as_ref().is_some_and(|whole| whole.is_asked())
    }

    /// Whether only this part was asked to stop, while the whole goes on.
    pub fn is_asked_of_part(&self) -> bool {
        let whole = self.whole.as_ref();
        *self.own.borrow() && whole.is_some_and(|whole| !whole.is_asked())
    }

    /// Waits until this work is asked to stop. Waits forever if the switches were dropped without having been thrown.
    pub async fn asked(&mut self) {
        let Self { own, whole } = self;
        let own = async {
            if own.wait_for(|stopped| *stopped).await.is_err() {
                std::future::pending::<()>().await;
            }
        };
        match whole {
            None => own.await,
            Some(whole) => tokio::select! {
                () = own => {}
                () = Box::pin(whole.asked()) => {}
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_part_stops_alone_or_with_the_whole() {
        let (all, stop) = stop_switch();
        let (cancel, mut one) = stop.part();
        let (_kept, mut other) = stop.part();
        assert!(!one.is_asked() && !one.is_asked_of_part());
        cancel.stop();
        one.asked().await;
        assert!(one.is_asked() && one.is_asked_of_part());
        assert!(!other.is_asked() && !stop.is_asked());
        all.stop();
        other.asked().await;
        assert!(other.is_asked() && !other.is_asked_of_part());
        assert!(!one.is_asked_of_part(), "the whole stops: that is no cancelling any more");
    }

    #[tokio::test]
    async fn a_switch_that_is_gone_stops_nothing_and_hides_no_other() {
        let (all, stop) = stop_switch();
        let (cancel, mut one) = stop.part();
        drop(cancel);
        let moment = std::time::Duration::from_millis(20);
        assert!(tokio::time::timeout(moment, one.asked()).await.is_err());
        all.stop();
        one.asked().await;
    }
}
