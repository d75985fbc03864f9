//! The messages to the model and the effects it requests. All communication between the model and the rest of the
//! program has this form.

use std::collections::BTreeMap;

use av1exec::serve::control::events::EventDocument;
use av1exec::serve::status::Status;
use av1exec::state::jobs;
use av1plan::wire::{Document, EncodeDocument};
use crossterm::event::{KeyEvent, MouseEvent};
use jiff::Timestamp;

use crate::job::Job;
use av1exec::sys::failure::Exit;

/// A message to the model.
#[derive(Debug, Clone)]
pub enum Msg {
    /// A key was pressed.
    Key(KeyEvent),
    /// The mouse was used.
    Mouse(MouseEvent),
    /// The terminal's new size in columns and rows.
    Resized(u16, u16),
    /// The current time.
    Clock(Timestamp),
    /// The machine's load.
    Machine(Machine),
    /// The free space of the library's roots.
    Roots(Vec<Root>),
    /// The state of the state folder.
    Folder(Folder),
    /// The process that works on the state folder.
    Worker(Worker),
    /// An event from the daemon.
    Event(Box<EventDocument>),
    /// Job files that are new, changed or deleted.
    Jobs(Changes),
    /// Finished jobs that are new or changed.
    Finished(Vec<Job>),
    /// The current sizes of the results of running jobs, by job id; `None` if the file doesn't exist.
    Sizes(Vec<(String, Option<u64>)>),
    /// A job's file and log, as requested by [`Effect::Load`].
    Loaded(Box<Loaded>),
    /// A text to show in the last line.
    Notice(String),
    /// The terminal is closed, or a signal asks the program to end.
    Stop(Exit),
}

/// Something that the model wants to have done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Draw the screen, because something visible has changed.
    Draw,
    /// End the program.
    Quit(Exit),
    /// Read everything again.
    Refresh,
    /// Read this job's file and the end of its log.
    Load(String),
    /// Copy this text to the clipboard.
    Copy(String),
    /// Carry out this request, through the daemon if one is running.
    Carry(Command),
}

/// A request of the user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Pause running encodes and start no new ones.
    Pause,
    /// Resume the encodes.
    Resume,
    /// End the encode of this job.
    Cancel(String),
    /// Exclude the film of this job from now on.
    Skip(String),
    /// Try the film of this job again.
    Retry(String),
}

/// The machine's load, rounded to what is visible, so that equal readings needn't be drawn again.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Machine {
    /// The load of all cores together, in percent.
    pub cpu: u8,
    /// The load of each core, in percent.
    pub cores: Vec<u8>,
    /// The used memory in bytes.
    pub memory_used: u64,
    /// The total memory in bytes.
    pub memory_total: u64,
    /// The load averages of 1, 5 and 15 minutes, multiplied by 100.
    pub load: [u32; 3],
}

/// A root of the library.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Root {
    /// Its path, as text.
    pub path: String,
    /// The free and the total bytes; or the reason why they aren't known.
    pub space: Result<(u64, u64), String>,
}

/// The state of the state folder.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Folder {
    /// It hasn't been read yet.
    #[default]
    Unread,
    /// It was read.
    Read,
    /// It doesn't exist.
    Missing,
    /// It exists and can't be read, for this reason.
    Unreadable(String),
}

/// The process that works on the state folder.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Worker {
    /// The operating system doesn't say whether there is one.
    #[default]
    Unknown,
    /// A daemon, with its status.
    Daemon(Box<Status>),
    /// A daemon that can't be reached, and the reason.
    Silent(String),
    /// Another av1d that can't be queried (`av1cli encode`), with its description.
    Working(String),
    /// There is none. Jobs without an outcome are interrupted ones.
    Gone(LeftBehind),
}

/// What a daemon that has ended left in the state folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftBehind {
    /// The time of its last sign of life.
    pub last_sign: Option<Timestamp>,
    /// The number of films in its index by state; `None` if the index can't be read now.
    pub films: Option<BTreeMap<String, u64>>,
}

/// The state of a folder in which no daemon has ever run.
impl Default for LeftBehind {
    fn default() -> Self {
        Self { last_sign: None, films: Some(BTreeMap::new()) }
    }
}

/// The changes in the state folder.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Changes {
    /// Jobs that are new or changed.
    pub changed: Vec<Job>,
    /// Jobs whose file was deleted.
    pub gone: Vec<String>,
    /// All files that can't be read as a job, each with the reason.
    pub damaged: Vec<(String, String)>,
}

/// A job file with its parsed plan.
#[derive(Debug, Clone)]
pub struct JobFile {
    /// The job.
    pub job: jobs::Job,
    /// The plan, or the reason why it can't be read.
    pub plan: Result<Document, String>,
}

impl JobFile {
    /// Parses the plan of a job.
    pub fn of(job: jobs::Job) -> Self {
        Self { plan: job.document().map_err(|error| error.to_string()), job }
    }

    /// Returns how the film was to be encoded, or `None` if it wasn't.
    pub fn encode(&self) -> Option<&EncodeDocument> {
        self.plan.as_ref().ok()?.encode.as_ref()
    }
}

/// The details of one job.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The job's id.
    pub id: String,
    /// The job file, or the reason why it can't be read.
    pub job: Result<JobFile, String>,
    /// The last lines of the log, sanitized; or the reason why there are none.
    pub log: Result<Vec<String>, String>,
}
