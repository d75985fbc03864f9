//! How score and size change with the level: both are straight lines over a few steps of CRF, if the score of VMAF is
//! taken as the logarithm of what it lacks of 100, and the size as its logarithm.
//!
//! Measured with SVT-AV1 at presets 5 and 8 on a film of 60 s: such a line misses VMAF by 0.07 to 0.20 points, XPSNR
//! by 0.02 to 0.08 dB and the size by 0.5 to 5 %.

use alloc::vec::Vec;

use super::estimate::{Estimate, crf, hypot, score};
use super::trial::Trial;
use crate::number::Milli;
use crate::plan::{Level, MetricName};

/// What no score of VMAF comes nearer to 100 than.
const NEAREST: f64 = 0.05;

/// What is straight over CRF and grows with it: the more, the worse the picture.
pub(crate) fn lack(metric: MetricName, score: f64) -> f64 {
    match metric {
        MetricName::Vmaf | MetricName::VmafNeg => libm::log((100.0 - score).max(NEAREST)),
        MetricName::Xpsnr | MetricName::Ssimulacra2 | MetricName::Detail => -score,
    }
}

/// The score that lacks this much.
fn score_lacking(metric: MetricName, lack: f64) -> f64 {
    match metric {
        MetricName::Vmaf | MetricName::VmafNeg => 100.0 - libm::exp(lack),
        MetricName::Xpsnr | MetricName::Ssimulacra2 | MetricName::Detail => -lack,
    }
}

/// By how much a step of CRF adds to the lack, before a second trial shows it.
const fn prior_slope(metric: MetricName) -> f64 {
    match metric {
        MetricName::Vmaf | MetricName::VmafNeg => 0.055,
        MetricName::Xpsnr => 0.2,
        MetricName::Ssimulacra2 => 0.9,
        MetricName::Detail => 0.7,
    }
}

/// By how much a step of CRF shrinks the logarithm of the size, before a second trial shows it.
const PRIOR_SHRINK: f64 = 0.065;

/// A slope is at least this share of the one before a second trial, and at most as many times as large: windows where
/// nothing moves show none at all.
const SLOPE_RANGE: f64 = 4.0;

/// A straight line through one or two points.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Line {
    crf: f64,
    value: f64,
    slope: f64,
}

impl Line {
    /// The line through the two points that are nearest to `near`, or through the only one. `None` if there is no
    /// point.
    fn through(points: &[(f64, f64)], near: f64, prior: f64) -> Option<Self> {
        let mut sorted: Vec<(f64, f64)> = points.to_vec();
        sorted.sort_by(|one, other| libm::fabs(one.0 - near).total_cmp(&libm::fabs(other.0 - near)));
        let &(crf, value) = sorted.first()?;
        let other = sorted.iter().find(|(other, _)| libm::fabs(other - crf) > 0.1);
        let slope = other.map_or(prior, |(at, there)| (there - value) / (at - crf));
        let (least, most) = (prior / SLOPE_RANGE, prior * SLOPE_RANGE);
        Some(Self { crf, value, slope: slope.clamp(least.min(most), most.max(least)) })
    }

    fn at(self, crf: f64) -> f64 {
        self.value + (crf - self.crf) * self.slope
    }

    fn reaches(self, value: f64) -> f64 {
        self.crf + (value - self.value) / self.slope
    }
}

/// The CRF at which a metric has this score, as the trials show. `None` if they have no score by it.
pub(crate) fn crf_for(trials: &[Trial], metric: MetricName, wanted: Milli) -> Option<f64> {
    let wanted = lack(metric, wanted.to_f64());
    let points = lacks(trials, metric)?;
    // The nearest trial is the one whose score is nearest.
    let (near, _) = points
        .iter()
        .copied()
        .min_by(|one, other| libm::fabs(one.1 - wanted).total_cmp(&libm::fabs(other.1 - wanted)))?;
    Some(Line::through(&points, near, prior_slope(metric))?.reaches(wanted))
}

fn lacks(trials: &[Trial], metric: MetricName) -> Option<Vec<(f64, f64)>> {
    trials.iter().map(|trial| Some((crf(trial.level), lack(metric, score(trial, metric)?.value)))).collect()
}

/// The score at a level that may not have been tried.
pub(crate) fn score_at(trials: &[Trial], metric: MetricName, level: Level) -> Option<Estimate> {
    let nearest = nearest(trials, level)?;
    let known = score(nearest, metric)?;
    if nearest.level == level {
        return Some(known);
    }
    let line = Line::through(&lacks(trials, metric)?, crf(level), prior_slope(metric))?;
    let value = score_lacking(metric, line.at(crf(level)));
    Some(Estimate {
        value,
        error: hypot(known.error, unsure(trials, nearest, level) * libm::fabs(value - known.value)),
    })
}

/// A number of the trials whose logarithm is straight over CRF, at a level that may not have been tried.
pub(crate) fn size_at(
    trials: &[Trial],
    level: Level,
    of: impl Fn(&Trial) -> Option<Estimate>,
) -> Option<Estimate> {
    let nearest = nearest(trials, level)?;
    let known = of(nearest)?;
    if nearest.level == level {
        return Some(known);
    }
    let points: Option<Vec<(f64, f64)>> =
        trials.iter().map(|trial| Some((crf(trial.level), libm::log(of(trial)?.value)))).collect();
    let value = libm::exp(Line::through(&points?, crf(level), -PRIOR_SHRINK)?.at(crf(level)));
    let share = known.error / known.value;
    let moved = unsure(trials, nearest, level) * libm::fabs(libm::log(value / known.value));
    Some(Estimate { value, error: value * hypot(share, moved) })
}

/// Which share of a change between the nearest trial and a level is unsure: with one trial the slope itself is a guess.
fn unsure(trials: &[Trial], nearest: &Trial, level: Level) -> f64 {
    if nearest.level == level {
        0.0
    } else if trials.len() == 1 {
        0.4
    } else {
        0.15
    }
}

pub(crate) fn nearest(trials: &[Trial], level: Level) -> Option<&Trial> {
    trials.iter().min_by_key(|trial| trial.level.quarters().abs_diff(level.quarters()))
}
