//! A dispatcher for tests, with a clock that the test sets, and its effects as short strings.

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use av1plan::probe::{ProbeText, Protection};
use av1plan::{Config, MediaProbe, Toolchain};
use jiff::Zoned;

use super::super::activity::Activity;
use super::super::catalog::Catalog;
use super::super::effect::Effect;
use super::super::input::{
    ConfigVersion, Encoded, End, Input, Listed, LookedAgain, Now, Probed, Texts, Tidied, Walked,
};
use super::{Context, Dispatcher, Run};
use crate::library::film::Film;
use crate::library::scan::Scan;
use crate::pipeline::PutAway;
use crate::pipeline::event::Event;
use crate::settings::Settings;
use crate::state::jobs::Job;
use crate::state::outcome::Outcome;
use crate::sys::disk::Identity;

/// ffprobe output of a film that is encoded.
const PROBE: &[u8] = include_bytes!("../../../../tests/data/probes/mkv-h264-ac3.json");

/// A dispatcher, its clock, and its effects.
pub(super) struct Scene {
    pub(super) dispatcher: Dispatcher,
    began: (Zoned, Instant),
    /// The time since `began`.
    pub(super) passed: Duration,
    /// Paths whose disk doesn't answer.
    pub(super) hanging: Vec<PathBuf>,
    /// Effects that the test hasn't answered.
    pub(super) effects: Vec<Effect>,
    /// Events that were published.
    pub(super) published: Vec<Event>,
}

/// Settings with these roots and without a minimum size.
pub(super) fn settings(roots: &[&str]) -> Settings {
    Settings {
        library_roots: roots.iter().map(PathBuf::from).collect(),
        job_state_dir: "/state".into(),
        policy: Config::default().with_min_bytes(0),
        ..Settings::default()
    }
}

/// A film of `size` bytes, whose root is its folder.
pub(super) fn film(path: &str, size: u64) -> Film {
    let path = PathBuf::from(path);
    let inode =
        path.to_str().unwrap().bytes().fold(0_u64, |sum, byte| sum * 31 % 1_000_003 + u64::from(byte));
    Film {
        root: path.parent().unwrap().into(),
        path,
        identity: Identity { device: 1, inode, size, modified_ns: 7, changed_ns: 0, links: 1 },
        marker: None,
        protection: Protection::None,
        target_exists: false,
        backup_exists: false,
    }
}

/// The ffprobe output of every film.
pub(super) fn text() -> ProbeText {
    ProbeText::new(PROBE.to_vec())
}

impl Scene {
    /// A daemon that was just started.
    pub(super) fn new(run: Run, settings: Settings) -> Self {
        let wall: Zoned = "2026-11-26T12:00:00[UTC]".parse().unwrap();
        let began = (wall, Instant::now());
        let context = Context {
            settings: Arc::new(settings),
            toolchain: Toolchain::assumed(),
            run,
            started: began.0.timestamp(),
            cores: std::num::NonZeroUsize::MIN,
        };
        let mut scene = Self {
            dispatcher: Dispatcher::new(
                context,
                Catalog::new(BTreeMap::new()),
                Activity::default(),
                moment(&began, Duration::ZERO, &[]),
            ),
            began,
            passed: Duration::ZERO,
            hanging: Vec::new(),
            effects: Vec::new(),
            published: Vec::new(),
        };
        scene.give(Input::Tick);
        scene
    }

    /// A daemon that was just started and has found these films stable.
    pub(super) fn with(run: Run, settings: Settings, films: &[Film]) -> Self {
        let mut scene = Self::new(run, settings);
        scene.list(&[]);
        scene.walk_all(films);
        scene.settle(films);
        scene
    }

    pub(super) fn now(&self) -> Now {
        moment(&self.began, self.passed, &self.hanging)
    }

