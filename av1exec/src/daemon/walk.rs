//! Walks over the library, and where what they find belongs.
//!
//! A round first tidies up after jobs that were left open, then walks every root on a thread of its own, and is taken in as
//! a whole once all have come. A root that hangs isn't waited for: it is taken in when it comes, by itself.

use std::collections::{HashMap, HashSet};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use av1plan::SkipReason;
use av1plan::probe::Stability;
use jiff::Timestamp;
use tokio::task::{Id, JoinError, JoinHandle, JoinSet};

use super::catalog::Moment;
use super::roots::RootSeen;
use super::{Daemon, Run};
use crate::library::film::Film;
use crate::library::leftovers::{Fate, clock_beside, sweep};
use crate::library::scan::{Scan, scan};
use crate::pipeline::PutAway;
use crate::pipeline::event::{Event, Events};
use crate::replace::recover::{Action, tidy};
use crate::serve::status::ScanStatus;
use crate::settings::Settings;
use crate::state::index::Next;
use crate::state::jobs::{Job, JobStore};
use crate::sys::lock::Locks;
use crate::sys::path::path_of;
use crate::sys::waits::{Care, NAMED_AFTER, Wait};

/// A round over the library, and what is left of earlier ones.
#[derive(Debug, Default)]
pub(super) struct Round {
    step: Step,
    /// Until when a step waits for what hangs.
    pub(super) patience: Option<Instant>,
    pub(super) listing: Option<JoinHandle<Listed>>,
    pub(super) tidying: JoinSet<Tidied>,
    /// One for each root. One that hangs stays, and its root is not walked anew meanwhile.
    pub(super) walks: JoinSet<Walked>,
    walked_by: HashMap<Id, UnderWay>,
    tidied_by: HashMap<Id, PathBuf>,
}

/// A root that is being walked, as the config has it.
#[derive(Debug)]
struct UnderWay {
    root: PathBuf,
    began: Instant,
}

#[derive(Debug, Default)]
enum Step {
    #[default]
    Resting,
    Listing,
    Tidying,
    /// What came so far, and which walks of this round haven't.
    Walking(Vec<Walked>, HashSet<Id>),
}

impl Round {
    /// Whether another one may begin.
    pub(super) fn is_resting(&self) -> bool {
        matches!(self.step, Step::Resting)
    }

    /// Whether nothing of it is under way, hanging walks included.
    pub(super) fn is_over(&self) -> bool {
        self.is_resting() && self.walks.is_empty() && self.tidying.is_empty()
    }

    /// What came so far goes by a config that holds no more. Which jobs are open depends on none, so that their listing goes on, and
    /// the walks after it.
    pub(super) fn give_up(&mut self) {
        if !matches!(self.step, Step::Listing) {
            self.rest();
        }
    }

    /// No step is waited for any more.
    fn rest(&mut self) {
        (self.step, self.patience) = (Step::Resting, None);
    }

    /// When the walk began that has been under way the longest.
    fn oldest_walk(&self) -> Option<Instant> {
        self.walked_by.values().map(|walk| walk.began).min()
    }

    /// The roots that are being walked.
    fn walked_roots(&self) -> impl Iterator<Item = &PathBuf> {
        self.walked_by.values().map(|walk| &walk.root)
    }
}

/// A root that was walked.
#[derive(Debug)]
pub(super) struct Walked {
    /// As the config has it.
    root: PathBuf,
    /// By which config.
    generation: u64,
    /// What became of films before is older than what it found.
    began: Instant,
    scan: Scan,
    took: Duration,
    /// Why it can't be worked in.
    unlocked: Option<String>,
    /// What became of hidden files that nobody answers for.
    swept: Vec<(PathBuf, String)>,
}

/// A job that was left open and was looked at.
#[derive(Debug)]
pub(super) struct Tidied {
    film: PathBuf,
    still_open: bool,
}

/// What was found of the jobs before a round.
#[derive(Debug)]
pub(super) struct Listed {
    began: Instant,
    /// Those that haven't ended.
    open: io::Result<Vec<Job>>,
    /// What putting the others away came to.
    put_away: PutAway,
}

