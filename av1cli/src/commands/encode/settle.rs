//! Waits until films hold still: a film that is still being copied isn't worked on. The films are watched all at once,
//! and each is worked on as soon as it is ready.

use std::sync::Arc;
use std::time::{Duration, Instant};

use av1exec::library::film::Film;
use av1exec::library::stable::Settling;
use av1exec::pipeline::Pipeline;
use av1exec::pipeline::event::Event;
use av1exec::settings::Settings;
use av1exec::sys::failure::{Exit, Failure};
use av1exec::sys::sanitize::display;
use av1plan::explain::Seconds;
use av1plan::plan::Gate;
use av1plan::probe::Stability;

use super::look_at_all;

/// How long a film may keep changing before it is given up. Copies that take longer belong to the daemon, which waits
/// for as long as it runs.
const PATIENCE: Duration = Duration::from_mins(10);

/// How often a user is told that a film keeps changing.
const REMINDER: Duration = Duration::from_mins(1);

/// The longest time between two looks at a film.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// What to do about a film after a look at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// Go on watching it.
    Wait,
    /// Tell the user that it keeps changing, and go on watching it.
    Remind,
    /// Work on it.
    Begin,
    /// Give it up: it keeps changing.
    GiveUp,
}

/// The times that decide about a film which isn't stable yet.
#[derive(Debug, Clone, Copy)]
struct Watch {
    /// When the wait for it began.
    began: Instant,
    /// When the user was last told about it.
    told: Instant,
    /// Since when it has been unchanged.
    unchanged: Instant,
}

impl Watch {
    fn next(self, stability: Stability, now: Instant) -> Step {
        match stability {
            Stability::Stable => Step::Begin,
            _ if self.unchanged.duration_since(self.began) >= PATIENCE => Step::GiveUp,
            // A film that holds still is ready soon; only one that has changed since the last word is worth another.
            _ if now.duration_since(self.told) >= REMINDER && self.unchanged > self.told => Step::Remind,
            _ => Step::Wait,
        }
    }
}

/// Films that aren't ready yet.
#[derive(Debug)]
pub(super) struct Waiting {
    films: Vec<Waited>,
    settling: Settling,
    /// Whether the user was told that there are films to wait for.
    has_said: bool,
    /// Since when nothing is watched, because a film is worked on.
    away_since: Option<Instant>,
    settings: Arc<Settings>,
}

/// A film that isn't ready yet.
#[derive(Debug)]
struct Waited {
    film: Film,
    /// When the wait for it began.
    began: Instant,
    /// When the user was last told about it.
    told: Instant,
}

/// A film that needs no more waiting: it is stable, or another gate stops it, or it was given up.
#[derive(Debug)]
pub(super) struct Ready {
    pub(super) film: Film,
    pub(super) stability: Stability,
}

impl Ready {
    /// Returns the error if the film was given up.
    pub(super) fn failure(&self) -> Option<Failure> {
        (self.stability != Stability::Stable).then(|| {
            let time = Seconds::from(PATIENCE);
            let text = format!("{} has kept changing for {time}, and is given up", display(&self.film.path));
            Failure::new(Exit::Failed, text)
                .hint("encode it once it is complete; `--ignore not-stable` doesn't wait, and `watch` waits for ever")
        })
    }
}

impl Waiting {
    pub(super) fn new(films: Vec<Film>, settings: &Arc<Settings>) -> Self {
        let (now, mut settling) = (Instant::now(), Settling::default());
        for film in &films {
            settling.observe(&film.path, film.identity, now, settings.stable);
        }
        let films = films.into_iter().map(|film| Waited { film, began: now, told: now }).collect();
        Self { films, settling, has_said: false, away_since: None, settings: Arc::clone(settings) }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.films.is_empty()
    }

    /// Watches the films until at least one of them is ready, and returns those that are. Returns none if the program
    /// is asked to stop.
    pub(super) async fn next(&mut self, pipeline: &Pipeline) -> Vec<Ready> {
        self.come_back(Instant::now());
        let ready = self.watch(pipeline).await;
        self.away_since = Some(Instant::now());
        ready
    }

    /// Takes the time during which nothing was watched off the films' patience: nobody knows how often they changed.
    fn come_back(&mut self, now: Instant) {
        let away = self.away_since.take().map(|since| now.duration_since(since)).unwrap_or_default();
        for waited in &mut self.films {
            waited.began += away;
            waited.told += away;
        }
    }

