//! The running encodes according to the daemon, updated by its events.

use std::collections::HashMap;

use av1exec::serve::control::events::EventDocument;
use av1exec::serve::status::{RunningJob, Stage};

/// The running encodes, by job id.
#[derive(Debug, Default)]
pub struct Live(HashMap<String, LiveJob>);

/// A running encode.
#[derive(Debug)]
pub struct LiveJob {
    /// Its progress.
    pub running: RunningJob,
    /// Its speed since the dashboard first saw it.
    pub pace: Pace,
    /// The check of its result that is running: `contract`, `decode` or `picture`.
    pub check: Option<String>,
}

impl Live {
    /// Whether no daemon reports any running encode.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns a running encode.
    pub fn job(&self, id: &str) -> Option<&LiveJob> {
        self.0.get(id)
    }

    /// Replaces the running encodes by those in the daemon's status. Returns whether anything changed.
    pub fn take(&mut self, running: Vec<RunningJob>) -> bool {
        let before = self.0.len();
        self.0.retain(|id, _| running.iter().any(|job| job.job == *id));
        let mut changed = self.0.len() != before;
        for job in running {
            if let Some(known) = self.0.get_mut(&job.job) {
                changed |= known.running != job;
                known.running = job;
            } else {
                changed = true;
                let id = job.job.clone();
                self.0.insert(id, LiveJob { running: job, pace: Pace::default(), check: None });
            }
        }
        changed
    }

    /// Applies an event. Returns whether anything changed.
    pub fn note(&mut self, event: &EventDocument) -> bool {
        match event {
            EventDocument::Progressed { job, frame, fps, speed, out_secs: _, size } => {
                let Some(known) = self.0.get_mut(job) else { return false };
                known.pace.extend(fps.unwrap_or_default());
                let running = &mut known.running;
                (running.frame, running.fps, running.speed) = (*frame, *fps, *speed);
                running.size = size.or(running.size);
                true
            }
            EventDocument::Judging { job, check } => {
                let Some(known) = self.0.get_mut(job) else { return false };
                known.running.stage = Stage::Judging;
                known.check = Some(check.clone());
                true
            }
            EventDocument::Finished { job: Some(job), .. } => self.0.remove(job).is_some(),
            _ => false,
        }
    }
}

/// The speed in frames per second over the whole encode, as a bounded list of averages. Each average covers the same
/// number of reports; when the list gets too long, that number is doubled and neighbouring averages are merged.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Pace {
    averages: Vec<f64>,
    /// The binary logarithm of the number of reports per average.
    doublings: u32,
    /// The latest reports, which aren't enough for another average yet.
    pending: Vec<f64>,
}

/// The maximum number of averages: more than a sparkline has columns.
const MOST: usize = 64;

impl Pace {
    fn extend(&mut self, fps: f64) {
        self.pending.push(fps);
        if self.pending.len() < 1 << self.doublings {
            return;
        }
        self.averages.push(mean(&self.pending));
        self.pending.clear();
        if self.averages.len() > MOST {
            // An average without a partner is half of a new one, so that it goes back to the pending reports.
            let odd = self.averages.pop();
            self.averages = self.averages.chunks(2).map(mean).collect();
            self.doublings += 1;
            self.pending =
                odd.into_iter().flat_map(|fps| std::iter::repeat_n(fps, 1 << (self.doublings - 1))).collect();
        }
    }

    /// Returns the last `columns` averages as percentages of the highest of them.
    pub fn shares(&self, columns: usize) -> Vec<u8> {
        let shown = &self.averages[self.averages.len().saturating_sub(columns)..];
        let highest = shown.iter().copied().fold(0.0, f64::max);
        let share = |fps: &f64| if highest > 0.0 { fps / highest * 100.0 } else { 0.0 };
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to 100")]
        shown.iter().map(|fps| share(fps).clamp(0.0, 100.0).round() as u8).collect()
    }
}

fn mean(numbers: &[f64]) -> f64 {
    let count = u32::try_from(numbers.len()).map_or(1.0, f64::from).max(1.0);
    numbers.iter().sum::<f64>() / count
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pace(reports: impl IntoIterator<Item = f64>) -> Pace {
        let mut pace = Pace::default();
        reports.into_iter().for_each(|fps| pace.extend(fps));
        pace
    }

    #[test]
    fn a_short_encode_is_shown_report_by_report() {
        assert_eq!(pace([10.0, 20.0, 5.0]).shares(30), [50, 100, 25]);
        assert_eq!(pace([10.0, 20.0, 5.0]).shares(1), [100]);
        assert_eq!(pace([0.0, 0.0]).shares(30), [0, 0]);
        assert_eq!(pace([]).shares(30), [0_u8; 0]);
    }

    #[test]
    fn a_long_one_keeps_its_shape_in_few_numbers() {
        // The speed is low in the first half and high in the second.
        let pace = pace((0..100_000).map(|report| if report < 50_000 { 10.0 } else { 20.0 }));
        assert!(pace.averages.len() <= MOST && pace.averages.len() >= MOST / 2, "{pace:?}");
        let shares = pace.shares(MOST);
        assert_eq!((shares[0], shares[shares.len() - 1]), (50, 100));
        let slow = shares.iter().position(|share| *share > 75).unwrap();
        assert!(slow.abs_diff(shares.len() / 2) <= 1, "{shares:?}");
    }
}
