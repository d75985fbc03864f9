//! A queue of films, in the order in which they are taken.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::library::film::Film;
use crate::settings::queue_order::QueueOrder;

/// A queue that holds each film once.
#[derive(Debug, Default)]
pub(super) struct Queue {
    order: QueueOrder,
    waiting: BTreeMap<Place, Film>,
}

/// A film's position in a queue: by rank, then by path.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Place(Rank, PathBuf);

/// What a queue sorts by. All films of a queue have the same variant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Size(Reverse<u64>),
    Modified(i64),
    None,
}

impl Queue {
    /// Creates an empty queue.
    pub(super) fn new(order: QueueOrder) -> Self {
        Self { order, waiting: BTreeMap::new() }
    }

    /// Adds a film. Replaces its entry if the film is in the queue already.
    pub(super) fn push(&mut self, film: Film) {
        let rank = match self.order {
            QueueOrder::Largest => Rank::Size(Reverse(film.identity.size)),
            QueueOrder::Oldest => Rank::Modified(film.identity.modified_ns),
            QueueOrder::Path => Rank::None,
        };
        self.waiting.insert(Place(rank, film.path.clone()), film);
    }

    /// Removes and returns the first film for which `may` returns `true`.
    pub(super) fn pop_if(&mut self, may: impl Fn(&Film) -> bool) -> Option<Film> {
        let place = self.waiting.iter().find(|(_, film)| may(film))?.0.clone();
        self.waiting.remove(&place)
    }

    /// Removes all films for which `keep` returns `false`.
    pub(super) fn retain(&mut self, keep: impl Fn(&Film) -> bool) {
        self.waiting.retain(|_, film| keep(film));
    }

    /// The number of films in the queue.
    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Whether the queue is empty.
    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::sys::disk::Identity;
    use av1plan::probe::Protection;

    fn film(name: &str, size: u64, modified_ns: i64) -> Film {
        Film {
            path: PathBuf::from(name),
            identity: Identity { device: 1, inode: 1, size, modified_ns, changed_ns: 0, links: 1 },
            root: Path::new("/").into(),
            marker: None,
            protection: Protection::None,
            target_exists: false,
            backup_exists: false,
        }
    }

    #[test]
    fn films_are_taken_in_the_order_that_was_asked_for() {
        let films = [("/c", 10, 3), ("/a", 20, 2), ("/b", 10, 1), ("/d", 20, -5)];
        let table = [
            (QueueOrder::Largest, ["/a", "/d", "/b", "/c"]),
            (QueueOrder::Oldest, ["/d", "/b", "/a", "/c"]),
            (QueueOrder::Path, ["/a", "/b", "/c", "/d"]),
        ];
        for (order, expected) in table {
            let mut queue = Queue::new(order);
            for (name, size, modified) in films {
                queue.push(film(name, size, modified));
            }
            queue.push(film("/a", 20, 2));
            assert_eq!(queue.len(), 4, "a film waits once");
            let taken: Vec<PathBuf> =
                std::iter::from_fn(|| queue.pop_if(|_| true)).map(|film| film.path).collect();
            assert_eq!(taken, expected.map(PathBuf::from), "{order:?}");
        }
    }
}
