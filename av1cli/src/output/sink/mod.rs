//! Sinks for lines: a terminal, a log or a program. Each sink has a bounded queue and a thread of its own, so that a
//! reader that is slow or dead, or a full disk, never delays the work or the other sinks.
//!
//! A line that can't be written is kept and tried again. Lines that don't fit into the queue are dropped and counted,
//! and the count is written first once writing works again.

mod queue;
mod writer;

use std::io;
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use av1exec::sys::failure::{Exit, Failure};

pub(crate) use queue::Importance;
use queue::Queue;
pub(crate) use writer::Loss;
use writer::Writer;

/// Describes dropped lines in the format of the sink's reader. An empty result means that nothing is written.
pub(crate) type Words = Box<dyn Fn(&Loss) -> Vec<u8> + Send>;

/// How long the end of the program waits for a reader that takes nothing.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(5);
/// The same after a request to stop, because service managers and containers kill a program after ten seconds.
const HURRIED_DRAIN_TIMEOUT: Duration = Duration::from_secs(2);

/// All open sinks, in the order in which they were opened.
static SINKS: Mutex<Vec<Sink>> = Mutex::new(Vec::new());

/// Whether the program was asked to stop and should end soon.
static HURRIED: AtomicBool = AtomicBool::new(false);

/// A queue for lines. Adding a line never waits. Clones share one queue.
#[derive(Debug, Clone)]
pub(crate) struct Sink(Arc<Shared>);

/// The state shared by a sink and its thread.
#[derive(Debug)]
struct Shared {
    /// The name of the destination in messages.
    name: &'static str,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    queue: Queue,
    /// How many lines the thread has taken and not yet completely written.
    in_hand: u64,
    /// How many writes have succeeded.
    progress: u64,
    /// Whether the sink is closed to new lines.
    ending: bool,
    /// Whether the thread has ended.
    ended: bool,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // A poisoned mutex is fine: the queue is consistent even after a panic.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until the state changes, for at most `limit`.
    fn wait<'a>(&self, state: MutexGuard<'a, State>, limit: Duration) -> MutexGuard<'a, State> {
        self.changed.wait_timeout(state, limit).unwrap_or_else(PoisonError::into_inner).0
    }
}

impl Sink {
    /// Starts a sink that writes to `to`; `name` is its name in messages.
    pub(crate) fn open(name: &'static str, to: impl AsFd, words: Words) -> Result<Self, Failure> {
        let begun = to.as_fd().try_clone_to_owned().and_then(|to| Self::start(name, to.into(), words));
        begun.map_err(|error| {
            Failure::new(Exit::Failed, format!("failed to begin to write to {name}: {error}"))
        })
    }

    fn start(name: &'static str, to: std::fs::File, words: Words) -> io::Result<Self> {
        let shared = Arc::new(Shared { name, state: Mutex::default(), changed: Condvar::new() });
        let writer = Writer::new(Arc::clone(&shared), to, words);
        std::thread::Builder::new().name(name.to_owned()).spawn(move || writer.run())?;
        let sink = Self(shared);
        SINKS.lock().unwrap_or_else(PoisonError::into_inner).push(sink.clone());
        Ok(sink)
    }

    /// Adds a line, which includes its line break.
    pub(crate) fn push(&self, importance: Importance, line: Vec<u8>) {
        let mut state = self.0.lock();
        if !state.ending {
            state.queue.push(importance, line);
            self.0.changed.notify_all();
        }
    }

    /// Whether lines are waiting to be written. If so, callers can leave out lines that would soon be outdated.
    pub(crate) fn is_behind(&self) -> bool {
        let state = self.0.lock();
        state.queue.lines() > 0 || state.in_hand > 0
    }

    /// Closes the sink and waits until everything is written: for `timeout` without any successful write, and for twice
    /// as long in total. Returns how many lines were not written.
    fn end(&self, timeout: impl Fn() -> Duration) -> u64 {
        let start = Instant::now();
        let mut state = self.0.lock();
        state.ending = true;
        self.0.changed.notify_all();
        let (mut progress, mut moved) = (state.progress, start);
        while !state.ended {
            if state.progress != progress {
                (progress, moved) = (state.progress, Instant::now());
            }
            if moved.elapsed() >= timeout() || start.elapsed() >= 2 * timeout() {
                break;
            }
            // The wait is short, because [`hurry`] may shorten the timeout in the meantime.
            state = self.0.wait(state, Duration::from_millis(50));
        }
        state.queue.lines() as u64 + state.queue.lost() + state.in_hand
    }
}

/// Shortens the time that the program waits at its end until its output is written, so that a terminal or pipe that
/// isn't read can't hold it up.
pub(crate) fn hurry() {
    HURRIED.store(true, Ordering::Relaxed);
}

/// Closes all sinks and waits, within limits, until they have written everything. `unwritten` is called with the name
/// of each sink that didn't, and the number of lines. Sinks are closed in reverse order, so that those opened first can
/// still report this.
pub(crate) fn end_all(unwritten: impl Fn(&str, u64)) {
    let timeout = || if HURRIED.load(Ordering::Relaxed) { HURRIED_DRAIN_TIMEOUT } else { DRAIN_TIMEOUT };
    end_each(timeout, unwritten);
}

/// The same for a program that ends at once: each sink gets 0.2 s.
pub(crate) fn end_at_once() {
    end_each(|| Duration::from_millis(200), |_, _| ());
}

fn end_each(timeout: impl Fn() -> Duration, unwritten: impl Fn(&str, u64)) {
    let sinks = SINKS.lock().unwrap_or_else(PoisonError::into_inner).clone();
    for sink in sinks.iter().rev() {
        let left = sink.end(&timeout);
        if left > 0 {
            unwritten(sink.0.name, left);
        }
    }
}

#[cfg(test)]
mod tests;
