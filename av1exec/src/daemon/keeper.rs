//! The thread that owns the index, so that a state folder that hangs doesn't block the loop. It handles its orders
//! in the order in which they were sent: no write is overtaken by an older one.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::mpsc;

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;

use crate::state::index::{Index, Write};
use crate::sys::disk::Identity;
use crate::sys::waits::{Care, Waits};
use av1plan::probe::ProbeText;

/// The writes of one transaction, and whether it succeeded.
pub(super) type Written = (Vec<Write>, rusqlite::Result<()>);

/// An order to the index thread.
enum Order {
    Write(Write),
    Read(Vec<(PathBuf, Identity)>, oneshot::Sender<Vec<Option<ProbeText>>>),
    Close(oneshot::Sender<()>),
}

/// Reads from the index. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Reader(mpsc::Sender<Order>);

/// The loop's handle of the index thread.
#[derive(Debug)]
pub(super) struct Keeper {
    orders: mpsc::Sender<Order>,
    written: UnboundedReceiver<Written>,
    /// How many writes the thread hasn't carried out yet.
    outstanding: usize,
    /// Whether the thread is gone, which is a bug, and `written` has reported it.
    is_gone: bool,
}

impl Keeper {
    /// Starts the thread for the index, whose file is in the folder `state`. The thread ends once all senders of
    /// orders are dropped.
    pub(super) fn new(index: Index, state: PathBuf, waits: Waits) -> io::Result<Self> {
        let (orders, asked) = mpsc::channel();
        let (told, written) = unbounded_channel();
        // Not a thread of the runtime's blocking pool: those are for tasks that end, and this one stays.
        std::thread::Builder::new().spawn(move || keep(index, &state, &waits, &asked, &told))?;
        Ok(Self { orders, written, outstanding: 0, is_gone: false })
    }

    /// Queues a write.
    pub(super) fn write(&mut self, write: Write) {
        if self.orders.send(Order::Write(write)).is_ok() {
            self.outstanding += 1;
        }
    }

    /// How many writes the thread hasn't carried out yet.
    pub(super) fn outstanding(&self) -> usize {
        self.outstanding
    }

    /// Returns the next transaction that the thread has finished; waits forever while no write is outstanding.
    /// Returns `None` once if the thread is gone; no write is carried out any more then, so nothing is outstanding.
    pub(super) async fn written(&mut self) -> Option<Written> {
        if self.is_gone {
            return std::future::pending().await;
        }
        let written = self.written.recv().await;
        self.is_gone = written.is_none();
        let carried_out = written.as_ref().map_or(self.outstanding, |(writes, _)| writes.len());
        self.outstanding = self.outstanding.saturating_sub(carried_out);
        written
    }

    /// Closes the index, so that its database is complete in one file. Later orders are ignored.
    pub(super) async fn close(self) {
        let (closed, is_closed) = oneshot::channel();
        drop(self.orders.send(Order::Close(closed)));
        // If the thread is gone, it has closed the index already.
        drop(is_closed.await);
    }

    /// Returns a handle to read from the index.
    pub(super) fn reader(&self) -> Reader {
        Reader(self.orders.clone())
    }
}

impl Reader {
    /// Returns the stored ffprobe output of each film, or `None` for a film whose file has changed since.
    pub(super) async fn probes(&self, films: Vec<(PathBuf, Identity)>) -> Vec<Option<ProbeText>> {
        let (answer, answered) = oneshot::channel();
        drop(self.0.send(Order::Read(films, answer)));
        // If the thread is gone, nothing is known, and ffprobe is run again.
        answered.await.unwrap_or_default()
    }
}

/// The body of the index thread.
fn keep(
    mut index: Index,
    state: &Path,
    waits: &Waits,
    asked: &mpsc::Receiver<Order>,
    told: &UnboundedSender<Written>,
) {
    let mut next = asked.recv().ok();
    while let Some(order) = next.take() {
        let wait = waits.begin(state, Care::Free);
        match order {
            Order::Write(write) => {
                let mut writes = vec![write];
                // All writes that are queued by now go into one transaction, which waits for the disk once.
                next = loop {
                    match asked.try_recv() {
                        Ok(Order::Write(write)) => writes.push(write),
                        other => break other.ok(),
                    }
                };
                let result = index.write(&writes);
                drop(told.send((writes, result)));
            }
            Order::Read(films, answer) => {
                // If it can't be read, ffprobe is run again.
                let probes = films.iter().map(|(path, film)| index.probe(path, film).ok().flatten());
                drop(answer.send(probes.collect()));
            }
            Order::Close(closed) => {
                drop(index);
                let _ = closed.send(());
                return;
            }
        }
        drop(wait);
        next = next.or_else(|| asked.recv().ok());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::index::Opened;

    #[tokio::test]
    async fn who_is_asked_for_nothing_waits_for_no_disk() {
        let folder = tempfile::tempdir().unwrap();
        let Opened { index, .. } = Index::open(folder.path()).unwrap();
        let waits = Waits::default();
        let mut keeper = Keeper::new(index, folder.path().to_owned(), waits.clone()).unwrap();
        keeper.write(Write::Forget(Vec::new()));
        keeper.written().await.unwrap().1.unwrap();
        let idle = async {
            while !waits.is_empty() {
                tokio::time::sleep(std::time::Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(std::time::Duration::from_secs(10), idle).await.unwrap();
    }

    #[tokio::test]
    async fn a_thread_that_is_gone_is_said_once_and_holds_up_nobody() {
        let (orders, written) = (mpsc::channel().0, unbounded_channel().1);
        let mut keeper = Keeper { orders, written, outstanding: 8, is_gone: false };
        assert!(keeper.written().await.is_none() && keeper.outstanding() == 0);
        keeper.write(Write::Forget(Vec::new()));
        assert_eq!(keeper.outstanding(), 0);
        let again = tokio::time::timeout(std::time::Duration::from_millis(50), keeper.written()).await;
        assert!(again.is_err(), "once");
    }
}
