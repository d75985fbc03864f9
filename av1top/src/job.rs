//! A job as the table needs it: a tenth of what its file says, so that a hundred thousand of them fit into memory.

use std::path::{Path, PathBuf};

use av1exec::state::code::Meaning;
use av1exec::state::jobs::{self, JobEnd, JobSummary};
use av1exec::state::journal::Step;
use av1exec::sys::path::path_of;
use av1exec::sys::sanitize;
use av1plan::plan::{EncoderSettings, ResolutionClass};
use jiff::Timestamp;

/// A job in brief. Its texts come from file names and are harmless to show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// Unique.
    pub id: String,
    /// The film's path, for a person.
    pub path: Box<str>,
    /// How it stands, as its file says.
    pub state: State,
    /// The stable code of how it ended; empty while it runs.
    pub code: String,
    /// The row of the ladder.
    pub class: Option<ResolutionClass>,
    /// The encoder.
    pub settings: Option<EncoderSettings>,
    /// Bytes of the original.
    pub before: u64,
    /// Bytes of the result, where there was one.
    pub after: Option<u64>,
    /// The smallest number of bytes that is too big.
    pub limit: Option<u64>,
    /// When it started.
    pub started: Timestamp,
    /// When it ended; absent while it runs.
    pub ended: Option<Timestamp>,
    /// Whether the result was found good and is being put in place.
    pub replacing: bool,
    /// The temporary result of a running job, and its bytes so far, once they were looked at.
    pub temporary: Option<Box<Temporary>>,
}

/// The growing result of a job that runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Temporary {
    /// Where it is.
    pub path: PathBuf,
    /// Its bytes so far; absent where it isn't there (yet).
    pub bytes: Option<u64>,
}

/// How a job stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// It has no outcome yet.
    Running,
    /// The film was replaced.
    Done,
    /// The film is left alone for good: too big a result, a refused loss.
    Skipped,
    /// Something failed.
    Failed,
    /// It was interrupted, or the film changed meanwhile: it is taken up again.
    Stopped,
}

impl State {
    /// All of them, in the order of the tabs.
    pub const ALL: [Self; 5] = [Self::Running, Self::Done, Self::Skipped, Self::Failed, Self::Stopped];

    /// Its name.
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
            // Nothing is wrong with the film or the machine.
            Some(end) if Meaning::of(&end.code) == Meaning::Stopped => Self::Stopped,
            Some(_) => Self::Failed,
        }
    }
}

impl Job {
    /// What the table shows of a job in brief.
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

    /// What the table shows of a job file.
    pub fn of_file(job: &jobs::Job) -> Self {
        let brief = Self::of(&JobSummary::from(job));
        let temporary = || Box::new(Temporary { path: path_of(&job.temporary), bytes: None });
        Self {
            replacing: job.journal.last().is_some_and(|entry| entry.step >= Step::Commit),
            temporary: (brief.state == State::Running).then(temporary),
            ..brief
        }
    }

    /// The film's file name.
    pub fn name(&self) -> &str {
        Path::new(&*self.path).file_name().and_then(|name| name.to_str()).unwrap_or(&self.path)
    }

    /// What the state's column says: where a skip has a common reason, that one.
    pub fn word(&self, state: State) -> &'static str {
        if state == State::Skipped && Meaning::of(&self.code) == Meaning::TooBig {
            "too big"
        } else {
            state.name()
        }
    }

    /// Bytes that were saved: nothing where the film wasn't replaced.
    pub fn saved(&self) -> u64 {
        match (self.state, self.after) {
            (State::Done, Some(after)) => self.before.saturating_sub(after),
            _ => 0,
        }
    }

    /// The class in five columns: `<1080`, `1080p`, `2160p`.
    pub fn short_class(&self) -> &'static str {
        match self.class {
            Some(ResolutionClass::Below1080p) => "<1080",
            Some(class) => class.name(),
            None => "",
        }
    }

    /// The encoder in ten columns: `svt 23/4` is SVT-AV1 at CRF 23 and preset 4.
    pub fn short_settings(&self) -> String {
        match self.settings {
            Some(EncoderSettings::Svt(svt)) => format!("svt {}/{}", svt.crf, svt.preset),
            Some(EncoderSettings::Aom(aom)) => format!("aom {}/{}", aom.crf, aom.cpu_used),
            Some(EncoderSettings::Rav1e(rav1e)) => format!("rav1e {}/{}", rav1e.qp, rav1e.speed),
            None => String::new(),
        }
    }

    /// The encoder as a person calls it: `libsvtav1 crf 23 preset 4`.
    pub fn long_settings(&self) -> String {
        self.settings.map_or_else(String::new, |settings| settings.to_string())
    }
}
