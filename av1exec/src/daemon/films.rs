//! The films of the library: where each waits, and what was found of those that wait for nothing.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::path::{Path, PathBuf};
use std::time::Instant;

use super::input::Refused;
use super::queue::Queue;
use crate::library::film::Film;
use crate::settings::queue_order::QueueOrder;

/// All films of the last walks. A film waits in one place at most.
#[derive(Debug, Default)]
pub(super) struct Films {
    /// Films that are to hold still.
    pub(super) settling: BTreeMap<PathBuf, Film>,
    /// Whether it was told that films are to hold still.
    pub(super) is_settling: bool,
    /// Films whose probe is known, to be planned.
    pub(super) to_plan: VecDeque<Film>,
    pub(super) to_probe: Queue,
    pub(super) to_encode: Queue,
    /// Films that are refused, which is to be said beside them.
    pub(super) to_explain: VecDeque<Refused>,
    /// Films of the last walk that no cheap gate stops.
    pub(super) present: HashSet<PathBuf>,
    /// Films that a cheap gate stops, with its code: asked again at each pass, told once.
    pub(super) gated: HashMap<PathBuf, &'static str>,
    /// How many films of the last walk each cheap gate stopped.
    pub(super) stopped: BTreeMap<&'static str, usize>,
    /// When something was last done with a film: what a walk says of it that began earlier is old.
    left: HashMap<PathBuf, Instant>,
}

impl Films {
    pub(super) fn new(order: QueueOrder) -> Self {
        Self { to_probe: Queue::new(order), to_encode: Queue::new(order), ..Self::default() }
    }

    /// Takes all away that waits, which another config may not want; returns those that were to be explained.
    pub(super) fn begin_anew(&mut self, order: QueueOrder) -> VecDeque<Refused> {
        self.to_plan.clear();
        self.settling.clear();
        (self.to_probe, self.to_encode) = (Queue::new(order), Queue::new(order));
        std::mem::take(&mut self.to_explain)
    }

    /// Forgets films but those of which nothing new is known; returns what the gates stopped before.
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

    /// Notes that something was done with a film.
    pub(super) fn leave(&mut self, film: &Path, now: Instant) {
        self.left.insert(film.to_owned(), now);
    }

    /// Whether something was done with a film after a look at it had begun, so that what the look says is old.
    pub(super) fn was_left_since(&self, film: &Path, began: Instant) -> bool {
        self.left.get(film).is_some_and(|left| *left >= began)
    }

    /// Forgets what was done before the oldest walk that is under way began: no walk can have seen a film as it was before.
    pub(super) fn forget_left_before(&mut self, oldest_walk: Option<Instant>) {
        self.left.retain(|_, left| oldest_walk.is_some_and(|oldest| *left >= oldest));
    }

    /// Whether no film waits to be probed or planned.
    pub(super) fn are_planned(&self) -> bool {
        self.to_probe.is_empty() && self.to_plan.is_empty()
    }
}
