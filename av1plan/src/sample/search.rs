//! The search for the level that reaches a stated quality with the fewest bytes, in at most four trials.

use alloc::vec::Vec;

use super::curve::{crf_for, nearest, score_at};
use super::estimate::crf;
use super::trial::Trial;
use crate::number::Milli;
use crate::plan::{Level, MetricName};

/// What is searched for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Search {
    /// The scores that the film must have, each of them.
    pub(super) goals: Vec<(MetricName, Milli)>,
    /// The level of the first trial, between the limits.
    pub(super) start: Level,
    /// The best and the worst level that may be chosen, in this order.
    pub(super) limits: (Level, Level),
    /// How far apart the encoder's levels are, in quarters of a step of CRF; at least 1.
    pub(super) step: u16,
    /// How many of the trials were made by other searches.
    pub(super) known: usize,
}

impl Search {
    /// A search for the worst level between `limits` at which each goal is met, beginning at `start`, or at the limit
    /// that is nearer. `step` is how far apart the encoder's levels are, in quarters of a step of CRF; 0 counts as 1.
    pub fn new(goals: Vec<(MetricName, Milli)>, start: Level, limits: (Level, Level), step: u16) -> Self {
        let (best, worst) = (limits.0.min(limits.1), limits.1.max(limits.0));
        Self { goals, start: start.clamp(best, worst), limits: (best, worst), step: step.max(1), known: 0 }
    }

    /// Says how many of the trials, the first ones, were made by other searches: they help, and don't count among
    /// [`MOST_TRIALS`].
    #[must_use]
    pub fn with_known(mut self, known: usize) -> Self {
        self.known = known;
        self
    }

    /// The scores that the film must have.
    pub fn goals(&self) -> &[(MetricName, Milli)] {
        &self.goals
    }

    /// The best and the worst level that may be chosen.
    pub const fn limits(&self) -> (Level, Level) {
        self.limits
    }
}

/// What a search does next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SearchStep {
    /// Samples at this level must be scored, which wasn't tried yet.
    Try(Level),
    /// This is the level. It may not have been tried itself if the trials next to it tell enough.
    Found(Level),
    /// The goal is better than the best level that may be chosen, or every level that may be chosen is better than the
    /// goal: this is the limit.
    Beyond(Level),
    /// The trials have no score by one of the metrics, or there is no goal: nothing can be found.
    Unknown,
}

/// The most trials of a search.
pub const MOST_TRIALS: usize = 4;

/// How far from the first trial the second may be, in steps of CRF: a slope that isn't known yet may be far off.
const FARTHEST: (f64, f64) = (8.0, 12.0);

/// A level within this many quarters of a step of CRF of one that was tried needs no trial of its own.
const NEAR: u16 = 4;

/// The next step of a search after these trials. It ends after [`MOST_TRIALS`] of its own at the latest, and chooses
/// nothing that a trial has shown to miss a goal.
pub fn search_step(search: &Search, trials: &[Trial]) -> SearchStep {
    let (best, _) = search.limits;
    if search.goals.is_empty() {
        return SearchStep::Unknown;
    }
    if trials.is_empty() {
        return SearchStep::Try(search.start);
    }
    let Some(wanted) = wanted_crf(search, trials) else { return SearchStep::Unknown };
    let wanted = match trials {
        [only] => wanted.clamp(crf(only.level) - FARTHEST.0, crf(only.level) + FARTHEST.1),
        _ => wanted,
    };
    let answer = within(search, trials, wanted);
    let is_tried = trials.iter().any(|trial| trial.level == answer);
    let is_near = nearest(trials, answer)
        .is_some_and(|trial| trial.level.quarters().abs_diff(answer.quarters()) <= NEAR);
    let is_last = trials.len().saturating_sub(search.known) >= MOST_TRIALS;
    if is_last && !is_near {
        // What no trial comes near isn't certain enough to be chosen.
        return worst_that_meets(search, trials).map_or(SearchStep::Beyond(best), SearchStep::Found);
    }
    // The best level must have been tried before it is said that it is the end.
    if is_tried || is_last || (is_near && answer != best) {
        return end(search, trials, answer, wanted);
    }
    SearchStep::Try(answer)
}

/// The worst level between the limits of which a trial has shown that it meets each goal; `None` if none does.
pub(crate) fn worst_that_meets(search: &Search, trials: &[Trial]) -> Option<Level> {
    let (best, worst) = search.limits;
    let allowed = trials.iter().filter(|trial| (best..=worst).contains(&trial.level));
    allowed.filter(|trial| meets(search, trial)).map(|trial| trial.level).max()
}

/// The highest CRF at which each goal is met, as the trials show.
fn wanted_crf(search: &Search, trials: &[Trial]) -> Option<f64> {
    let wanted: Option<Vec<f64>> =
        search.goals.iter().map(|(metric, goal)| crf_for(trials, *metric, *goal)).collect();
    wanted?.into_iter().min_by(f64::total_cmp)
}

/// Whether a trial meets each goal.
fn meets(search: &Search, trial: &Trial) -> bool {
    search.goals.iter().all(|(metric, goal)| {
        let found = score_at(core::slice::from_ref(trial), *metric, trial.level);
        found.is_some_and(|found| Milli::from_f64(found.value) >= *goal)
    })
}

/// The level for a CRF: rounded towards quality, within the limits, better than every trial that misses a goal, and no
/// better than a trial that meets them all.
fn within(search: &Search, trials: &[Trial], wanted: f64) -> Level {
    let (best, worst) = search.limits;
    let (best, worst) = (best.quarters(), worst.quarters());
    let quarters = libm::floor(wanted * 4.0 / f64::from(search.step)).clamp(0.0, 1024.0);
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it was clamped")]
    let level = (quarters as u16).saturating_mul(search.step);
    let missed = trials.iter().filter(|trial| !meets(search, trial)).map(|trial| trial.level.quarters());
    let limit = missed.min().map_or(worst, |missed| missed.saturating_sub(search.step));
    let met = trials.iter().filter(|trial| meets(search, trial)).map(|trial| trial.level.quarters());
    let sure = met.filter(|met| *met <= limit).max().unwrap_or(best);
    Level::of_quarters(level.clamp(sure.min(limit), limit.max(sure)).clamp(best, worst))
}

fn end(search: &Search, trials: &[Trial], answer: Level, wanted: f64) -> SearchStep {
    let (best, worst) = search.limits;
    let is_missed = trials.iter().any(|trial| trial.level <= answer && !meets(search, trial));
    let is_more_than_met = answer == worst && wanted >= crf(worst) + f64::from(search.step) / 4.0;
    if (answer == best && is_missed) || is_more_than_met {
        SearchStep::Beyond(answer)
    } else {
        SearchStep::Found(answer)
    }
}
