//! Where lines go: a terminal, a log, a program. Each has a bounded queue and a thread of its own, so that one who doesn't
//! read, has died or has no room on its disk holds up nobody else, and the work least of all.
//!
//! What can't be written waits and is tried again. What no longer fits in the queue is lost and counted, and the count comes
//! first once something can be written again.

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

/// Puts into words that lines were lost, as the sink's reader understands it; empty: there is nothing to say.
pub(crate) type Words = Box<dyn Fn(&Loss) -> Vec<u8> + Send>;

/// The program ends without a reader that takes nothing for so long.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(5);
/// The same once work was asked to stop: service managers and containers wait ten seconds for an end.
const HURRIED_DRAIN_TIMEOUT: Duration = Duration::from_secs(2);

/// Every sink that was opened, in that order.
static SINKS: Mutex<Vec<Sink>> = Mutex::new(Vec::new());

/// Whether the program is to end soon.
static HURRIED: AtomicBool = AtomicBool::new(false);

/// One who takes lines and never lets anybody wait; cloned freely.
#[derive(Debug, Clone)]
pub(crate) struct Sink(Arc<Shared>);

/// What a sink and its thread share.
#[derive(Debug)]
struct Shared {
    /// What is written to, for a person.
    name: &'static str,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    queue: Queue,
    /// Lines that the thread has taken and not yet written whole.
    in_hand: u64,
    /// How many times something was written.
    progress: u64,
    /// Nothing more comes.
    ending: bool,
    /// The thread writes no more.
    ended: bool,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // A thread that panicked has left a queue that is whole all the same.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until something changes, but not for longer than `limit`.
    fn wait<'a>(&self, state: MutexGuard<'a, State>, limit: Duration) -> MutexGuard<'a, State> {
        self.changed.wait_timeout(state, limit).unwrap_or_else(PoisonError::into_inner).0
    }
}

impl Sink {
    /// Begins to write to `to`, which a person knows as `name`.
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

    /// Hands over a line with its line break.
    pub(crate) fn push(&self, importance: Importance, line: Vec<u8>) {
        let mut state = self.0.lock();
        if !state.ending {
            state.queue.push(importance, line);
            self.0.changed.notify_all();
        }
    }

    /// Whether something waits to be written: what is out of date by then needn't be added.
    pub(crate) fn is_behind(&self) -> bool {
        let state = self.0.lock();
        state.queue.lines() > 0 || state.in_hand > 0
    }

    /// Takes nothing more, and waits until all is written: for `timeout` while nothing gets through, and twice as long where
    /// something does. Says how many lines were not written.
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
            // Looked at again and again, since timeout may end meanwhile.
            state = self.0.wait(state, Duration::from_millis(50));
        }
        state.queue.lines() as u64 + state.queue.lost() + state.in_hand
    }
}

/// From now on nobody waits long for a reader.
pub(crate) fn hurry() {
    HURRIED.store(true, Ordering::Relaxed);
}

/// Waits until all sinks have written what they have, within bounds. `unwritten` is told which of them didn't, and how many
/// lines; those that were opened first are still there to be told.
pub(crate) fn end_all(unwritten: impl Fn(&str, u64)) {
    let timeout = || if HURRIED.load(Ordering::Relaxed) { HURRIED_DRAIN_TIMEOUT } else { DRAIN_TIMEOUT };
    end_each(timeout, unwritten);
}

/// The same for who ends the program at once: what is at hand gets a moment.
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
