//! Keeps track of the calls that wait for a disk. They run beside the runtime's single thread, because a network share
//! whose server is down answers after minutes or never, and must not block anything else.

use std::collections::BTreeMap;
use std::io;
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use crate::sys::stop::Stop;

/// A disk that hasn't answered for this long is reported. It is long enough for a disk that has to spin up.
pub const NAMED_AFTER: Duration = Duration::from_secs(30);

/// The factor by which [`Care::Long`] calls may take longer: they take minutes even on a healthy disk.
const LONG_FACTOR: u32 = 40;

/// How long to wait for work that was asked to stop: a little longer than it takes to kill an ffmpeg that ignores
/// SIGTERM.
const STOP_TIMEOUT: Duration = Duration::from_millis(10_500);

/// The table of all calls that wait for a disk. Clones share one table.
#[derive(Debug, Clone, Default)]
pub struct Waits {
    table: Arc<Mutex<Table>>,
    /// The thread that makes all calls, if they are to run on a single one.
    thread: Option<Thread>,
}

/// A thread that runs calls one after the other.
#[derive(Debug, Clone)]
struct Thread(mpsc::Sender<Call>);

type Call = Box<dyn FnOnce() + Send>;

#[derive(Debug, Default)]
struct Table {
    last: u64,
    waiting: BTreeMap<u64, Waiting>,
    /// When a disk last answered a [`Care::Finish`] call.
    answered: Option<Instant>,
}

#[derive(Debug)]
struct Waiting {
    path: PathBuf,
    since: Instant,
    care: Care,
}

/// Whether a program that ends may abandon a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Care {
    /// The call may be abandoned: the next start can handle both a finished and an unfinished state.
    Free,
    /// The call may be abandoned. It takes minutes on a healthy disk, so that only a much longer wait means that the
    /// disk hangs.
    Long,
    /// The call must not be abandoned while the disk still answers: it is part of a replacement.
    Finish,
}

/// An entry for a call that waits for a disk. Dropping it ends the entry.
#[derive(Debug)]
pub struct Wait {
    table: Arc<Mutex<Table>>,
    number: u64,
}

impl Waits {
    /// Records that a call waits for the disk that holds `path`.
    pub fn begin(&self, path: &Path, care: Care) -> Wait {
        let mut table = self.table();
        table.last += 1;
        let number = table.last;
        table.waiting.insert(number, Waiting { path: path.to_owned(), since: Instant::now(), care });
        drop(table);
        Wait { table: Arc::clone(&self.table), number }
    }

    /// Returns a clone with a thread of its own, on which all calls run in order. One film's calls use it. The thread
    /// ends with the last clone.
    #[must_use]
    pub fn on_one_thread(&self) -> Self {
        let (sender, calls) = mpsc::channel::<Call>();
        // This isn't a thread of the runtime's pool, which would get other work later: it runs only the calls of one
        // film.
        let begun = std::thread::Builder::new().spawn(move || calls.into_iter().for_each(|call| call()));
        // If no thread can be created, the calls run on the runtime's pool.
        Self { table: Arc::clone(&self.table), thread: begun.ok().map(|_| Thread(sender)) }
    }

