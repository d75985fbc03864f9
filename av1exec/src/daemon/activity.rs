//! Tracks running encodes from events, for [`Status`](crate::serve::status::Status).

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;

use crate::pipeline::event::Event;
use crate::serve::status::{RunningJob, ScanStatus, Stage};
use crate::state::outcome::Outcome;
use crate::state::totals::Totals;
use crate::sys::path::path_document;
use av1plan::judge::{Progress, remaining_time};

/// Running encodes, and the totals of those that have ended.
#[derive(Debug, Default)]
pub(super) struct Activity {
    pub(super) running: BTreeMap<String, RunningJob>,
    pub(super) totals: Totals,
    pub(super) last_scan: Option<ScanStatus>,
}

impl Activity {
    /// Updates this from an event.
    pub(super) fn note(&mut self, event: &Event, now: Timestamp) {
        match event {
            Event::Started { job, path, plan } => {
                let running = RunningJob {
                    job: job.clone(),
                    path: path_document(path),
                    started: now,
                    stage: Stage::Encoding,
                    frames: plan.video.frames,
                    frame: 0,
                    fps: None,
                    speed: None,
                    remaining_secs: None,
                    size: None,
                    size_before: plan.contract.size.original,
                    size_limit: plan.contract.size.limit(),
                    settings: plan.video.settings.to_string(),
                };
                self.running.insert(job.clone(), running);
            }
            Event::Progressed { job, progress } => {
                if let Some(running) = self.running.get_mut(job) {
                    advance(running, progress, now);
                }
            }
            Event::Judging { job, .. } => {
                if let Some(running) = self.running.get_mut(job) {
                    running.stage = Stage::Judging;
                }
            }
            Event::Finished { job: Some(job), outcome, .. } => {
                self.running.remove(job);
                *self.totals.jobs.entry(outcome.code().to_owned()).or_default() += 1;
                if let Outcome::Replaced { before, after, .. } = outcome {
                    self.totals.savings.add(*before, *after);
                }
            }
            _ => {}
        }
    }
}

fn advance(running: &mut RunningJob, progress: &Progress, now: Timestamp) {
    running.frame = progress.frame;
    running.fps = progress.fps;
    running.speed = progress.speed;
    running.size = progress.total_size.or(running.size);
    let elapsed = Duration::try_from(now.duration_since(running.started)).unwrap_or_default();
    let left = running.frames.and_then(|frames| remaining_time(progress.frame, frames, elapsed));
    running.remaining_secs = left.map(|left| left.as_secs());
}
