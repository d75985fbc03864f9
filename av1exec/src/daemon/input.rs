//! The inputs of the dispatcher: results of finished tasks, user requests, and the passing of time.

use std::collections::BTreeMap;
use std::io;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use av1plan::plan::Encoder;
use av1plan::probe::ProbeText;
use av1plan::{MediaProbe, SkipReason, Verdict};
use jiff::{Timestamp, Zoned};
use tokio::sync::oneshot;

use super::keeper::Written;
use super::signal::UserSignal;
use super::tasks::Task;
use crate::library::exclusion::Foreign;
use crate::library::film::Film;
use crate::library::scan::Scan;
use crate::pipeline::PutAway;
use crate::pipeline::event::Event;
use crate::serve::control::protocol::{Refusal, Reply};
use crate::serve::control::server::Call;
use crate::settings::Settings;
use crate::state::index::Fingerprint;
use crate::state::jobs::Job;
use crate::state::outcome::Outcome;
use crate::sys::failure::Failure;
use crate::sys::machine::Reading;

/// The time of an input, and which disks don't answer at that time.
#[derive(Debug, Clone)]
pub(super) struct Now {
    /// Wall-clock time, which users can set.
    pub(super) wall: Zoned,
    /// Monotonic time.
    pub(super) here: Instant,
    /// Paths whose disk hasn't answered for long enough to warn about it, and for how long.
    pub(super) hanging: BTreeMap<PathBuf, Duration>,
    /// Paths whose disk hasn't answered for so long that the loop stops waiting for it, and for how long.
    pub(super) silent: BTreeMap<PathBuf, Duration>,
    /// Whether any task waits for a disk.
    pub(super) is_waiting: bool,
}

impl Now {
    /// The wall-clock time as a timestamp.
    pub(super) fn timestamp(&self) -> Timestamp {
        self.wall.timestamp()
    }
}

/// An input of the dispatcher.
#[derive(Debug)]
pub(super) enum Input {
    /// A timer is due.
    Tick,
    /// The daemon was asked to stop.
    Stop,
    /// The pipeline reports progress on a film.
    Event(Event),
    /// Stored ffprobe output was read from the index.
    Read(Texts),
    /// A probe ended.
    Probed(Probed),
    /// The `.why.txt` beside a refused film was written.
    Explained(Explained),
    /// Films that had to be stable were checked again.
    LookedAgain(LookedAgain),
    /// An encode ended.
    Encoded(Encoded),
    /// Unfinished jobs were listed.
    Listed(Listed),
    /// Recovery of an unfinished job ended.
    Tidied(Tidied),
    /// The walk of a root ended.
    Walked(Walked),
    /// A transaction of the index ended; `None` if the index thread is gone.
    Written(Option<Written>),
    /// A client of the control socket sent a request.
    Called(Call),
    /// A marker was written or removed, or that failed.
    CarriedOut(CarriedOut),
    /// A signal arrived.
    Signal(UserSignal),
    /// The config was read again.
    Reloaded(Box<Result<Settings, Failure>>),
    /// A measurement of how busy the machine is.
    Machine {
        /// The measurement; `None` the first time, since load is measured between two points in time.
        reading: Option<Reading>,
        /// The number of cores that this process may use. Whoever runs the process can change it.
        cores: NonZeroUsize,
    },
    /// The version that the encoder reports.
    EncoderVersion(Encoder, String),
    /// A task ended without a result: it panicked, which is a bug, or was aborted.
    Lost {
        /// The task.
        task: Task,
        /// The panic message; `None` if the task was aborted because the daemon stops.
        reason: Option<String>,
    },
}

/// The config that was in effect when a task started.
#[derive(Debug, Clone, Copy)]
pub(super) struct ConfigVersion {
    /// Counts how often the config has been reloaded.
    pub(super) generation: u64,
    /// Identifies the settings and tools that plans depend on.
    pub(super) fingerprint: Fingerprint,
}

/// Films with their stored ffprobe output, and the config generation at the time of the read.
#[derive(Debug)]
pub(super) struct Texts {
    pub(super) generation: u64,
    pub(super) films: Vec<(Film, Option<ProbeText>)>,
}

/// The result of a probe.
#[derive(Debug)]
pub(super) struct Probed {
    pub(super) film: Film,
    /// The config generation at the start of the probe.
    pub(super) generation: u64,
    pub(super) result: Result<(ProbeText, MediaProbe), Outcome>,
}

/// A film that is refused, and the plan that gives the reason.
#[derive(Debug)]
pub(super) struct Refused {
    pub(super) film: Film,
    pub(super) reason: SkipReason,
    pub(super) verdict: Verdict,
}

/// A refused film whose `.why.txt` was written, and the config generation that refused it.
#[derive(Debug)]
pub(super) struct Explained {
    pub(super) film: Film,
    pub(super) reason: SkipReason,
    pub(super) generation: u64,
}

/// Films that had to be stable, as they look now, and the config generation at the time of the check. A film is
/// `None` if it is gone or a gate stops it.
#[derive(Debug)]
pub(super) struct LookedAgain {
    pub(super) generation: u64,
    pub(super) films: Vec<(PathBuf, Option<Film>)>,
}

/// The end of an encode, and the config that it started with.
#[derive(Debug)]
pub(super) struct Encoded {
    pub(super) film: Film,
    pub(super) by: ConfigVersion,
    pub(super) end: End,
}

/// How an encode ended.
#[derive(Debug)]
pub(super) enum End {
    /// It wasn't started, because the disk of the state folder is full.
    StateDiskFull,
    /// It was attempted.
    Attempt {
        outcome: Outcome,
        /// The film as it is now, or the result if the film was replaced; `None` if the file can't be read.
        now: Option<Box<Film>>,
    },
}

/// The jobs that were found at the start of a round.
#[derive(Debug)]
pub(super) struct Listed {
    pub(super) began: Instant,
    /// Unfinished jobs.
    pub(super) open: io::Result<Vec<Job>>,
    /// The result of archiving the finished jobs.
    pub(super) put_away: PutAway,
}

/// The end of the recovery of an unfinished job.
#[derive(Debug)]
pub(super) struct Tidied {
    pub(super) film: PathBuf,
    pub(super) still_open: bool,
}

/// The result of the walk of a root.
#[derive(Debug)]
pub(super) struct Walked {
    /// The root, as the config spells it.
    pub(super) root: PathBuf,
    /// The config generation at the start of the walk.
    pub(super) generation: u64,
    /// The start of the walk. It hasn't seen changes that were made to films after this time.
    pub(super) began: Instant,
    pub(super) scan: Scan,
    pub(super) took: Duration,
    /// Why the root couldn't be locked; `None` if it was.
    pub(super) unlocked: Option<String>,
    /// Temporary files that belong to no job, with what was done about each.
    pub(super) swept: Vec<(PathBuf, String)>,
}

/// A user's request to exclude a film or folder, or to allow it again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MarkerChange {
    /// Exclude it.
    Skip,
    /// Allow it again. `Foreign` says what to do with a marker that holds a user's own text.
    Unskip(Foreign),
    /// Try a film again: remove the marker that av1d wrote by itself.
    Retry,
}

/// The end of such a request: what was done.
#[derive(Debug)]
pub(super) struct CarriedOut {
    pub(super) change: MarkerChange,
    /// The path; with the symlinks in its folders resolved if the request was carried out.
    pub(super) path: PathBuf,
    /// What was done; `None` if there was no marker to remove.
    pub(super) said: Result<Option<String>, Refusal>,
    pub(super) reply: oneshot::Sender<Reply>,
}
