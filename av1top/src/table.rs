//! All jobs, and the view of them: which jobs are shown, in which order, and which one is selected.
//!
//! Filtering and sorting a hundred thousand jobs takes a while; drawing the thirty visible ones doesn't. So the order
//! is stored here, and computed again only if the jobs, the filter, the tab or the sort order change.

use std::cmp::Reverse;
use std::collections::HashMap;

use jiff::Timestamp;

use crate::job::{Job, State};
use crate::message::{Changes, Worker};
use crate::overview::Overview;

/// The jobs and the view of them.
#[derive(Debug, Default)]
pub struct Table {
    /// The jobs, in no particular order.
    jobs: Vec<Job>,
    /// The index in `jobs` of each id.
    slots: HashMap<String, usize>,
    /// The jobs of the view, as indexes in `jobs`.
    shown: Vec<usize>,
    /// The running jobs, the newest first, independent of the filter.
    running: Vec<usize>,
    overview: Overview,
    view: Choice,
    /// Whether jobs without an outcome are interrupted, because no process works on them.
    left_behind: bool,
    /// The job that the user selected last. It is kept while a filter or a tab hides the job.
    wanted: Option<String>,
    /// The job in the selected line.
    current: Option<String>,
    /// The selected line of the view.
    cursor: usize,
    /// The first visible line of the view.
    top: usize,
}

/// Which jobs are shown, and in which order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Choice {
    /// If set, only jobs in this state are shown.
    pub tab: Option<State>,
    /// Only jobs that contain this text in their path, encoder, class or code are shown. Case is ignored.
    pub filter: String,
    /// The sort order.
    pub sort: Sort,
}

/// A sort order of jobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sort {
    /// By start time, the latest first.
    #[default]
    Newest,
    /// By file name.
    Name,
    /// By saved bytes, the most first.
    Saved,
    /// By the original's size, the largest first.
    Size,
    /// By duration, the longest first; running jobs come before all others.
    Longest,
}

impl Sort {
    const ALL: [Self; 5] = [Self::Newest, Self::Name, Self::Saved, Self::Size, Self::Longest];

    /// Returns the name of the order.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Newest => "newest first",
            Self::Name => "by name",
            Self::Saved => "most saved first",
            Self::Size => "largest first",
            Self::Longest => "longest first",
        }
    }

    /// Returns the next order; the first one follows the last.
    #[must_use]
    pub fn next(self) -> Self {
        let next = Self::ALL.iter().skip_while(|sort| **sort != self).nth(1);
        next.copied().unwrap_or_default()
    }
}

impl Table {
    /// Returns the jobs of the view, in order.
    pub fn shown(&self) -> impl Iterator<Item = &Job> {
        self.shown.iter().filter_map(|slot| self.jobs.get(*slot))
    }

    /// Returns the number of jobs in the view.
    pub fn shown_count(&self) -> usize {
        self.shown.len()
    }

    /// Returns the jobs in the `height` visible lines, each with whether it is selected.
    pub fn in_sight(&self, height: usize) -> impl Iterator<Item = (&Job, bool)> {
        let lines = self.shown.iter().enumerate().skip(self.top).take(height);
        lines.filter_map(|(line, slot)| Some((self.jobs.get(*slot)?, line == self.cursor)))
    }

    /// Returns the running jobs, the newest first.
    pub fn running(&self) -> impl Iterator<Item = &Job> {
        self.running.iter().filter_map(|slot| self.jobs.get(*slot))
    }

    /// Returns the number of running jobs.
    pub fn running_count(&self) -> usize {
        self.running.len()
    }

    /// Returns the number of all jobs.
    pub fn job_count(&self) -> usize {
        self.jobs.len()
    }

    /// Returns the job with this id.
    pub fn job(&self, id: &str) -> Option<&Job> {
        self.jobs.get(*self.slots.get(id)?)
    }

    /// Returns all attempts on the film at `path`, the oldest first.
    pub fn attempts(&self, path: &str) -> Vec<&Job> {
        let mut attempts: Vec<&Job> = self.jobs.iter().filter(|job| *job.path == *path).collect();
        attempts.sort_by(|one, other| (one.started, &one.id).cmp(&(other.started, &other.id)));
        attempts
    }

    /// Returns the state of a job. A job without an outcome counts as stopped if no process works on it.
    pub fn state(&self, job: &Job) -> State {
        if self.left_behind && job.state == State::Running { State::Stopped } else { job.state }
    }

