//! What reaches the model, and what it asks for: the whole traffic between it and the world, as data.

use std::collections::BTreeMap;

use av1exec::serve::control::events::EventDocument;
use av1exec::serve::status::Status;
use av1exec::state::jobs;
use av1plan::wire::{Document, EncodeDocument};
use crossterm::event::{KeyEvent, MouseEvent};
use jiff::Timestamp;

use crate::job::Job;
use av1exec::sys::failure::Exit;

/// Something that happened.
#[derive(Debug, Clone)]
pub enum Msg {
    /// A key was pressed.
    Key(KeyEvent),
    /// The mouse was used.
    Mouse(MouseEvent),
    /// The terminal has this many columns and rows now.
    Resized(u16, u16),
    /// This is the time.
    Clock(Timestamp),
    /// How the machine is doing.
    Machine(Machine),
    /// How much room the library's roots have.
    Roots(Vec<Root>),
    /// Whether the state folder can be read.
    Folder(Folder),
    /// Who works on the state folder.
    Worker(Worker),
    /// Something that the daemon tells of.
    Event(Box<EventDocument>),
    /// Job files that are new, changed or gone.
    Jobs(Changes),
    /// Finished jobs that are new or changed.
    Finished(Vec<Job>),
    /// How far the results of running jobs have grown, by job; nothing: there is no file.
    Sizes(Vec<(String, Option<u64>)>),
    /// A job's file and log, as asked for by [`Effect::Load`].
    Loaded(Box<Loaded>),
    /// Something to tell in the last line.
    Notice(String),
    /// The terminal is gone, or a signal asks to end.
    Stop(Exit),
}

/// What the model wants done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Draw: something that is shown has changed.
    Draw,
    /// End.
    Quit(Exit),
    /// Read everything anew.
    Refresh,
    /// Read this job's file and the end of its log.
    Load(String),
    /// Put this text on the clipboard.
    Copy(String),
    /// Have this done, by the daemon where one runs.
    Carry(Wish),
}

/// What a person wants done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wish {
    /// Running encodes hold still, no new ones begin.
    Pause,
    /// They go on.
    Resume,
    /// The encode of this job is ended.
    Cancel(String),
    /// The film of this job is left alone from now on.
    Skip(String),
    /// The film of this job is tried again.
    Retry(String),
}

/// How the machine is doing, as coarse as it is shown: equal readings needn't be drawn again.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Machine {
    /// How busy all cores are together, in percent.
    pub cpu: u8,
    /// How busy each core is, in percent.
    pub cores: Vec<u8>,
    /// Bytes of memory in use.
    pub memory_used: u64,
    /// Bytes of memory.
    pub memory_total: u64,
    /// The load averages of 1, 5 and 15 minutes, in hundredths.
    pub load: [u32; 3],
}

/// A root of the library.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Root {
    /// Its path, for a person.
    pub path: String,
    /// Bytes that may still be written, and bytes in all; or why that isn't known.
    pub space: Result<(u64, u64), String>,
}

/// The state folder.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Folder {
    /// It wasn't looked at yet.
    #[default]
    Unread,
    /// It was read.
    Read,
    /// It isn't there.
    Missing,
    /// It is there and can't be read, and why.
    Unreadable(String),
}

/// Who works on the state folder.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Worker {
    /// The system doesn't say.
    #[default]
    Unknown,
    /// A daemon, and what it says of itself.
    Daemon(Box<Status>),
    /// A daemon is there and can't be talked to, and why.
    Silent(String),
    /// An av1d that can't be asked (`av1cli encode`), as it introduces itself.
    Working(String),
    /// Nobody; jobs without an outcome were left behind.
    Gone(LeftBehind),
}

/// What a daemon left behind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftBehind {
    /// When there was the last sign of it.
    pub last_sign: Option<Timestamp>,
    /// How many films its index knows, by what came of them; nothing where it can't be read now.
    pub films: Option<BTreeMap<String, u64>>,
}

/// A state folder in which nobody ever was.
impl Default for LeftBehind {
    fn default() -> Self {
        Self { last_sign: None, films: Some(BTreeMap::new()) }
    }
}

/// What is new in the state folder.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Changes {
    /// Jobs that are new or changed.
    pub changed: Vec<Job>,
    /// Jobs whose file is gone.
    pub gone: Vec<String>,
    /// All files that can't be read as a job, and why.
    pub damaged: Vec<(String, String)>,
}

/// A job's file, with the plan in it.
#[derive(Debug, Clone)]
pub struct JobFile {
    /// The job.
    pub job: jobs::Job,
    /// What was planned, or why that can't be read.
    pub plan: Result<Document, String>,
}

impl JobFile {
    /// Reads the plan in it.
    pub fn of(job: jobs::Job) -> Self {
        Self { plan: job.document().map_err(|error| error.to_string()), job }
    }

    /// How the film was to be encoded.
    pub fn encode(&self) -> Option<&EncodeDocument> {
        self.plan.as_ref().ok()?.encode.as_ref()
    }
}

/// All about one job.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// Which.
    pub id: String,
    /// Its file, or why it can't be read.
    pub job: Result<JobFile, String>,
    /// The last lines of its log, harmless to show; or why there are none.
    pub log: Result<Vec<String>, String>,
}