    /// Handles an input. Events, replies and writes are completed at once; other effects are kept for the test.
    pub(super) fn give(&mut self, input: Input) {
        let mut inputs = VecDeque::from([input]);
        while let Some(input) = inputs.pop_front() {
            let now = self.now();
            for effect in self.dispatcher.handle(input, now) {
                match effect {
                    Effect::PublishEvent(event) => self.published.push(event),
                    Effect::PublishStatus(_) => {}
                    Effect::Write(write) => inputs.push_back(Input::Written(Some((vec![write], Ok(()))))),
                    Effect::Reply(to, reply) => drop(to.send(reply)),
                    effect => self.effects.push(effect),
                }
            }
        }
    }

    /// Advances the clock, and gives a tick whenever one is due.
    pub(super) fn pass(&mut self, time: Duration) {
        let end = self.passed + time;
        loop {
            let next = self.dispatcher.next_tick().map(|at| at.saturating_duration_since(self.began.1));
            match next.filter(|next| *next <= end) {
                Some(next) => self.passed = self.passed.max(next),
                None => break,
            }
            self.give(Input::Tick);
        }
        self.passed = end;
        self.give(Input::Tick);
    }

    /// The effects that the test hasn't answered, as strings.
    pub(super) fn wants(&mut self) -> Vec<String> {
        self.effects.iter().map(words).collect()
    }

    /// Removes and returns the effects whose string starts with `kind`, for the test to answer.
    pub(super) fn take(&mut self, kind: &str) -> Vec<Effect> {
        let (taken, rest) =
            std::mem::take(&mut self.effects).into_iter().partition(|effect| words(effect).starts_with(kind));
        self.effects = rest;
        taken
    }

    /// Answers the listing of jobs: these are unfinished.
    pub(super) fn list(&mut self, open: &[Job]) {
        for effect in self.take("list") {
            let Effect::List(began) = effect else { unreachable!() };
            let open = open.to_vec();
            self.give(Input::Listed(Listed { began, open: Ok(open), put_away: PutAway::default() }));
        }
    }

    /// Answers all recoveries of jobs.
    pub(super) fn tidy(&mut self) {
        for effect in self.take("tidy") {
            let Effect::Tidy(job) = effect else { unreachable!() };
            self.give(Input::Tidied(Tidied { film: job.film(), still_open: false }));
        }
    }

    /// Answers all walks: each finds those of the films that are in its root.
    pub(super) fn walk_all(&mut self, films: &[Film]) {
        for effect in self.take("walk") {
            self.give(Input::Walked(walked(effect, films)));
        }
    }

    /// Waits until films are due to be stable, and answers the check.
    pub(super) fn settle(&mut self, films: &[Film]) {
        self.pass(self.dispatcher.context.settings.stable);
        self.look(films);
    }

    /// Answers all checks of films: those in the list are as given there, others are gone.
    pub(super) fn look(&mut self, films: &[Film]) {
        for effect in self.take("look") {
            let Effect::Look(looked, generation) = effect else { unreachable!() };
            let now = |film: Film| {
                let found = films.iter().find(|other| other.path == film.path).cloned();
                (film.path, found)
            };
            self.give(Input::LookedAgain(LookedAgain {
                generation,
                films: looked.into_iter().map(now).collect(),
            }));
        }
    }

    /// Answers all probes.
    pub(super) fn probe(&mut self) {
        while let Some(effect) = self.take_first("probe") {
            let Effect::Probe(film, generation) = effect else { unreachable!() };
            let probe = MediaProbe::from_json(PROBE).unwrap();
            self.give(Input::Probed(Probed { film, generation, result: Ok((text(), probe)) }));
        }
    }

    /// Answers all reads of stored ffprobe output.
    pub(super) fn read(&mut self) {
        while let Some(effect) = self.take_first("read") {
            let Effect::Read(films, generation) = effect else { unreachable!() };
            let films = films.into_iter().map(|film| (film, Some(text()))).collect();
            self.give(Input::Read(Texts { generation, films }));
        }
    }

    /// Removes and returns the first effect whose string starts with `kind`.
    pub(super) fn take_first(&mut self, kind: &str) -> Option<Effect> {
        let place = self.effects.iter().position(|effect| words(effect).starts_with(kind))?;
        Some(self.effects.remove(place))
    }

