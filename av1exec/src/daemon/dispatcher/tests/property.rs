//! Properties that hold for any sequence of inputs: no film is worked on twice at once, no limit is exceeded, and a
//! stop ends all work.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::PathBuf;

use proptest::prelude::*;
use tokio::sync::oneshot;

use super::super::scene::walked;
use super::*;
use crate::daemon::input::{CarriedOut, Explained, Texts, Tidied};
use crate::daemon::signal::UserSignal;
use crate::library::film::Film;
use crate::serve::control::protocol::Request;
use crate::serve::control::server::Call;
use crate::settings::concurrency::Concurrency;
use crate::state::jobs::test_job;
use crate::sys::path::path_document;

/// A random step of the test.
#[derive(Debug, Clone, Copy)]
enum Happening {
    /// This many seconds pass.
    Time(u16),
    /// One of the running tasks ends; `how` selects its result.
    Ends { which: usize, how: u8 },
    /// A user sends a request.
    Asks(u8),
    /// A film has this size from now on, or is gone.
    Film(u8, Option<u16>),
    /// A root hangs, or all roots answer.
    Hangs(u8),
}

fn happening() -> impl Strategy<Value = Happening> {
    prop_oneof![
        3 => (0_u16..1_000).prop_map(Happening::Time),
        8 => (any::<usize>(), any::<u8>()).prop_map(|(which, how)| Happening::Ends { which, how }),
        2 => (0_u8..8).prop_map(Happening::Asks),
        2 => (0_u8..6, any::<Option<u16>>()).prop_map(|(film, size)| Happening::Film(film, size)),
        1 => (0_u8..3).prop_map(Happening::Hangs),
    ]
}

/// The surroundings of a daemon: the films on the disks, and the running tasks.
struct World {
    scene: Scene,
    disk: BTreeMap<PathBuf, Film>,
    limit: usize,
    /// Whether a disk has ever hung. An encode whose disk hangs doesn't count towards the limit but continues when
    /// the disk answers, so that the limit may be exceeded from then on.
    has_hung: bool,
}

const ROOTS: [&str; 2] = ["/a", "/b"];

impl World {
    fn new(run: Run, limit: usize) -> Self {
        let max_concurrent_jobs = Concurrency::Fixed(NonZeroUsize::new(limit).unwrap());
        let settings = Settings { max_concurrent_jobs, ..settings(&ROOTS) };
        let mut world =
            Self { scene: Scene::new(run, settings), disk: BTreeMap::new(), limit, has_hung: false };
        for number in 0..4 {
            world.put(number, Some(100 + u16::from(number)));
        }
        world
    }

    fn put(&mut self, number: u8, size: Option<u16>) {
        let root = ROOTS[usize::from(number) % 2];
        let path = format!("{root}/{number}.mkv");
        match size {
            Some(size) => drop(self.disk.insert(path.clone().into(), film(&path, size.into()))),
            None => drop(self.disk.remove(&PathBuf::from(path))),
        }
    }

    fn films(&self) -> Vec<Film> {
        self.disk.values().cloned().collect()
    }

    /// Asserts the properties for the running tasks.
    fn check(&self) {
        let mut busy: Vec<PathBuf> = Vec::new();
        let mut encodes = 0;
        let mut walks = Vec::new();
        for effect in &self.scene.effects {
            match effect {
                Effect::Probe(film, _) => busy.push(film.path.clone()),
                Effect::Encode(film, _) => {
                    encodes += 1;
                    busy.push(film.path.clone());
                }
                Effect::Explain(refused, _) => busy.push(refused.film.path.clone()),
                Effect::Look(films, _) | Effect::Read(films, _) => {
                    busy.extend(films.iter().map(|film| film.path.clone()));
                }
                Effect::Tidy(job) => busy.push(job.film()),
                Effect::Walk { root, .. } => walks.push(root.clone()),
                _ => {}
            }
        }
        let mut once = busy.clone();
        once.sort();
        once.dedup();
        assert_eq!(once.len(), busy.len(), "a film is worked on twice at once: {busy:?}");
        let roots = walks.len();
        walks.sort();
        walks.dedup();
        assert_eq!(walks.len(), roots, "a root is walked twice at once");
        assert!(self.has_hung || encodes <= self.limit, "{encodes} encodes, {} may run", self.limit);
    }

