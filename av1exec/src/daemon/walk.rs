//! Walks over the library, and where what they find belongs.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use av1plan::SkipReason;
use av1plan::gates::{self, Stability};
use jiff::Timestamp;

use super::library::Moment;
use super::{Daemon, Run};
use crate::event::Event;
use crate::index::Next;
use crate::jobs::path_of;
use crate::leftovers::{Fate, sweep};
use crate::scan::{Film, Scan, scan};
use crate::status::ScanStatus;

/// A walk that ended.
#[derive(Debug, Default)]
pub(super) struct Walked {
    scan: Scan,
    took: Duration,
}

impl Daemon {
    pub(super) fn walk(&mut self) {
        let (roots, settings) = (self.workable_roots(), Arc::clone(&self.pipeline.settings));
        self.next_walk = None;
        self.walking = Some(tokio::task::spawn_blocking(move || {
            let began = Instant::now();
            let scan = scan(&roots, &settings.policy);
            Walked { scan, took: began.elapsed() }
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
        // A walk that panicked is a defect of ours; the next one may do better.
        let Walked { scan, took } = walked.unwrap_or_default();
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
            if self.gated.get(path) == Some(&code) {
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
        let Some(known) = self.pipeline.jobs.load().ok().filter(|known| known.unread.is_empty()) else {
            return;
        };
        let unfinished = known.jobs.iter().filter(|job| job.outcome.is_none());
        let journaled: Vec<PathBuf> = unfinished.map(|job| path_of(&job.temporary)).collect();
        for path in hidden {
            let message = match sweep(path, &journaled, Timestamp::now()) {
                Ok(Fate::Keep) => continue,
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
        if self.busy.contains_key(&film.path) {
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
