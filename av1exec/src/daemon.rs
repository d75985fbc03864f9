//! The loop: scan, wait for files to hold still, work on them, and again.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use av1plan::SkipReason;
use av1plan::gates::{self, Stability};
use tokio::task::JoinSet;

use crate::disk::Identity;
use crate::event::Event;
use crate::jobs::path_of;
use crate::leftovers::{Fate, sweep};
use crate::outcome::Outcome;
use crate::pipeline::Pipeline;
use crate::scan::{Film, scan};
use crate::stable::Settling;

/// What a run of the daemon did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Summary {
    /// Films that are AV1 now.
    pub replaced: usize,
    /// Films that were left alone, too big results included.
    pub skipped: usize,
    /// Films that failed.
    pub failed: usize,
    /// Roots and folders that couldn't be read.
    pub unreadable: usize,
    /// Bytes that were saved.
    pub saved: u64,
    /// Whether it was stopped before it was done.
    pub stopped: bool,
}

/// The daemon's memory of what it has dealt with, so that nothing is done twice.
#[derive(Debug)]
pub struct Daemon {
    pipeline: Pipeline,
    settling: Settling,
    /// Films that were worked on, as they were then.
    done: HashMap<PathBuf, Identity>,
    /// Films on which the machine failed, until when they rest, and how often it failed.
    put_off: HashMap<PathBuf, (Instant, u32)>,
    /// Films that a cheap gate stops, with its code: asked again at each pass, told once.
    gated: HashMap<PathBuf, &'static str>,
    /// Folders that can't be read, told once.
    named: HashSet<PathBuf>,
}

/// What is to be done with a film.
enum Sorted {
    Ready,
    Settling,
    Gated(SkipReason),
    Known,
}

/// What one pass over the library left to do.
struct Pass {
    /// Films that haven't held still for long enough.
    settling: usize,
    /// Films that could be worked on, had there been time.
    waiting: usize,
}

impl Daemon {
    /// A daemon that remembers the failures that the job files tell of: a film that hasn't changed since isn't tried again.
    pub fn new(pipeline: Pipeline) -> std::io::Result<Self> {
        let mut done = HashMap::new();
        for job in pipeline.jobs.load()?.jobs {
            match &job.outcome {
                Some(outcome) if outcome.failed && outcome.lasting => done.insert(job.film(), job.source),
                _ => done.remove(&job.film()),
            };
        }
        Ok(Self {
            pipeline,
            settling: Settling::default(),
            done,
            put_off: HashMap::new(),
            gated: HashMap::new(),
            named: HashSet::new(),
        })
    }

    /// One pass over the library, waiting once for files to hold still.
    pub async fn once(&mut self) -> Summary {
        let mut summary = Summary::default();
        let first = self.pass(None, &mut summary).await;
        if first.settling > 0 && !self.pipeline.stop.is_asked() {
            let wait = self.pipeline.settings.stable;
            self.pipeline.events.send(Event::Settling { films: first.settling, wait });
            self.sleep(wait).await;
            self.pass(None, &mut summary).await;
        }
        summary.stopped = self.pipeline.stop.is_asked();
        summary
    }

    /// Pass after pass until it is stopped.
    pub async fn forever(&mut self) -> Summary {
        let mut summary = Summary::default();
        while !self.pipeline.stop.is_asked() {
            summary.unreadable = 0;
            let interval = self.pipeline.settings.scan_interval;
            let pass = self.pass(Some(interval), &mut summary).await;
            let settings = &self.pipeline.settings;
            let pause = if pass.waiting > 0 {
                // The queue is longer than an interval: look again at once, and go on with what is largest then.
                Duration::ZERO
            } else if pass.settling > 0 {
                settings.stable.clamp(Duration::from_secs(1), settings.scan_interval)
            } else {
                settings.scan_interval
            };
            self.sleep(pause).await;
        }
        summary.stopped = true;
        summary
    }

    async fn sleep(&self, time: Duration) {
        let mut stop = self.pipeline.stop.clone();
        tokio::select! {
            () = tokio::time::sleep(time) => {}
            () = stop.asked() => {}
        }
    }

