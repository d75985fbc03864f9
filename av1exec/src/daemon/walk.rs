//! Rounds over the library, and which queue each film goes to.
//!
//! A round first recovers unfinished jobs, then walks every root on a thread of its own. Once all walks have ended,
//! their results are handled together. The round doesn't wait for a root that hangs: its result is handled alone,
//! when it arrives.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use av1plan::SkipReason;

use super::dispatcher::{Dispatcher, Run};
use super::effect::Effect;
use super::input::{Listed, LookedAgain, Tidied, Walked};
use super::roots::RootSeen;
use super::round::Round;
use super::tasks::Doing;
use crate::library::film::Film;
use crate::library::scan::Scan;
use crate::pipeline::event::Event;
use crate::serve::status::ScanStatus;
use crate::state::index::{Next, Spent};
use crate::state::jobs::Job;
use crate::sys::waits::NAMED_AFTER;

/// How much longer at a time a round waits for a root whose disk is slow but answers.
const SLOW_ROOT: Duration = Duration::from_secs(5);

impl Dispatcher {
    /// Begins a round.
    pub(super) fn walk(&mut self) {
        self.timers.walk = None;
        if !std::mem::take(&mut self.may_be_open) {
            return self.begin_walks();
        }
        self.round = Round::Listing;
        self.put(Effect::List(self.now.here));
    }

    /// Schedules a round as soon as possible.
    pub(super) fn scan_now(&mut self) {
        self.timers.walk = Some(self.now.here);
    }

    /// Handles the list of unfinished jobs. Those that no running encode belongs to are recovered before their
    /// films are walked.
    pub(super) fn listed(&mut self, listed: Listed) {
        let Listed { began, open, put_away } = listed;
        // Jobs that are archived later ended in this run, and `Activity` has counted them.
        if self.activity.last_scan.is_none() {
            self.activity.totals.add_all(&put_away.totals);
        }
        for (path, message) in put_away.trouble {
            self.warn_once(&path, message);
        }
        let Ok(open) = open else { return self.unlisted() };
        // Recovery has to be waited for and may read whole films, so a daemon that stops starts none.
        if self.is_stopping {
            self.may_be_open = true;
            self.round = Round::Resting;
            return;
        }
        let left: Vec<Job> = open.into_iter().filter(|job| self.is_left(job, began)).collect();
        for job in left {
            // Only one job per film is recovered at a time; the next round recovers another.
            if self.tasks.begin(&job.film(), Doing::Tidy) {
                self.put(Effect::Tidy(Box::new(job)));
            } else {
                self.may_be_open = true;
            }
        }
        if self.tasks.count(Doing::Tidy) == 0 {
            return self.begin_walks();
        }
        self.round = Round::Tidying { deadline: self.now.here + NAMED_AFTER };
    }

    /// Goes on although the unfinished jobs couldn't be listed: the next round lists them again.
    pub(super) fn unlisted(&mut self) {
        self.may_be_open = true;
        self.begin_walks();
    }

    /// Whether an unfinished job was left behind: its encode isn't running, and hasn't ended since the jobs were
    /// listed.
    fn is_left(&self, job: &Job, listed: Instant) -> bool {
        let film = job.film();
        let is_ours = self.activity.running.contains_key(&job.id) || self.tasks.is_busy(&film);
        !is_ours && !self.films.was_left_since(&film, listed)
    }

    /// Handles the end of a recovery.
    pub(super) fn tidied(&mut self, tidied: &Tidied) {
        self.may_be_open |= tidied.still_open;
        self.tasks.end(&tidied.film);
        match self.round {
            Round::Tidying { .. } if self.tasks.count(Doing::Tidy) == 0 => self.begin_walks(),
            Round::Tidying { .. } => {}
            // The walk didn't wait for this recovery and skipped its film, so the library is walked again.
            _ => self.scan_now(),
        }
    }

    /// Starts to walk all roots except those whose last walk is still running.
    pub(super) fn begin_walks(&mut self) {
        self.round = Round::Resting;
        if self.is_stopping {
            return;
        }
        // Only walks that are still running may report outdated states of films.
        self.films.forget_left_before(self.tasks.oldest_walk());
        let settings = Arc::clone(&self.context.settings);
        let roots = &settings.library_roots;
        let is_inside = |root: &&PathBuf| roots.iter().any(|other| other != *root && root.starts_with(other));
        let mut missing = HashSet::new();
        let mut begun: HashSet<PathBuf> = self.tasks.walked_roots().cloned().collect();
        for root in roots.iter().filter(|root| !is_inside(root)) {
            if !begun.insert(root.clone()) {
                continue;
            }
            let (generation, began) = (self.generation, self.now.here);
            self.tasks.begin_walk(root, began);
            self.put(Effect::Walk { root: root.clone(), generation, began });
            missing.insert(root.clone());
        }
        self.round = Round::Walking { came: Vec::new(), missing, deadline: self.now.here + NAMED_AFTER };
    }