/// Tidies up after a job that was left open: a share may have come back since.
fn tidy_open(listed: &Job, jobs: &JobStore, settings: &Settings, events: &Events, wait: &Wait) -> Tidied {
    let answered = || wait.answered();
    let film = listed.film();
    // It was listed a while ago, and may have ended since: what it was then must not be written over that.
    let job = match jobs.get(&listed.id) {
        Ok(job) if job.outcome.is_some() => return Tidied { film, still_open: false },
        Ok(job) => job,
        // It was taken away, or can't be read now; the next listing knows.
        Err(_) => return Tidied { film, still_open: true },
    };
    let seen = tidy(job.clone(), jobs, settings.keep_original, true, &answered);
    let still_open = seen.actions == [Action::LeaveAlone];
    if !still_open {
        let tidied = tidy(job, jobs, settings.keep_original, false, &answered);
        events.recovered(tidied);
    }
    Tidied { film, still_open }
}

/// Locks a root and walks it, if no other av1d works on it: one that was mounted meanwhile may be taken.
fn walk_root(
    root: PathBuf,
    generation: u64,
    began: Instant,
    (locks, jobs, settings): (&Locks, &JobStore, &Settings),
    wait: &Wait,
) -> Walked {
    let mut walked = Walked {
        root,
        generation,
        began,
        scan: Scan::default(),
        took: Duration::ZERO,
        unlocked: None,
        swept: Vec::new(),
    };
    if let Err(error) = locks.extend(&walked.root) {
        walked.unlocked = Some(error.to_string());
        return walked;
    }
    walked.scan = scan(std::slice::from_ref(&walked.root), &settings.policy, &|| wait.answered());
    walked.took = began.elapsed();
    walked.swept = sweep_all(&walked.scan.hidden, jobs, wait);
    walked
}

/// Deletes temporary files that nobody answers for any more, and says which.
fn sweep_all(hidden: &[PathBuf], jobs: &JobStore, wait: &Wait) -> Vec<(PathBuf, String)> {
    let mut swept = Vec::new();
    if hidden.is_empty() {
        return swept;
    }
    // After the walk, so that each job is known whose file it saw. As long as one job can't be read, nobody knows which
    // files it counts on.
    let Some(known) = jobs.unfinished().ok().filter(|known| known.unread.is_empty()) else { return swept };
    let journaled: Vec<PathBuf> = known.jobs.iter().map(|job| path_of(&job.temporary)).collect();
    for path in hidden {
        let fate = sweep(path, &journaled, Timestamp::now(), clock_beside);
        wait.answered();
        let message = match fate {
            Ok(Fate::Keep) => continue,
            // Its job ended since the walk saw it.
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            Ok(Fate::Delete) => "an abandoned temporary file; it was deleted".to_owned(),
            Ok(Fate::Report) => {
                "an old result whose film is gone; it is kept, and may be all that is left of it".to_owned()
            }
            Err(error) => format!("an abandoned temporary file that can't be deleted: {error}"),
        };
        swept.push((path.clone(), message));
    }
    swept
}

impl Daemon {
    /// Begins a round.
    pub(super) fn walk(&mut self) {
        self.next_walk = None;
        if !std::mem::take(&mut self.may_be_open) {
            return self.begin_walks();
        }
        let (pipeline, wait, began) = (self.pipeline.clone(), self.wait_for_state(), Instant::now());
        self.round.step = Step::Listing;
        self.round.listing = Some(tokio::task::spawn_blocking(move || {
            let put_away = pipeline.fold_finished_jobs(&|| wait.answered());
            Listed { began, open: pipeline.jobs.unfinished().map(|unfinished| unfinished.jobs), put_away }
        }));
    }

    /// Takes in which jobs haven't ended. Those that nobody works on are tidied up, before their films are looked at.
    pub(super) fn listed(&mut self, listed: Option<Listed>) {
        let (began, open, put_away) = match listed {
            Some(Listed { began, open, put_away }) => (Some(began), open.ok(), put_away),
            None => (None, None, PutAway::default()),
        };
        // Later ones are of this run, and counted already.
        if self.activity.last_scan.is_none() {
            self.activity.totals.add_all(&put_away.totals);
        }
        for (path, message) in put_away.trouble {
            self.warn_once(&path, message);
        }
        let Some((began, open)) = began.zip(open) else {
            self.may_be_open = true;
            return self.begin_walks();
        };
        // Tidying up is waited for, and may read whole films: one that is to stop begins with none.
        if self.pipeline.stop.is_asked() {
            self.may_be_open = true;
            return self.round.rest();
        }
        let is_left = |job: &Job| {
            let film = job.film();
            let is_ours = self.activity.running.contains_key(&job.id) || self.busy.contains_key(&film);
            !is_ours && !self.was_left_since(&film, began)
        };
        let left: Vec<Job> = open.into_iter().filter(is_left).collect();
        for job in left {
            let film = job.film();
            // One job of a film at a time; another one is next round's.
            if self.busy.insert(film.clone(), None).is_some() {
                self.may_be_open = true;
                continue;
            }
            let (jobs, events) = (self.pipeline.jobs.clone(), self.pipeline.events.clone());
            let (settings, wait) =
                (Arc::clone(&self.pipeline.settings), self.pipeline.waits.begin(&film, Care::Finish));
            let task =
                self.round.tidying.spawn_blocking(move || tidy_open(&job, &jobs, &settings, &events, &wait));
            self.round.tidied_by.insert(task.id(), film);
        }
        if self.round.tidying.is_empty() {
            return self.begin_walks();
        }
        self.round.step = Step::Tidying;
        self.round.patience = Some(Instant::now() + NAMED_AFTER);
    }

