//! What is known of a run of ffmpeg.

use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::evidence::lacking;
use super::{ClosingReport, Missing, Progress, damage_in};
use crate::number::Micros;
use crate::plan::{EncodePlan, StreamType, Treatment};
use crate::setters::setters;

/// What is known of a run of ffmpeg that has ended.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RunReport {
    /// ffmpeg's exit code; `None` if a signal ended it.
    pub exit_code: Option<i32>,
    /// Frames encoded, by the last progress report; `None` if there was none.
    pub frames: Option<u64>,
    /// The first five lines, at most, in which ffmpeg says that the source is damaged (see [`damage_in`]).
    pub damage: Vec<String>,
    /// ffmpeg's closing report; `None` if nobody read its standard error.
    pub closing: Option<ClosingReport>,
    /// Frames that ffmpeg dropped, by the last progress report; `None` if it doesn't say.
    pub dropped: Option<u64>,
    /// Frames that ffmpeg showed twice, by the last progress report; `None` if it doesn't say.
    pub duplicated: Option<u64>,
    /// The timestamps in microseconds of the frames that went into the encoder, in that order; `None` if they weren't
    /// recorded.
    pub frame_times: Option<Vec<Micros>>,
}

setters! {
    RunReport {
        with_exit_code: exit_code, Option<i32>;
        with_frames: frames, Option<u64>;
        with_damage: damage, Vec<String>;
        with_closing: closing, Option<ClosingReport>;
        with_dropped: dropped, Option<u64>;
        with_duplicated: duplicated, Option<u64>;
        with_frame_times: frame_times, Option<Vec<Micros>>;
    }
}

impl RunReport {
    /// How many lines about damage are kept. A broken film can make ffmpeg print the same line a million times.
    const MOST_DAMAGE: usize = 5;

    /// A run with this exit code, or ended by a signal (`None`), of which nothing else is known yet.
    pub fn new(exit_code: Option<i32>) -> Self {
        Self { exit_code, ..Self::default() }
    }

    /// Adds everything that ffmpeg wrote to standard error. A run that wrote nothing has no closing report, which is
    /// a defect; a run whose log nobody added lacks a piece of evidence.
    pub fn add_log(&mut self, log: &str) {
        self.closing.get_or_insert_default();
        log.lines().for_each(|line| self.add_log_line(line));
    }

    /// Adds a line of ffmpeg's standard error. All lines must be added, in any order.
    pub fn add_log_line(&mut self, line: &str) {
        self.closing.get_or_insert_default().add_line(line);
        if self.damage.len() < Self::MOST_DAMAGE && damage_in(line) {
            self.damage.push(String::from(line.trim()));
        }
    }

    /// Stores the frames of a progress report if it is ffmpeg's last one.
    pub fn add_progress(&mut self, progress: &Progress) {
        if progress.ended {
            self.frames = Some(progress.frame);
            self.dropped = progress.dropped;
            self.duplicated = progress.duplicated;
        }
    }

    pub(super) fn missing(&self, plan: &EncodePlan) -> Vec<Missing> {
        let progress = self.frames.and(self.dropped).and(self.duplicated);
        let closing = self.closing.as_ref();
        let of_run = [
            (progress.is_none(), Missing::Progress),
            (!closing.is_some_and(|closing| speaks_of_all(closing, plan)), Missing::ClosingReport),
            (self.frame_times.is_none(), Missing::FrameTimes),
        ];
        lacking(&of_run).collect()
    }
}

/// Whether the closing report has a line for each stream that was read and each that was written, with the numbers of
/// decoded and encoded frames for the video. Attachments have no packets, so the report has no line for them among
/// the inputs.
fn speaks_of_all(closing: &ClosingReport, plan: &EncodePlan) -> bool {
    let mut packets =
        plan.mapped().zip(0_u32..).filter(|((stream, _), _)| stream.kind != StreamType::Attachment);
    packets.all(|((stream, kept), position)| {
        let (taken, given) = (closing.input(stream.index), closing.output(position));
        match kept.treatment {
            Treatment::Encode => {
                taken.and_then(|taken| taken.decoded).is_some()
                    && given.and_then(|given| given.encoded).is_some()
            }
            Treatment::Copy | Treatment::Convert(_) => taken.is_some() && given.is_some(),
        }
    })
}
