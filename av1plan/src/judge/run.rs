//! What is known of a run of ffmpeg.

use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::evidence::lacking;
use super::{ClosingReport, Missing, Progress};
use crate::number::Micros;
use crate::plan::{EncodePlan, ExpectedPicture, StreamType, Treatment};
use crate::probe::damage_in;
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
    /// The sizes, columns and rows, to which the source's pictures changed while they were decoded; at most
    /// eight. ffmpeg scales all pictures to the size of the first one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changed_sizes: Vec<(u32, u32)>,
    /// The size, columns and rows, of the first picture that was decoded, without the container's crop; `None` if the
    /// log doesn't show it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_size: Option<(u32, u32)>,
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

    const MOST_SIZES: usize = 8;

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

    /// Adds a line of ffmpeg's standard error. All lines must be added, in their order.
    pub fn add_log_line(&mut self, line: &str) {
        self.closing.get_or_insert_default().add_line(line);
        if self.damage.len() < Self::MOST_DAMAGE && damage_in(line) {
            self.damage.push(String::from(line.trim()));
        }
        self.first_size = self.first_size.or_else(|| first_size(line));
        let changed = changed_size(line).filter(|size| !self.changed_sizes.contains(size));
        self.changed_sizes.extend(changed.filter(|_| self.changed_sizes.len() < Self::MOST_SIZES));
    }

    /// The first size to which the pictures changed and which isn't that of the result; `None` if there is none.
    ///
    /// ffmpeg prints sizes without the container's crop, so they are compared with the first one. If the log doesn't
    /// show it, they are compared with the expected size.
    pub fn other_size(&self, expected: &ExpectedPicture) -> Option<(u32, u32)> {
        if let Some(first) = self.first_size {
            return self.changed_sizes.iter().find(|size| **size != first).copied();
        }
        let even = |side: u32| side.checked_next_multiple_of(2).unwrap_or(side);
        let is_other = |(width, height): &(u32, u32)| {
            // The plan may pad to an even size.
            let is = |wanted: u32, side: u32| wanted == side || wanted == even(side);
            !is(expected.width, *width) || !is(expected.height, *height)
        };
        self.changed_sizes.iter().find(|size| is_other(size)).copied()
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

/// Reads the size from what ffmpeg prints of the first picture at the level `verbose` (8.0): `[graph -1 input from
/// stream 0:0 @ 0x7f] [verbose] w:64 h:48 pixfmt:yuv420p tb:1/1000 fr:25/1`.
fn first_size(line: &str) -> Option<(u32, u32)> {
    let (from, facts) = line.strip_prefix("[graph ")?.split_once("] [verbose] w:")?;
    let (width, rest) = facts.split_once(" h:")?;
    let (height, _) = rest.split_once(" pixfmt:").filter(|_| from.contains(" input from stream "))?;
    Some((width.parse().ok()?, height.parse().ok()?))
}

/// Reads the size from what ffmpeg prints when the properties of pictures change (8.0 and 9.0.2): `[vf#0:0 @ 0x55]
/// [info] Reconfiguring filter graph because video parameters changed to yuv420p(tv, bt709), 640x360`.
fn changed_size(line: &str) -> Option<(u32, u32)> {
    // A film's title, which ffmpeg prints too, may say the same, but not at the start of a line.
    let (_, changed) = line
        .strip_prefix("[vf#")?
        .split_once("] Reconfiguring filter graph because video parameters changed to ")?;
    let (_, size) = changed.trim_end().rsplit_once(", ")?;
    let (width, height) = size.split_once('x')?;
    Some((width.parse().ok()?, height.parse().ok()?))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_of_size_is_heard_and_one_of_colours_is_none() {
        let start =
            "[vf#0:0 @ 0x556df0] [info] Reconfiguring filter graph because video parameters changed to";
        let mut report = RunReport::new(Some(0));
        for rest in [
            "yuv420p(tv, bt709), 320x180",
            "yuv420p(tv, bt709), 640x360",
            "yuv420p10le(unknown), 640x360",
            "x",
        ] {
            report.add_log_line(&alloc::format!("{start} {rest}"));
        }
        report.add_log_line(&alloc::format!("[info]     title           : {start} yuv420p, 1x1"));
        assert_eq!(report.changed_sizes, [(320, 180), (640, 360)]);
    }

    #[test]
    fn sizes_are_compared_before_the_crop_of_the_container() {
        let mut report = RunReport::new(Some(0));
        report.add_log_line(
            "[graph -1 input from stream 0:0 @ 0x7f23ac002000] [verbose] w:64 h:64 pixfmt:yuv420p tb:1/1000 fr:25/1",
        );
        let changed = "[vf#0:0 @ 0x5] [info] Reconfiguring filter graph because video parameters changed to yuv422p(unknown)";
        report.add_log_line(&alloc::format!("{changed}, 64x64"));
        let cropped = ExpectedPicture { width: 64, height: 48, ..picture() };
        assert_eq!(report.other_size(&cropped), None);
        report.add_log_line(&alloc::format!("{changed}, 64x48"));
        assert_eq!(report.other_size(&cropped), Some((64, 48)));
    }

    fn picture() -> ExpectedPicture {
        serde_json::from_str(r#"{"width": 2, "height": 2, "pixel_format": "yuv420p", "color": {}}"#).unwrap()
    }
}
