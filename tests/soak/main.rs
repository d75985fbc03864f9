//! Kills the daemon with -9 again and again, and checks that no film is lost: `make soak MINUTES=10`.
//!
//! Half of the kills come when a result is about to replace its film: that takes some thousandths of a second, which a
//! random moment would hardly ever hit. A quarter come soon after the start, when the daemon cleans up, and the rest at
//! random moments. After each kill, every film is checked with none of the product's code. Finished films are put back,
//! so that there is always work.

#![cfg(test)]

mod cast;

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::time::{Duration, Instant};

use av1d_tests::{
    Library, Running, Signal, Snapshot, leftovers, random, say, signal, violations, wait_until, with_argument,
};
use cast::{AGE, Cast, finished, open_jobs, unfinished};

/// The figures of a soak test.
#[derive(Default)]
struct Figures {
    kills: usize,
    replaced: usize,
    /// Kills by the step that the job was in; `idle` is a kill between two jobs.
    steps: BTreeMap<String, usize>,
    violations: Vec<String>,
}

impl Figures {
    fn text(&self, time: Duration) -> String {
        let mut text = format!(
            "{} kills, {} replacements, {} s, {} violations; killed while",
            self.kills,
            self.replaced,
            time.as_secs(),
            self.violations.len()
        );
        for (step, kills) in &self.steps {
            write!(text, " {step}: {kills}").unwrap();
        }
        text
    }
}

/// Kills daemons for `time`, or until there were `most` kills; then lets one daemon finish its work. Returns `None` if
/// there is no ffmpeg.
fn soak(time: Duration, most: usize) -> Option<Figures> {
    let mut library = Library::open()?;
    library.hurry();
    library.set("scan_interval_secs", 1);
    library.set("max_concurrent_jobs", 2);
    let mut chance = random("soak");
    let cast = Cast::gather(&library);
    let before = Snapshot::of(&library);
    let (start, mut said) = (Instant::now(), Instant::now());
    let mut figures = Figures::default();
    while start.elapsed() < time && figures.kills < most {
        kill_one(&library, &mut chance, &mut figures);
        check(&library, &before, &mut figures);
        let done = finished(&library, &before);
        // Puts films back when more than three are done, and sometimes earlier.
        if done.len() > 3 || chance.u8(..4) == 0 {
            for film in done {
                figures.replaced += usize::from(!before.is_original(&library, film));
                cast.put_back(&library, film);
            }
        }
        if said.elapsed() > Duration::from_mins(1) {
            said = Instant::now();
            say(&figures.text(start.elapsed()));
        }
    }
    figures.violations.extend(converge(&library, &before));
    say(&figures.text(start.elapsed()));
    Some(figures)
}

/// Starts the daemon, and kills it.
fn kill_one(library: &Library, chance: &mut fastrand::Rng, figures: &mut Figures) {
    let mut daemon = library.start(["watch"]);
    let start = Instant::now();
    match chance.u8(..4) {
        0 | 1 => {
            while !is_about_to_replace(library) && start.elapsed() < Duration::from_secs(10) {
                std::thread::sleep(Duration::from_millis(1));
            }
            std::thread::sleep(Duration::from_micros(chance.u64(0..15_000)));
        }
        // While the daemon scans the library, and cleans up after the previous kill.
        2 => std::thread::sleep(Duration::from_millis(chance.u64(0..500))),
        _ => std::thread::sleep(Duration::from_millis(chance.u64(0..3000))),
    }
    if daemon.has_ended() {
        figures.violations.push(format!("the daemon ended by itself: {}", daemon.wait()));
        return;
    }
    signal(daemon.id(), Signal::KILL);
    figures.kills += 1;
    ends_well(daemon, figures);
    let children =
        || with_argument("ffmpeg", &library.root()).len() + with_argument("ffprobe", &library.root()).len();
    let killed = Instant::now();
    while children() > 0 {
        if killed.elapsed() > Duration::from_secs(15) {
            figures.violations.push("an ffmpeg outlives its daemon by 15 s".to_owned());
            wait_until("the ffmpeg that outlived its daemon ends", || children() == 0);
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    let steps: Vec<String> = open_jobs(library).into_iter().map(|job| job.step).collect();
    // Two jobs may run at once; the one that was further counts.
    let step =
        ["replaced", "done", "commit", "running"].iter().find(|step| steps.iter().any(|open| open == *step));
    *figures.steps.entry(step.map_or("idle", |step| *step).to_owned()).or_default() += 1;
}

/// Whether a temporary result has its film's times already: it gets them last, before the step `commit`.
fn is_about_to_replace(library: &Library) -> bool {
    let old = |path: &std::path::Path| {
        let modified = fs::metadata(path).and_then(|found| found.modified()).ok();
        modified.and_then(|time| time.elapsed().ok()).is_some_and(|age| age > AGE / 2)
    };
    library.files().iter().any(|name| name.ends_with(".av1tmp") && old(&library.path(name)))
}

fn ends_well(daemon: Running, figures: &mut Figures) {
    let run = daemon.wait();
    if run.stderr.contains("panicked") || run.stderr.contains("went wrong") {
        figures.violations.push(format!("a panic: {run}"));
    }
}

fn check(library: &Library, before: &Snapshot, figures: &mut Figures) {
    for found in violations(before, library) {
        let told = format!("after kill {}: {found}", figures.kills);
        say(&told);
        figures.violations.push(told);
    }
}

/// Checks that undisturbed daemons finish everything and leave nothing behind, and that one more run changes nothing.
fn converge(library: &Library, before: &Snapshot) -> Vec<String> {
    let mut wrong = Vec::new();
    library.watch_once();
    library.watch_once();
    wrong.extend(violations(before, library));
    wrong.extend(leftovers(before, library));
    let left = unfinished(library, before);
    wrong.extend(left.into_iter().map(|film| format!("{film}: not at its end after two runs")));
    let (files, jobs) = (library.files(), library.jobs().len());
    let run = library.watch_once();
    if (library.files(), library.jobs().len()) != (files, jobs) {
        wrong.push(format!("a run with nothing to do did something: {run}"));
    }
    for found in &wrong {
        say(&format!("at the end: {found}"));
    }
    wrong
}

#[test]
fn a_daemon_that_is_killed_at_random_loses_nothing() {
    let Some(figures) = soak(Duration::from_secs(20), 10) else { return };
    assert_eq!(figures.violations, [] as [String; 0]);
    assert!(figures.kills > 2, "{}", figures.text(Duration::ZERO));
}

#[test]
#[ignore = "as long as asked: `make soak MINUTES=10`"]
fn as_long_as_asked() {
    let minutes = std::env::var("AV1D_SOAK_MINUTES").ok().and_then(|minutes| minutes.parse().ok());
    let time = Duration::from_mins(minutes.unwrap_or(10));
    let Some(figures) = soak(time, usize::MAX) else { return };
    assert!(figures.violations.is_empty(), "{:#?}", figures.violations);
}
