//! A bounded queue of lines. If it is full, the least important lines are dropped first, and among those the oldest.

use std::collections::VecDeque;

/// The importance of a line. The least important lines are dropped first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Importance {
    /// A drawing of progress bars, which the next one replaces. It isn't counted as a line.
    Drawing,
    /// Progress and other details.
    Progress,
    /// Something that happened.
    News,
    /// The outcome of a film, or something that needs a person's attention.
    Result,
}

const LEVELS: usize = 4;

/// The maximum number of lines in the queue: as many as journald accepts from a service in one burst.
const LINES: usize = 10_000;

/// The maximum number of bytes in the queue.
const BYTES: usize = 4 << 20;

/// A line, and a number that gives its place in the order of arrival.
#[derive(Debug)]
struct Waiting {
    number: u64,
    bytes: Vec<u8>,
}

/// The lines that wait, and the number of dropped ones.
#[derive(Debug)]
pub(super) struct Queue {
    /// The lines by importance, each level in order of arrival.
    levels: [VecDeque<Waiting>; LEVELS],
    next: u64,
    bytes: usize,
    lost: u64,
    most_lines: usize,
    most_bytes: usize,
}

impl Default for Queue {
    fn default() -> Self {
        Self::with_room_for(LINES, BYTES)
    }
}

impl Queue {
    fn with_room_for(most_lines: usize, most_bytes: usize) -> Self {
        Self { levels: Default::default(), next: 0, bytes: 0, lost: 0, most_lines, most_bytes }
    }

    /// Adds a line. If the queue is full, drops less important lines, or else this line.
    pub(super) fn push(&mut self, importance: Importance, bytes: Vec<u8>) {
        while self.lines() >= self.most_lines || self.bytes + bytes.len() > self.most_bytes {
            let Some(victim) = self.levels.iter().position(|level| !level.is_empty()) else {
                break;
            };
            if victim > importance as usize {
                return self.lose(importance as usize);
            }
            if let Some(gone) = self.levels[victim].pop_front() {
                self.bytes -= gone.bytes.len();
                self.lose(victim);
            }
        }
        if bytes.len() > self.most_bytes {
            return self.lose(importance as usize);
        }
        self.bytes += bytes.len();
        self.levels[importance as usize].push_back(Waiting { number: self.next, bytes });
        self.next += 1;
    }

    fn lose(&mut self, level: usize) {
        if level != Importance::Drawing as usize {
            self.lost += 1;
        }
    }

    /// Removes and returns the oldest line.
    pub(super) fn pop(&mut self) -> Option<Vec<u8>> {
        let number = |level: &VecDeque<Waiting>| level.front().map(|waiting| waiting.number);
        let levels = self.levels.iter_mut().filter(|level| !level.is_empty());
        let first = levels.min_by_key(|level| number(level))?.pop_front()?;
        self.bytes -= first.bytes.len();
        Some(first.bytes)
    }

    /// Returns the number of lines in the queue.
    pub(super) fn lines(&self) -> usize {
        self.levels.iter().map(VecDeque::len).sum()
    }

    /// Returns the number of dropped lines that haven't been reported yet.
    pub(super) fn lost(&self) -> u64 {
        self.lost
    }

    /// Records that this many dropped lines were reported.
    pub(super) fn told_of(&mut self, lost: u64) {
        self.lost = self.lost.saturating_sub(lost);
    }
}

#[cfg(test)]
mod tests {
    use super::Importance::{Drawing, News, Progress, Result};
    use super::*;

    /// Adds lines, given as importance and text, to a queue. Returns the remaining lines and the number of dropped
    /// ones.
    fn after(lines: usize, bytes: usize, said: &[(Importance, &str)]) -> (Vec<String>, u64) {
        let mut queue = Queue::with_room_for(lines, bytes);
        for (importance, text) in said {
            queue.push(*importance, text.as_bytes().to_vec());
        }
        let left = std::iter::from_fn(|| queue.pop()).map(|line| String::from_utf8(line).unwrap()).collect();
        assert_eq!((queue.lines(), queue.bytes), (0, 0));
        (left, queue.lost())
    }

    #[test]
    fn what_matters_least_is_lost_first_and_the_order_stays() {
        type Row<'a> = (&'a [(Importance, &'a str)], &'a [&'a str], u64);
        let table: [Row<'_>; 6] = [
            (&[(News, "a"), (Result, "b"), (Progress, "c")], &["a", "b", "c"], 0),
            (&[(News, "a"), (Progress, "b"), (Result, "c"), (News, "d")], &["a", "c", "d"], 1),
            (&[(News, "a"), (News, "b"), (News, "c"), (News, "d"), (News, "e")], &["c", "d", "e"], 2),
            (&[(Result, "a"), (Result, "b"), (Result, "c"), (News, "d")], &["a", "b", "c"], 1),
            (&[(Result, "a"), (Result, "b"), (Result, "c"), (Result, "d")], &["b", "c", "d"], 1),
            (&[(Drawing, "a"), (Drawing, "b"), (News, "c"), (News, "d"), (News, "e")], &["c", "d", "e"], 0),
        ];
        for (said, left, lost) in table {
            let left = left.iter().map(ToString::to_string).collect();
            assert_eq!(after(3, 100, said), (left, lost), "{said:?}");
        }
    }

    #[test]
    fn bytes_have_a_bound_too_and_a_line_beyond_it_is_lost_itself() {
        assert_eq!(
            after(9, 4, &[(News, "ab"), (News, "cd"), (News, "e")]),
            (vec!["cd".into(), "e".into()], 1)
        );
        assert_eq!(after(9, 4, &[(Result, "ab"), (News, "cdefg")]), (vec!["ab".into()], 1));
        assert_eq!(after(9, 4, &[(News, "cdefg"), (News, "a")]), (vec!["a".into()], 1));
    }

    #[test]
    fn what_was_told_of_is_counted_no_more() {
        let mut queue = Queue::with_room_for(1, 9);
        (0..4).for_each(|_| queue.push(News, vec![b'a']));
        queue.told_of(2);
        assert_eq!(queue.lost(), 1);
    }
}