    /// Takes in what became of a job that was left open.
    pub(super) fn tidied(&mut self, tidied: Result<(Id, Tidied), JoinError>) {
        let (id, still_open) = match &tidied {
            Ok((id, tidied)) => (*id, tidied.still_open),
            Err(error) => (error.id(), true),
        };
        let film = self.round.tidied_by.remove(&id);
        self.may_be_open |= still_open;
        for film in film.into_iter().chain(tidied.ok().map(|(_, tidied)| tidied.film)) {
            self.busy.remove(&film);
        }
        match self.round.step {
            Step::Tidying if self.round.tidying.is_empty() => self.begin_walks(),
            Step::Tidying => {}
            // Its film was passed over by the walk that didn't wait for it.
            _ => self.scan_now(),
        }
    }

    /// Walks all roots whose last walk has come back.
    fn begin_walks(&mut self) {
        self.round.rest();
        if self.pipeline.stop.is_asked() {
            return;
        }
        // Only walks that are under way still may have seen a film as it was before.
        let oldest = self.round.oldest_walk();
        self.left.retain(|_, left| oldest.is_some_and(|oldest| *left >= oldest));
        let roots = &self.pipeline.settings.library_roots;
        let is_inside = |root: &&PathBuf| roots.iter().any(|other| other != *root && root.starts_with(other));
        let mut missing = HashSet::new();
        let mut begun: HashSet<PathBuf> = self.round.walked_roots().cloned().collect();
        for root in roots.iter().filter(|root| !is_inside(root)) {
            if !begun.insert(root.clone()) {
                continue;
            }
            let (root, path) = (root.clone(), root.clone());
            let (locks, jobs) = (Arc::clone(&self.pipeline.locks), self.pipeline.jobs.clone());
            let (settings, generation) = (Arc::clone(&self.pipeline.settings), self.generation);
            let (wait, began) = (self.pipeline.waits.begin(&root, Care::Free), Instant::now());
            let walk = move || walk_root(path, generation, began, (&locks, &jobs, &settings), &wait);
            let task = self.round.walks.spawn_blocking(walk);
            self.round.walked_by.insert(task.id(), UnderWay { root, began });
            missing.insert(task.id());
        }
        self.round.step = Step::Walking(Vec::new(), missing);
        self.round.patience = Some(Instant::now() + NAMED_AFTER);
    }

    /// Takes in that the walk of a root ended.
    pub(super) fn root_walked(&mut self, walked: Result<(Id, Walked), JoinError>, run: Run) {
        let id = walked.as_ref().map_or_else(JoinError::id, |(id, _)| *id);
        self.round.walked_by.remove(&id);
        match walked {
            Ok((_, walked)) if walked.generation != self.generation => self.scan_now(),
            Ok((_, walked)) => match &mut self.round.step {
                Step::Walking(came, _) => came.push(walked),
                _ => return self.take_in(vec![walked]),
            },
            // A walk that panicked is a defect of ours; the next one may do better.
            Err(_) => {
                self.summary.unreadable += 1;
                let path = self.pipeline.settings.job_state_dir.clone();
                self.warn_once(&path, "a walk over the library went wrong".to_owned());
            }
        }
        if let Step::Walking(_, missing) = &mut self.round.step {
            missing.remove(&id);
            if missing.is_empty() {
                self.end_round(run);
            }
        }
    }

