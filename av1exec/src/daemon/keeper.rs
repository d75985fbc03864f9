//! The index's own thread: a state folder that hangs must not hold up the loop. What is asked of it is done one after the other,
//! in the order in which it was asked, so that what is remembered of a film is never overtaken by something older.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::mpsc;

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;

use crate::state::index::{Index, Write};
use crate::sys::disk::Identity;
use crate::sys::waits::{Care, Waits};
use av1plan::probe::ProbeText;

/// Writes that were carried out in one transaction, or why none of them was.
pub(super) type Written = (Vec<Write>, rusqlite::Result<()>);

enum Order {
    Write(Write),
    Read(Vec<(PathBuf, Identity)>, oneshot::Sender<Vec<Option<ProbeText>>>),
    Close(oneshot::Sender<()>),
}

/// Asks for what the index holds. Cloned freely.
#[derive(Debug, Clone)]
pub(super) struct Reader(mpsc::Sender<Order>);

/// The loop's end.
#[derive(Debug)]
pub(super) struct Keeper {
    orders: mpsc::Sender<Order>,
    written: UnboundedReceiver<Written>,
    /// Writes that haven't been carried out yet.
    outstanding: usize,
    /// Whether the thread is gone, which is a defect of ours, and that was said.
    is_gone: bool,
}

impl Keeper {
    /// A thread for the index, whose file is in the folder `state`. It ends once nobody asks it for anything any more.
    pub(super) fn new(index: Index, state: PathBuf, waits: Waits) -> io::Result<Self> {
        let (orders, asked) = mpsc::channel();
        let (told, written) = unbounded_channel();
        // Not one of the runtime's: it stays, and these are for what ends.
        std::thread::Builder::new().spawn(move || keep(index, &state, &waits, &asked, &told))?;
        Ok(Self { orders, written, outstanding: 0, is_gone: false })
    }

    /// Has something written down.
    pub(super) fn write(&mut self, write: Write) {
        if self.orders.send(Order::Write(write)).is_ok() {
            self.outstanding += 1;
        }
    }

    /// How many writes haven't been carried out yet.
    pub(super) fn outstanding(&self) -> usize {
        self.outstanding
    }

    /// The next writes that were carried out; waits for ever where none is outstanding. Nothing, once, where the thread is gone:
    /// nothing is written any more, and nobody is to wait for it.
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

    /// Has the index closed, which makes its file whole by itself. Nothing is done for anybody afterwards.
    pub(super) async fn close(self) {
        let (closed, is_closed) = oneshot::channel();
        drop(self.orders.send(Order::Close(closed)));
        // A thread that is gone has closed it.
        drop(is_closed.await);
    }

    /// A way to ask.
    pub(super) fn reader(&self) -> Reader {
        Reader(self.orders.clone())
    }
}

impl Reader {
    /// What ffprobe said of each of these films, where it is known of them as they look now.
    pub(super) async fn probes(&self, films: Vec<(PathBuf, Identity)>) -> Vec<Option<ProbeText>> {
        let (answer, answered) = oneshot::channel();
        drop(self.0.send(Order::Read(films, answer)));
        // A thread that is gone knows nothing: it is asked of ffprobe.
        answered.await.unwrap_or_default()
    }
}

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
                // The disk is waited for once for all that has come meanwhile.
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
                // One that can't be read is asked for again.
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
