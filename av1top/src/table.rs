//! All jobs, and which of them are shown: filtered, sorted, with one of them selected.
//!
//! Filtering and sorting a hundred thousand jobs takes a while, drawing the thirty that are in sight doesn't. So the order is
//! kept here and made anew only when jobs, filter, tab or sort change.

use std::cmp::Reverse;
use std::collections::HashMap;

use jiff::Timestamp;

use crate::job::{Job, State};
use crate::message::{Changes, Worker};
use crate::overview::Overview;

/// The jobs and the view on them.
#[derive(Debug, Default)]
pub struct Table {
    /// In no order.
    jobs: Vec<Job>,
    /// Where in `jobs` an id is.
    slots: HashMap<String, usize>,
    /// The jobs of the view, as places in `jobs`.
    shown: Vec<usize>,
    /// The jobs that run, newest first, whatever the filter.
    running: Vec<usize>,
    overview: Overview,
    view: Choice,
    /// Whether jobs without an outcome were left behind.
    left_behind: bool,
    /// The job that a person selected last. It stays that while a filter or a tab hides it.
    wanted: Option<String>,
    /// The job of the selected line.
    current: Option<String>,
    /// The selected line of the view.
    cursor: usize,
    /// The first line of the view that is in sight.
    top: usize,
}

/// What is shown, and in which order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Choice {
    /// Jobs of one state only.
    pub tab: Option<State>,
    /// Jobs with this in their path, encoder, class or code only; in any case of letters.
    pub filter: String,
    /// The order.
    pub sort: Sort,
}

/// An order of jobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sort {
    /// The one that started last first.
    #[default]
    Newest,
    /// By file name.
    Name,
    /// The largest saving first.
    Saved,
    /// The largest original first.
    Size,
    /// The one that took longest first; what runs comes before it.
    Longest,
}

impl Sort {
    const ALL: [Self; 5] = [Self::Newest, Self::Name, Self::Saved, Self::Size, Self::Longest];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Newest => "newest first",
            Self::Name => "by name",
            Self::Saved => "most saved first",
            Self::Size => "largest first",
            Self::Longest => "longest first",
        }
    }

    /// The one after it, and after the last the first.
    #[must_use]
    pub fn next(self) -> Self {
        let next = Self::ALL.iter().skip_while(|sort| **sort != self).nth(1);
        next.copied().unwrap_or_default()
    }
}

impl Table {
    /// The jobs of the view, first to last.
    pub fn shown(&self) -> impl Iterator<Item = &Job> {
        self.shown.iter().filter_map(|slot| self.jobs.get(*slot))
    }

    /// How many jobs the view has.
    pub fn shown_count(&self) -> usize {
        self.shown.len()
    }

    /// The `height` jobs in sight, each with whether it is the selected one.
    pub fn in_sight(&self, height: usize) -> impl Iterator<Item = (&Job, bool)> {
        let lines = self.shown.iter().enumerate().skip(self.top).take(height);
        lines.filter_map(|(line, slot)| Some((self.jobs.get(*slot)?, line == self.cursor)))
    }

    /// The jobs that run, newest first.
    pub fn running(&self) -> impl Iterator<Item = &Job> {
        self.running.iter().filter_map(|slot| self.jobs.get(*slot))
    }

    /// How many jobs run.
    pub fn running_count(&self) -> usize {
        self.running.len()
    }

    /// How many jobs there are.
    pub fn job_count(&self) -> usize {
        self.jobs.len()
    }

    /// The job of that id.
    pub fn job(&self, id: &str) -> Option<&Job> {
        self.jobs.get(*self.slots.get(id)?)
    }

    /// All attempts on the film at `path`, the oldest first.
    pub fn attempts(&self, path: &str) -> Vec<&Job> {
        let mut attempts: Vec<&Job> = self.jobs.iter().filter(|job| *job.path == *path).collect();
        attempts.sort_by(|one, other| (one.started, &one.id).cmp(&(other.started, &other.id)));
        attempts
    }

    /// How a job stands: one without an outcome doesn't run where nobody works.
    pub fn state(&self, job: &Job) -> State {
        if self.left_behind && job.state == State::Running { State::Stopped } else { job.state }
    }

    /// Counts and sums.
    pub fn overview(&self) -> &Overview {
        &self.overview
    }

    /// What is shown.
    pub fn choice(&self) -> &Choice {
        &self.view
    }

    /// The selected job, if the view has any.
    pub fn selected(&self) -> Option<&Job> {
        self.jobs.get(*self.shown.get(self.cursor)?)
    }

    /// The selected line and the first one in sight.
    pub fn position(&self) -> (usize, usize) {
        (self.cursor, self.top)
    }

    /// Takes in what is new.
    pub fn apply(&mut self, changes: Changes, now: Timestamp) {
        for id in changes.gone {
            self.remove(&id);
        }
        for job in changes.changed {
            self.put(job);
        }
        self.arrange(now);
    }

    /// Forgets all jobs.
    pub fn clear(&mut self, now: Timestamp) {
        self.jobs.clear();
        self.slots.clear();
        self.arrange(now);
    }

    fn put(&mut self, mut job: Job) {
        if let Some(known) = self.slots.get(&job.id).and_then(|slot| self.jobs.get_mut(*slot)) {
            // A file says nothing of how far the result has grown.
            if let (Some(new), Some(old)) = (&mut job.temporary, &known.temporary) {
                new.bytes = old.bytes;
            }
            *known = job;
        } else {
            self.slots.insert(job.id.clone(), self.jobs.len());
            self.jobs.push(job);
        }
    }

