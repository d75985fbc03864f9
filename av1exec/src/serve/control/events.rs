//! [`Event`]s as JSON, for subscribers and scripts.

use std::collections::BTreeMap;
use std::path::Path;

use av1plan::wire::PathDocument;
use serde::{Deserialize, Serialize};

use crate::pipeline::event::Event;
use crate::replace::recover::Recovered;
use crate::state::outcome::Outcome;
use crate::sys::path::path_document;
use av1plan::judge::Progress;

/// An event as one line of JSON: `{"event":"progressed","job":"...","frame":48}`.
///
/// Names and codes never change, but fields and events may be added. Texts are unfiltered: programs that show them
/// on a terminal pass them through [`sanitize`](crate::sys::sanitize::sanitize()) first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum EventDocument {
    /// A scan of the roots ended.
    Scanned {
        /// How many films were found.
        films: u64,
        /// How many of them each cheap gate (one that needs no ffprobe) stopped, by the gate's code.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        stopped: BTreeMap<String, u64>,
        /// How many folders were passed over because of their names, by the name in `ignored_folders`.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        ignored: BTreeMap<String, u64>,
        /// How many symlinks weren't followed.
        #[serde(default, skip_serializing_if = "is_zero")]
        links: u64,
    },
    /// Films are watched until their files are stable.
    Settling {
        /// How many films.
        films: u64,
        /// For how many seconds they have to stay unchanged.
        wait_secs: f64,
    },
    /// A folder or file of the library can't be read, and is skipped.
    Unreadable {
        /// The folder or file.
        #[serde(flatten)]
        path: PathDocument,
        /// The reason.
        reason: String,
    },
    /// An interrupted job was recovered.
    Recovered {
        /// The ID of the job.
        job: String,
        /// The job's film.
        #[serde(flatten)]
        path: PathDocument,
        /// The codes of the recovery's actions.
        actions: Vec<String>,
    },
    /// A film is surveyed before its encode: all of it is read.
    Surveying {
        /// The film.
        #[serde(flatten)]
        path: PathDocument,
    },
    /// A film was surveyed.
    Surveyed {
        /// The film.
        #[serde(flatten)]
        path: PathDocument,
    },
    /// A film is left alone.
    Skipped {
        /// The film.
        #[serde(flatten)]
        path: PathDocument,
        /// The code of the gate that stops it.
        code: String,
        /// The reason, as text for users.
        text: String,
    },
    /// An encode starts.
    Started {
        /// The ID of the job.
        job: String,
        /// The film.
        #[serde(flatten)]
        path: PathDocument,
        /// The encoder's settings, as text.
        settings: String,
        /// The film's number of frames, if the plan knows it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        frames: Option<u64>,
        /// The codes of what the result will lack.
        losses: Vec<String>,
    },
    /// An encode made progress.
    Progressed {
        /// The ID of the job.
        job: String,
        /// Frames encoded so far.
        frame: u64,
        /// Encoding speed in frames per second, if ffmpeg reports it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        fps: Option<f64>,
        /// Encoding speed in seconds of film per second, if ffmpeg reports it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        speed: Option<f64>,
        /// Seconds of the film written so far, if ffmpeg reports it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        out_secs: Option<f64>,
        /// Bytes written so far, if ffmpeg reports it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        size: Option<u64>,
    },
    /// A result is being checked or put in place.
    Judging {
        /// The ID of the job.
        job: String,
        /// The current check: `contract`, `decode` or `picture`.
        check: String,
    },
    /// The attempt on a film ended, in success or not.
    Finished {
        /// The ID of the job; absent if the attempt ended before it became a job.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        job: Option<String>,
        /// The film.
        #[serde(flatten)]
        path: PathDocument,
        /// The code of the outcome.
        code: String,
        /// The outcome, as text for users.
        text: String,
        /// Whether the attempt failed.
        failed: bool,
        /// What a user can do about it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        hint: Option<String>,
        /// Size of the original in bytes, if there was a result.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        size_before: Option<u64>,
        /// Size of the result in bytes, if there was one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        size_after: Option<u64>,
        /// The path of the result, if it replaced the film.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        replaced_by: Option<PathDocument>,
    },
    /// A problem that doesn't end an attempt; the work goes on.
    Warning {
        /// The path that the problem is about.
        #[serde(flatten)]
        path: PathDocument,
        /// The problem, as text for users.
        message: String,
    },
    /// The subscriber was too slow, so events were left out here.
    Lagged {
        /// How many events.
        missed: u64,
    },
    /// An event that only a newer daemon knows.
    #[serde(other)]
    Unknown,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

