//! What samples have shown: the trials of a film, each at one level of quality.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::number::{Micros, Milli};
use crate::plan::{Level, MetricName};

/// What one window of a film has become as a sample.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct WindowReport {
    /// How long its pictures are shown, in microseconds; more than 0.
    pub length: Micros,
    /// The size of its pictures in bytes.
    pub bytes: u64,
    /// The size of its first picture in bytes, which is a key frame.
    #[serde(default)]
    pub key_bytes: u64,
    /// The mean score of its pictures by each metric.
    pub scores: BTreeMap<MetricName, Milli>,
}

impl WindowReport {
    /// A window whose pictures are shown for this long and have this size.
    pub const fn new(length: Micros, bytes: u64) -> Self {
        Self { length, bytes, key_bytes: 0, scores: BTreeMap::new() }
    }

    /// Sets the size of the first picture in bytes.
    #[must_use]
    pub const fn with_key(mut self, key_bytes: u64) -> Self {
        self.key_bytes = key_bytes;
        self
    }

    /// Adds the mean score of the pictures by a metric.
    #[must_use]
    pub fn with_score(mut self, metric: MetricName, score: Milli) -> Self {
        self.scores.insert(metric, score);
        self
    }
}

/// All windows of a film, encoded at one level.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Trial {
    /// The level.
    pub level: Level,
    /// The windows in their order.
    pub windows: Vec<WindowReport>,
}

impl Trial {
    /// The windows at a level, in their order.
    pub const fn new(level: Level, windows: Vec<WindowReport>) -> Self {
        Self { level, windows }
    }
}

/// All trials of a film with the same settings, but for the level.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Samples {
    /// What else the samples depend on ([`SampleOrder::key`](crate::SampleOrder::key)): samples with another key
    /// say nothing.
    pub key: String,
    /// The trials in the order in which they were made.
    pub trials: Vec<Trial>,
    /// What the last of them were made for: a text that differs from goal to goal.
    #[serde(default)]
    pub goal: String,
    /// How many trials there were when that began.
    #[serde(default)]
    pub known: usize,
}

impl Samples {
    /// No trials yet.
    pub const fn new(key: String) -> Self {
        Self { key, trials: Vec::new(), goal: String::new(), known: 0 }
    }

    /// How many of the trials were made for something else than `goal`.
    pub(crate) fn known_for(&self, goal: &str) -> usize {
        if self.goal == goal { self.known } else { self.trials.len() }
    }

    /// Adds a trial that was made for `goal`.
    pub fn add(&mut self, goal: &str, trial: Trial) {
        self.known = self.known_for(goal);
        self.goal = String::from(goal);
        self.trials.push(trial);
    }

    /// Reads samples that [`Samples::to_json`] wrote; `None` if the text is anything else, as if the film hadn't been
    /// sampled.
    pub fn from_json(json: &[u8]) -> Option<Self> {
        let read: Self = serde_json::from_slice(json).ok()?;
        let is_sound = |window: &WindowReport| window.length.0 > 0;
        read.trials.iter().all(|trial| trial.windows.iter().all(is_sound)).then_some(read)
    }

    /// Writes the samples as JSON.
    pub fn to_json(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }
}