    /// A step has lasted for long enough: it goes on without what hangs.
    pub(super) fn round_is_late(&mut self, run: Run) {
        self.round.patience = None;
        match &self.round.step {
            Step::Tidying => self.begin_walks(),
            // One whose disk answers, however slowly, is waited for: films are taken in the order of the whole.
            Step::Walking(..) if self.roots_that_answer() => {
                self.round.patience = Some(Instant::now() + Duration::from_secs(5));
            }
            Step::Walking(..) => self.end_round(run),
            Step::Resting | Step::Listing => {}
        }
    }

    /// Whether a root is walked at this moment whose disk answers.
    fn roots_that_answer(&self) -> bool {
        let hang = self.pipeline.waits.longer_than(Duration::from_secs(20));
        self.round.walked_roots().any(|root| !hang.contains_key(root))
    }

    fn end_round(&mut self, run: Run) {
        let Step::Walking(came, _) = std::mem::take(&mut self.round.step) else { return };
        self.round.patience = None;
        // Somebody may have asked for another one meanwhile.
        if run == Run::Forever && self.next_walk.is_none() {
            self.next_walk = Some(Instant::now() + self.pipeline.settings.scan_interval);
        }
        if !came.is_empty() {
            self.take_in(came);
        }
    }

    /// Takes in what walks found. The queues are filled anew, so that what went away or changed isn't in them; but for the
    /// films of all other roots, of which nothing new is known.
    fn take_in(&mut self, mut came: Vec<Walked>) {
        // A root before those inside it.
        came.sort_by(|one, other| one.scan.roots.cmp(&other.scan.roots));
        self.roots.keep_only(&self.pipeline.settings.library_roots);
        let seen = came.iter().map(|walked| (walked.root.as_path(), walked.scan.roots.as_slice())).collect();
        let others = self.roots.begin_anew(&seen);
        let is_kept = |path: &Path| others.iter().any(|root| path.starts_with(root));
        self.to_plan.retain(|film| is_kept(&film.path));
        self.to_probe.retain(|film| is_kept(&film.path));
        self.to_encode.retain(|film| is_kept(&film.path));
        self.settling.retain(|path, _| is_kept(path));
        self.present.retain(|path| is_kept(path));
        let gated_before = std::mem::take(&mut self.gated);
        self.gated = gated_before
            .iter()
            .filter(|(path, _)| is_kept(path))
            .map(|(path, code)| (path.clone(), *code))
            .collect();
        let took = came.iter().map(|walked| walked.took).max().unwrap_or_default();
        let mut gated = Vec::new();
        let mut found = Vec::new();
        let mut files = HashSet::new();
        for mut walked in came {
            if let Some(reason) = walked.unlocked.take() {
                self.name_once(walked.root.clone(), reason);
            }
            for (path, message) in std::mem::take(&mut walked.swept) {
                self.warn_once(&path, message);
            }
            for (path, reason) in &walked.scan.unreadable {
                self.name_once(path.clone(), reason.clone());
            }
            for root in &walked.scan.empty {
                self.warn_once(root, "there is nothing in it; is it mounted?".to_owned());
            }
            let is_another = self.roots.is_another(&walked.root, &walked.scan.roots);
            let mut scan = if is_another { walked.scan } else { Scan::default() };
            // One file by two names is one film.
            scan.films.retain(|film| files.insert((film.identity.device, film.identity.inode)));
            let began = walked.began;
            gated.extend(scan.gated.drain(..).map(|(path, reason)| (path, reason, began)));
            self.present.extend(scan.films.iter().map(|film| film.path.clone()));
            self.roots.insert(walked.root, RootSeen::of(&scan));
            found.extend(scan.films.drain(..).map(|film| (film, began)));
        }
        self.stopped = self.roots.stopped();
        self.tell_scan(took);
        self.tell_gated(&gated_before, gated);
        found.sort_unstable_by(|(one, _), (other, _)| one.path.cmp(&other.path));
        for (film, began) in found {
            if !self.was_left_since(&film.path, began) {
                self.sort(film);
            }
        }
        self.wait_for_settling();
        self.catalog.forget_unseen(Timestamp::now());
        self.catalog.flush();
    }

    fn tell_scan(&mut self, took: Duration) {
        let (films, unreadable) = (self.roots.films(), self.roots.unreadable());
        self.activity.last_scan = Some(ScanStatus {
            ended: Timestamp::now(),
            took_ms: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
            films: u64::try_from(films).unwrap_or(u64::MAX),
            unreadable: u64::try_from(unreadable).unwrap_or(u64::MAX),
        });
        self.summary.unreadable = unreadable;
        self.tell(Event::Scanned { films, stopped: self.stopped.clone() });
    }