    fn remove(&mut self, id: &str) {
        if let Some(slot) = self.slots.remove(id) {
            self.jobs.swap_remove(slot);
            if let Some(moved) = self.jobs.get(slot) {
                self.slots.insert(moved.id.clone(), slot);
            }
        }
    }

    /// Notes how far results have grown; says whether any has.
    pub fn grow(&mut self, sizes: Vec<(String, Option<u64>)>) -> bool {
        let mut grown = false;
        for (id, bytes) in sizes {
            let job = self.slots.get(&id).and_then(|slot| self.jobs.get_mut(*slot));
            if let Some(temporary) = job.and_then(|job| job.temporary.as_mut()) {
                grown |= temporary.bytes != bytes;
                temporary.bytes = bytes;
            }
        }
        grown
    }

    /// Notes whether anyone works on the jobs that have no outcome.
    pub fn worker(&mut self, worker: &Worker, now: Timestamp) {
        let left_behind = matches!(worker, Worker::Gone(_));
        if left_behind != self.left_behind {
            self.left_behind = left_behind;
            self.arrange(now);
        }
    }

    /// Counts anew: what was saved a week ago isn't of this week any more.
    pub fn count(&mut self, now: Timestamp) {
        self.overview = Overview::of(self.jobs.iter().map(|job| (job, self.state(job))), now);
    }

    /// Shows something else.
    pub fn choose(&mut self, choice: Choice, now: Timestamp) {
        if choice != self.view {
            self.view = choice;
            // Another view is where a job that was hidden may be again.
            self.current = self.wanted.clone();
            self.arrange(now);
        }
    }

    /// Makes view, counts and selection anew.
    fn arrange(&mut self, now: Timestamp) {
        self.count(now);
        self.running = self.slots_where(|job| self.state(job) == State::Running);
        let started = |slot: &usize| Reverse(self.jobs.get(*slot).map(|job| job.started));
        self.running.sort_by_cached_key(started);
        let needle = self.view.filter.to_lowercase();
        self.shown = self.sorted(self.slots_where(|job| self.is_shown(job, &needle)));
        self.find_selected();
    }

    fn slots_where(&self, wanted: impl Fn(&Job) -> bool) -> Vec<usize> {
        self.jobs.iter().enumerate().filter(|(_, job)| wanted(job)).map(|(slot, _)| slot).collect()
    }

    fn is_shown(&self, job: &Job, needle: &str) -> bool {
        let found = |text: &str| text.to_lowercase().contains(needle);
        self.view.tab.is_none_or(|tab| tab == self.state(job))
            && (needle.is_empty()
                || found(&job.path)
                || found(&job.code)
                || found(job.short_class())
                || found(&job.long_settings()))
    }

    fn sorted(&self, mut slots: Vec<usize>) -> Vec<usize> {
        // Each key is made once a job; what is equal stays in the order of starts.
        let job = |slot: &usize| self.jobs.get(*slot);
        slots.sort_by_cached_key(|slot| Reverse(job(slot).map(|job| job.started)));
        match self.view.sort {
            Sort::Newest => {}
            Sort::Name => slots.sort_by_cached_key(|slot| job(slot).map(|job| job.name().to_lowercase())),
            Sort::Saved => slots.sort_by_cached_key(|slot| Reverse(job(slot).map(Job::saved))),
            Sort::Size => slots.sort_by_cached_key(|slot| Reverse(job(slot).map(|job| job.before))),
            Sort::Longest => slots.sort_by_cached_key(|slot| {
                let took = |job: &Job| match job.ended {
                    Some(ended) => ended.as_second().saturating_sub(job.started.as_second()),
                    None => i64::MAX,
                };
                Reverse(job(slot).map(took))
            }),
        }
        slots
    }

    /// Finds the selected job in the view again. Where it isn't in it, the line is kept.
    fn find_selected(&mut self) {
        let before = self.cursor;
        let current = self.current.as_ref().and_then(|id| self.slots.get(id));
        let line = current.and_then(|current| self.shown.iter().position(|slot| slot == current));
        self.cursor = line.unwrap_or(before).min(self.shown.len().saturating_sub(1));
        // A list that shows its start goes on to, so that what is new is seen. Elsewhere nothing moves under the eye.
        if self.top > 0 {
            self.top = (self.top + self.cursor).saturating_sub(before);
        }
        self.current = self.selected().map(|job| job.id.clone());
        // Nobody waits for a job that is gone.
        if self.wanted.as_ref().is_none_or(|id| !self.slots.contains_key(id)) {
            self.wanted.clone_from(&self.current);
        }
    }

    /// Selects a line of the view, or its last one.
    pub fn select(&mut self, line: usize) {
        self.cursor = line.min(self.shown.len().saturating_sub(1));
        self.current = self.selected().map(|job| job.id.clone());
        if self.current.is_some() {
            self.wanted.clone_from(&self.current);
        }
    }

    /// Scrolls so that the selected line is among `height` lines.
    pub fn reveal(&mut self, height: usize) {
        let last = height.saturating_sub(1);
        self.top = self.top.clamp(self.cursor.saturating_sub(last), self.cursor);
        self.fit(height);
    }

    /// Scrolls by that many lines; the selection stays where it is.
    pub fn scroll(&mut self, lines: isize, height: usize) {
        self.top = self.top.saturating_add_signed(lines);
        self.fit(height);
    }

    /// Leaves no empty lines at the end of `height` lines.
    pub fn fit(&mut self, height: usize) {
        self.top = self.top.min(self.shown.len().saturating_sub(height.max(1)));
    }
}