    /// Returns the counts and sums.
    pub fn overview(&self) -> &Overview {
        &self.overview
    }

    /// Returns which jobs are shown and in which order.
    pub fn choice(&self) -> &Choice {
        &self.view
    }

    /// Returns the selected job, or `None` if the view is empty.
    pub fn selected(&self) -> Option<&Job> {
        self.jobs.get(*self.shown.get(self.cursor)?)
    }

    /// Returns the selected line and the first visible line.
    pub fn position(&self) -> (usize, usize) {
        (self.cursor, self.top)
    }

    /// Applies changes to the jobs.
    pub fn apply(&mut self, changes: Changes, now: Timestamp) {
        for id in changes.gone {
            self.remove(&id);
        }
        for job in changes.changed {
            self.put(job);
        }
        self.arrange(now);
    }

    /// Removes all jobs.
    pub fn clear(&mut self, now: Timestamp) {
        self.jobs.clear();
        self.slots.clear();
        self.arrange(now);
    }

    fn put(&mut self, mut job: Job) {
        if let Some(known) = self.slots.get(&job.id).and_then(|slot| self.jobs.get_mut(*slot)) {
            // The job file doesn't contain the size of the growing result, so the size that is already known is kept.
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

    /// Updates the sizes of growing results. Returns whether any has changed.
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

    /// Updates whether a process works on the jobs without an outcome.
    pub fn worker(&mut self, worker: &Worker, now: Timestamp) {
        let left_behind = matches!(worker, Worker::Gone(_));
        if left_behind != self.left_behind {
            self.left_behind = left_behind;
            self.arrange(now);
        }
    }

    /// Recomputes the counts, because a job that ended a week ago leaves the sum of the week.
    pub fn count(&mut self, now: Timestamp) {
        self.overview = Overview::of(self.jobs.iter().map(|job| (job, self.state(job))), now);
    }

    /// Changes the filter, tab or sort order.
    pub fn choose(&mut self, choice: Choice, now: Timestamp) {
        if choice != self.view {
            self.view = choice;
            // A job that the old view hid may be visible in the new one.
            self.current = self.wanted.clone();
            self.arrange(now);
        }
    }

    /// Recomputes the view, the counts and the selection.
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
        // `sort_by_cached_key` computes each key only once per job. The sorts are stable, so that equal jobs stay in
        // the order of their starts.
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

    /// Finds the selected job in the new view. If the view doesn't contain it, the selected line stays the same.
    fn find_selected(&mut self) {
        let before = self.cursor;
        let current = self.current.as_ref().and_then(|id| self.slots.get(id));
        let line = current.and_then(|current| self.shown.iter().position(|slot| slot == current));
        self.cursor = line.unwrap_or(before).min(self.shown.len().saturating_sub(1));
        // If the start of the list is visible, it stays visible, so that new jobs are seen. Otherwise the list is
        // scrolled so that the selected line stays in place.
        if self.top > 0 {
            self.top = (self.top + self.cursor).saturating_sub(before);
        }
        self.current = self.selected().map(|job| job.id.clone());
        // If the job that the user selected is gone, it is no longer waited for.
        if self.wanted.as_ref().is_none_or(|id| !self.slots.contains_key(id)) {
            self.wanted.clone_from(&self.current);
        }
    }

    /// Selects a line of the view, or the last one if there are fewer lines.
    pub fn select(&mut self, line: usize) {
        self.cursor = line.min(self.shown.len().saturating_sub(1));
        self.current = self.selected().map(|job| job.id.clone());
        if self.current.is_some() {
            self.wanted.clone_from(&self.current);
        }
    }

    /// Scrolls so that the selected line is among the `height` visible lines.
    pub fn reveal(&mut self, height: usize) {
        let last = height.saturating_sub(1);
        self.top = self.top.clamp(self.cursor.saturating_sub(last), self.cursor);
        self.fit(height);
    }

    /// Scrolls by `lines` lines without changing the selection.
    pub fn scroll(&mut self, lines: isize, height: usize) {
        self.top = self.top.saturating_add_signed(lines);
        self.fit(height);
    }

    /// Scrolls up if there would be empty lines at the end of the `height` visible lines.
    pub fn fit(&mut self, height: usize) {
        self.top = self.top.min(self.shown.len().saturating_sub(height.max(1)));
    }
}
