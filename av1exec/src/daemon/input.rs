//! What the loop learns: what came of what was begun, what people ask for, and that time passes.

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

/// The moment of an input: the clocks, and which disks don't answer.
#[derive(Debug, Clone)]
pub(super) struct Now {
    /// The clock on the wall, which people set.
    pub(super) wall: Zoned,
    /// A clock that nobody sets.
    pub(super) here: Instant,
    /// Paths whose disk hasn't answered for so long that it is said, with how long.
    pub(super) hanging: BTreeMap<PathBuf, Duration>,
    /// Paths whose disk hasn't answered for long enough not to be waited for.
    pub(super) silent: BTreeMap<PathBuf, Duration>,
    /// Whether anybody waits for a disk.
    pub(super) is_waiting: bool,
}

impl Now {
    /// The moment on the wall.
    pub(super) fn timestamp(&self) -> Timestamp {
        self.wall.timestamp()
    }
}

/// One thing that the loop learns.
#[derive(Debug)]
pub(super) enum Input {
    /// Time has passed.
    Tick,
    /// Work is to stop.
    Stop,
    /// Something happened to a film that is worked on.
    Event(Event),
    /// What ffprobe said of films before.
    Read(Texts),
    /// What came of a probe.
    Probed(Probed),
    /// It was said beside a film why it is refused.
    Explained(Explained),
    /// Films that were to hold still were looked at.
    LookedAgain(LookedAgain),
    /// What came of an encode.
    Encoded(Encoded),
    /// Jobs that haven't ended were listed.
    Listed(Listed),
    /// A job that was left open was looked at.
    Tidied(Tidied),
    /// A root was walked.
    Walked(Walked),
    /// The index was written; nothing where its thread is gone.
    Written(Option<Written>),
    /// A client of the control socket asks for something.
    Called(Call),
    /// A person's change was carried out, or wasn't.
    CarriedOut(CarriedOut),
    /// A signal asks for something.
    Signal(UserSignal),
    /// The config was read again.
    Reloaded(Box<Result<Settings, Failure>>),
    /// How busy the machine is; nothing where it was looked at for the first time.
    Machine {
        /// What was read.
        reading: Option<Reading>,
        /// Cores that this process may use, which whoever runs it may change.
        cores: NonZeroUsize,
    },
    /// What the encoder says of its version.
    EncoderVersion(Encoder, String),
    /// A task ended without a word: it panicked, which is a defect of ours, or was ended.
    Lost {
        /// Which.
        task: Task,
        /// Why; nothing where it was ended since work is to stop.
        reason: Option<String>,
    },
}

/// By which config something was begun.
#[derive(Debug, Clone, Copy)]
pub(super) struct ConfigVersion {
    pub(super) generation: u64,
    pub(super) fingerprint: Fingerprint,
}

/// Films with what ffprobe said of them, and by which config that was asked for.
#[derive(Debug)]
pub(super) struct Texts {
    pub(super) generation: u64,
    pub(super) films: Vec<(Film, Option<ProbeText>)>,
}

/// What came of a probe.
#[derive(Debug)]
pub(super) struct Probed {
    pub(super) film: Film,
    /// By which config it was asked for.
    pub(super) generation: u64,
    pub(super) result: Result<(ProbeText, MediaProbe), Outcome>,
}

/// A film that is refused, and the plan that says why.
#[derive(Debug)]
pub(super) struct Refused {
    pub(super) film: Film,
    pub(super) reason: SkipReason,
    pub(super) verdict: Verdict,
}

/// A film beside which it was said why it is refused, and by which config it is.
#[derive(Debug)]
pub(super) struct Explained {
    pub(super) film: Film,
    pub(super) reason: SkipReason,
    pub(super) generation: u64,
}

/// Films that were to hold still, by which config they were looked at, and how they look; nothing where one is gone or
/// stopped by a gate.
#[derive(Debug)]
pub(super) struct LookedAgain {
    pub(super) generation: u64,
    pub(super) films: Vec<(PathBuf, Option<Film>)>,
}

/// What came of an encode, and by which config it was begun.
#[derive(Debug)]
pub(super) struct Encoded {
    pub(super) film: Film,
    pub(super) by: ConfigVersion,
    pub(super) end: End,
}

/// How an encode that was to begin ended.
#[derive(Debug)]
pub(super) enum End {
    /// It wasn't begun: the disk of the state folder is full.
    StateDiskFull,
    /// The attempt ended.
    Attempt {
        outcome: Outcome,
        /// The film as it is now, the result where it was replaced; nothing where it can't be looked at.
        now: Option<Box<Film>>,
    },
}

/// What was found of the jobs before a round.
#[derive(Debug)]
pub(super) struct Listed {
    pub(super) began: Instant,
    /// Those that haven't ended.
    pub(super) open: io::Result<Vec<Job>>,
    /// What putting the others away came to.
    pub(super) put_away: PutAway,
}

/// A job that was left open and was looked at.
#[derive(Debug)]
pub(super) struct Tidied {
    pub(super) film: PathBuf,
    pub(super) still_open: bool,
}

/// A root that was walked.
#[derive(Debug)]
pub(super) struct Walked {
    /// As the config has it.
    pub(super) root: PathBuf,
    /// By which config.
    pub(super) generation: u64,
    /// What became of films before is older than what it found.
    pub(super) began: Instant,
    pub(super) scan: Scan,
    pub(super) took: Duration,
    /// Why it can't be worked in.
    pub(super) unlocked: Option<String>,
    /// What became of hidden files that nobody answers for.
    pub(super) swept: Vec<(PathBuf, String)>,
}

/// A person's change about a film or a folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MarkerChange {
    /// Leave it alone.
    Skip,
    /// Work on it again.
    Unskip(Foreign),
}

/// A person's change, and what came of it.
#[derive(Debug)]
pub(super) struct CarriedOut {
    pub(super) change: MarkerChange,
    pub(super) path: PathBuf,
    pub(super) said: Result<String, Refusal>,
    pub(super) reply: oneshot::Sender<Reply>,
}
