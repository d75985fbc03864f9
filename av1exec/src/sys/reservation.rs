//! Room for all running encodes together: each is counted with the most that it may come to write.

use std::sync::{Arc, Mutex, PoisonError};

use crate::sys::disk::Space;

/// Who is promised how much of which file system. Cloned freely; all clones are one.
#[derive(Debug, Clone, Default)]
pub struct Room {
    promised: Arc<Mutex<Vec<Promise>>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Promise {
    device: u64,
    bytes: u64,
}

/// Room that is promised for as long as this lives.
#[derive(Debug)]
pub struct Promised {
    room: Room,
    promise: Promise,
}

impl Room {
    /// Promises `bytes` of the file system `device`, of which `space` is there now; nothing where that isn't enough
    /// besides the reserve and what is promised already.
    ///
    /// What running encodes have written counts twice, so that this errs on the safe side.
    pub fn promise(&self, device: u64, bytes: u64, space: Space) -> Option<Promised> {
        let mut promised = self.promised.lock().unwrap_or_else(PoisonError::into_inner);
        let others = promised.iter().filter(|promise| promise.device == device);
        let in_all = others.fold(bytes, |sum, promise| sum.saturating_add(promise.bytes));
        space.holds(in_all).then(|| {
            let promise = Promise { device, bytes };
            promised.push(promise);
            Promised { room: self.clone(), promise }
        })
    }
}

impl Drop for Promised {
    fn drop(&mut self) {
        let mut promised = self.room.promised.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(place) = promised.iter().position(|promise| *promise == self.promise) {
            promised.swap_remove(place);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_promised_to_one_encode_is_not_promised_to_the_next() {
        let space = Space { free: 110 << 30, total: 500 << 30 };
        let room = Room::default();
        let first = room.promise(1, 60 << 30, space).unwrap();
        assert!(room.promise(1, 60 << 30, space).is_none(), "10 GiB are a reserve, 60 are promised");
        let _elsewhere = room.promise(2, 60 << 30, space).unwrap();
        let _second = room.clone().promise(1, 40 << 30, space).unwrap();
        drop(first);
        assert!(room.promise(1, 60 << 30, space).is_some());
    }

    #[test]
    fn no_number_is_too_large() {
        let room = Room::default();
        let space = Space { free: u64::MAX, total: 0 };
        let _all = room.promise(1, u64::MAX, space).unwrap();
        assert!(room.promise(1, u64::MAX, Space { free: 5, total: 0 }).is_none());
    }
}
