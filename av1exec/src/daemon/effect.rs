//! The effects of the dispatcher: what the daemon has to do next.

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

/// An effect. The loop never waits for it: its result arrives later as an [`Input`](super::input::Input).
#[derive(Debug)]
pub(super) enum Effect {
    /// Publish an event to all subscribers.
    PublishEvent(Event),
    /// Reply to a client.
    Reply(oneshot::Sender<Reply>, Reply),
    /// Publish the status. This also shows the health check that the loop is alive.
    PublishStatus(Box<Status>),
    /// Pause running encodes (`true`), or resume them (`false`).
    Hold(bool),
    /// Measure how busy the machine is.
    ReadMachine,
    /// Write to the index.
    Write(Write),
    /// Read stored ffprobe output from the index. The number here and below is the config generation.
    Read(Vec<Film>, u64),
    /// Run ffprobe on a film.
    Probe(Film, u64),
    /// Abort all running probes.
    AbortProbes,
    /// Write the `.why.txt` beside a refused film.
    Explain(Box<Refused>, u64),
    /// Check whether films of one root have changed.
    Look(Vec<Film>, u64),
    /// Encode a film, judge the result, and replace the film.
    Encode(Film, ConfigVersion),
    /// Cancel the encode of a film.
    Cancel(PathBuf),
    /// Archive finished jobs and list the unfinished ones.
    List(Instant),
    /// Recover an unfinished job.
    Tidy(Box<Job>),
    /// Lock a root and walk it.
    Walk {
        /// The root, as the config spells it.
        root: PathBuf,
        /// The current config generation.
        generation: u64,
        /// The start of the walk: the age of what it finds.
        began: Instant,
    },
    /// Write or remove a marker, then reply to the client.
    CarryOut(MarkerChange, PathBuf, oneshot::Sender<Reply>),
    /// Read the config again.
    Reload,
    /// Use these settings for everything that starts from now on.
    TakeOver(Arc<Settings>),
}
