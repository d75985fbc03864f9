//! The model: everything that is known and shown. [`update`](crate::update()) changes it, and
//! [`view`](crate::view::view) draws it.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use ratatui::layout::Rect;

use crate::live::Live;
use crate::message::{Command, Folder, Loaded, Machine, Root, Worker};
use crate::table::Table;
use crate::view::layout::{self, Regions};

/// The whole state of the program.
#[derive(Debug)]
pub struct Model {
    /// How to draw.
    pub looks: Looks,
    /// What the config says.
    pub place: Place,
    /// The time zone in which times are shown.
    pub zone: TimeZone,
    /// The current time.
    pub now: Timestamp,
    /// The terminal's size.
    pub area: Rect,
    /// The machine's load; `None` before the first reading.
    pub machine: Option<Machine>,
    /// The library's roots.
    pub roots: Vec<Root>,
    /// The state folder.
    pub folder: Folder,
    /// The process that works on the state folder.
    pub worker: Worker,
    /// Files in the state folder that can't be read as a job, each with the reason.
    pub damaged: Vec<(String, String)>,
    /// The jobs.
    pub table: Table,
    /// The running encodes according to the daemon.
    pub live: Live,
    /// The job whose details are shown instead of the table.
    pub details: Option<Details>,
    /// Whether the help is open.
    pub help: bool,
    /// Whether a filter is being typed.
    pub typing: bool,
    /// The question in the last line, which must be answered before something irreversible is done.
    pub question: Option<Question>,
    /// The notice in the last line, shown until the next key or for a while.
    pub notice: Option<Notice>,
    /// The job whose command is copied as soon as it is loaded.
    pub copying: Option<String>,
}

/// A notice in the last line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// The sanitized text.
    pub text: String,
    /// When it appeared.
    pub since: Timestamp,
}

impl Notice {
    /// How many seconds a notice is shown: longer than it takes to read, because afterwards the keys are more useful
    /// there.
    const SECONDS: i64 = 10;

    /// Whether the notice is still shown.
    pub fn is_fresh(&self, now: Timestamp) -> bool {
        (0..Self::SECONDS).contains(&now.as_second().saturating_sub(self.since.as_second()))
    }
}

/// A question that confirms a costly request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// The verb of the request, such as `Cancel`.
    pub verb: &'static str,
    /// The film's name.
    pub name: String,
    /// A sentence that says what the request costs.
    pub cost: &'static str,
    /// The request to carry out after a yes.
    pub command: Command,
}

/// How to draw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Looks {
    /// The available colours.
    pub colours: Colours,
    /// Whether characters other than ASCII may be drawn.
    pub unicode: bool,
}

/// The colours that the terminal has and the user wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colours {
    /// No colours.
    None,
    /// The sixteen colours that every terminal has, as its user has configured them.
    Sixteen,
    /// 256 colours, of which 216 form a colour cube.
    Cube,
    /// 24-bit colours.
    True,
}

/// What the config says, as text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The state folder's path.
    pub state: String,
    /// The command that starts a daemon for this state folder.
    pub start: String,
}

/// The details of a job, while they are open.
#[derive(Debug)]
pub struct Details {
    /// Which job.
    pub id: String,
    /// The job's file and log; `None` while they are being read.
    pub loaded: Option<Box<Loaded>>,
    /// The first visible line.
    pub top: usize,
}

impl Model {
    /// Creates a model that knows nothing yet.
    pub fn new(looks: Looks, place: Place, zone: TimeZone, now: Timestamp, size: (u16, u16)) -> Self {
        Self {
            looks,
            place,
            zone,
            now,
            area: Rect::new(0, 0, size.0, size.1),
            machine: None,
            roots: Vec::new(),
            folder: Folder::default(),
            worker: Worker::default(),
            damaged: Vec::new(),
            table: Table::default(),
            live: Live::default(),
            details: None,
            help: false,
            typing: false,
            question: None,
            notice: None,
            copying: None,
        }
    }

    /// Returns the job that keys act on: the one with open details, or else the selected one.
    pub fn chosen(&self) -> Option<&str> {
        let open = self.details.as_ref().map(|details| details.id.as_str());
        open.or_else(|| self.table.selected().map(|job| job.id.as_str()))
    }

    /// Returns the layout for a screen of this size.
    pub fn regions_of(&self, area: Rect) -> Regions {
        layout::regions(area, self.table.running_count(), !self.live.is_empty())
    }

    /// Returns the layout of the screen.
    pub fn regions(&self) -> Regions {
        self.regions_of(self.area)
    }
}
