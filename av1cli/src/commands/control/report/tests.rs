//! Examples of the text that `av1cli status` prints.

use super::*;
use av1exec::state::totals::Savings;
use av1exec::sys::path::path_document;

fn status() -> Status {
    let started = "2026-01-31T20:00:00Z".parse().unwrap();
    Status {
        state: State::Paused,
        pid: 7,
        version: "0.1.0".into(),
        started,
        ffmpeg: "8.0".into(),
        encoder: "libsvtav1".into(),
        encoder_version: Some("v3.1.0".into()),
        unanswered: Vec::new(),
        roots: vec![path_document(Path::new("/films")), path_document(Path::new("/se\x1bries"))],
        last_scan: Some(ScanStatus {
            ended: "2026-01-31T20:10:00Z".parse().unwrap(),
            took_ms: 1200,
            films: 40,
            unreadable: 1,
            ignored: 3,
            links: 2,
        }),
        films: [("done".to_owned(), 30), ("too-small".to_owned(), 10)].into(),
        queued: 3,
        settling: 2,
        running: vec![RunningJob {
            job: "j".into(),
            path: path_document(Path::new("/films/a\nb.mkv")),
            started,
            stage: Stage::Encoding,
            frames: Some(100),
            frame: 50,
            fps: Some(23.94),
            speed: Some(0.998),
            remaining_secs: Some(3723),
            size: Some(1 << 30),
            size_before: 8 << 30,
            size_limit: 7 << 30,
            settings: "SVT-AV1, CRF 24".into(),
        }],
        totals: Totals::default(),
    }
}

fn shown(daemon: Option<Status>, failures: Vec<FailedJob>) -> String {
    let jobs = [("replaced".to_owned(), 2), ("too-big".to_owned(), 1)].into();
    let totals = Totals { jobs, savings: Savings { before: 10 << 30, after: 4 << 30 } };
    let shown = Shown { daemon, totals, unfinished: Vec::new(), failures };
    text(&shown, Path::new("/state"), "2026-01-31T20:15:00Z".parse().unwrap())
}

#[test]
fn a_daemons_status_says_all_that_a_person_asks() {
    let text = shown(Some(status()), Vec::new());
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[0].starts_with("paused: av1d 0.1.0 since 2026-"), "{text}");
    assert!(lines[0].ends_with(" (process 7), ffmpeg 8.0, libsvtav1 v3.1.0"), "{text}");
    assert_eq!(
        lines[1..],
        [
            "watching: /films, /se\\u{1b}ries",
            "scan: 40 film(s) 5 min ago, took 2 s, 1 can't be read, 3 folder(s) ignored, 2 link(s) not followed",
            "films: 30 done, 10 too-small",
            "waiting: 3 for an encode, 2 to hold still",
            "encoding: /films/a\\nb.mkv (job j)",
            "  SVT-AV1, CRF 24",
            "  50 %, 23.9 fps, 1.00x, ETA 1:02:03, 1.0 GiB so far, about 2.0 GiB in the end, of 8.0 GiB (too big from 7.0 GiB)",
            "jobs: 2 replaced, 1 too-big",
            "saved: 6.0 GiB (60 %): 10.0 GiB became 4.0 GiB",
        ]
    );
}

#[test]
fn what_is_not_known_yet_is_left_out() {
    let mut status = status();
    status.last_scan = None;
    status.films.clear();
    let job = &mut status.running[0];
    (job.frames, job.fps, job.speed, job.remaining_secs, job.size) = (None, None, None, None, None);
    let text = shown(Some(status), Vec::new());
    assert!(text.contains("\nscan: none has ended yet\nwaiting: 3"), "{text}");
    assert!(text.contains("\n  of 8.0 GiB (too big from 7.0 GiB)\n"), "{text}");
}

#[test]
fn failures_say_whether_they_are_tried_again() {
    let failed = |lasting| FailedJob {
        job: "j".into(),
        path: path_document(Path::new("/films/a.mkv")),
        ended: "2026-01-31T20:00:00Z".parse().unwrap(),
        code: "damaged-source".into(),
        text: "it is\x07 damaged".into(),
        lasting,
    };
    let text = shown(None, vec![failed(true), failed(false)]);
    assert!(text.starts_with("no daemon runs here (nobody listens in /state)\njobs: "), "{text}");
    assert!(text.contains(" /films/a.mkv [damaged-source] (job j)\n    it is\\u{7} damaged\n"), "{text}");
    assert!(text.contains("until its cause changes, or by `av1cli retry`\n"), "{text}");
    assert!(
        text.ends_with("it is tried again by itself where that may help; `av1cli why FILE` says when"),
        "{text}"
    );
}
