//! The films of the library: which queue each is in, and what the walks found about films that are in no queue.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::path::{Path, PathBuf};
use std::time::Instant;

use super::input::Refused;
use super::queue::Queue;
use crate::library::film::Film;
use crate::settings::queue_order::QueueOrder;

/// All films of the last walks. A film is in at most one queue.
#[derive(Debug, Default)]
pub(super) struct Films {
    /// Films whose files must stay unchanged for a while before they are probed.
    pub(super) settling: BTreeMap<PathBuf, Film>,
    /// Whether films were settling at the last check: [`Event::Settling`](crate::pipeline::event::Event::Settling)
    /// is published only when this becomes true.
    pub(super) is_settling: bool,
    /// Films whose ffprobe output is stored; they are planned next.
    pub(super) to_plan: VecDeque<Film>,
    pub(super) to_probe: Queue,
    pub(super) to_encode: Queue,
    /// Refused films whose `.why.txt` is still to be written.
    pub(super) to_explain: VecDeque<Refused>,
    /// Films of the last walk that no cheap gate (one that needs no ffprobe) stops.
    pub(super) present: HashSet<PathBuf>,
    /// Films that a cheap gate stops, with the gate's code. Each walk checks them again, but reports each only
    /// once.
    pub(super) gated: HashMap<PathBuf, &'static str>,
    /// How many films of the last walk each cheap gate stopped.
    pub(super) stopped: BTreeMap<&'static str, usize>,
    /// When work on each film last ended. What a walk that began earlier says about the film is outdated.
    left: HashMap<PathBuf, Instant>,
}

impl Films {
    pub(super) fn new(order: QueueOrder) -> Self {
        Self { to_probe: Queue::new(order), to_encode: Queue::new(order), ..Self::default() }
    }

    /// Empties all queues, because another config may want other films. Returns those whose `.why.txt` was still to
    /// be written.
    pub(super) fn begin_anew(&mut self, order: QueueOrder) -> VecDeque<Refused> {
        self.to_plan.clear();
        self.settling.clear();
        (self.to_probe, self.to_encode) = (Queue::new(order), Queue::new(order));
        std::mem::take(&mut self.to_explain)
    }

    /// Forgets all films except those that `is_kept` names, which the new walks say nothing about. Returns what the
    /// gates stopped before.
    pub(super) fn keep_only(&mut self, is_kept: impl Fn(&Path) -> bool) -> HashMap<PathBuf, &'static str> {
        self.to_plan.retain(|film| is_kept(&film.path));
        self.to_probe.retain(|film| is_kept(&film.path));
        self.to_encode.retain(|film| is_kept(&film.path));
        self.settling.retain(|path, _| is_kept(path));
        self.present.retain(|path| is_kept(path));
        let before = std::mem::take(&mut self.gated);
        let kept = before.iter().filter(|(path, _)| is_kept(path));
        self.gated = kept.map(|(path, code)| (path.clone(), *code)).collect();
        before
    }

    /// Notes that work on a film has ended.
    pub(super) fn leave(&mut self, film: &Path, now: Instant) {
        self.left.insert(film.to_owned(), now);
    }

    /// Whether work on a film ended after a walk or check began, so that what that one says about the film is
    /// outdated.
    pub(super) fn was_left_since(&self, film: &Path, began: Instant) -> bool {
        self.left.get(film).is_some_and(|left| *left >= began)
    }

    /// Forgets work that ended before the oldest running walk began: no running walk can have seen an earlier state
    /// of those films.
    pub(super) fn forget_left_before(&mut self, oldest_walk: Option<Instant>) {
        self.left.retain(|_, left| oldest_walk.is_some_and(|oldest| *left >= oldest));
    }

    /// Whether no film waits to be probed or planned.
    pub(super) fn are_planned(&self) -> bool {
        self.to_probe.is_empty() && self.to_plan.is_empty()
    }
}
