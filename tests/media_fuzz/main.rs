//! Runs damaged films through the whole pipeline: `make fuzz-media N=300`.
//!
//! Intact films of every kind are damaged in every way, and the daemon works on them. It must end in time and never
//! panic. Afterwards, each film's file must be unchanged or, if the film still decodes without a complaint, an intact
//! result.

#![cfg(test)]

mod mutate;
mod seeds;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use av1d_tests::{Library, Signal, Snapshot, leftovers, random, say, signal, violations};
use fastrand::Rng;
use mutate::Mutation;
use seeds::Seed;
use strum::IntoEnumIterator;

/// How many films the daemon gets in one run.
const BATCH: usize = 20;
/// The longest time for a batch. It allows for a busy machine: an idle one takes about a second per film.
const TIMEOUT: Duration = Duration::from_mins(10);

/// A damaged film.
struct Case {
    name: String,
    mutation: Mutation,
    how: String,
    bytes: Vec<u8>,
}

/// The results for all films that were damaged in one way.
#[derive(Default)]
struct Row {
    films: usize,
    whole: usize,
    replaced: usize,
    violations: usize,
}

/// The figures of a whole fuzzing run.
#[derive(Default)]
struct Figures {
    rows: BTreeMap<Mutation, Row>,
    outcomes: BTreeMap<String, usize>,
    violations: Vec<String>,
}

impl Figures {
    fn say(&self) {
        say("damage   films  still whole  replaced  violations");
        for (mutation, Row { films, whole, replaced, violations }) in &self.rows {
            let mutation = mutation.to_string();
            say(&format!("{mutation:<8} {films:>5}  {whole:>11}  {replaced:>8}  {violations:>10}"));
        }
        say(&format!("outcomes: {:?}", self.outcomes));
        for violation in &self.violations {
            say(violation);
        }
    }
}

/// Runs `count` damaged films through the pipeline, or returns `None` if there is no ffmpeg.
fn fuzz(count: usize) -> Option<Figures> {
    let workshop = Library::open()?;
    let seeds = seeds::make(&workshop);
    let mut chance = random("fuzz-media");
    let mut figures = Figures::default();
    let start = Instant::now();
    let cases: Vec<Case> = (0..count).map(|number| damage(number, &seeds, &mut chance)).collect();
    for batch in cases.chunks(BATCH) {
        run(batch, &mut figures);
    }
    figures.say();
    say(&format!("{count} films, {} violations, {} s", figures.violations.len(), start.elapsed().as_secs()));
    Some(figures)
}

/// Damages the next kind of film in the next way; one in six films is damaged in two ways.
fn damage(number: usize, seeds: &[Seed], chance: &mut Rng) -> Case {
    let ways: Vec<Mutation> = Mutation::iter().collect();
    let mutation = ways[number % ways.len()];
    let seed = &seeds[(number + number / ways.len()) % seeds.len()];
    let mut bytes = seed.bytes.clone();
    let mut how = mutation.apply(&mut bytes, chance);
    if chance.u8(..6) == 0 {
        let other = chance.choice(ways).unwrap();
        how = format!("{how}, {}", other.apply(&mut bytes, chance));
    }
    Case { name: format!("{number:04}-{mutation}.{}", seed.extension), mutation, how, bytes }
}

fn run(batch: &[Case], figures: &mut Figures) {
    let mut library = Library::open().expect("it was there a moment ago");
    library.hurry();
    library.set("max_concurrent_jobs", 2);
    library.set("stall_secs", 20);
    for case in batch {
        fs::write(library.path(&case.name), &case.bytes).unwrap();
    }
    let before = Snapshot::of(&library);
    let mut found = watch(&library);
    found.extend(violations(&before, &library));
    found.extend(leftovers(&before, &library));
    for job in library.jobs() {
        let outcome = job["outcome"]["code"].as_str().unwrap_or("none").to_owned();
        *figures.outcomes.entry(outcome).or_default() += 1;
    }
    for case in batch {
        let stem = Path::new(&case.name).file_stem().unwrap().to_str().unwrap();
        let (mine, others): (Vec<_>, Vec<_>) = found.into_iter().partition(|found| found.contains(stem));
        found = others;
        let row = figures.rows.entry(case.mutation).or_default();
        row.films += 1;
        row.whole += usize::from(before.is_whole(&case.name));
        row.replaced += usize::from(!before.is_original(&library, &case.name));
        row.violations += usize::from(!mine.is_empty());
        if !mine.is_empty() {
            let kept = keep(case);
            figures.violations.push(format!("{}: {}: {}", kept.display(), case.how, mine.join("; ")));
        }
    }
    if !found.is_empty() {
        let kept: Vec<String> = batch.iter().map(|case| keep(case).display().to_string()).collect();
        figures.violations.push(format!("{}: of one of {}", found.join("; "), kept.join(", ")));
    }
}

/// Runs `watch --once`, and returns what was wrong with the run itself.
fn watch(library: &Library) -> Vec<String> {
    let mut daemon = library.start(["watch", "--once"]);
    let start = Instant::now();
    while !daemon.has_ended() && start.elapsed() < TIMEOUT {
        std::thread::sleep(Duration::from_millis(20));
    }
    let hangs = !daemon.has_ended();
    if hangs {
        signal(daemon.id(), Signal::KILL);
    }
    let run = daemon.wait();
    let mut wrong = Vec::new();
    if hangs {
        wrong.push(format!("no end within {} s: {run}", TIMEOUT.as_secs()));
    } else if !matches!(run.status.code(), Some(0 | 1)) {
        wrong.push(format!("it ended badly: {run}"));
    }
    if run.stderr.contains("panicked") || run.stderr.contains("went wrong") {
        wrong.push(format!("a panic: {run}"));
    }
    wrong
}

/// Keeps a film that led to a violation, for inspection.
fn keep(case: &Case) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("media-fuzz");
    fs::create_dir_all(&folder).unwrap();
    let path = folder.join(&case.name);
    fs::write(&path, &case.bytes).unwrap();
    path
}

#[test]
fn damaged_films_are_replaced_by_nothing_worse() {
    let Some(figures) = fuzz(BATCH) else { return };
    assert!(figures.violations.is_empty());
    assert!(figures.rows.values().any(|row| row.replaced > 0), "none got as far as a replacement");
}

#[test]
#[ignore = "as many as asked: `make fuzz-media N=300`"]
fn as_many_as_asked() {
    let count = std::env::var("AV1D_FUZZ_MEDIA").ok().and_then(|count| count.parse().ok()).unwrap_or(300);
    let Some(figures) = fuzz(count) else { return };
    assert!(figures.violations.is_empty());
}
