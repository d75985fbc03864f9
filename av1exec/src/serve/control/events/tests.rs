//! Every event as a document, by example.

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
            format!(r#"{{"event":"skipped",{film},"code":"read-only","text":"{}"}}"#, SkipReason::ReadOnly),
        ),
        (
            Event::Progressed { job: job(), progress: half },
            r#"{"event":"progressed","job":"7","frame":12,"fps":23.5,"out_secs":0.5,"size":4096}"#.to_owned(),
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
    let document =
        av1plan::wire::Document::from_json(include_bytes!("../../../../../av1plan/tests/data/plan-1.0.json"));
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
