//! A dispatcher for tests, with a clock that the test moves, and words for what it wants done.

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

/// A film that every encoder likes.
const PROBE: &[u8] = include_bytes!("../../../../tests/data/probes/mkv-h264-ac3.json");

/// A dispatcher at a moment.
pub(super) struct Scene {
    pub(super) dispatcher: Dispatcher,
    began: (Zoned, Instant),
    /// How long ago that was.
    pub(super) passed: Duration,
    /// Paths whose disk doesn't answer.
    pub(super) hanging: Vec<PathBuf>,
    /// What is to be done and isn't yet.
    pub(super) effects: Vec<Effect>,
    /// What was told.
    pub(super) published: Vec<Event>,
}

/// Settings with these roots, under which any file is large enough.
pub(super) fn settings(roots: &[&str]) -> Settings {
    Settings {
        library_roots: roots.iter().map(PathBuf::from).collect(),
        job_state_dir: "/state".into(),
        policy: Config { min_bytes: 0, ..Config::default() },
        ..Settings::default()
    }
}

/// A film of so many bytes; its folder is its root.
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

/// What ffprobe says of every film.
pub(super) fn text() -> ProbeText {
    ProbeText { probe: PROBE.to_vec(), frame: None }
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

    /// A daemon that was just started and whose library has these films, which have held still.
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

    /// Gives an input. What is only told, published or written is done at once.
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

    /// Lets time pass; the daemon is told of it whenever it asked to be.
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

    /// What is to be done, in words; it counts as begun from now on.
    pub(super) fn wants(&mut self) -> Vec<String> {
        self.effects.iter().map(words).collect()
    }

    /// Takes the effects of this kind away, since the test answers them.
    pub(super) fn take(&mut self, kind: &str) -> Vec<Effect> {
        let (taken, rest) =
            std::mem::take(&mut self.effects).into_iter().partition(|effect| words(effect).starts_with(kind));
        self.effects = rest;
        taken
    }

    /// Answers that these jobs are open.
    pub(super) fn list(&mut self, open: &[Job]) {
        for effect in self.take("list") {
            let Effect::List(began) = effect else { unreachable!() };
            let open = open.to_vec();
            self.give(Input::Listed(Listed { began, open: Ok(open), put_away: PutAway::default() }));
        }
    }

    /// Answers that jobs were tidied up.
    pub(super) fn tidy(&mut self) {
        for effect in self.take("tidy") {
            let Effect::Tidy(job) = effect else { unreachable!() };
            self.give(Input::Tidied(Tidied { film: job.film(), still_open: false }));
        }
    }

    /// Answers each walk that was wanted with those of the films that are in its root.
    pub(super) fn walk_all(&mut self, films: &[Film]) {
        for effect in self.take("walk") {
            self.give(Input::Walked(walked(effect, films)));
        }
    }

    /// Lets films hold still, and has them looked at.
    pub(super) fn settle(&mut self, films: &[Film]) {
        self.pass(self.dispatcher.context.settings.stable);
        self.look(films);
    }

    /// Answers looks: films that are in the list look like there, others are gone.
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

    /// Answers what ffprobe says, of all that was asked.
    pub(super) fn probe(&mut self) {
        while let Some(effect) = self.take_first("probe") {
            let Effect::Probe(film, generation) = effect else { unreachable!() };
            let probe = MediaProbe::from_json(PROBE).unwrap();
            self.give(Input::Probed(Probed { film, generation, result: Ok((text(), probe)) }));
        }
    }

    /// Answers what ffprobe had said before.
    pub(super) fn read(&mut self) {
        while let Some(effect) = self.take_first("read") {
            let Effect::Read(films, generation) = effect else { unreachable!() };
            let films = films.into_iter().map(|film| (film, Some(text()))).collect();
            self.give(Input::Read(Texts { generation, films }));
        }
    }

    /// Takes the first effect of this kind away.
    pub(super) fn take_first(&mut self, kind: &str) -> Option<Effect> {
        let place = self.effects.iter().position(|effect| words(effect).starts_with(kind))?;
        Some(self.effects.remove(place))
    }

    /// Tells that an encode runs, and by which job.
    pub(super) fn started(&mut self, film: &Film, job: &str) {
        let document = include_bytes!("../../../../av1plan/tests/data/plan-1.0.json");
        let document = av1plan::wire::Document::from_json(document).unwrap();
        let av1plan::Verdict::Encode(plan) = document.verdict().unwrap() else { unreachable!() };
        let plan = Box::new((*plan).clone());
        self.give(Input::Event(Event::Started { job: job.to_owned(), path: film.path.clone(), plan }));
    }

    /// Answers the encode that is wanted or runs, by its film, with how it ended.
    pub(super) fn encoded(&mut self, film: &Film, by: ConfigVersion, outcome: Outcome) {
        let now = Some(Box::new(film.clone()));
        self.give(Input::Encoded(Encoded { film: film.clone(), by, end: End::Attempt { outcome, now } }));
    }

    /// Takes the encode that is wanted.
    pub(super) fn encode(&mut self) -> Option<(Film, ConfigVersion)> {
        let Effect::Encode(film, by) = self.take_first("encode")? else { unreachable!() };
        Some((film, by))
    }

    /// The codes of the events that were told, each once.
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

/// What a walk finds of these films.
pub(super) fn walked(walk: Effect, films: &[Film]) -> Walked {
    let Effect::Walk { root, generation, began } = walk else { unreachable!() };
    let found = films.iter().filter(|film| film.path.starts_with(&root)).cloned().collect();
    let scan = Scan { roots: vec![root.clone()], films: found, ..Scan::default() };
    Walked { root, generation, began, scan, took: Duration::ZERO, unlocked: None, swept: Vec::new() }
}

/// An effect in words.
fn words(effect: &Effect) -> String {
    let paths = |films: &[Film]| {
        let paths: Vec<String> = films.iter().map(|film| film.path.display().to_string()).collect();
        paths.join(" ")
    };
    match effect {
        Effect::PublishEvent(_) | Effect::PublishStatus(_) | Effect::Write(_) | Effect::Reply(..) => {
            "tell".to_owned()
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
