//! Scores a result's pictures against its original's with ffmpeg's VMAF or XPSNR filter.

use std::ffi::OsString;
use std::io;
use std::path::Path;
use std::time::Duration;

use av1plan::command::{ScorePart, ScoreRequest, SeekRange, score_arguments};
use av1plan::judge::Metric;
use av1plan::judge::picture::{Window, seek_position, windows};
use av1plan::{EncodePlan, MediaProbe, Micros};

use tokio::process::Child;

use super::scores::{Scored, Scores, Summary, summarize};
use crate::ffmpeg::argv::bind_pair;
use crate::ffmpeg::tools::Tools;
use crate::sys::process::{Output, Pulse, start, watch};

/// Which part of the film is scored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// The whole film.
    Whole,
    /// Three windows of five seconds.
    Windows,
}

/// A result and its original, which show the same picture at the same time.
pub(crate) struct Compare<'a> {
    pub(crate) tools: &'a Tools,
    pub(crate) plan: &'a EncodePlan,
    pub(crate) original: (&'a Path, &'a MediaProbe),
    pub(crate) result: (&'a Path, &'a MediaProbe),
    pub(crate) metric: Metric,
    /// How long ffmpeg may go without delivering a picture.
    pub(crate) stall: Duration,
}

impl Compare<'_> {
    /// Scores the whole film, or three windows of it. Returns `None` if no pictures of the two could be paired.
    /// `reached` receives how many seconds are scored and, if known, how many there are.
    pub(crate) async fn run(
        &self,
        extent: Extent,
        reached: &mut impl FnMut(u64, Option<u64>),
    ) -> io::Result<Option<Summary>> {
        let duration = self.result.1.duration().or(self.plan.contract.duration);
        let windows = windows(duration);
        if extent == Extent::Windows && windows.len() > 1 {
            let mut scores = Vec::new();
            let of = windows.iter().map(|window| window.length.0).sum::<i64>() / 1_000_000;
            for (window, before) in windows.into_iter().zip((0_i64..).step_by(5)) {
                let Window { start, length } = window;
                let (result, original) =
                    (seek_position(window, self.result.1), seek_position(window, self.original.1));
                let part = ScorePart::Range(SeekRange { result, original, length });
                let scored = self
                    .score(part, |second| {
                        reached(seconds(before.saturating_add(second)), Some(seconds(of)));
                    })
                    .await?;
                scores.extend(
                    scored
                        .into_iter()
                        .map(|one| Scored { at: Micros(one.at.0.saturating_add(start.0)), ..one }),
                );
            }
            let summary = summarize(self.metric, &scores, false);
            // Some containers seek to another position than asked for. If the scores suggest that, the whole film is
            // scored.
            if summary.as_ref().is_some_and(|summary| !self.is_suspicious(summary)) {
                return Ok(summary);
            }
        }
        let of = duration.map(|duration| seconds(duration.0 / 1_000_000));
        let scores = self.score(ScorePart::Whole, |second| reached(seconds(second), of)).await?;
        Ok(summarize(self.metric, &scores, true))
    }

    /// Whether the scores are so low that a wrong seek on one side, rather than the encoder, may be the cause.
    fn is_suspicious(&self, summary: &Summary) -> bool {
        let floor = match self.metric {
            Metric::Vmaf { .. } => 70.0,
            Metric::Xpsnr => 30.0,
        };
        summary.worst.score < floor
    }

    async fn score(&self, part: ScorePart, reached: impl FnMut(i64)) -> io::Result<Vec<Scored>> {
        let stream = self.result.1.main_video().map_or(0, |(stream, _)| stream.index);
        let request = ScoreRequest::new(self.plan, stream, self.metric);
        let args = score_command(&request, part, (self.result.0, self.original.0));
        scores_of(start(&self.tools.ffmpeg, &args).await?, self.stall, reached).await
    }
}

/// The arguments with which ffmpeg scores the pictures of a result against its original, with as many threads as there
/// are cores.
pub(super) fn score_command(
    request: &ScoreRequest<'_>,
    part: ScorePart,
    (result, original): (&Path, &Path),
) -> Vec<OsString> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let request = request.with_threads(u32::try_from(threads).unwrap_or(1));
    bind_pair(&score_arguments(&request, part), result, original)
}

/// The scores that ffmpeg prints with these arguments: of each picture, with its time after the first one. `stall` is
/// how long it may go without delivering a picture; `reached` receives each second of the film that is reached.
pub(super) async fn scores_of(
    child: Child,
    stall: Duration,
    mut reached: impl FnMut(i64),
) -> io::Result<Vec<Scored>> {
    let pulse = Pulse { output: Output::Stderr, limit: stall };
    let (mut scores, mut times) = (Scores::default(), Vec::new());
    let (mut words, mut last) = (String::new(), None);
    let hear = |output, line: &str| match output {
        Output::Stdout => scores.add_line(line),
        // ffmpeg prints the times of the pictures here. Any other line is an error message; the last one is kept.
        Output::Stderr => match Micros::parse(line.trim()) {
            Some(time) => {
                times.push(time);
                let second = time.0 / 1_000_000;
                if last.replace(second) != Some(second) {
                    reached(second);
                }
            }
            None if line.trim().is_empty() => {}
            None => line.trim().clone_into(&mut words),
        },
    };
    let status = watch(child, Some(pulse), hear).await?.status("a comparison")?;
    if !status.success() {
        return Err(io::Error::other(format!("ffmpeg can't compare the pictures ({status}): {words}")));
    }
    Ok(scores.finish(&times))
}

fn seconds(seconds: i64) -> u64 {
    u64::try_from(seconds).unwrap_or_default()
}
