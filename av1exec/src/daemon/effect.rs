//! What the loop is to do: made by the dispatcher, carried out by the daemon.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use tokio::sync::oneshot;

use super::input::{ConfigVersion, MarkerChange, Refused};
use crate::library::film::Film;
use crate::pipeline::event::Event;
use crate::serve::control::protocol::Reply;
use crate::serve::status::Status;
use crate::settings::Settings;
use crate::state::index::Write;
use crate::state::jobs::Job;

/// One thing to do. None of them is waited for: what comes of it is an [`Input`](super::input::Input).
#[derive(Debug)]
pub(super) enum Effect {
    /// Everybody is told.
    PublishEvent(Event),
    /// Somebody who asked is answered.
    Reply(oneshot::Sender<Reply>, Reply),
    /// It is shown that the loop lives, and how things stand.
    PublishStatus(Box<Status>),
    /// Running encodes hold still, or go on.
    Hold(bool),
    /// It is looked how busy the machine is.
    ReadMachine,
    /// Something is written into the index.
    Write(Write),
    /// What ffprobe said of films before is read from the index.
    Read(Vec<Film>, u64),
    /// ffprobe is asked of a film.
    Probe(Film, u64),
    /// All probes that run are ended.
    AbortProbes,
    /// It is said beside a film why it is refused.
    Explain(Box<Refused>, u64),
    /// Films of one root are looked at.
    Look(Vec<Film>, u64),
    /// A film is encoded, judged and replaced.
    Encode(Film, ConfigVersion),
    /// The encode of a film is ended.
    Cancel(PathBuf),
    /// Jobs that ended are put away, and those that haven't are listed.
    List(Instant),
    /// A job that was left open is tidied up.
    Tidy(Box<Job>),
    /// A root is locked and walked.
    Walk {
        /// As the config has it.
        root: PathBuf,
        /// By which config.
        generation: u64,
        /// What is found is as old as this.
        began: Instant,
    },
    /// A marker is written or taken away, and who asked for it is answered.
    CarryOut(MarkerChange, PathBuf, oneshot::Sender<Reply>),
    /// The config is read again.
    Reload,
    /// What is begun from now on goes by this config.
    TakeOver(Arc<Settings>),
}
