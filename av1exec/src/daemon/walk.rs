//! Walks over the library, and where what they find belongs.

use std::collections::HashMap;
use std::io::ErrorKind;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use av1plan::SkipReason;
use av1plan::gates::{self, Stability};
use jiff::Timestamp;

use super::library::Moment;
use super::{Daemon, Run};
use crate::event::{Event, Events};
use crate::index::Next;
use crate::jobs::{JobStore, path_of};
use crate::leftovers::{Fate, sweep};
use crate::pipeline::PutAway;
use crate::recover::{Action, tidy};
use crate::scan::{Film, Scan, scan};
use crate::settings::Settings;
use crate::status::ScanStatus;

/// A walk that ended.
#[derive(Debug, Default)]
pub(super) struct Walked {
    scan: Scan,
    took: Duration,
    /// Whether a job is still open that nobody works on.
    still_open: bool,
    /// What putting finished jobs away came to.
    put_away: PutAway,
}

/// Tidies up after jobs that were left open: a share may have come back since. Says whether one still is.
fn tidy_open(jobs: &JobStore, running: &[String], settings: &Settings, events: &Events) -> bool {
    let open = jobs.unfinished().unwrap_or_default().jobs.into_iter();
    let open: Vec<_> = open.filter(|job| !running.contains(&job.id)).collect();
    let mut still_open = false;
    for job in open {
        let seen = tidy(job.clone(), jobs, settings.keep_original, true, events);
        if seen.actions == [Action::LeaveAlone] {
            still_open = true;
        } else {
            events.send(Event::Recovered(tidy(job, jobs, settings.keep_original, false, events)));
        }
    }
    still_open
}

impl Daemon {
    pub(super) fn walk(&mut self) {
        let (roots, settings) = (self.workable_roots(), Arc::clone(&self.pipeline.settings));
        self.next_walk = None;
        self.left.clear();
        let open_jobs = std::mem::take(&mut self.may_be_open).then(|| self.pipeline.jobs.clone());
        let running: Vec<String> = self.board.running.keys().cloned().collect();
        let pipeline = self.pipeline.clone();
        self.walking = Some(tokio::task::spawn_blocking(move || {
            let put_away = pipeline.fold_finished_jobs();
            let began = Instant::now();
            let still_open =
                open_jobs.is_some_and(|jobs| tidy_open(&jobs, &running, &settings, &pipeline.events));
            let scan = scan(&roots, &settings.policy);
            Walked { scan, took: began.elapsed(), still_open, put_away }
        }));
    }

    /// The roots that no other av1d works on: one that was mounted meanwhile may be taken.
    fn workable_roots(&mut self) -> Vec<PathBuf> {
        let mut workable = Vec::new();
        for root in self.pipeline.settings.library_roots.clone() {
            match self.pipeline.locks.extend(&root) {
                Ok(()) => workable.push(root),
                Err(error) => self.name_once(root, error.to_string()),
            }
        }
        workable
    }

    /// Takes in what a walk found. The queues are filled anew, so that what went away or changed isn't in them.
    pub(super) fn walked(&mut self, walked: Option<Walked>, run: Run) {
        let Some(Walked { scan, took, still_open, put_away }) = walked else {
            // A walk that panicked is a defect of ours; the next one may do better.
            self.summary.unreadable += 1;
            let path = self.pipeline.settings.job_state_dir.clone();
            return self.warn_once(&path, "a walk over the library went wrong".to_owned());
        };
        self.may_be_open |= still_open;
        // Later ones are of this run, and counted already.
        if self.board.last_scan.is_none() {
            self.board.totals.add_all(&put_away.totals);
        }
        for (path, message) in put_away.trouble {
            self.warn_once(&path, message);
        }
        // Somebody may have asked for another one meanwhile.
        if run == Run::Forever && self.next_walk.is_none() {
            self.next_walk = Some(Instant::now() + self.pipeline.settings.scan_interval);
        }
        self.tell_scan(&scan, took);
        self.sweep(&scan.hidden);
        self.to_plan.clear();
        self.to_probe.clear();
        self.to_encode.clear();
        self.settling.clear();
        self.passed_over = scan.stopped.values().sum();
        self.present = scan.films.iter().map(|film| film.path.clone()).collect();
        self.stopped = scan.stopped;
        for film in scan.films {
            self.sort(film);
        }
        self.wait_for_settling();
        if let Err(error) = self.library.forget_unseen(Timestamp::now()) {
            self.index_failed(&error);
        }
        self.flush();
    }

