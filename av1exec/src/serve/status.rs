//! The daemon's status as plain data, for the control socket, the metrics and the dashboard.

use std::collections::BTreeMap;

use av1plan::wire::PathDocument;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use strum::IntoStaticStr;

use crate::state::code::Meaning;
use crate::state::totals::Totals;

/// The status of a daemon at one point in time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Status {
    /// Whether films are being worked on.
    pub state: State,
    /// The daemon's process ID.
    pub pid: u32,
    /// The daemon's version.
    pub version: String,
    /// When the daemon started.
    pub started: Timestamp,
    /// ffmpeg's version, as ffmpeg prints it.
    pub ffmpeg: String,
    /// The encoder that films are encoded with, by its ffmpeg name.
    pub encoder: String,
    /// The encoder's own version, if it reports one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encoder_version: Option<String>,
    /// The folders of the library.
    pub roots: Vec<PathDocument>,
    /// The last walk over the library; `None` before the first has ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_scan: Option<ScanStatus>,
    /// The number of films of the last walk by code: the code of a skip or failure, or `queued`, `settling`,
    /// `running`, `done`.
    pub films: BTreeMap<String, u64>,
    /// How many films wait for an encode.
    pub queued: u64,
    /// How many films are watched until they are stable.
    pub settling: u64,
    /// The running encodes, the oldest first.
    pub running: Vec<RunningJob>,
    /// The totals of all jobs of the state folder.
    pub totals: Totals,
    /// Disks that haven't answered for half a minute, mostly network shares whose server is down.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unanswered: Vec<Unanswered>,
}

/// A disk that doesn't answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unanswered {
    /// The root, folder or film that the daemon waits for.
    #[serde(flatten)]
    pub path: PathDocument,
    /// How many seconds the daemon has waited.
    pub secs: u64,
}

/// Whether films are being worked on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum State {
    /// Films are worked on.
    Running,
    /// A user paused the daemon: running encodes are stopped, and none starts.
    Paused,
    /// The current time is outside `active_hours`.
    QuietHours,
    /// The disk of the state folder is full: no encode starts, since its job couldn't be recorded.
    StateDiskFull,
    /// The daemon was asked to stop.
    Stopping,
    /// A state that only a newer daemon knows.
    #[serde(other)]
    Other,
}

/// A walk over the library.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScanStatus {
    /// When the walk ended.
    pub ended: Timestamp,
    /// How long the walk took, in milliseconds.
    pub took_ms: u64,
    /// How many films the walk found.
    pub films: u64,
    /// How many roots, folders and files couldn't be read.
    pub unreadable: u64,
    /// How many folders were passed over because of their names.
    #[serde(default)]
    pub ignored: u64,
    /// How many symlinks weren't followed.
    #[serde(default)]
    pub links: u64,
}

/// A running encode.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunningJob {
    /// The ID of the job.
    pub job: String,
    /// The film.
    #[serde(flatten)]
    pub path: PathDocument,
    /// When the job started.
    pub started: Timestamp,
    /// What is being done for the job.
    pub stage: Stage,
    /// The film's number of frames, if the plan knows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frames: Option<u64>,
    /// Frames encoded so far.
    pub frame: u64,
    /// Encoding speed in frames per second, if ffmpeg reports it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fps: Option<f64>,
    /// Encoding speed in seconds of film per second, if ffmpeg reports it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub speed: Option<f64>,
    /// Estimated seconds until the encode ends, by its average speed so far; `None` if there is no basis for an
    /// estimate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remaining_secs: Option<u64>,
    /// Bytes written so far, if ffmpeg reports it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// Size of the original in bytes.
    pub size_before: u64,
    /// The smallest size in bytes that is too big for a result.
    pub size_limit: u64,
    /// The encoder's settings, as text.
    pub settings: String,
}

/// The stage of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum Stage {
    /// ffmpeg encodes.
    Encoding,
    /// ffmpeg is paused.
    Paused,
    /// The result is checked and put in place.
    Judging,
    /// A stage that only a newer daemon knows.
    #[serde(other)]
    Other,
}

/// What a key of [`Status::films`] counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// Films that wait for an encode.
    Queued,
    /// Films that are watched until they are stable.
    Settling,
    /// Films that are being encoded.
    Running,
    /// Films that were replaced by their AV1 result.
    Done,
    /// Films that are left alone; the key is the reason's code.
    Skipped,
    /// Films whose last attempt failed; the key is the failure's code.
    Failed,
}

impl Standing {
    /// Returns what the key `word` counts. It is one of the fixed keys, or the code of a skip or an outcome.
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
