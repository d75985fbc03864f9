//! A job as the table needs it: a tenth of its file's size, so that a hundred thousand jobs fit into memory.

use std::path::{Path, PathBuf};

use av1exec::state::code::Meaning;
use av1exec::state::jobs::{self, JobEnd, JobSummary};
use av1exec::state::journal::Step;
use av1exec::sys::path::path_of;
use av1exec::sys::sanitize;
use av1plan::plan::{EncoderSettings, ResolutionClass};
use jiff::Timestamp;

/// The summary of a job. Its texts come from file names and are sanitized.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// The unique id.
    pub id: String,
    /// The film's path, as sanitized text.
    pub path: Box<str>,
    /// The state according to the job file.
    pub state: State,
    /// The stable code of the outcome; empty while it runs.
    pub code: String,
    /// The resolution class.
    pub class: Option<ResolutionClass>,
    /// The encoder and its settings.
    pub settings: Option<EncoderSettings>,
    /// The original's size in bytes.
    pub before: u64,
    /// The result's size in bytes, if there was a result.
    pub after: Option<u64>,
    /// The smallest size in bytes at which the result is too big.
    pub limit: Option<u64>,
    /// When the job started.
    pub started: Timestamp,
    /// When the job ended; `None` while it runs.
    pub ended: Option<Timestamp>,
    /// Whether the result was verified and is replacing the film.
    pub replacing: bool,
    /// The temporary result of a running job.
    pub temporary: Option<Box<Temporary>>,
}

/// The growing result of a running job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Temporary {
    /// The path of the file.
    pub path: PathBuf,
    /// Its size in bytes so far; `None` if the file doesn't exist (yet) or wasn't measured.
    pub bytes: Option<u64>,
}

/// The state of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// The job has no outcome yet.
    Running,
    /// The film was replaced.
    Done,
    /// The film is left alone permanently, because of a result that was too big or a refused loss, for example.
    Skipped,
    /// The job failed.
    Failed,
    /// The job was interrupted, or the film changed in the meantime; it is tried again.
    Stopped,
}

impl State {
    /// All states, in the order of the tabs.
    pub const ALL: [Self; 5] = [Self::Running, Self::Done, Self::Skipped, Self::Failed, Self::Stopped];

    /// Returns the name of the state.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Done => "done",
            Self::Skipped => "skipped",
            Self::Failed => "failed",
            Self::Stopped => "stopped",
        }
    }

    fn of(end: Option<&JobEnd>) -> Self {
        match end {
            None => Self::Running,
            Some(end) if end.replaced_by.is_some() => Self::Done,
            Some(end) if !end.failed => Self::Skipped,
            // Neither the film nor the machine is at fault.
            Some(end) if Meaning::of(&end.code) == Meaning::Stopped => Self::Stopped,
            Some(_) => Self::Failed,
        }
    }
}

impl Job {
    /// Creates the table's job from the summary of a job.
    pub fn of(summary: &JobSummary) -> Self {
        let end = summary.end.as_ref();
        Self {
            id: summary.id.clone(),
            path: sanitize::display(&summary.film).into(),
            state: State::of(end),
            code: end.map_or_else(String::new, |end| sanitize::sanitize(&end.code).into_owned()),
            class: summary.plan.map(|plan| plan.resolution),
            settings: summary.plan.map(|plan| plan.settings),
            before: summary.size,
            after: end.and_then(|end| end.size_after),
            limit: summary.plan.map(|plan| plan.size_limit),
            started: summary.started,
            ended: end.map(|end| end.at),
            replacing: false,
            temporary: None,
        }
    }

    /// Creates the table's job from a job file.
    pub fn of_file(job: &jobs::Job) -> Self {
        let brief = Self::of(&JobSummary::from(job));
        let temporary = || Box::new(Temporary { path: path_of(&job.temporary), bytes: None });
        Self {
            replacing: job.journal.last().is_some_and(|entry| entry.step >= Step::Commit),
            temporary: (brief.state == State::Running).then(temporary),
            ..brief
        }
    }

    /// Returns the film's file name.
    pub fn name(&self) -> &str {
        Path::new(&*self.path).file_name().and_then(|name| name.to_str()).unwrap_or(&self.path)
    }

    /// Returns the word for the state's column. For the most common reason of a skip, that is the reason.
    pub fn word(&self, state: State) -> &'static str {
        if state == State::Skipped && Meaning::of(&self.code) == Meaning::TooBig {
            "too big"
        } else {
            state.name()
        }
    }

    /// Returns the saved bytes; 0 if the film wasn't replaced.
    pub fn saved(&self) -> u64 {
        match (self.state, self.after) {
            (State::Done, Some(after)) => self.before.saturating_sub(after),
            _ => 0,
        }
    }

    /// Returns the resolution class in at most five columns: `<1080`, `1080p`, `2160p`.
    pub fn short_class(&self) -> &'static str {
        match self.class {
            Some(ResolutionClass::Below1080p) => "<1080",
            Some(class) => class.name(),
            None => "",
        }
    }

    /// Returns the encoder in at most ten columns: `svt 23/4` is SVT-AV1 at CRF 23 and preset 4.
    pub fn short_settings(&self) -> String {
        match self.settings {
            Some(EncoderSettings::Svt(svt)) => format!("svt {}/{}", svt.crf, svt.preset),
            Some(EncoderSettings::Aom(aom)) => format!("aom {}/{}", aom.crf, aom.cpu_used),
            Some(EncoderSettings::Rav1e(rav1e)) => format!("rav1e {}/{}", rav1e.qp, rav1e.speed),
            None => String::new(),
        }
    }

    /// Returns the encoder in full: `libsvtav1 crf 23 preset 4`.
    pub fn long_settings(&self) -> String {
        self.settings.map_or_else(String::new, |settings| settings.to_string())
    }
}