    /// One walk and the work that it finds; no new work is begun once that took `slice`, so that a long queue
    /// doesn't keep the library from being looked at.
    async fn pass(&mut self, slice: Option<Duration>, summary: &mut Summary) -> Pass {
        let settings = self.pipeline.settings.clone();
        let roots = self.workable_roots();
        let walk = move || scan(&roots, &settings.policy.extensions);
        let found = tokio::task::spawn_blocking(walk).await.unwrap_or_default();
        self.pipeline.events.send(Event::Scanned { films: found.films.len() });
        summary.unreadable += found.unreadable.len();
        let walked_whole = found.unreadable.is_empty();
        for (path, reason) in found.unreadable {
            self.name_once(path, reason);
        }
        self.sweep(&found.hidden);
        // A share that isn't mounted looks like an empty folder, and what is known of its films must outlast that.
        if walked_whole && !found.films.is_empty() {
            let seen: HashSet<&Path> = found.films.iter().map(|film| film.path.as_path()).collect();
            self.settling.retain(|path| seen.contains(path));
            self.done.retain(|path, _| seen.contains(path.as_path()));
            self.put_off.retain(|path, _| seen.contains(path.as_path()));
            self.gated.retain(|path, _| seen.contains(path.as_path()));
        }

        let mut pass = Pass { settling: 0, waiting: 0 };
        let mut ready = Vec::new();
        for film in found.films {
            match self.sort(&film) {
                Sorted::Ready => ready.push(film),
                Sorted::Settling => pass.settling += 1,
                Sorted::Gated(reason) => {
                    summary.skipped += 1;
                    self.pipeline.events.send(Event::Skipped { path: film.path, reason });
                }
                Sorted::Known => {}
            }
        }
        // The largest first: it has the most to save.
        ready.sort_by(|one, other| {
            other.identity.size.cmp(&one.identity.size).then(one.path.cmp(&other.path))
        });
        pass.waiting = self.work(ready, slice, summary).await;
        pass
    }

    /// The roots that no other av1d works on: one that was mounted meanwhile may be taken.
    fn workable_roots(&mut self) -> Vec<PathBuf> {
        let roots = &self.pipeline.settings.library_roots;
        let (mut workable, mut taken) = (Vec::new(), Vec::new());
        for root in roots {
            match self.pipeline.locks.extend(root) {
                Ok(()) => workable.push(root.clone()),
                Err(error) => taken.push((root.clone(), error.to_string())),
            }
        }
        for (path, reason) in taken {
            self.name_once(path, reason);
        }
        workable
    }