    async fn watch(&mut self, pipeline: &Pipeline) -> Vec<Ready> {
        let mut stop = pipeline.stop.clone();
        loop {
            let paths = self.films.iter().map(|waited| waited.film.path.clone()).collect();
            let looked = look_at_all(paths, pipeline).await;
            if stop.is_asked() {
                return Vec::new();
            }
            // A film that can't be looked at any more is passed on as it was: the attempt says what is wrong.
            let mut ready = Vec::new();
            for (waited, looked) in std::mem::take(&mut self.films).into_iter().zip(looked) {
                let Ok(film) = looked else {
                    ready.push(Ready { film: waited.film, stability: Stability::Stable });
                    continue;
                };
                let mut waited = Waited { film, ..waited };
                match self.see(&mut waited, pipeline) {
                    Step::Begin => ready.push(Ready { film: waited.film, stability: Stability::Stable }),
                    Step::GiveUp => ready.push(Ready { film: waited.film, stability: Stability::Settling }),
                    Step::Wait | Step::Remind => self.films.push(waited),
                }
            }
            if !ready.is_empty() || self.films.is_empty() {
                return ready;
            }
            if !std::mem::replace(&mut self.has_said, true) {
                let wait = self.settings.stable;
                pipeline.events.send(Event::Settling { films: self.films.len(), wait });
            }
            tokio::select! {
                () = tokio::time::sleep(self.pause(Instant::now())) => {}
                () = stop.asked() => return Vec::new(),
            }
        }
    }

    /// Decides about a film as it looks now, and tells the user if it keeps changing.
    fn see(&mut self, waited: &mut Waited, pipeline: &Pipeline) -> Step {
        let Waited { film, began, told } = waited;
        let (policy, now) = (&self.settings.policy, Instant::now());
        // A film that another gate stops isn't waited for, so that the other gate is named as the reason.
        let is_stopped = av1plan::before_probe(&film.facts(Stability::Stable), policy).is_some();
        if is_stopped || policy.ignore.contains(&Gate::NotStable) {
            return Step::Begin;
        }
        let wait = self.settings.stable;
        let stability = self.settling.observe(&film.path, film.identity, now, wait);
        let unchanged = self.settling.unchanged_since(&film.path).unwrap_or(now);
        let step = Watch { began: *began, told: *told, unchanged }.next(stability, now);
        if step == Step::Remind {
            let message = format!(
                "it has kept changing for {}; it is waited for until it holds still for {}, and given up after {}",
                Seconds::from(now.duration_since(*began)),
                Seconds::from(wait),
                Seconds::from(PATIENCE)
            );
            pipeline.events.send(Event::Warning { path: film.path.clone(), message });
            *told = now;
        }
        step
    }

    /// How long to wait before the next look: until a film may be ready, but not too long, so that changes are noticed.
    fn pause(&self, now: Instant) -> Duration {
        let unchanged =
            self.films.iter().filter_map(|waited| self.settling.unchanged_since(&waited.film.path));
        let left = unchanged.map(|since| (since + self.settings.stable).saturating_duration_since(now));
        left.min().unwrap_or_default().min(LONGEST_PAUSE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_film_is_waited_for_while_it_changes_but_not_for_ever() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let next = |told, unchanged, stability, now| {
            Watch { began: start, told: at(told), unchanged: at(unchanged) }.next(stability, at(now))
        };
        #[rustfmt::skip]
        let table = [
            (0, 0, Stability::Settling, 5, Step::Wait),
            (0, 0, Stability::Stable, 10, Step::Begin),
            (0, 59, Stability::Settling, 59, Step::Wait),
            (0, 59, Stability::Settling, 60, Step::Remind),
            (60, 119, Stability::Settling, 119, Step::Wait),
            (60, 119, Stability::Settling, 120, Step::Remind),
            // It holds still, for a `stable_secs` of hours.
            (0, 0, Stability::Settling, 7000, Step::Wait),
            (60, 50, Stability::Settling, 7000, Step::Wait),
            (540, 599, Stability::Settling, 599, Step::Wait),
            (540, 600, Stability::Settling, 600, Step::GiveUp),
            (540, 599, Stability::Stable, 700, Step::Begin),
        ];
        for (told, unchanged, stability, now, step) in table {
            assert_eq!(next(told, unchanged, stability, now), step, "{told} {unchanged} {now}");
        }
    }

    #[test]
    fn the_time_in_which_another_film_is_encoded_costs_no_patience() {
        let folder = tempfile::tempdir().unwrap();
        let (path, settings) = (folder.path().join("B.mkv"), Arc::new(Settings::default()));
        std::fs::write(&path, "x").unwrap();
        let film = Film::look(&path, &folder.path().into(), &settings.policy).unwrap();
        let mut waiting = Waiting::new(vec![film], &settings);
        let began = waiting.films[0].began;
        waiting.away_since = Some(began + Duration::from_secs(5));
        // It was copied to its end in the meantime.
        let back = began + Duration::from_hours(2);
        waiting.come_back(back);
        let Waited { began, told, .. } = waiting.films[0];
        let step = Watch { began, told, unchanged: back }.next(Stability::Settling, back);
        assert_eq!(step, Step::Wait);
        waiting.come_back(back);
        assert_eq!(waiting.films[0].began, began, "counted once");
    }
}
