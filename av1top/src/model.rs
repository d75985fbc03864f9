//! All that is known and shown: what [`update`](crate::update()) changes and [`view`](crate::view::view) draws.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use ratatui::layout::Rect;

use crate::live::Live;
use crate::message::{Folder, Loaded, Machine, Root, Wish, Worker};
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
    /// What the daemon says of those that run.
    pub live: Live,
    /// The job whose details are shown instead of the table.
    pub details: Option<Details>,
    /// Whether the help is shown.
    pub help: bool,
    /// Whether keys are typed into the filter.
    pub typing: bool,
    /// What the last line asks before something is done that can't be undone.
    pub question: Option<Question>,
    /// What the last line tells until the next key, or for a while.
    pub notice: Option<Notice>,
    /// The job whose command is to be copied as soon as it is loaded.
    pub copying: Option<String>,
}

/// Something that the last line tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// What; harmless to show.
    pub text: String,
    /// Since when.
    pub since: Timestamp,
}

impl Notice {
    /// Longer than it takes to read; then the keys are worth more.
    const SECONDS: i64 = 10;

    /// Whether it is still worth telling.
    pub fn is_fresh(&self, now: Timestamp) -> bool {
        (0..Self::SECONDS).contains(&now.as_second().saturating_sub(self.since.as_second()))
    }
}

/// A wish that costs something, before it is carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// What would be done: `Cancel`.
    pub verb: &'static str,
    /// To which film.
    pub name: String,
    /// What that costs, as a sentence.
    pub cost: &'static str,
    /// What is done after a yes.
    pub wish: Wish,
}

/// How to draw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Looks {
    /// With which colours.
    pub colours: Colours,
    /// Whether with more than ASCII.
    pub unicode: bool,
}

/// The colours that a terminal has and its user wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colours {
    /// None.
    None,
    /// The sixteen that every terminal has, as its user has set them up.
    Sixteen,
    /// 256, of which 216 are a cube.
    Cube,
    /// All.
    True,
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
            live: Live::default(),
            details: None,
            help: false,
            typing: false,
            question: None,
            notice: None,
            copying: None,
        }
    }

    /// The job that keys are about: the one whose details are open, else the selected one.
    pub fn chosen(&self) -> Option<&str> {
        let open = self.details.as_ref().map(|details| details.id.as_str());
        open.or_else(|| self.table.selected().map(|job| job.id.as_str()))
    }

    /// Where things are on a screen of that size.
    pub fn regions_of(&self, area: Rect) -> Regions {
        layout::regions(area, self.table.running_count(), !self.live.is_empty())
    }

    /// Where things are on the screen.
    pub fn regions(&self) -> Regions {
        self.regions_of(self.area)
    }
}