    /// Runs `work`, which waits for the disk that holds `path`, beside the runtime's own thread. Returns an error if
    /// `work` panicked.
    pub async fn run<T: Send + 'static>(
        &self,
        path: &Path,
        care: Care,
        work: impl FnOnce(&Wait) -> T + Send + 'static,
    ) -> io::Result<T> {
        let wait = self.begin(path, care);
        let Some(Thread(calls)) = &self.thread else {
            return tokio::task::spawn_blocking(move || work(&wait)).await.map_err(io::Error::other);
        };
        let (done, came) = oneshot::channel();
        let call = move || {
            // `AssertUnwindSafe` is sound: nothing that `work` owns is used after a panic.
            let caught = std::panic::catch_unwind(AssertUnwindSafe(|| work(&wait)));
            drop(wait);
            if let Ok(result) = caught {
                drop(done.send(result));
            }
        };
        drop(calls.send(Box::new(call)));
        came.await.map_err(|_| io::Error::other("it panicked, which is a defect of av1d"))
    }

    /// Whether no call waits.
    pub fn is_empty(&self) -> bool {
        self.table().waiting.is_empty()
    }

    /// Returns the paths whose disk hasn't answered for `time`, with the longest wait of each.
    pub fn longer_than(&self, time: Duration) -> BTreeMap<PathBuf, Duration> {
        let mut found = BTreeMap::new();
        for waiting in self.table().waiting.values() {
            let waited = waiting.since.elapsed();
            let allowed = if waiting.care == Care::Long { time * LONG_FACTOR } else { time };
            if waited >= allowed {
                let longest: &mut Duration = found.entry(waiting.path.clone()).or_default();
                *longest = waited.max(*longest);
            }
        }
        found
    }

    /// Completes once work that was asked to stop has had its time and is to be abandoned because it hangs. A
    /// replacement whose disk still answers is waited for without a limit.
    pub async fn overdue(&self, stop: &Stop) {
        stop.clone().asked().await;
        let mut deadline = Instant::now() + STOP_TIMEOUT;
        loop {
            tokio::time::sleep_until(deadline.into()).await;
            let answered = self.last_answer().map(|answered| answered + STOP_TIMEOUT);
            match answered.filter(|later| *later > deadline) {
                Some(later) => deadline = later,
                None => return,
            }
        }
    }

    /// When a disk last answered a [`Care::Finish`] call, or `None` if no such call is running.
    fn last_answer(&self) -> Option<Instant> {
        let table = self.table();
        let waiting = table.waiting.values().any(|waiting| waiting.care == Care::Finish);
        table.answered.filter(|_| waiting)
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        lock(&self.table)
    }
}

fn lock(table: &Mutex<Table>) -> MutexGuard<'_, Table> {
    // A poisoned mutex is fine: each change of the table is a single step.
    table.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Wait {
    /// Records that the disk has answered and that the next call begins.
    pub fn answered(&self) {
        let now = Instant::now();
        let mut table = lock(&self.table);
        let Some(waiting) = table.waiting.get_mut(&self.number) else { return };
        waiting.since = now;
        if waiting.care == Care::Finish {
            table.answered = Some(now);
        }
    }
}

impl Drop for Wait {
    fn drop(&mut self) {
        lock(&self.table).waiting.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::stop::stop_switch;

    #[test]
    fn who_waits_is_named_until_the_disk_answers() {
        let waits = Waits::default();
        let wait = waits.begin(Path::new("/a"), Care::Free);
        let other = waits.begin(Path::new("/a"), Care::Free);
        std::thread::sleep(Duration::from_millis(30));
        let late = |waits: &Waits| waits.longer_than(Duration::from_millis(20)).len();
        assert_eq!(late(&waits), 1, "each once");
        drop(other);
        wait.answered();
        assert_eq!(waits.longer_than(Duration::from_secs(5)).len(), 0);
        drop(wait);
        assert_eq!(waits.longer_than(Duration::ZERO).len(), 0);
    }

    /// Measures how long work is waited for after it was asked to stop, while its disk answers `answers` times, every
    /// 100 ms.
    async fn waited_for(care: Care, answers: u32) -> Duration {
        let (switch, stop) = stop_switch();
        let waits = Waits::default();
        let wait = waits.begin(Path::new("/a"), care);
        switch.stop();
        let began = Instant::now();
        let overdue = waits.overdue(&stop);
        let working = async {
            for _ in 0..answers {
                tokio::time::sleep(Duration::from_millis(100)).await;
                wait.answered();
            }
            std::future::pending::<()>().await;
        };
        tokio::select! {
            () = overdue => {}
            () = working => {}
        }
        began.elapsed()
    }

    #[tokio::test]
    async fn only_a_replacement_whose_disk_answers_is_waited_for_longer() {
        let (left, finished) = tokio::join!(waited_for(Care::Free, 20), waited_for(Care::Finish, 20));
        assert!(left < finished, "{left:?} {finished:?}");
        let longer = STOP_TIMEOUT + Duration::from_secs(2);
        assert!(left >= STOP_TIMEOUT && finished >= longer, "{left:?} {finished:?}");
    }
}
