//! The places of connections. A client that is slow, or opens many connections, costs places of its own only: where
//! they are all taken, its oldest connection makes room for its newest.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use tokio::task::AbortHandle;

/// How many places there are, and for how long a connection can't lose its place.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rules {
    /// How many connections are served at once.
    pub(super) all: usize,
    /// How many of them one peer may have.
    pub(super) of_a_peer: usize,
    /// A connection of this age may lose its place. Any client but a slow one has its answer by then.
    pub(super) grace: Duration,
}

/// A connection that has a place.
#[derive(Debug)]
struct Taken {
    peer: IpAddr,
    since: Instant,
    task: AbortHandle,
}

/// The connections that are served, oldest first.
#[derive(Debug)]
pub(super) struct Places {
    rules: Rules,
    taken: Vec<Taken>,
}

impl Places {
    pub(super) fn new(rules: Rules) -> Self {
        Self { rules, taken: Vec::new() }
    }

    /// Makes room for a new connection of a peer, by closing an old one if need be. Returns `false` if there is no
    /// room.
    pub(super) fn make_room(&mut self, peer: IpAddr, now: Instant) -> bool {
        self.taken.retain(|taken| !taken.task.is_finished());
        let own = self.taken.iter().filter(|taken| taken.peer == peer).count();
        let is_any = match () {
            () if own >= self.rules.of_a_peer => false,
            () if self.taken.len() >= self.rules.all => true,
            () => return true,
        };
        let grace = self.rules.grace;
        let may_go = |taken: &Taken| {
            (is_any || taken.peer == peer) && now.saturating_duration_since(taken.since) >= grace
        };
        let Some(at) = self.taken.iter().position(may_go) else { return false };
        self.taken.remove(at).task.abort();
        true
    }

    /// Gives a place to the connection that this task serves.
    pub(super) fn give(&mut self, peer: IpAddr, now: Instant, task: AbortHandle) {
        self.taken.push(Taken { peer, since: now, task });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GRACE: Duration = Duration::from_millis(100);

    fn peer(number: u8) -> IpAddr {
        [127, 0, 0, number].into()
    }

    #[tokio::test]
    async fn the_oldest_of_the_same_peer_makes_room_and_of_all_only_where_no_place_is_free() {
        let start = Instant::now();
        let at = |millis| start + Duration::from_millis(millis);
        let mut places = Places::new(Rules { all: 3, of_a_peer: 2, grace: GRACE });
        let mut enter = |number, millis| {
            let has_room = places.make_room(peer(number), at(millis));
            if has_room {
                let task = tokio::spawn(std::future::pending::<()>()).abort_handle();
                places.give(peer(number), at(millis), task);
            }
            let taken = places.taken.iter().map(|taken| (taken.peer, taken.since));
            (has_room, taken.collect::<Vec<_>>())
        };
        let rows = |rows: &[(u8, u64)]| {
            rows.iter().map(|(number, millis)| (peer(*number), at(*millis))).collect::<Vec<_>>()
        };
        assert_eq!(enter(1, 0), (true, rows(&[(1, 0)])));
        assert_eq!(enter(1, 10), (true, rows(&[(1, 0), (1, 10)])));
        assert_eq!(enter(1, 99), (false, rows(&[(1, 0), (1, 10)])), "they may still get their answers");
        assert_eq!(enter(2, 99), (true, rows(&[(1, 0), (1, 10), (2, 99)])));
        assert_eq!(enter(1, 100), (true, rows(&[(1, 10), (2, 99), (1, 100)])), "its own oldest goes");
        assert_eq!(enter(3, 105), (false, rows(&[(1, 10), (2, 99), (1, 100)])), "nobody is slow yet");
        assert_eq!(enter(3, 110), (true, rows(&[(2, 99), (1, 100), (3, 110)])), "the oldest of all goes");
    }

    #[tokio::test]
    async fn a_connection_that_has_ended_takes_no_place() {
        let now = Instant::now();
        let mut places = Places::new(Rules { all: 1, of_a_peer: 1, grace: GRACE });
        let task = tokio::spawn(async {});
        places.give(peer(1), now, task.abort_handle());
        task.await.unwrap();
        assert!(places.make_room(peer(1), now));
    }
}
