//! What a person asks for that takes a disk: a marker is written or taken away beside the loop, and answered once it is done.

use std::path::{Path, PathBuf};

use tokio::sync::oneshot;
use tokio::task::JoinError;

use super::Daemon;
use crate::library::exclusion::{Foreign, exclude, include};
use crate::serve::control::protocol::{Refusal, RefusalCode, Reply};
use crate::sys::waits::Care;

/// How many of them may wait for a disk that hangs.
const ASKED_AT_ONCE: usize = 16;

/// A person's word about a film or a folder.
#[derive(Debug, Clone, Copy)]
pub(super) enum Word {
    /// Leave it alone.
    Skip,
    /// Work on it again.
    Unskip(Foreign),
}

/// What was asked for, and what came of it.
#[derive(Debug)]
pub(super) struct Asked {
    word: Word,
    path: PathBuf,
    said: Result<String, Refusal>,
    reply: oneshot::Sender<Reply>,
}

impl Daemon {
    /// Has a person's word written down or taken away.
    pub(super) fn carry_out_beside(&mut self, word: Word, path: &Path, reply: oneshot::Sender<Reply>) {
        if self.asked.len() >= ASKED_AT_ONCE {
            let refusal = Refusal::new(RefusalCode::Busy, "too much waits for a disk that doesn't answer");
            drop(reply.send(Reply::Refused(refusal)));
            return;
        }
        let (path, roots) = (path.to_owned(), self.pipeline.settings.library_roots.clone());
        let wait = self.pipeline.waits.begin(&path, Care::Free);
        self.asked.spawn_blocking(move || {
            let _wait = wait;
            let said = match word {
                Word::Skip => exclude(&path),
                Word::Unskip(foreign) => include(&path, foreign, &roots),
            };
            let said = said.map_err(Refusal::from);
            Asked { word, path, said, reply }
        });
    }

    /// Acts on a word that was written down, and answers whoever gave it.
    pub(super) fn carried_out(&mut self, asked: Result<Asked, JoinError>) {
        // One that panicked is a defect of ours; who asked is told that nothing came of it.
        let Ok(Asked { word, path, said, reply }) = asked else { return };
        if said.is_ok() {
            match word {
                Word::Skip => self.cancel_below(&path),
                // A person's word counts for more than what is remembered.
                Word::Unskip(_) => drop(self.catalog.forget(&path)),
            }
            self.scan_now();
        }
        let answer = said.map_or_else(Reply::Refused, Reply::done);
        // That the client has left is no error.
        drop(reply.send(answer));
    }
}
