//! Disk-space reservations: each running encode reserves the largest result that it may write.

use std::sync::{Arc, Mutex, PoisonError};

use crate::sys::disk::Space;

/// The table of all reservations: how many bytes of which file system. Clones share one table.
#[derive(Debug, Clone, Default)]
pub struct Reservations {
    all: Arc<Mutex<Vec<Held>>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Held {
    device: u64,
    bytes: u64,
}

/// Reserved space, which is released when this is dropped.
#[derive(Debug)]
pub struct Reservation {
    reservations: Reservations,
    held: Held,
}

impl Reservations {
    /// Reserves `bytes` on the file system `device`, which has `space` left. Returns `None` if that doesn't fit beside
    /// the other reservations and the reserve that always stays free.
    ///
    /// The bytes that running encodes have already written count twice (they are no longer free, and still reserved),
    /// so that this errs on the safe side.
    pub fn reserve(&self, device: u64, bytes: u64, space: Space) -> Option<Reservation> {
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        let others = all.iter().filter(|held| held.device == device);
        let in_all = others.fold(bytes, |sum, held| sum.saturating_add(held.bytes));
        space.holds(in_all).then(|| {
            let held = Held { device, bytes };
            all.push(held);
            Reservation { reservations: self.clone(), held }
        })
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        let mut all = self.reservations.all.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(place) = all.iter().position(|held| *held == self.held) {
            all.swap_remove(place);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_reserved_for_one_encode_is_not_there_for_the_next() {
        let space = Space { free: 110 << 30, total: 500 << 30 };
        let reservations = Reservations::default();
        let first = reservations.reserve(1, 60 << 30, space).unwrap();
        assert!(reservations.reserve(1, 60 << 30, space).is_none(), "10 GiB must stay free, 60 are reserved");
        let _elsewhere = reservations.reserve(2, 60 << 30, space).unwrap();
        let _second = reservations.clone().reserve(1, 40 << 30, space).unwrap();
        drop(first);
        assert!(reservations.reserve(1, 60 << 30, space).is_some());
    }

    #[test]
    fn no_number_is_too_large() {
        let reservations = Reservations::default();
        let space = Space { free: u64::MAX, total: 0 };
        let _all = reservations.reserve(1, u64::MAX, space).unwrap();
        assert!(reservations.reserve(1, u64::MAX, Space { free: 5, total: 0 }).is_none());
    }
}
