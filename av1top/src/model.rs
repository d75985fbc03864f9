//! All that is known and shown: what [`update`](crate::update()) changes and [`view`](crate::view::view) draws.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use ratatui::layout::Rect;

use crate::message::{Folder, Loaded, Machine, Root, Worker};
use crate::table::Table;
use crate::view::layout::{self, Regions};

/// The whole state of the program.
#[derive(Debug)]
pub struct Model {
    /// How to draw.
    pub looks: Looks,
    /// What the config says.
    pub place: Place,
    /// Where the times are shown for.
    pub zone: TimeZone,
    /// The time.
    pub now: Timestamp,
    /// The terminal.
    pub area: Rect,
    /// The machine; nothing: not measured yet.
    pub machine: Option<Machine>,
    /// The library's roots.
    pub roots: Vec<Root>,
    /// The state folder.
    pub folder: Folder,
    /// Who works there.
    pub worker: Worker,
    /// Files of it that aren't jobs, and why.
    pub damaged: Vec<(String, String)>,
    /// The jobs.
    pub table: Table,
    /// The job whose details are shown instead of the table.
    pub details: Option<Details>,
    /// Whether the help is shown.
    pub help: bool,
    /// Whether keys are typed into the filter.
    pub typing: bool,
    /// What the last line tells until the next key.
    pub notice: Option<String>,
    /// The job whose command is to be copied as soon as it is loaded.
    pub copying: Option<String>,
}

/// How to draw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Looks {
    /// Whether with colours.
    pub colour: bool,
    /// Whether with more than ASCII.
    pub unicode: bool,
}

/// What the config says, for a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The state folder's path.
    pub state: String,
    /// The command that fills it.
    pub start: String,
}

/// The details of a job, while they are open.
#[derive(Debug)]
pub struct Details {
    /// Which job.
    pub id: String,
    /// Its file and log; nothing: they are being read.
    pub loaded: Option<Box<Loaded>>,
    /// The first line in sight.
    pub top: usize,
}

impl Model {
    /// Before anything is known.
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
            details: None,
            help: false,
            typing: false,
            notice: None,
            copying: None,
        }
    }

    /// Where things are on the screen.
    pub fn regions(&self) -> Regions {
        layout::regions(self.area, self.table.running_count())
    }
}