    /// How many tasks run that do more than read.
    fn working(&self) -> usize {
        let works =
            |effect: &&Effect| matches!(effect, Effect::Probe(..) | Effect::Encode(..) | Effect::Tidy(_));
        self.scene.effects.iter().filter(works).count()
    }

    fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::Time(seconds) => self.scene.pass(Duration::from_secs(seconds.into())),
            Happening::Ends { which, how } => self.end(which, how),
            Happening::Asks(what) => self.ask(what),
            Happening::Film(number, size) => self.put(number, size),
            Happening::Hangs(root) => {
                self.has_hung = true;
                self.scene.hanging = ROOTS.get(usize::from(root)).map(PathBuf::from).into_iter().collect();
                self.scene.give(Input::Tick);
            }
        }
        self.check();
    }

    fn ask(&mut self, what: u8) {
        let request = match what {
            0 => Request::Pause,
            1 => Request::Resume,
            2 => Request::Scan,
            3 => Request::Skip(path_document(Path::new("/a"))),
            4 => Request::Retry(path_document(Path::new("/b/1.mkv"))),
            5 => Request::Status,
            6 => return self.scene.give(Input::Signal(UserSignal::Reload)),
            _ => return self.scene.give(Input::Signal(UserSignal::Scan)),
        };
        let (reply, _answer) = oneshot::channel();
        self.scene.give(Input::Called(Call { request, reply }));
    }

    /// Ends a running task.
    fn end(&mut self, which: usize, how: u8) {
        if self.scene.effects.is_empty() {
            return;
        }
        let place = which % self.scene.effects.len();
        let effect = self.scene.effects.remove(place);
        let films = self.films();
        let lost = |task| Input::Lost { task, reason: Some("a defect".to_owned()) };
        let is_lost = how % 16 == 15;
        let input = match effect {
            Effect::Probe(film, _) if is_lost => lost(Task::Film(film.path, Doing::Probe)),
            Effect::Probe(film, generation) => {
                let probe = av1plan::MediaProbe::from_json(&text().probe).unwrap();
                let result = match how % 3 {
                    0 => Err(Outcome::Unreadable { reason: "no film".to_owned() }),
                    _ => Ok((text(), probe)),
                };
                Input::Probed(Probed { film, generation, result })
            }
            Effect::Read(films, _) if is_lost => {
                lost(Task::Read(films.into_iter().map(|film| film.path).collect()))
            }
            Effect::Read(films, generation) => {
                let films =
                    films.into_iter().map(|film| (film, (!how.is_multiple_of(4)).then(text))).collect();
                Input::Read(Texts { generation, films })
            }
            Effect::Encode(film, _) if is_lost => lost(Task::Film(film.path, Doing::Encode)),
            Effect::Encode(film, by) => {
                let outcome = match how % 5 {
                    0 => Outcome::Stalled { seconds: 1 },
                    1 => Outcome::TooBig { before: 2, after: 2, limit: 1 },
                    2 => Outcome::SourceChanged,
                    3 => {
                        let end = End::StateDiskFull;
                        return self.scene.give(Input::Encoded(Encoded { film, by, end }));
                    }
                    _ => Outcome::Replaced { path: film.path.clone(), before: 2, after: 1 },
                };
                let now = self.disk.get(&film.path).cloned().map(Box::new);
                Input::Encoded(Encoded { film, by, end: End::Attempt { outcome, now } })
            }
            Effect::Explain(refused, generation) => {
                let super::super::super::input::Refused { film, reason, .. } = *refused;
                Input::Explained(Explained { film, reason, generation })
            }
            Effect::Look(looked, _) if is_lost => {
                lost(Task::Look(looked.into_iter().map(|film| film.path).collect()))
            }
            Effect::Look(..) => {
                self.scene.effects.push(effect);
                return self.scene.look(&films);
            }
            Effect::List(_) if how.is_multiple_of(2) => {
                self.scene.effects.push(effect);
                let job = |id: &str, film: &str| test_job(&format!("20261126-120000-00000{id}"), film);
                return self.scene.list(&[job("1", "/a/0.mkv"), job("2", "/a/0.mkv"), job("3", "/b/1.mkv")]);
            }
            Effect::List(_) if is_lost => lost(Task::List),
            Effect::List(_) => {
                self.scene.effects.push(effect);
                return self.scene.list(&[]);
            }
            Effect::Tidy(job) => {
                Input::Tidied(Tidied { film: job.film(), still_open: how.is_multiple_of(2) })
            }
            Effect::Walk { root, .. } if is_lost => lost(Task::Walk(root)),
            walk @ Effect::Walk { .. } => Input::Walked(walked(walk, &films)),
            Effect::CarryOut(change, path, reply) => {
                Input::CarriedOut(CarriedOut { change, path, said: Ok(None), reply })
            }
            Effect::Reload => {
                let mut settings = (*self.scene.dispatcher.context.settings).clone();
                settings.policy.min_bytes = u64::from(how % 2);
                Input::Reloaded(Box::new(Ok(settings)))
            }
            Effect::Cancel(film) => {
                let running = self
                    .scene
                    .effects
                    .iter()
                    .position(|effect| matches!(effect, Effect::Encode(other, _) if other.path == film));
                let Some(Effect::Encode(film, by)) = running.map(|place| self.scene.effects.remove(place))
                else {
                    return;
                };
                let end = End::Attempt { outcome: Outcome::Cancelled, now: None };
                Input::Encoded(Encoded { film, by, end })
            }
            Effect::PublishEvent(_)
            | Effect::Reply(..)
            | Effect::PublishStatus(_)
            | Effect::Hold(_)
            | Effect::ReadMachine
            | Effect::Write(_)
            | Effect::AbortProbes
            | Effect::TakeOver(_) => return,
        };
        self.scene.give(input);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn no_film_is_worked_on_twice_no_limit_is_exceeded_and_a_stop_ends_all(
        happenings in prop::collection::vec(happening(), 1..200),
        limit in 1_usize..4,
        forever in any::<bool>(),
        hangs in any::<bool>(),
    ) {
        let run = if forever { Run::Forever } else { Run::OnePass };
        let mut world = World::new(run, limit);
        let may = |happening: &Happening| hangs || !matches!(happening, Happening::Hangs(_));
        for happening in happenings.into_iter().filter(may) {
            world.happen(happening);
        }
        let mut working = world.working();
        world.scene.give(Input::Stop);
        // Tasks end; no new task starts that does more than read.
        for _ in 0..1_000 {
            prop_assert!(world.working() <= working, "{:?}", world.scene.wants());
            working = world.working();
            if world.scene.dispatcher.is_done() {
                break;
            }
            world.end(0, 0);
            world.check();
        }
        prop_assert!(world.scene.dispatcher.is_done(), "{:?}", world.scene.wants());
        let begun = world.scene.effects.iter().any(|effect| matches!(effect, Effect::Encode(..) | Effect::Tidy(_)));
        prop_assert!(!begun, "{:?}", world.scene.wants());
    }
}

#[test]
fn the_world_encodes_all_its_films_where_nothing_goes_wrong() {
    let mut world = World::new(Run::OnePass, 2);
    let mut rounds = 0;
    while !world.scene.dispatcher.is_done() {
        rounds += 1;
        assert!(rounds < 1_000, "{:?}", world.scene.wants());
        let next = Happening::Ends { which: 0, how: 29 };
        world.happen(if world.scene.effects.is_empty() { Happening::Time(5) } else { next });
    }
    assert_eq!(world.scene.dispatcher.summary().replaced, 4);
}