    /// Handles the end of the walk of a root.
    pub(super) fn walked(&mut self, walked: Walked) {
        let root = walked.root.clone();
        self.tasks.end_walk(&root);
        if walked.generation != self.generation {
            self.scan_now();
        } else if let Round::Walking { came, .. } = &mut self.round {
            came.push(walked);
        } else {
            return self.take_in(vec![walked]);
        }
        self.walk_ended(&root);
    }

    /// Handles a walk that panicked, which is a bug. The next walk may succeed.
    pub(super) fn walk_lost(&mut self, root: &Path) {
        self.tasks.end_walk(root);
        self.tally.summary.unreadable += 1;
        let path = self.context.settings.job_state_dir.clone();
        self.warn_once(&path, "a walk over the library went wrong".to_owned());
        self.walk_ended(root);
    }

    fn walk_ended(&mut self, root: &Path) {
        if let Round::Walking { missing, .. } = &mut self.round {
            missing.remove(root);
            if missing.is_empty() {
                self.end_round();
            }
        }
    }

    /// Handles a step of the round that has reached its deadline: the round goes on without tasks that hang.
    pub(super) fn round_is_late(&mut self) {
        let slow = self.roots_that_answer().then(|| self.now.here + SLOW_ROOT);
        match (&mut self.round, slow) {
            (Round::Tidying { .. }, _) => self.begin_walks(),
            // A root whose disk answers is waited for, however slow it is, so that films are queued in their order
            // over all roots.
            (Round::Walking { deadline, .. }, Some(slow)) => *deadline = slow,
            (Round::Walking { .. }, None) => self.end_round(),
            (Round::Resting | Round::Listing, _) => {}
        }
    }

    /// Whether any root that is being walked has a disk that answers.
    fn roots_that_answer(&self) -> bool {
        self.tasks.walked_roots().any(|root| !self.now.silent.contains_key(root))
    }

    fn end_round(&mut self) {
        let Round::Walking { came, .. } = std::mem::take(&mut self.round) else { return };
        // A user may have requested another round meanwhile.
        if self.context.run == Run::Forever && self.timers.walk.is_none() {
            self.timers.walk = Some(self.now.here + self.context.settings.scan_interval);
        }
        if !came.is_empty() {
            self.take_in(came);
        }
    }

    /// Handles the results of walks. The queues are rebuilt, so that films that are gone or changed leave them;
    /// films of roots that weren't walked stay.
    pub(super) fn take_in(&mut self, mut came: Vec<Walked>) {
        // A root is handled before the roots inside it.
        came.sort_by(|one, other| one.scan.roots.cmp(&other.scan.roots));
        self.roots.keep_only(&self.context.settings.library_roots);
        let seen = came.iter().map(|walked| (walked.root.as_path(), walked.scan.roots.as_slice())).collect();
        let others = self.roots.begin_anew(&seen);
        let gated_before = self.films.keep_only(|path| others.iter().any(|root| path.starts_with(root)));
        let took = came.iter().map(|walked| walked.took).max().unwrap_or_default();
        let mut gated = Vec::new();
        let mut found = Vec::new();
        let mut files = HashSet::new();
        for mut walked in came {
            self.report_trouble(&mut walked);
            let is_another = self.roots.is_another(&walked.root, &walked.scan.roots);
            let mut scan = if is_another { walked.scan } else { Scan::default() };
            // Two hard links to one file count as one film.
            scan.films.retain(|film| files.insert((film.identity.device, film.identity.inode)));
            let began = walked.began;
            gated.extend(scan.gated.drain(..).map(|(path, reason)| (path, reason, began)));
            self.films.present.extend(scan.films.iter().map(|film| film.path.clone()));
            self.roots.insert(walked.root, RootSeen::of(&scan));
            found.extend(scan.films.drain(..).map(|film| (film, began)));
        }
        self.films.stopped = self.roots.stopped();
        self.report_scan(took);
        self.report_gated(&gated_before, gated);
        found.sort_unstable_by(|(one, _), (other, _)| one.path.cmp(&other.path));
        for (film, began) in found {
            if !self.films.was_left_since(&film.path, began) {
                self.sort(film);
            }
        }
        self.wait_for_settling();
        self.catalog.forget_unseen(self.now.timestamp());
        self.catalog.flush();
    }

