//! Two daemons, a daemon that is killed and restarted at once, and a library that disappears for a while.

use std::fs;
use std::time::Duration;

use av1d_tests::{Library, Running, Script, Signal, signal, wait_until, with_argument};

use crate::check::After;
use crate::stage::{Stage, Variant};
use crate::table::{Case, Effort, Row, Violation};

/// Makes the encode take ten seconds.
const SLOW: &str = "exec \"$real\" -readrate 0.1 \"$@\"";
/// Makes the encode take minutes, and keeps ffmpeg alive when its daemon dies.
const ORPHAN: &str = "exec setpriv --pdeathsig clear \"$real\" -readrate 0.005 \"$@\"";

pub(crate) fn rows() -> Vec<Row> {
    vec![
        Row::new("two daemons on one library", |_| {
            Ok(vec![
                Case::new("one state folder", || two_daemons(false)),
                Case::new("a state folder each", || two_daemons(true)),
            ])
        }),
        Row::new("daemon killed and restarted at once", |effort| Ok(killed(effort))),
        Row::new("library vanishes and comes back", |_| {
            Ok(vec![
                Case::new("renamed away during the encode", || vanishes(Gone::Renamed, true)),
                Case::new("suddenly empty during the encode", || vanishes(Gone::Emptied, true)),
                Case::new("renamed away between runs", || vanishes(Gone::Renamed, false)),
                Case::new("suddenly empty between runs", || vanishes(Gone::Emptied, false)),
            ])
        }),
    ]
}

fn slow_stage(does: &str) -> Result<(Stage, Running), String> {
    let mut stage = Stage::set(Variant::InPlace)?;
    stage.library.replace_ffmpeg(Script { when: "-progress", does });
    let mut running = Running::start(&mut stage.watch(), b"");
    wait_until("ffmpeg works", || {
        assert!(!running.has_ended(), "it ended too early");
        !with_argument("ffmpeg", &stage.library.path(".Film.mkv")).is_empty()
    });
    Ok((stage, running))
}

fn two_daemons(other_state: bool) -> Vec<Violation> {
    let (mut stage, first) = match slow_stage(SLOW) {
        Ok(set) => set,
        Err(why) => return vec![why],
    };
    let state = stage.library.state();
    if other_state {
        let other = stage.library.scratch().join("other-state");
        stage.library.set("job_state_dir", other.to_str().unwrap());
    }
    let mut found = Vec::new();
    for arguments in [&["watch", "--once"][..], &["encode", "Film.mkv"]] {
        let mut second = stage.library.start(arguments);
        let deadline = std::time::Instant::now() + Duration::from_secs(20);
        while !second.has_ended() && std::time::Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(20));
        }
        if second.has_ended() {
            let second = second.wait();
            if second.status.code() != Some(4) {
                found.push(format!("the second isn't told that it is locked out:\n{second}"));
            }
        } else {
            signal(second.id(), Signal::TERM);
            found.push(format!("the second works or waits:\n{}", second.wait()));
        }
    }
    stage.library.set("job_state_dir", state.to_str().unwrap());
    signal(first.id(), Signal::TERM);
    let first = first.wait();
    if first.status.code() != Some(130) {
        found.push(format!("the first was disturbed:\n{first}"));
    }
    stage.make_honest();
    found.extend(stage.violations(After::End));
    found
}

fn killed(effort: Effort) -> Vec<Case> {
    let mut cases = vec![
        Case::new("its ffmpeg dies with it", || killed_and_restarted(SLOW, 300)),
        Case::new("its ffmpeg lives on", || killed_and_restarted(ORPHAN, 300)),
    ];
    let times = (0..20).map(|number| number * 50);
    let at_random = times.map(|after| {
        Case::new(format!("after {after} ms of an encode"), move || killed_and_restarted(SLOW, after))
    });
    cases.extend(effort.of(at_random.collect(), 2));
    cases
}

fn killed_and_restarted(does: &str, after: u64) -> Vec<Violation> {
    let (mut stage, running) = match slow_stage(does) {
        Ok(set) => set,
        Err(why) => return vec![why],
    };
    std::thread::sleep(Duration::from_millis(after));
    stage.make_honest();
    signal(running.id(), Signal::KILL);
    // The restart follows at once: the killed process may still exist.
    let restarted = stage.library.watch_once();
    drop(running);
    let mut found = Vec::new();
    if restarted.status.code() != Some(0) {
        found.push(format!("the restarted one fails:\n{restarted}"));
    }
    found.extend(stage.violations(After::Kill));
    let orphans = with_argument("ffmpeg", &stage.library.root());
    for process in orphans {
        signal(process, Signal::KILL);
    }
    found
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Gone {
    Renamed,
    /// The folder is there but empty, like the mount point of an unmounted share.
    Emptied,
}

fn vanish(library: &Library, gone: Gone) {
    fs::rename(library.root(), library.root().with_file_name("elsewhere")).unwrap();
    if gone == Gone::Emptied {
        fs::create_dir(library.root()).unwrap();
    }
}

fn come_back(library: &Library) {
    // A file that was created in the mount point of an unmounted share would be hidden by the next mount.
    let strangers: Vec<_> = fs::read_dir(library.root())
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.file_name())
        .filter(|name| name != ".av1d.lock")
        .collect();
    assert!(strangers.is_empty(), "something was written where the library was mounted: {strangers:?}");
    drop(fs::remove_dir_all(library.root()));
    fs::rename(library.root().with_file_name("elsewhere"), library.root()).unwrap();
}

fn vanishes(gone: Gone, during_the_encode: bool) -> Vec<Violation> {
    let mut found = Vec::new();
    let stage = if during_the_encode {
        let (mut stage, running) = match slow_stage("exec \"$real\" -readrate 0.4 \"$@\"") {
            Ok(set) => set,
            Err(why) => return vec![why],
        };
        // By then, ffmpeg has opened both its input and its output.
        std::thread::sleep(Duration::from_millis(600));
        vanish(&stage.library, gone);
        let run = running.wait();
        if run.status.code() != Some(1) {
            found.push(format!("that the library is gone isn't told as a failure:\n{run}"));
        }
        stage.make_honest();
        stage
    } else {
        match Stage::set(Variant::InPlace) {
            Ok(stage) => {
                vanish(&stage.library, gone);
                stage
            }
            Err(why) => return vec![why],
        }
    };
    // `av1cli` can't be started with a working folder that doesn't exist.
    let mut command = stage.watch();
    command.current_dir(stage.library.scratch());
    let without = Running::start(&mut command, b"").wait();
    if gone == Gone::Renamed && without.status.code() != Some(1) {
        found.push(format!("a missing root isn't told as a failure:\n{without}"));
    }
    if without.status.code().is_none() {
        found.push(format!("it died of a library that isn't there:\n{without}"));
    }
    come_back(&stage.library);
    found.extend(stage.violations(After::End));
    found
}
