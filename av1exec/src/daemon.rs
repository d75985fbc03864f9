//! The loop: scan, wait for files to hold still, work on them, and again.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use av1plan::SkipReason;
use av1plan::gates::{self, Stability};
use tokio::task::JoinSet;

use crate::disk::Identity;
use crate::event::Event;
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
    settling: usize,
}

impl Daemon {
    /// A daemon that remembers the failures that the job files tell of: a film that hasn't changed since isn't tried again.
    pub fn new(pipeline: Pipeline) -> std::io::Result<Self> {
        let jobs = pipeline.jobs.load()?;
        for (path, reason) in jobs.damaged {
            let message = format!("this job can't be read and is passed over: {reason}");
            pipeline.events.send(Event::Warning { path, message });
        }
        let mut done = HashMap::new();
        for job in jobs.jobs {
            match &job.outcome {
                Some(outcome) if outcome.failed && outcome.lasting => done.insert(job.film(), job.source),
                _ => done.remove(&job.film()),
            };
        }
        Ok(Self {
            pipeline,
            settling: Settling::default(),
            done,
            gated: HashMap::new(),
            named: HashSet::new(),
        })
    }

    /// One pass over the library, waiting once for files to hold still.
    pub async fn once(&mut self) -> Summary {
        let mut summary = Summary::default();
        let first = self.pass(&mut summary).await;
        if first.settling > 0 && !self.pipeline.stop.is_asked() {
            let wait = self.pipeline.settings.stable;
            self.pipeline.events.send(Event::Settling { films: first.settling, wait });
            self.sleep(wait).await;
            self.pass(&mut summary).await;
        }
        summary.stopped = self.pipeline.stop.is_asked();
        summary
    }

    /// Pass after pass until it is stopped.
    pub async fn forever(&mut self) -> Summary {
        let mut summary = Summary::default();
        while !self.pipeline.stop.is_asked() {
            summary.unreadable = 0;
            let pass = self.pass(&mut summary).await;
            let settings = &self.pipeline.settings;
            let pause = if pass.settling > 0 {
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

    async fn pass(&mut self, summary: &mut Summary) -> Pass {
        let settings = self.pipeline.settings.clone();
        let walk = move || scan(&settings.library_roots, &settings.policy.extensions);
        let found = tokio::task::spawn_blocking(walk).await.unwrap_or_default();
        self.pipeline.events.send(Event::Scanned { films: found.films.len() });
        summary.unreadable += found.unreadable.len();
        for (path, reason) in found.unreadable {
            if self.named.insert(path.clone()) {
                self.pipeline.events.send(Event::Unreadable { path, reason });
            }
        }
        let seen: HashSet<PathBuf> = found.films.iter().map(|film| film.path.clone()).collect();
        self.settling.retain(|path| seen.contains(path));
        self.done.retain(|path, _| seen.contains(path));

        self.gated.retain(|path, _| seen.contains(path));

        let mut pass = Pass { settling: 0 };
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
        self.work(ready, summary).await;
        pass
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
        match self.settling.observe(&film.path, film.identity, Instant::now(), settings.stable) {
            Stability::Stable => Sorted::Ready,
            Stability::Settling => Sorted::Settling,
        }
    }

    /// Works on films, as many at once as the settings allow.
    async fn work(&mut self, ready: Vec<Film>, summary: &mut Summary) {
        let at_once = self.pipeline.settings.max_concurrent_jobs.get();
        let mut running = JoinSet::new();
        let mut waiting = ready.into_iter();
        loop {
            while running.len() < at_once && !self.pipeline.stop.is_asked() {
                let Some(film) = waiting.next() else { break };
                let pipeline = self.pipeline.clone();
                running.spawn(async move {
                    let outcome = pipeline.run(&film, Stability::Stable).await;
                    (film, outcome)
                });
            }
            match running.join_next().await {
                None => break,
                Some(Ok((film, outcome))) => self.remember(&film, &outcome, summary),
                // A task that panicked is a defect of ours; the film is untouched by construction.
                Some(Err(_)) => summary.failed += 1,
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
        }
    }
}

/// Whether a film is as it was: device numbers and times of inodes change without anybody touching the content.
fn is_unchanged(known: &Identity, found: &Identity) -> bool {
    known.inode == found.inode && known.same_content_stamp(found) && known.links == found.links
}

/// The root that a film is under, for looking up markers: its own folder where it is under none.
pub fn root_of<'a>(film: &'a Path, roots: &'a [PathBuf]) -> &'a Path {
    let above = roots.iter().filter(|root| film.starts_with(root)).map(PathBuf::as_path);
    above.min_by_key(|root| root.as_os_str().len()).unwrap_or_else(|| crate::disk::folder_of(film))
}
