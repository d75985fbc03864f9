//! ffmpeg's `-progress` output, the only form of progress that stays the same from version to version.

use core::time::Duration;

use serde::{Deserialize, Serialize};

/// How far an encode is: one progress report of ffmpeg, as [`ProgressReader`] reads it.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Progress {
    /// Frames encoded so far. Use this number to measure progress: the times of ffmpeg 8.0 can stop growing.
    pub frame: u64,
    /// Frames encoded per second; `None` if ffmpeg doesn't know.
    pub fps: Option<f64>,
    /// How much of the film is encoded, as a duration; `None` if ffmpeg doesn't know.
    pub out_time: Option<Duration>,
    /// Bytes written so far; `None` if ffmpeg doesn't know.
    pub total_size: Option<u64>,
    /// Seconds of film encoded per second; `None` if ffmpeg doesn't know.
    pub speed: Option<f64>,
    /// Frames dropped so far; `None` if ffmpeg doesn't say.
    pub dropped: Option<u64>,
    /// Frames shown twice so far; `None` if ffmpeg doesn't say.
    pub duplicated: Option<u64>,
    /// Whether this is ffmpeg's last report (`progress=end`). ffmpeg prints that after errors too.
    pub ended: bool,
}

impl Progress {
    /// Whether frames, time and size are the same as in the report `earlier`, so that the encode may hang.
    pub fn is_stuck_at(&self, earlier: &Self) -> bool {
        (self.frame, self.out_time, self.total_size) == (earlier.frame, earlier.out_time, earlier.total_size)
    }
}

/// Assembles progress reports from the lines that ffmpeg writes to its standard output with
/// [`command::arguments`](crate::command::arguments). It reads `frame`, `fps`, `out_time_us`, `total_size`,
/// `drop_frames`, `dup_frames`, `speed`, and `progress`, which ends each report.
#[derive(Debug, Clone, Default)]
pub struct ProgressReader {
    current: Progress,
}

impl ProgressReader {
    /// Adds one line. Returns a report if the line is the last one of a report, otherwise `None`. Unknown lines are
    /// ignored.
    pub fn add_line(&mut self, line: &str) -> Option<Progress> {
        let (key, value) = line.trim().split_once('=')?;
        let value = value.trim();
        match key {
            "frame" => self.current.frame = value.parse().unwrap_or(self.current.frame),
            "fps" => self.current.fps = value.parse().ok().filter(|fps: &f64| *fps > 0.0),
            "out_time_us" => self.current.out_time = value.parse().ok().map(Duration::from_micros),
            "total_size" => self.current.total_size = value.parse().ok(),
            "drop_frames" => self.current.dropped = value.parse().ok(),
            "dup_frames" => self.current.duplicated = value.parse().ok(),
            "speed" => {
                let speed = value.trim_end_matches('x').parse().ok().filter(|speed: &f64| *speed > 0.0);
                self.current.speed = speed;
            }
            "progress" => {
                self.current.ended = value == "end";
                return Some(self.current);
            }
            _ => {}
        }
        None
    }
}

/// How long an encode will still take at its average speed so far: `frame` of `frames_in_all` frames took `elapsed`.
/// `None` before the first frame.
pub fn remaining_time(frame: u64, frames_in_all: u64, elapsed: Duration) -> Option<Duration> {
    let left = frames_in_all.saturating_sub(frame);
    let per_frame = elapsed.as_secs_f64() / f64::from(u32::try_from(frame).ok().filter(|frame| *frame > 0)?);
    Duration::try_from_secs_f64(per_frame * f64::from(u32::try_from(left).ok()?)).ok()
}

/// How many bytes a result will have if its rest is like its first part: `frame` of `frames_in_all` frames took
/// `written` bytes. `None` before a twentieth of the frames and a mebibyte are written, because muxers write in large
/// pieces.
pub fn projected_size(frame: u64, frames_in_all: u64, written: u64) -> Option<u64> {
    if frame == 0 || frame < frames_in_all / 20 || written < 1 << 20 {
        return None;
    }
    u64::try_from(u128::from(written) * u128::from(frames_in_all.max(frame)) / u128::from(frame)).ok()
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;

    fn read(lines: &str) -> Vec<Progress> {
        let mut reader = ProgressReader::default();
        lines.lines().filter_map(|line| reader.add_line(line)).collect()
    }

    #[test]
    fn a_block_of_ffmpeg_8_is_one_report() {
        let reports = read(
            "frame=48\nfps=23.90\nstream_0_0_q=35.0\nbitrate= 385.2kbits/s\ntotal_size=96321\nout_time_us=2000000\n\
             out_time_ms=2000000\nout_time=00:00:02.000000\ndup_frames=0\ndrop_frames=0\nspeed=0.996x\nprogress=continue\n",
        );
        let report = Progress {
            frame: 48,
            fps: Some(23.9),
            out_time: Some(Duration::from_secs(2)),
            total_size: Some(96321),
            speed: Some(0.996),
            dropped: Some(0),
            duplicated: Some(0),
            ended: false,
        };
        assert_eq!(reports, [report]);
    }

    #[test]
    fn what_is_not_known_is_absent() {
        let reports = read(
            "frame=0\nfps=0.00\nbitrate=N/A\ntotal_size=N/A\nout_time_us=N/A\nspeed=N/A\nprogress=continue\nframe=9\n\
             garbage\n=\nprogress=end\n",
        );
        assert_eq!(reports[0], Progress::default());
        assert_eq!(reports[1], Progress { frame: 9, ended: true, ..Progress::default() });
    }

    #[test]
    fn the_rest_takes_as_long_as_the_part_before() {
        assert_eq!(remaining_time(25, 100, Duration::from_secs(10)), Some(Duration::from_secs(30)));
        assert_eq!(remaining_time(100, 100, Duration::from_secs(10)), Some(Duration::ZERO));
        assert_eq!(remaining_time(120, 100, Duration::from_secs(10)), Some(Duration::ZERO));
        assert_eq!(remaining_time(0, 100, Duration::from_secs(10)), None);
    }

    #[test]
    fn a_result_is_projected_once_enough_of_it_is_there() {
        let mebi = 1 << 20;
        assert_eq!(projected_size(50, 100, mebi), Some(2 * mebi));
        // A container may declare fewer frames than it has.
        assert_eq!(projected_size(120, 100, mebi), Some(mebi));
        for (frame, frames, written) in
            [(0, 0, mebi), (4, 100, mebi), (50, 100, mebi - 1), (1, 100, u64::MAX)]
        {
            assert_eq!(projected_size(frame, frames, written), None, "{frame} of {frames}");
        }
        assert_eq!(projected_size(1, 10, u64::MAX), None);
    }
}