    fn name_once(&mut self, path: PathBuf, reason: String) {
        if self.named.insert(path.clone()) {
            self.pipeline.events.send(Event::Unreadable { path, reason });
        }
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
            let message = match sweep(path, &journaled, jiff::Timestamp::now()) {
                Ok(Fate::Keep) => continue,
                Ok(Fate::Delete) => "an abandoned temporary file; it was deleted".to_owned(),
                Ok(Fate::Report) => {
                    "an old result whose film is gone; it is kept, and may be all that is left of it"
                        .to_owned()
                }
                Err(error) => format!("an abandoned temporary file that can't be deleted: {error}"),
            };
            if self.named.insert(path.clone()) {
                self.pipeline.events.send(Event::Warning { path: path.clone(), message });
            }
        }
    }

    /// What to do with a film that the scan found. The cheap gates are asked first and every time: a marker may be gone, a
    /// file of the new name too.
    fn sort(&mut self, film: &Film) -> Sorted {
        let settings = &self.pipeline.settings;
        if let Some(reason) = gates::before_probe(&film.facts(Stability::Stable), &settings.policy) {
            self.done.remove(&film.path);
            let told = self.gated.insert(film.path.clone(), reason.code());
            return if told == Some(reason.code()) { Sorted::Known } else { Sorted::Gated(reason) };
        }
        self.gated.remove(&film.path);
        if self.done.get(&film.path).is_some_and(|known| is_unchanged(known, &film.identity)) {
            return Sorted::Known;
        }
        if self.put_off.get(&film.path).is_some_and(|(until, _)| Instant::now() < *until) {
            return Sorted::Known;
        }
        match self.settling.observe(&film.path, film.identity, Instant::now(), settings.stable) {
            Stability::Stable => Sorted::Ready,
            Stability::Settling => Sorted::Settling,
        }
    }

    /// Works on films, as many at once as the settings allow; says how many it didn't begin.
    async fn work(&mut self, ready: Vec<Film>, slice: Option<Duration>, summary: &mut Summary) -> usize {
        let until = slice.map(|slice| Instant::now() + slice);
        let at_once = self.pipeline.settings.max_concurrent_jobs.get();
        let mut running = JoinSet::new();
        let mut waiting = ready.into_iter();
        loop {
            let in_time = until.is_none_or(|until| Instant::now() < until);
            while running.len() < at_once && in_time && !self.pipeline.stop.is_asked() {
                let Some(film) = waiting.next() else { break };
                let pipeline = self.pipeline.clone();
                running.spawn(async move {
                    let outcome = pipeline.run(&film, Stability::Stable).await;
                    (film, outcome)
                });
            }
            match running.join_next().await {
                None => break waiting.len(),
                Some(Ok((film, outcome))) => self.remember(&film, &outcome, summary),
                // A task that panicked is a defect of ours; the film is untouched by construction.
                Some(Err(error)) => {
                    summary.failed += 1;
                    let message = format!("working on a film went wrong: {error}");
                    self.pipeline.events.send(Event::Warning { path: PathBuf::from("a film"), message });
                }
            }
        }
    }

    fn remember(&mut self, film: &Film, outcome: &Outcome, summary: &mut Summary) {
        match outcome {
            Outcome::Replaced { before, after, .. } => {
                summary.replaced += 1;
                summary.saved += before.saturating_sub(*after);
            }
            outcome if outcome.is_failure() => summary.failed += 1,
            _ => summary.skipped += 1,
        }
        if outcome.is_lasting() {
            let (path, identity) = match outcome {
                Outcome::Replaced { path, .. } => (path.as_path(), Identity::of(path).ok()),
                _ => (film.path.as_path(), Some(film.identity)),
            };
            self.done.extend(identity.map(|identity| (path.to_owned(), identity)));
            self.put_off.remove(&film.path);
        } else {
            let (_, failures) = self.put_off.get(&film.path).copied().unwrap_or((Instant::now(), 0));
            let rest = rest_after(failures);
            self.put_off.insert(film.path.clone(), (Instant::now() + rest, failures.saturating_add(1)));
        }
    }
}

/// How long a film rests on which the machine has failed before: a minute, doubled each time, a day at most. What the
/// machine can't do now (a full disk, rights that are missing) it may be able to later, but hardly at once.
fn rest_after(failures: u32) -> Duration {
    let minutes = 2_u64.saturating_pow(failures);
    Duration::from_mins(minutes.min(24 * 60))
}

/// Whether a film is as it was: device numbers and times of inodes change without anybody touching the content.
fn is_unchanged(known: &Identity, found: &Identity) -> bool {
    known.inode == found.inode && known.same_content_stamp(found) && known.links == found.links
}

/// The root that a film is under, for looking up markers: its own folder where it is under none. A root may be a link.
pub fn root_of(film: &Path, roots: &[PathBuf]) -> PathBuf {
    let real = roots.iter().filter_map(|root| root.canonicalize().ok());
    let above = roots.iter().cloned().chain(real).filter(|root| film.starts_with(root));
    let topmost = above.min_by_key(|root| root.as_os_str().len());
    topmost.unwrap_or_else(|| crate::disk::folder_of(film).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_film_rests_longer_each_time_and_a_day_at_most() {
        let minutes = [0, 1, 2, 3, 10, 11, 40, u32::MAX].map(|failures| rest_after(failures).as_secs() / 60);
        assert_eq!(minutes, [1, 2, 4, 8, 1024, 1440, 1440, 1440]);
    }

    #[test]
    fn a_root_is_found_by_its_name_and_by_what_it_links_to() {
        let folder = tempfile::tempdir().unwrap();
        let real = folder.path().canonicalize().unwrap().join("real");
        std::fs::create_dir(&real).unwrap();
        let link = folder.path().canonicalize().unwrap().join("link");
        std::os::unix::fs::symlink(&real, &link).unwrap();
        let roots = [link.clone()];
        assert_eq!(root_of(&link.join("a/b.mkv"), &roots), link);
        assert_eq!(root_of(&real.join("a/b.mkv"), &roots), real);
        assert_eq!(root_of(Path::new("/elsewhere/b.mkv"), &roots), Path::new("/elsewhere"));
    }
}