    /// Reports which parts of a root couldn't be walked, and which abandoned files were found.
    fn report_trouble(&mut self, walked: &mut Walked) {
        if let Some(reason) = walked.unlocked.take() {
            self.report_unreadable_once(walked.root.clone(), reason);
        }
        for (path, message) in std::mem::take(&mut walked.swept) {
            self.warn_once(&path, message);
        }
        for (path, reason) in &walked.scan.unreadable {
            self.report_unreadable_once(path.clone(), reason.clone());
        }
        for root in &walked.scan.empty {
            self.warn_once(root, "there is nothing in it; is it mounted?".to_owned());
        }
    }

    fn report_scan(&mut self, took: Duration) {
        let (films, unreadable) = (self.roots.films(), self.roots.unreadable());
        let passed_over = self.roots.not_entered();
        self.activity.last_scan = Some(ScanStatus {
            ended: self.now.timestamp(),
            took_ms: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
            films: u64::try_from(films).unwrap_or(u64::MAX),
            unreadable: u64::try_from(unreadable).unwrap_or(u64::MAX),
            ignored: u64::try_from(passed_over.ignored()).unwrap_or(u64::MAX),
            links: u64::try_from(passed_over.links).unwrap_or(u64::MAX),
        });
        self.tally.summary.unreadable = unreadable;
        self.publish(Event::Scanned { films, stopped: self.films.stopped.clone(), passed_over });
    }

    /// Stores which films a cheap gate stops, and reports those that it didn't stop before.
    fn report_gated(
        &mut self,
        before: &HashMap<PathBuf, &'static str>,
        gated: Vec<(PathBuf, SkipReason, Instant)>,
    ) {
        for (path, reason, began) in gated {
            let code = reason.code();
            let is_ours = self.tasks.is_busy(&path) || self.films.was_left_since(&path, began);
            if !is_ours && before.get(&path) != Some(&code) {
                self.publish(Event::Skipped { path: path.clone(), reason });
            }
            self.films.gated.insert(path, code);
        }
    }

    /// Puts a film into the right queue.
    pub(super) fn sort(&mut self, film: Film) {
        if self.tasks.is_busy(&film.path) {
            return;
        }
        let (wait, moment) = (self.context.settings.stable, self.moment());
        match self.catalog.see(&film, &self.fingerprint, wait, moment) {
            Next::Settle => drop(self.films.settling.insert(film.path.clone(), film)),
            Next::Probe => self.films.to_probe.push(film),
            Next::Plan => self.films.to_plan.push_back(film),
            Next::Encode => self.films.to_encode.push(film),
            // Films that were tried before, or that this run has counted, aren't counted as skipped.
            Next::Wait(_) | Next::Nothing
                if self.catalog.spent(&film.path) != Spent::default()
                    || self.tally.has_counted(&film.path) => {}
            Next::Wait(_) | Next::Nothing => self.roots.pass_over(&film),
        }
    }

    fn wait_for_settling(&mut self) {
        let wait = self.context.settings.stable;
        let (films, first) = (self.films.settling.len(), !self.films.is_settling);
        self.films.is_settling = films > 0 || self.tasks.count(Doing::Look) > 0;
        self.timers.look = (films > 0).then(|| self.now.here + wait);
        if films > 0 && first && self.activity.running.is_empty() {
            self.publish(Event::Settling { films, wait });
        }
    }

    /// Checks only the films that have to be stable, those of each root on a thread of its own.
    pub(super) fn look_again(&mut self) {
        self.timers.look = None;
        let mut by_root: HashMap<Arc<Path>, Vec<Film>> = HashMap::new();
        for (path, film) in std::mem::take(&mut self.films.settling) {
            if self.tasks.begin(&path, Doing::Look) {
                by_root.entry(Arc::clone(&film.root)).or_default().push(film);
            }
        }
        for (_, films) in by_root {
            self.put(Effect::Look(films, self.generation));
        }
    }

    /// Handles a check of films that have to be stable.
    pub(super) fn looked(&mut self, looked: LookedAgain) {
        let LookedAgain { generation, films } = looked;
        for (path, now) in films {
            self.tasks.end(&path);
            if let Some(now) = now.filter(|_| generation == self.generation) {
                self.sort(now);
                // The file is still changing. One pass doesn't wait a second time.
                if self.context.run == Run::OnePass {
                    self.films.settling.remove(&path);
                }
            }
        }
        self.wait_for_settling();
        self.catalog.flush();
    }
}
