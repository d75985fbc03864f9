//! What the daemon is doing, as plain data, for whoever asks: the control socket, the metrics, the dashboard.

use std::collections::BTreeMap;

use av1plan::wire::PathDocument;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use strum::IntoStaticStr;

use crate::state::code::Meaning;
use crate::state::totals::Totals;

/// All of it, at one moment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Status {
    /// Whether work goes on.
    pub state: State,
    /// The daemon's process.
    pub pid: u32,
    /// Its version.
    pub version: String,
    /// When it started.
    pub started: Timestamp,
    /// ffmpeg's version, as it introduces itself.
    pub ffmpeg: String,
    /// The encoder that films get, in ffmpeg's name.
    pub encoder: String,
    /// Its own version, where it says one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encoder_version: Option<String>,
    /// The folders that are watched.
    pub roots: Vec<PathDocument>,
    /// The last walk over the library.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_scan: Option<ScanStatus>,
    /// How many films of the last walk are what: by the code of their skip or failure, or `queued`, `settling`,
    /// `running`, `done`.
    pub films: BTreeMap<String, u64>,
    /// How many films wait for an encode.
    pub queued: u64,
    /// How many films are watched until they have held still.
    pub settling: u64,
    /// The encodes under way, the oldest first.
    pub running: Vec<RunningJob>,
    /// What all jobs of this state folder came to.
    pub totals: Totals,
    /// What is waited for, and hasn't answered for half a minute: shares whose server is away, mostly.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unanswered: Vec<Unanswered>,
}

/// A disk that doesn't answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unanswered {
    /// The root, folder or film that is waited for.
    #[serde(flatten)]
    pub path: PathDocument,
    /// For how many seconds.
    pub secs: u64,
}

/// Whether work goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum State {
    /// Films are worked on as they come.
    Running,
    /// Somebody paused it: running encodes are stopped, no new ones begin.
    Paused,
    /// It is outside `active_hours`.
    QuietHours,
    /// The disk of the state folder is full: nothing is begun that couldn't be written down.
    StateDiskFull,
    /// It was asked to stop.
    Stopping,
    /// One that only a newer daemon knows.
    #[serde(other)]
    Other,
}

/// A walk over the library.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScanStatus {
    /// When it ended.
    pub ended: Timestamp,
    /// How long it took, in milliseconds.
    pub took_ms: u64,
    /// How many films it saw.
    pub films: u64,
    /// How many roots, folders and files it couldn't read.
    pub unreadable: u64,
}

/// An encode under way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunningJob {
    /// The job.
    pub job: String,
    /// The film.
    #[serde(flatten)]
    pub path: PathDocument,
    /// When it started.
    pub started: Timestamp,
    /// What is being done.
    pub stage: Stage,
    /// Frames in all, where the plan knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frames: Option<u64>,
    /// Frames encoded so far.
    pub frame: u64,
    /// Frames per second, where ffmpeg knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fps: Option<f64>,
    /// Seconds of film per second, where ffmpeg knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub speed: Option<f64>,
    /// Seconds that it still takes at its pace so far, where that can be told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remaining_secs: Option<u64>,
    /// Bytes written so far, where ffmpeg knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// Bytes of the original.
    pub size_before: u64,
    /// The smallest number of bytes that is too big for a result.
    pub size_limit: u64,
    /// The encoder's settings, in words.
    pub settings: String,
}

/// What is being done for a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum Stage {
    /// ffmpeg encodes.
    Encoding,
    /// ffmpeg is stopped until work goes on.
    Paused,
    /// The result is checked and put in place.
    Judging,
    /// One that only a newer daemon knows.
    #[serde(other)]
    Other,
}

/// What a word of [`Status::films`] counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// Films that wait for an encode.
    Queued,
    /// Films that are watched until they have held still.
    Settling,
    /// Films that are encoded.
    Running,
    /// Films that are AV1 now.
    Done,
    /// Films that are left alone, by the code.
    Skipped,
    /// Films whose last attempt failed, by the code.
    Failed,
}

impl Standing {
    /// What `word` counts: a word, or the code of a skip or an outcome.
    pub fn of(word: &str) -> Self {
        match word {
            "queued" => Self::Queued,
            "settling" => Self::Settling,
            "running" => Self::Running,
            "done" => Self::Done,
            code => match Meaning::of(code) {
                Meaning::Wanted => Self::Queued,
                Meaning::Replaced => Self::Done,
                Meaning::TooBig | Meaning::Cancelled | Meaning::Undone | Meaning::Skipped => Self::Skipped,
                Meaning::Stopped | Meaning::Failed => Self::Failed,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_newer_daemon_says_is_no_reason_to_understand_nothing() {
        assert_eq!(serde_json::from_str::<State>("\"dreaming\"").unwrap(), State::Other);
        assert_eq!(serde_json::from_str::<Stage>("\"polishing\"").unwrap(), Stage::Other);
        assert_eq!(serde_json::from_str::<State>("\"quiet-hours\"").unwrap(), State::QuietHours);
    }

    #[test]
    fn each_code_stands_for_one_kind_of_film() {
        let table = [
            ("queued", Standing::Queued),
            ("settling", Standing::Settling),
            ("running", Standing::Running),
            ("done", Standing::Done),
            ("already-av1", Standing::Skipped),
            ("dolby-vision", Standing::Skipped),
            ("too-big", Standing::Skipped),
            ("decode-error", Standing::Failed),
            ("stalled", Standing::Failed),
            ("of a later version", Standing::Failed),
        ];
        for (word, standing) in table {
            assert_eq!(Standing::of(word), standing, "{word}");
        }
    }
}
