//! A scripted day of a library as messages: jobs and names of all kinds, at fixed times.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use av1exec::serve::control::events::EventDocument;
use av1exec::serve::status::{RunningJob, ScanStatus, Stage, State, Status};
use av1exec::state::jobs::{self, OutcomeRecord};
use av1exec::state::totals::Totals;
use av1exec::sys::path::path_document;
use av1plan::plan::EncoderSettings;
use av1plan::wire::EncodeDocument;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use serde_json::value::RawValue;

use crate::job::Job;
use crate::message::{Changes, Effect, JobFile, Loaded, Machine, Msg, Root, Worker};
use crate::model::{Colours, Looks, Model, Place};
use crate::update::update;

/// A job file as av1d 1.0 writes it.
pub(crate) const FILE: &str = include_str!("job.json");

pub(crate) const GIB: u64 = 1 << 30;
pub(crate) const NOW: &str = "2026-11-22T20:00:00Z";
pub(crate) const FULL: Looks = Looks { colours: Colours::Sixteen, unicode: true };

pub(crate) const WIDE: &str = "千と千尋の神隠し.2001.1080p.BluRay.x264.mkv";
pub(crate) const HOSTILE: &str = "Evil\u{1b}[2J\u{1b}]0;owned\u{7}\nName\u{202e}vkm.2019.mkv";

/// A name longer than the 255 bytes that file systems allow; a network peer may send such a name.
pub(crate) fn long_name() -> String {
    let name = "A.Film.With.A.Name.That.Never.Ends.".repeat(9);
    format!("{}.mkv", &name[..296])
}

pub(crate) fn now() -> Timestamp {
    NOW.parse().unwrap()
}

/// A job file.
pub(crate) struct File(pub(crate) jobs::Job);

impl File {
    /// A running job on `name` that started `minutes` minutes ago.
    pub(crate) fn new(number: u32, name: &OsStr, minutes: i64, size: u64) -> Self {
        let mut job: jobs::Job = serde_json::from_str(FILE).unwrap();
        let film = Path::new("/media/Films").join(name);
        job.id = format!("20261122-120000-{number:04x}");
        job.path = path_document(&film);
        job.temporary = path_document(&PathBuf::from(format!("/media/Films/.{number}.av1tmp")));
        job.source.size = size;
        job.started = now() - SignedDuration::from_mins(minutes);
        (job.ended, job.outcome, job.commit) = (None, None, None);
        job.journal.truncate(1);
        job.journal[0].at = job.started;
        Self(job).planned(|encode| encode.contract.size.original = size)
    }

    fn planned(mut self, change: impl FnOnce(&mut EncodeDocument)) -> Self {
        let mut document = self.0.document().unwrap();
        change(document.encode.as_mut().unwrap());
        self.0.plan = RawValue::from_string(document.to_json()).unwrap();
        self
    }

    /// Sets the encoder's settings and the class, as the file contains them.
    pub(crate) fn encoded_by(self, settings: EncoderSettings, class: &str) -> Self {
        self.planned(|encode| {
            encode.settings = settings;
            encode.resolution = class.parse().unwrap();
        })
    }

    pub(crate) fn ended(mut self, minutes: i64, code: &str, text: &str, after: Option<u64>) -> Self {
        let failed = !["replaced", "too-big"].contains(&code);
        self.0.ended = Some(self.0.started + SignedDuration::from_mins(minutes));
        self.0.outcome = Some(OutcomeRecord {
            code: code.into(),
            text: text.into(),
            failed,
            lasting: !failed,
            size_after: after,
            replaced_by: (code == "replaced").then(|| self.0.path.clone()),
        });
        self
    }

    pub(crate) fn brief(&self) -> Job {
        Job::of_file(&self.0)
    }
}

