//! What the windows of a trial tell of the whole film: its size and its scores, with their errors.

use alloc::vec::Vec;

use super::trial::{Trial, WindowReport};
use crate::plan::{Level, MetricName};

/// An estimated number and its error: one standard deviation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Estimate {
    pub(crate) value: f64,
    pub(crate) error: f64,
}

/// By how much the size of windows that are encoded on their own is wrong, as a share, however many there are: the
/// encoder sees no picture behind the end of each.
const SIZE_BIAS: f64 = 0.03;

/// By how much windows of a film differ in their size at least, as a share: three windows may be alike by chance. With
/// 24 windows the error is 5 %, where 6 to 7 % were measured.
const SPREAD: f64 = 0.25;

/// How far apart key frames are in a whole film, in microseconds: 160 frames at 25 frames a second, which SVT-AV1 makes
/// of it if it isn't told otherwise (measured with 3.1).
const KEY_DISTANCE: f64 = 6_400_000.0;

/// A share of the windows, the worst, that counts by itself: the part of a film that people notice.
const WORST_SHARE: usize = 4;

/// Bytes of the picture for each microsecond.
pub(crate) fn byte_rate(trial: &Trial) -> Option<Estimate> {
    let windows = &trial.windows;
    let (bytes, length) = windows
        .iter()
        .fold((0.0, 0.0), |(bytes, length), window| (bytes + float(window.bytes), length + micros(window)));
    if windows.len() < 2 || length <= 0.0 || bytes <= 0.0 {
        return None;
    }
    let rate = bytes / length;
    let excess: Vec<f64> = windows.iter().map(|window| float(window.bytes) - rate * micros(window)).collect();
    let error = deviation_of_mean(&excess) * count(windows.len()) / length;
    // Each window begins with a key frame, of which the whole film has fewer. In a film with motion other pictures cost
    // as much instead, in one that stands still nothing does: all of that excess is two errors.
    let excess: f64 = windows
        .iter()
        .map(|window| float(window.key_bytes) * (1.0 - micros(window) / KEY_DISTANCE).max(0.0))
        .sum();
    let error = hypot(error, excess / length / 2.0);
    let error = error.max(rate * SPREAD / libm::sqrt(count(windows.len())));
    Some(Estimate { value: rate, error: hypot(error, rate * SIZE_BIAS) })
}

/// The score of the film by a metric: the lower of the mean of the windows and the mean of their worst quarter with an
/// allowance, so that a film whose dark scenes are bad isn't good because the others are. `None` if a window has no
/// such score.
pub(crate) fn score(trial: &Trial, metric: MetricName) -> Option<Estimate> {
    let scores: Option<Vec<f64>> =
        trial.windows.iter().map(|window| window.scores.get(&metric).map(|score| score.to_f64())).collect();
    let scores = scores.filter(|scores| scores.len() >= 2)?;
    let mean = mean(&scores);
    let excess: Vec<f64> = scores.iter().map(|score| score - mean).collect();
    let mut sorted = scores;
    sorted.sort_by(f64::total_cmp);
    sorted.truncate(sorted.len().div_ceil(WORST_SHARE));
    let worst = self::mean(&sorted) + allowance(metric);
    Some(Estimate { value: mean.min(worst), error: hypot(deviation_of_mean(&excess), bias(metric)) })
}

/// The lowest score of a window.
pub(crate) fn worst(trial: &Trial, metric: MetricName) -> Option<f64> {
    let scores = trial.windows.iter().filter_map(|window| window.scores.get(&metric));
    scores.map(|score| score.to_f64()).min_by(f64::total_cmp)
}

/// How much lower than the mean the worst quarter of a film may be.
const fn allowance(metric: MetricName) -> f64 {
    match metric {
        MetricName::Vmaf | MetricName::VmafNeg => 2.0,
        MetricName::Ssimulacra2 => 5.0,
        MetricName::Xpsnr => 3.0,
        MetricName::Detail => 15.0,
    }
}

/// By how much the scores of windows that are encoded on their own are wrong, however many there are.
const fn bias(metric: MetricName) -> f64 {
    match metric {
        MetricName::Vmaf | MetricName::VmafNeg | MetricName::Xpsnr => 0.2,
        MetricName::Ssimulacra2 => 0.5,
        MetricName::Detail => 1.0,
    }
}

/// The standard deviation of the mean of evenly spaced samples. Neighbours are compared instead of all with the mean,
/// since what changes slowly is met by evenly spaced samples anyway.
fn deviation_of_mean(excess: &[f64]) -> f64 {
    let squares: f64 = excess.windows(2).map(|pair| (pair[1] - pair[0]) * (pair[1] - pair[0])).sum();
    libm::sqrt(squares / (2.0 * count(excess.len() - 1) * count(excess.len())))
}

fn mean(numbers: &[f64]) -> f64 {
    numbers.iter().sum::<f64>() / count(numbers.len())
}

fn micros(window: &WindowReport) -> f64 {
    float(window.length.0.unsigned_abs())
}

pub(crate) fn hypot(one: f64, other: f64) -> f64 {
    libm::sqrt(one * one + other * other)
}

#[allow(clippy::cast_precision_loss, reason = "sizes and times are far below 2^52")]
pub(crate) const fn float(number: u64) -> f64 {
    number as f64
}

#[allow(clippy::cast_precision_loss, reason = "there are few windows")]
const fn count(number: usize) -> f64 {
    number as f64
}

/// The level as a number of whole steps of CRF.
pub(crate) fn crf(level: Level) -> f64 {
    f64::from(level.quarters()) / 4.0
}