    /// Takes in which films a cheap gate stops, and tells of those that it didn't stop before.
    fn tell_gated(
        &mut self,
        before: &HashMap<PathBuf, &'static str>,
        gated: Vec<(PathBuf, SkipReason, Instant)>,
    ) {
        for (path, reason, began) in gated {
            let code = reason.code();
            let is_ours = self.busy.contains_key(&path) || self.was_left_since(&path, began);
            if !is_ours && before.get(&path) != Some(&code) {
                self.tell(Event::Skipped { path: path.clone(), reason });
            }
            self.gated.insert(path, code);
        }
    }

    /// Whether something was done with a film after a look at it had begun, so that what the look says is old.
    fn was_left_since(&self, film: &Path, began: Instant) -> bool {
        self.left.get(film).is_some_and(|left| *left >= began)
    }

    /// Puts a film where it belongs.
    fn sort(&mut self, film: Film) {
        if self.busy.contains_key(&film.path) {
            return;
        }
        let wait = self.pipeline.settings.stable;
        match self.catalog.see(&film, &self.fingerprint, wait, Moment::now()) {
            Next::Settle => drop(self.settling.insert(film.path.clone(), film)),
            Next::Probe => self.to_probe.push(film),
            Next::Plan => self.to_plan.push_back(film),
            Next::Encode => self.to_encode.push(film),
            // What failed before isn't counted again.
            Next::Wait(_) | Next::Nothing
                if self.catalog.failures(&film.path) > 0 || self.counted.contains(&film.path) => {}
            Next::Wait(_) | Next::Nothing => self.roots.pass_over(&film),
        }
    }

    fn wait_for_settling(&mut self) {
        let wait = self.pipeline.settings.stable;
        let first = !self.is_settling;
        self.is_settling = !(self.settling.is_empty() && self.looking.is_empty());
        self.next_look = (!self.settling.is_empty()).then(|| Instant::now() + wait);
        if self.next_look.is_some() && first && self.activity.running.is_empty() {
            self.tell(Event::Settling { films: self.settling.len(), wait });
        }
    }

    /// Looks again at the films that are to hold still, and only at them: those of each root on a thread of its own.
    pub(super) fn look_again(&mut self) {
        self.next_look = None;
        let mut by_root: HashMap<Arc<Path>, Vec<Film>> = HashMap::new();
        for (path, film) in std::mem::take(&mut self.settling) {
            self.busy.insert(path, None);
            by_root.entry(Arc::clone(&film.root)).or_default().push(film);
        }
        for (root, films) in by_root {
            let (settings, generation) = (Arc::clone(&self.pipeline.settings), self.generation);
            let wait = self.pipeline.waits.begin(&root, Care::Free);
            let paths = films.iter().map(|film| film.path.clone()).collect();
            let task = self.looking.spawn_blocking(move || {
                let look = |film: Film| {
                    let now = Film::look(&film.path, &film.root, &settings.policy).ok();
                    wait.answered();
                    let is_stopped = |now: &Film| {
                        av1plan::before_probe(&now.facts(Stability::Stable), &settings.policy).is_some()
                    };
                    (film.path, now.filter(|now| !is_stopped(now)))
                };
                (generation, films.into_iter().map(look).collect())
            });
            self.looked_at.insert(task.id(), paths);
        }
    }

    /// Takes in how films look that were to hold still.
    pub(super) fn looked_again(&mut self, looked: Result<(Id, Looked), JoinError>, run: Run) {
        let id = looked.as_ref().map_or_else(JoinError::id, |(id, _)| *id);
        for path in self.looked_at.remove(&id).unwrap_or_default() {
            self.busy.remove(&path);
        }
        // A look that panicked is a defect of ours; the next walk finds its films.
        let Ok((_, (generation, looked))) = looked else { return self.scan_now() };
        for (path, now) in looked {
            if let Some(now) = now.filter(|_| generation == self.generation) {
                self.sort(now);
                // Still moving: the next pass will see.
                if run == Run::OnePass {
                    self.settling.remove(&path);
                }
            }
        }
        self.wait_for_settling();
        self.catalog.flush();
    }
}

/// Films that were to hold still, by which config they were looked at, and how they look; nothing where one is gone or
/// stopped by a gate.
pub(super) type Looked = (u64, Vec<(PathBuf, Option<Film>)>);

#[cfg(test)]
mod tests;