/// The job files of the day.
pub(crate) fn files() -> Vec<File> {
    let settings = |written| serde_json::from_value::<EncoderSettings>(written).unwrap();
    let svt = |crf: u8, preset: u8| {
        settings(json!({"encoder": "libsvtav1", "crf": crf, "preset": preset, "workers": "all"}))
    };
    let tiles = json!({"columns": 2, "rows": 1});
    let aom =
        settings(json!({"encoder": "libaom-av1", "crf": 23, "cpu_used": 4, "tiles": tiles, "threads": 32}));
    let rav1e = settings(json!({"encoder": "librav1e", "qp": 75, "speed": 3}));
    let film = |number, name: &str, minutes, size| File::new(number, OsStr::new(name), minutes, size);
    let damaged = OsStr::from_bytes(b"Not.UTF-8.\xff\xfe.mkv");
    vec![
        film(1, "Metropolis.1927.1080p.BluRay.x264.mkv", 14_400, 9 * GIB)
            .encoded_by(svt(23, 4), "1080p")
            .ended(312, "replaced", "replaced: 9.0 GiB to 3.1 GiB, 66 % saved", Some(3 * GIB + GIB / 10)),
        film(2, &long_name(), 1500, 30 * GIB).encoded_by(svt(21, 3), "2160p").ended(
            1200,
            "replaced",
            "replaced: 30.0 GiB to 14.0 GiB, 53 % saved",
            Some(14 * GIB),
        ),
        film(3, HOSTILE, 290, 4 * GIB).encoded_by(aom, "1080p").ended(
            2,
            "failed",
            "failed to write /media/Films/.3.av1tmp: No space left on device (os error 28)",
            None,
        ),
        film(4, "Solaris.1972.1440p.WEB-DL.mkv", 240, 6 * GIB).encoded_by(rav1e, "1440p").ended(
            30,
            "too-big",
            "the result of 5.6 GiB is too big for an original of 6.0 GiB: less than 5.4 GiB was asked for",
            Some(6 * GIB - 2 * GIB / 5),
        ),
        File::new(5, damaged, 180, 3 * GIB).encoded_by(svt(24, 5), "below-1080p").ended(
            7,
            "interrupted",
            "stopped before it was done; the original is untouched",
            None,
        ),
        film(6, WIDE, 83, 8 * GIB).encoded_by(svt(23, 4), "1080p"),
    ]
}

pub(crate) fn briefs() -> Vec<Job> {
    files().iter().map(File::brief).collect()
}

/// A model before any message.
pub(crate) fn empty(size: (u16, u16), looks: Looks) -> Model {
    let place = Place { state: "/var/lib/av1d/jobs".into(), start: "av1cli watch".into() };
    Model::new(looks, place, TimeZone::UTC, now(), size)
}

/// Messages about the machine.
pub(crate) fn machine() -> Vec<Msg> {
    let root = |path: &str, free, total| Root { path: path.into(), space: Ok((free * GIB, total * GIB)) };
    vec![
        Msg::Clock(now()),
        Msg::Machine(Machine {
            cpu: 78,
            cores: vec![100, 96, 84, 71, 52, 33, 12, 0],
            memory_used: 12 * GIB,
            memory_total: 32 * GIB,
            load: [712, 698, 505],
        }),
        Msg::Roots(vec![
            root("/media/Films", 812, 7450),
            Root { path: "/mnt/series".into(), space: Err("isn't there".into()) },
        ]),
    ]
}

/// The running job, as the daemon reports it.
pub(crate) fn running(stage: Stage) -> RunningJob {
    let job = &files()[5].0;
    RunningJob {
        job: job.id.clone(),
        path: job.path.clone(),
        started: job.started,
        stage,
        frames: Some(172_800),
        frame: 74_304,
        fps: Some(14.9),
        speed: Some(0.62),
        remaining_secs: Some(6_610),
        size: Some(5 * GIB / 4),
        size_before: job.source.size,
        size_limit: job.source.size / 10 * 9,
        settings: "libsvtav1 crf 23 preset 4".into(),
    }
}

