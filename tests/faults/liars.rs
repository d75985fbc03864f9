//! An ffmpeg or ffprobe that dies, hangs, is stopped, or reports success when there is none. Results that are intact
//! but wrong are tested in `tests/lying_ffmpeg.rs`.

use std::fs;

use av1d_tests::{Run, Running, Script, Signal, signal, wait_until, with_argument};

use crate::check::After;
use crate::stage::{Stage, Variant};
use crate::table::{Case, Row, Violation};

/// Which program misbehaves, and at which of its calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Liar {
    /// ffmpeg, at the encode.
    Ffmpeg,
    /// ffprobe, when it reads the film.
    FilmProbe,
    /// ffprobe, when it reads the result.
    ResultProbe,
}

/// Failures before, during or after the work. Each counts as a fault of the machine, so the next run must succeed.
const TRANSIENT: [(&str, Liar, &str); 14] = [
    ("exits 0 and writes nothing", Liar::Ffmpeg, "exit 0"),
    ("exits 0 and says progress=end over nothing", Liar::Ffmpeg, "echo progress=end; exit 0"),
    ("removes its output", Liar::Ffmpeg, "\"$real\" \"$@\"; rm \"$output\"; exit 0"),
    ("leaves a symlink to the film", Liar::Ffmpeg, "ln -sf \"$PWD/Film.mkv\" \"$output\"; exit 0"),
    ("leaves a folder", Liar::Ffmpeg, "rm -f \"$output\"; mkdir \"$output\"; exit 0"),
    ("is killed at once", Liar::Ffmpeg, "kill -KILL $$"),
    ("crashes after its result", Liar::Ffmpeg, "\"$real\" \"$@\"; kill -SEGV $$"),
    (
        "is killed half-way",
        Liar::Ffmpeg,
        "\"$real\" -readrate 0.5 \"$@\" & sleep 0.4; kill -KILL $!; kill -KILL $$",
    ),
    ("shows frozen numbers for ever", Liar::Ffmpeg, FROZEN),
    ("says nothing for ever", Liar::Ffmpeg, "exec sleep 1000"),
    ("stops itself", Liar::Ffmpeg, "kill -STOP $$"),
    ("ffprobe is killed at the film", Liar::FilmProbe, "kill -KILL $$"),
    ("ffprobe is killed at the result", Liar::ResultProbe, "kill -KILL $$"),
    ("ffprobe can't read the result", Liar::ResultProbe, "echo 'Input/output error' >&2; exit 1"),
];

const FROZEN: &str =
    "while :; do printf 'frame=3\\nout_time_us=1\\ntotal_size=48\\nprogress=continue\\n'; sleep 0.1; done";

/// Results that aren't intact copies of the film. The film must stay, whatever the program does about it afterwards.
const LIES: [(&str, &str); 4] = [
    ("leaves a hard link to the film", "ln -f Film.mkv \"$output\"; exit 0"),
    (
        "ends well after SIGTERM half-way",
        "\"$real\" -readrate 0.05 \"$@\" & for i in 1 2 3 4 5 6 7 8 9; do [ -s \"$output\" ] || sleep 0.2; done; \
         kill -TERM $!; wait; exit 0",
    ),
    ("has cut off the last bytes", "\"$real\" \"$@\"; truncate -s -20000 \"$output\"; exit 0"),
    (
        "has zeroed the middle",
        "\"$real\" \"$@\"; dd if=/dev/zero of=\"$output\" bs=1000 seek=100 count=60 conv=notrunc 2>/dev/null; exit 0",
    ),
];

pub(crate) fn rows() -> Vec<Row> {
    vec![
        Row::new("ffmpeg or ffprobe dies, hangs or lies", |_| {
            let cases = TRANSIENT
                .into_iter()
                .map(|(what, liar, does)| Case::new(what, move || transient(liar, does)));
            Ok(cases.collect())
        }),
        Row::new("ffmpeg passes off what isn't the film", |_| {
            let cases = LIES.into_iter().map(|(what, does)| Case::new(what, move || lie(does)));
            Ok(cases.collect())
        }),
        Row::new("a running ffmpeg is stopped or killed", |_| {
            let signals = [Signal::STOP, Signal::KILL, Signal::SEGV, Signal::TERM];
            let cases = signals.into_iter().map(|sent| Case::new(format!("{sent:?}"), move || hit_by(sent)));
            Ok(cases.collect())
        }),
    ]
}

fn set(liar: Liar, does: &str) -> Result<Stage, String> {
    let mut stage = Stage::set(Variant::InPlace)?;
    stage.library.set("stall_secs", 1);
    match liar {
        Liar::Ffmpeg => stage.library.replace_ffmpeg(Script { when: "-progress", does }),
        Liar::FilmProbe => stage.library.replace_ffprobe(Script { when: "Film.mkv", does }),
        Liar::ResultProbe => stage.library.replace_ffprobe(Script { when: ".av1tmp", does }),
    }
    Ok(stage)
}

impl Stage {
    /// Puts the real ffmpeg and ffprobe back into the config.
    pub(crate) fn make_honest(&mut self) {
        let tools = self.library.tools.clone();
        self.library.set("ffmpeg", tools.ffmpeg.to_str().unwrap());
        self.library.set("ffprobe", tools.ffprobe.to_str().unwrap());
    }
}

fn transient(liar: Liar, does: &str) -> Vec<Violation> {
    let stage = match set(liar, does) {
        Ok(stage) => stage,
        Err(why) => return vec![why],
    };
    let run = stage.library.watch_once();
    told_and_mended(stage, &run)
}

/// What is wrong if `run` isn't reported as a failure, or if the next run, with the real tools, doesn't succeed.
fn told_and_mended(mut stage: Stage, run: &Run) -> Vec<Violation> {
    let mut found = Vec::new();
    if run.status.code() != Some(1) {
        found.push("it isn't told as a failure".to_owned());
    }
    stage.make_honest();
    found.extend(stage.violations(After::End));
    if !found.is_empty() {
        found.push(run.to_string());
    }
    found
}

fn lie(does: &str) -> Vec<Violation> {
    let stage = match set(Liar::Ffmpeg, does) {
        Ok(stage) => stage,
        Err(why) => return vec![why],
    };
    let run = stage.library.watch_once();
    let mut found = stage.foreign_changes();
    found.extend(stage.orphans());
    if fs::read(stage.film()).map_or(true, |bytes| bytes != stage.original) {
        found.push("the film was replaced or changed".to_owned());
    }
    let left = stage.library.files();
    if left.iter().any(|name| name.ends_with(".av1tmp") && !stage.foreign.contains_key(name)) {
        found.push(format!("the false result is still there: {left:?}"));
    }
    if !found.is_empty() {
        found.push(run.to_string());
    }
    found
}

/// Sends a signal to the real ffmpeg while it encodes.
fn hit_by(sent: Signal) -> Vec<Violation> {
    let stage = match set(Liar::Ffmpeg, "exec \"$real\" -readrate 0.3 \"$@\"") {
        Ok(stage) => stage,
        Err(why) => return vec![why],
    };
    let mut running = Running::start(&mut stage.watch(), b"");
    let working = || with_argument("ffmpeg", &stage.library.path(".Film.mkv"));
    wait_until("ffmpeg works", || {
        assert!(!running.has_ended(), "it ended too early");
        !working().is_empty()
    });
    std::thread::sleep(std::time::Duration::from_millis(300));
    for process in working() {
        signal(process, sent);
    }
    let run = running.wait();
    told_and_mended(stage, &run)
}