impl From<&Event> for EventDocument {
    fn from(event: &Event) -> Self {
        match event {
            Event::Scanned { films, stopped, passed_over } => Self::Scanned {
                films: *films as u64,
                stopped: stopped.iter().map(|(code, count)| ((*code).to_owned(), *count as u64)).collect(),
                ignored: passed_over
                    .folders
                    .iter()
                    .map(|(name, count)| (name.clone(), *count as u64))
                    .collect(),
                links: passed_over.links as u64,
            },
            Event::Settling { films, wait } => {
                Self::Settling { films: *films as u64, wait_secs: wait.as_secs_f64() }
            }
            Event::Unreadable { path, reason } => {
                Self::Unreadable { path: path_document(path), reason: reason.clone() }
            }
            Event::Recovered(Recovered { job, film, actions, .. }) => {
                let codes = actions.iter().map(|action| <&str>::from(*action).to_owned());
                Self::Recovered { job: job.clone(), path: path_document(film), actions: codes.collect() }
            }
            Event::Surveying { path } => Self::Surveying { path: path_document(path) },
            Event::Surveyed { path, .. } => Self::Surveyed { path: path_document(path) },
            Event::Skipped { path, reason } => Self::Skipped {
                path: path_document(path),
                code: reason.code().to_owned(),
                text: reason.to_string(),
            },
            Event::Started { job, path, plan } => Self::Started {
                job: job.clone(),
                path: path_document(path),
                settings: plan.video.settings.to_string(),
                frames: plan.video.frames,
                losses: plan.losses.iter().map(|loss| loss.kind.code().to_owned()).collect(),
            },
            Event::Progressed { job, progress } => progressed(job, progress),
            Event::Judging { job, check } => {
                Self::Judging { job: job.clone(), check: <&str>::from(check).to_owned() }
            }
            Event::Finished { job, path, outcome } => finished(job.clone(), path, outcome),
            Event::Warning { path, message } => {
                Self::Warning { path: path_document(path), message: message.clone() }
            }
        }
    }
}

fn progressed(job: &str, progress: &Progress) -> EventDocument {
    let Progress { frame, fps, out_time, total_size, speed, .. } = *progress;
    let out_secs = out_time.map(|time| time.as_secs_f64());
    EventDocument::Progressed { job: job.to_owned(), frame, fps, speed, out_secs, size: total_size }
}

fn finished(job: Option<String>, path: &Path, outcome: &Outcome) -> EventDocument {
    let (size_before, size_after, replaced_by) = match outcome {
        Outcome::Replaced { path, before, after } => (Some(*before), Some(*after), Some(path_document(path))),
        Outcome::TooBig { before, after, .. } => (Some(*before), Some(*after), None),
        _ => (None, None, None),
    };
    EventDocument::Finished {
        job,
        path: path_document(path),
        code: outcome.code().to_owned(),
        text: outcome.to_string(),
        failed: outcome.is_failure(),
        hint: outcome.hint().map(str::to_owned),
        size_before,
        size_after,
        replaced_by,
    }
}

#[cfg(test)]
mod tests {
    use av1plan::judge::ProgressReader;

    use super::*;
    use crate::library::passed_over::PassedOver;
    use crate::pipeline::event::Check;
    use crate::replace::recover::{Action, Found, Scene};
    use av1plan::SkipReason;
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    use std::path::PathBuf;
    use std::time::Duration;

    fn path() -> PathBuf {
        PathBuf::from(OsStr::from_bytes(b"/f/\xff\n.mkv"))
    }

    fn job() -> String {
        "7".to_owned()
    }

    fn outcome(outcome: Outcome) -> Event {
        Event::Finished { job: Some(job()), path: path(), outcome }
    }

