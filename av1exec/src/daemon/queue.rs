//! Films that wait, in the order in which they are taken.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::library::film::Film;
use crate::settings::queue_order::QueueOrder;

/// Films that wait, each once.
#[derive(Debug, Default)]
pub(super) struct Queue {
    order: QueueOrder,
    waiting: BTreeMap<Place, Film>,
}

/// Where a film stands in a queue. Of two with the same rank the first by path is taken first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Place(Rank, PathBuf);

/// Each queue holds one kind only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Size(Reverse<u64>),
    Modified(i64),
    None,
}

impl Queue {
    /// An empty queue.
    pub(super) fn new(order: QueueOrder) -> Self {
        Self { order, waiting: BTreeMap::new() }
    }

    /// Adds a film; one that waits already is replaced.
    pub(super) fn push(&mut self, film: Film) {
        let rank = match self.order {
            QueueOrder::Largest => Rank::Size(Reverse(film.identity.size)),
            QueueOrder::Oldest => Rank::Modified(film.identity.modified_ns),
            QueueOrder::Path => Rank::None,
        };
        self.waiting.insert(Place(rank, film.path.clone()), film);
    }

    /// Takes the first film that may be taken now.
    pub(super) fn pop_if(&mut self, may: impl Fn(&Film) -> bool) -> Option<Film> {
        let place = self.waiting.iter().find(|(_, film)| may(film))?.0.clone();
        self.waiting.remove(&place)
    }

    /// Takes all films away but those that `keep` asks for.
    pub(super) fn retain(&mut self, keep: impl Fn(&Film) -> bool) {
        self.waiting.retain(|_, film| keep(film));
    }

    /// How many films wait.
    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Whether none waits.
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