/// The daemon's status.
pub(crate) fn status(state: State, running: Vec<RunningJob>) -> Status {
    let films = [
        ("queued", 12),
        ("settling", 3),
        ("running", 1),
        ("done", 41),
        ("decode-error", 1),
        ("stalled", 1),
        ("already-av1", 1890),
        ("too-small", 204),
        ("too-big", 7),
        ("dolby-vision", 2),
    ];
    Status {
        state,
        pid: 4242,
        version: "0.1.0".into(),
        started: now() - SignedDuration::from_hours(6),
        ffmpeg: "n8.0-23-gd1f31a829d-20251022".into(),
        encoder: "libsvtav1".into(),
        encoder_version: Some("v3.1.0".into()),
        unanswered: Vec::new(),
        roots: vec![path_document(Path::new("/media/Films"))],
        last_scan: Some(ScanStatus {
            ended: now(),
            took_ms: 280,
            films: 2162,
            unreadable: 0,
            ignored: 0,
            links: 0,
        }),
        films: films.into_iter().map(|(word, count)| (word.to_owned(), count)).collect(),
        queued: 12,
        settling: 3,
        running,
        totals: Totals::default(),
    }
}

pub(crate) fn daemon(state: State, stage: Stage) -> Msg {
    Msg::Worker(Worker::Daemon(Box::new(status(state, vec![running(stage)]))))
}

/// Progress events of an encode with changing speed.
pub(crate) fn progress() -> impl Iterator<Item = Msg> {
    [3.0, 9.0, 12.5, 14.0, 15.5, 13.0, 8.0, 11.0, 14.9].into_iter().zip(1..).map(|(fps, step)| {
        let RunningJob { job, frame, speed, size, .. } = running(Stage::Encoding);
        let frame = frame + step * 100;
        Msg::Event(Box::new(EventDocument::Progressed {
            job,
            frame,
            fps: Some(fps),
            speed,
            out_secs: None,
            size,
        }))
    })
}

/// The day without a daemon: the machine and the jobs, one of which is growing while another process works on it.
pub(crate) fn files_only() -> Vec<Msg> {
    let damaged = vec![("20261101-000000-dead.json".into(), "EOF while parsing".into())];
    let jobs = [
        Msg::Worker(Worker::Working("process 4242".into())),
        Msg::Jobs(Changes { changed: briefs(), gone: Vec::new(), damaged }),
        Msg::Sizes(vec![(files()[5].0.id.clone(), Some(5 * GIB / 2))]),
    ];
    machine().into_iter().chain(jobs).collect()
}

/// The whole script: the messages from the files and from the daemon.
pub(crate) fn day() -> Vec<Msg> {
    files_only().into_iter().chain([daemon(State::Running, Stage::Encoding)]).chain(progress()).collect()
}

/// Applies `script` to a model. Jobs that it asks to load are loaded at once.
pub(crate) fn play(mut model: Model, script: impl IntoIterator<Item = Msg>) -> Model {
    for msg in script {
        let mut effects = update(&mut model, msg);
        while let Some(effect) = effects.pop() {
            if let Effect::Load(id) = effect {
                effects.extend(update(&mut model, Msg::Loaded(Box::new(load(id)))));
            }
        }
    }
    model
}

pub(crate) fn load(id: String) -> Loaded {
    let found = files().into_iter().find(|file| file.0.id == id);
    let job = found.map(|file| JobFile::of(file.0)).ok_or_else(|| "no such file".to_owned());
    let log = "[info] Stream mapping:\n[info] frame=  132 fps= 18 q=24.0 size= 1368KiB time=00:00:05.28\n\
               [error] [out#0/matroska] Error writing trailer: No space left on device";
    Loaded { id, job, log: Ok(log.lines().map(str::to_owned).collect()) }
}

pub(crate) fn key(code: KeyCode) -> Msg {
    Msg::Key(KeyEvent::new(code, KeyModifiers::NONE))
}

pub(crate) fn typed(text: &str) -> Vec<Msg> {
    text.chars().map(|c| key(KeyCode::Char(c))).collect()
}