    /// The JSON form is a public interface: this test fails if it changes.
    #[test]
    fn events_are_written_as_they_always_were() {
        let film = r#""path":"/f/�\n.mkv","path_hex":"2f662fff0a2e6d6b76""#;
        let lines = ["frame=12", "fps=23.5", "out_time_us=500000", "total_size=4096", "progress=continue"];
        let mut reader = ProgressReader::default();
        let half = lines.iter().find_map(|line| reader.add_line(line)).unwrap();
        let replaced = Outcome::Replaced { path: "/f/b.mkv".into(), before: 100, after: 40 };
        let table = [
            (
                Event::Scanned { films: 3, stopped: BTreeMap::new(), passed_over: PassedOver::default() },
                r#"{"event":"scanned","films":3}"#.to_owned(),
            ),
            (
                Event::Scanned {
                    films: 3,
                    stopped: BTreeMap::from([("too-small", 1)]),
                    passed_over: PassedOver { folders: BTreeMap::from([("@eaDir".to_owned(), 2)]), links: 4 },
                },
                r#"{"event":"scanned","films":3,"stopped":{"too-small":1},"ignored":{"@eaDir":2},"links":4}"#
                    .to_owned(),
            ),
            (
                Event::Settling { films: 1, wait: Duration::from_millis(1500) },
                r#"{"event":"settling","films":1,"wait_secs":1.5}"#.to_owned(),
            ),
            (
                Event::Unreadable { path: path(), reason: "no".into() },
                format!(r#"{{"event":"unreadable",{film},"reason":"no"}}"#),
            ),
            (
                Event::Skipped { path: path(), reason: SkipReason::ReadOnly },
                format!(
                    r#"{{"event":"skipped",{film},"code":"read-only","text":"{}"}}"#,
                    SkipReason::ReadOnly
                ),
            ),
            (
                Event::Progressed { job: job(), progress: half },
                r#"{"event":"progressed","job":"7","frame":12,"fps":23.5,"out_secs":0.5,"size":4096}"#
                    .to_owned(),
            ),
            (
                Event::Judging { job: job(), check: Check::Picture },
                r#"{"event":"judging","job":"7","check":"picture"}"#.to_owned(),
            ),
            (
                outcome(replaced.clone()),
                format!(
                    r#"{{"event":"finished","job":"7",{film},"code":"replaced","text":"{replaced}","failed":false,"size_before":100,"size_after":40,"replaced_by":{{"path":"/f/b.mkv"}}}}"#
                ),
            ),
            (
                outcome(Outcome::Interrupted),
                format!(
                    r#"{{"event":"finished","job":"7",{film},"code":"interrupted","text":"{}","failed":true}}"#,
                    Outcome::Interrupted
                ),
            ),
            (
                Event::Warning { path: path(), message: "full".into() },
                format!(r#"{{"event":"warning",{film},"message":"full"}}"#),
            ),
        ];
        for (event, text) in table {
            let document = EventDocument::from(&event);
            assert_eq!(serde_json::to_string(&document).unwrap(), text);
            assert_eq!(serde_json::from_str::<EventDocument>(&text).unwrap(), document);
        }
        let lagged = EventDocument::Lagged { missed: 9 };
        assert_eq!(serde_json::to_string(&lagged).unwrap(), r#"{"event":"lagged","missed":9}"#);
        let newer = serde_json::from_str::<EventDocument>(r#"{"event":"moon-rose","phase":1}"#).unwrap();
        assert_eq!(newer, EventDocument::Unknown);
    }

    #[test]
    fn an_encode_that_starts_tells_its_plan_and_a_recovery_what_it_did() {
        let document = av1plan::wire::Document::from_json(include_bytes!(
            "../../../../av1plan/tests/data/plan-1.0.json"
        ));
        let Ok(av1plan::Verdict::Encode(plan)) = document.unwrap().verdict() else { panic!("no encode") };
        let losses: Vec<String> = plan.losses.iter().map(|loss| loss.kind.code().to_owned()).collect();
        let expected = serde_json::json!({"event": "started", "job": "7", "path": "/a.mkv",
            "settings": plan.video.settings.to_string(), "frames": plan.video.frames, "losses": losses});
        let started = EventDocument::from(&Event::Started { job: job(), path: "/a.mkv".into(), plan });
        assert_eq!(serde_json::to_value(&started).unwrap(), expected);
        assert!(expected["frames"].is_u64() && !losses.is_empty(), "the sample shows all: {expected}");

        let scene = Scene {
            committed: false,
            film: Found::Original,
            backup: Found::Nothing,
            temporary: Found::Other,
            target: None,
        };
        let actions = vec![Action::DeleteTemporary, Action::CloseAsInterrupted];
        let recovered = Recovered { job: job(), film: "/a.mkv".into(), scene, actions, failure: None };
        let recovered = EventDocument::from(&Event::Recovered(recovered));
        assert_eq!(
            serde_json::to_string(&recovered).unwrap(),
            r#"{"event":"recovered","job":"7","path":"/a.mkv","actions":["delete-temporary","close-as-interrupted"]}"#
        );
    }
}
