//! What waits for a disk at this moment, beside the runtime's one thread: a share whose server is away answers after
//! minutes or never, and nobody else may wait with it.

use std::collections::BTreeMap;
use std::io;
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use crate::sys::stop::Stop;

/// A disk that hasn't answered for this long is named. Those that had to spin up first have answered by then.
pub const NAMED_AFTER: Duration = Duration::from_secs(30);

/// So many times as long may calls take that take minutes on a disk that is well.
const LONG_FACTOR: u32 = 40;

/// How long work that was asked to stop is waited for: a little more than an ffmpeg that has to be killed takes.
const STOP_TIMEOUT: Duration = Duration::from_millis(10_500);

/// All calls that wait for a disk. Cloned freely; all clones are one.
#[derive(Debug, Clone, Default)]
pub struct Waits {
    table: Arc<Mutex<Table>>,
    /// The thread that all calls are made on, where they are to be made on one.
    thread: Option<Thread>,
}

/// A thread that makes calls one after the other.
#[derive(Debug, Clone)]
struct Thread(mpsc::Sender<Call>);

type Call = Box<dyn FnOnce() + Send>;

#[derive(Debug, Default)]
struct Table {
    last: u64,
    waiting: BTreeMap<u64, Waiting>,
    /// When a disk last answered somebody who must not be cut off.
    answered: Option<Instant>,
}

#[derive(Debug)]
struct Waiting {
    path: PathBuf,
    since: Instant,
    care: Care,
}

/// Whether a call may be left behind by a program that ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Care {
    /// It may: what it does is found undone, or done, by the next start.
    Free,
    /// It may, too; it takes minutes on a disk that is well, so that only after much longer it is a sign of one that hangs.
    Long,
    /// Not as long as the disk answers: a replacement is waited for.
    Finish,
}

/// A call that waits for a disk, until this is dropped.
#[derive(Debug)]
pub struct Wait {
    table: Arc<Mutex<Table>>,
    number: u64,
}

impl Waits {
    /// Notes that somebody waits for the disk that holds `path`.
    pub fn begin(&self, path: &Path, care: Care) -> Wait {
        let mut table = self.table();
        table.last += 1;
        let number = table.last;
        table.waiting.insert(number, Waiting { path: path.to_owned(), since: Instant::now(), care });
        drop(table);
        Wait { table: Arc::clone(&self.table), number }
    }

    /// The same table, but all calls are made on one thread, in the order in which they come: those of one film. The thread
    /// ends with the last clone.
    #[must_use]
    pub fn on_one_thread(&self) -> Self {
        let (sender, calls) = mpsc::channel::<Call>();
        // None of the runtime's, which would be given other work afterwards: the calls of one film are a thread's only ones.
        let begun = std::thread::Builder::new().spawn(move || calls.into_iter().for_each(|call| call()));
        // Where there can't be one more thread, those that are there have to do.
        Self { table: Arc::clone(&self.table), thread: begun.ok().map(|_| Thread(sender)) }
    }

    /// Runs calls that wait for the disk that holds `path` beside the runtime's own thread. An error says that they panicked.
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
            // Nothing that a call has in hand is used after it panicked.
            let caught = std::panic::catch_unwind(AssertUnwindSafe(|| work(&wait)));
            drop(wait);
            if let Ok(result) = caught {
                drop(done.send(result));
            }
        };
        drop(calls.send(Box::new(call)));
        came.await.map_err(|_| io::Error::other("it panicked, which is a defect of av1d"))
    }

    /// Whether nobody waits.
    pub fn is_empty(&self) -> bool {
        self.table().waiting.is_empty()
    }

    /// The paths whose disk hasn't answered for `time`, each once, and for how long.
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

    /// Ends when work that was asked to stop has had its time, and is to be left behind: it hangs. A replacement whose disk answers is
    /// waited for however long it takes.
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

    /// When a disk last answered a call that is under way and must not be cut off.
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
    // Each change is one step.
    table.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Wait {
    /// The disk has answered, and the next call begins.
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

    /// How long work is waited for that was asked to stop, by a clock that only these tests move.
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
