//! What samples predict of a result, and what was searched for by them.

use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::{Level, MetricName};
use crate::number::{Micros, Milli};

/// What samples predict of a result, each number with its error: in two of three films the real number is no farther
/// away (one standard deviation).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Prediction {
    /// The level of quality that it holds for.
    pub level: Level,
    /// How many windows of the film were encoded.
    pub windows: u64,
    /// How much of the film they were, in microseconds.
    pub sampled: Micros,
    /// The size of the whole result in bytes.
    pub bytes: u64,
    /// The error of the size in bytes.
    pub bytes_error: u64,
    /// The scores of the picture.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scores: Vec<PredictedScore>,
    /// Each trial, in the order in which they were made.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub trials: Vec<TrialResult>,
}

/// What a search for a level of quality was for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Sought {
    /// The scores of the target.
    pub goals: String,
    /// The level of quality that the ladder has.
    pub ladder: Level,
}

/// A score that samples predict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PredictedScore {
    /// The metric.
    pub metric: MetricName,
    /// The score: the lower of the mean of the windows and the mean of the worst quarter of them with an allowance.
    pub score: Milli,
    /// The error of the score.
    pub error: Milli,
    /// The lowest score of a window, of the trial that is nearest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worst: Option<Milli>,
}

/// What a trial would make of the whole film.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TrialResult {
    /// The level of quality.
    pub level: Level,
    /// The size of the whole result in bytes.
    pub bytes: u64,
    /// The scores by each metric.
    pub scores: Vec<(MetricName, Milli)>,
}