    fn tell_scan(&mut self, scan: &Scan, took: Duration) {
        let films = scan.count();
        self.board.last_scan = Some(ScanStatus {
            ended: Timestamp::now(),
            took_ms: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
            films: u64::try_from(films).unwrap_or(u64::MAX),
            unreadable: u64::try_from(scan.unreadable.len()).unwrap_or(u64::MAX),
        });
        self.tell(Event::Scanned { films, stopped: scan.stopped.clone() });
        self.summary.unreadable = scan.unreadable.len();
        for (path, reason) in &scan.unreadable {
            self.name_once(path.clone(), reason.clone());
        }
        for root in &scan.empty {
            self.warn_once(root, "there is nothing in it; is it mounted?".to_owned());
        }
        self.tell_gated(&scan.gated);
    }

    /// Tells of films that a cheap gate stops now and didn't before.
    fn tell_gated(&mut self, gated: &[(PathBuf, SkipReason)]) {
        let mut now = HashMap::with_capacity(gated.len());
        for (path, reason) in gated {
            let code = reason.code();
            now.insert(path.clone(), code);
            let is_ours = self.busy.contains_key(path) || self.left.contains(path);
            if is_ours || self.gated.get(path) == Some(&code) {
                continue;
            }
            self.tell(Event::Skipped { path: path.clone(), reason: reason.clone() });
        }
        self.gated = now;
    }

    /// Deletes temporary files that nobody answers for any more.
    fn sweep(&mut self, hidden: &[PathBuf]) {
        if hidden.is_empty() {
            return;
        }
        // As long as one job can't be read, nobody knows which files it counts on.
        let Some(known) = self.pipeline.jobs.unfinished().ok().filter(|known| known.unread.is_empty()) else {
            return;
        };
        let journaled: Vec<PathBuf> = known.jobs.iter().map(|job| path_of(&job.temporary)).collect();
        for path in hidden {
            let message = match sweep(path, &journaled, Timestamp::now()) {
                Ok(Fate::Keep) => continue,
                // Its job ended since the walk saw it.
                Err(error) if error.kind() == ErrorKind::NotFound => continue,
                Ok(Fate::Delete) => "an abandoned temporary file; it was deleted".to_owned(),
                Ok(Fate::Report) => {
                    "an old result whose film is gone; it is kept, and may be all that is left of it"
                        .to_owned()
                }
                Err(error) => format!("an abandoned temporary file that can't be deleted: {error}"),
            };
            self.warn_once(path, message);
        }
    }

    /// Puts a film where it belongs.
    fn sort(&mut self, film: Film) {
        if self.busy.contains_key(&film.path) || self.left.contains(&film.path) {
            return;
        }
        let wait = self.pipeline.settings.stable;
        match self.library.see(&film, &self.fingerprint, wait, Moment::now()) {
            Next::Settle => drop(self.settling.insert(film.path.clone(), film)),
            Next::Probe => self.to_probe.push(film),
            Next::Plan => self.to_plan.push_back(film),
            Next::Encode => self.to_encode.push(film),
            // What failed before isn't counted again.
            Next::Wait(_) | Next::Nothing
                if self.library.failures(&film.path) > 0 || self.counted.contains(&film.path) => {}
            Next::Wait(_) | Next::Nothing => self.passed_over += 1,
        }
    }

    fn wait_for_settling(&mut self) {
        let wait = self.pipeline.settings.stable;
        let first = self.next_look.is_none();
        self.next_look = (!self.settling.is_empty()).then(|| Instant::now() + wait);
        if self.next_look.is_some() && first && self.board.running.is_empty() {
            self.tell(Event::Settling { films: self.settling.len(), wait });
        }
    }

    /// Looks again at the films that are to hold still, and only at them.
    pub(super) fn look_again(&mut self, run: Run) {
        let settings = Arc::clone(&self.pipeline.settings);
        for (path, film) in std::mem::take(&mut self.settling) {
            let Ok(now) = Film::look(&path, &film.root, &settings.policy) else { continue };
            if gates::before_probe(&now.facts(Stability::Stable), &settings.policy).is_none() {
                self.sort(now);
            }
        }
        // Still moving: the next pass will see.
        if run == Run::OnePass {
            self.settling.clear();
        }
        self.wait_for_settling();
        self.flush();
    }
}