    /// Gives the event that the encode of a film has started as a job.
    pub(super) fn started(&mut self, film: &Film, job: &str) {
        let document = include_bytes!("../../../../av1plan/tests/data/plan-1.0.json");
        let document = av1plan::wire::Document::from_json(document).unwrap();
        let av1plan::Verdict::Encode(plan) = document.verdict().unwrap() else { unreachable!() };
        let plan = Box::new((*plan).clone());
        self.give(Input::Event(Event::Started { job: job.to_owned(), path: film.path.clone(), plan }));
    }

    /// Answers the encode of a film with its outcome.
    pub(super) fn encoded(&mut self, film: &Film, by: ConfigVersion, outcome: Outcome) {
        let now = Some(Box::new(film.clone()));
        self.give(Input::Encoded(Encoded { film: film.clone(), by, end: End::Attempt { outcome, now } }));
    }

    /// Removes and returns the first effect that starts an encode.
    pub(super) fn encode(&mut self) -> Option<(Film, ConfigVersion)> {
        let Effect::Encode(film, by) = self.take_first("encode")? else { unreachable!() };
        Some((film, by))
    }

    /// The films that were reported as skipped.
    pub(super) fn skipped(&self) -> HashSet<&Path> {
        let skipped = self.published.iter().filter_map(|event| match event {
            Event::Skipped { path, .. } => Some(path.as_path()),
            _ => None,
        });
        skipped.collect()
    }
}

fn moment((wall, here): &(Zoned, Instant), passed: Duration, hanging: &[PathBuf]) -> Now {
    let hanging: BTreeMap<PathBuf, Duration> =
        hanging.iter().map(|path| (path.clone(), Duration::from_mins(1))).collect();
    Now {
        wall: wall + passed,
        here: *here + passed,
        is_waiting: !hanging.is_empty(),
        silent: hanging.clone(),
        hanging,
    }
}

/// Answers a walk with those of the films that are in its root.
pub(super) fn walked(walk: Effect, films: &[Film]) -> Walked {
    let Effect::Walk { root, generation, began } = walk else { unreachable!() };
    let found = films.iter().filter(|film| film.path.starts_with(&root)).cloned().collect();
    let scan = Scan { roots: vec![root.clone()], films: found, ..Scan::default() };
    Walked { root, generation, began, scan, took: Duration::ZERO, unlocked: None, swept: Vec::new() }
}

/// An effect as a string.
fn words(effect: &Effect) -> String {
    let paths = |films: &[Film]| {
        let paths: Vec<String> = films.iter().map(|film| film.path.display().to_string()).collect();
        paths.join(" ")
    };
    match effect {
        Effect::PublishEvent(_) | Effect::PublishStatus(_) | Effect::Write(_) | Effect::Reply(..) => {
            "publish".to_owned()
        }
        Effect::Hold(true) => "hold".to_owned(),
        Effect::Hold(false) => "go on".to_owned(),
        Effect::ReadMachine => "machine".to_owned(),
        Effect::Read(films, _) => format!("read {}", paths(films)),
        Effect::Probe(film, _) => format!("probe {}", film.path.display()),
        Effect::AbortProbes => "abort probes".to_owned(),
        Effect::Explain(refused, _) => format!("explain {}", refused.film.path.display()),
        Effect::Look(films, _) => format!("look {}", paths(films)),
        Effect::Encode(film, _) => format!("encode {}", film.path.display()),
        Effect::Cancel(film) => format!("cancel {}", film.display()),
        Effect::List(_) => "list".to_owned(),
        Effect::Tidy(job) => format!("tidy {}", job.film().display()),
        Effect::Walk { root, .. } => format!("walk {}", root.display()),
        Effect::CarryOut(change, path, _) => format!("carry out {change:?} {}", path.display()),
        Effect::Reload => "reload".to_owned(),
        Effect::TakeOver(_) => "take over".to_owned(),
    }
}
