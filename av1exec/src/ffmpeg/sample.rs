//! Sample encodes: windows of a film are encoded with the settings of its plan, each on its own, and scored.

mod pictures;

use std::ffi::OsString;
use std::io;
use std::path::Path;
use std::time::Duration;

use av1plan::command::{ScorePart, ScoreRequest, filters_arguments, sample_arguments};
use av1plan::judge::Metric;
use av1plan::plan::{MetricName, StreamType};
use av1plan::sample::{SampleWindow, Trial, WindowReport};
use av1plan::{EncodePlan, Micros, Milli, SampleOrder};

use super::quality::{score_command, scores_of};
use super::scores::mean_from;
use tokio::process::Child;

use crate::ffmpeg::argv::bind;
use crate::ffmpeg::tools::{self, Tools};
use crate::sys::lock::Locks;
use crate::sys::pause::Pause;
use crate::sys::priority::Priority;
use crate::sys::process::{Output, Pulse, start, start_for, watch};
use pictures::compare_pictures;

/// A film to sample.
pub struct Sampler<'a> {
    /// ffmpeg.
    pub tools: &'a Tools,
    /// The film.
    pub film: &'a Path,
    /// The file that each sample is written to. It is removed after each.
    pub scratch: &'a Path,
    /// How long ffmpeg may show no sign of life.
    pub stall: Duration,
    /// How the encoder runs beside other work. `None` if a person waits for it.
    pub background: Option<Background<'a>>,
    /// While this is asked for, no sample begins.
    pub pause: &'a Pause,
}

/// How an encoder runs beside other work.
#[derive(Clone, Copy)]
pub struct Background<'a> {
    /// The stamp of the samples, by which the processes can be told.
    pub stamp: &'a str,
    /// The locks that it inherits.
    pub locks: &'a Locks,
    /// Its CPU and disk priority.
    pub priority: Priority,
}

/// The pictures in the first half second of a window, at most its first quarter, aren't scored: they lean on a key frame
/// that the whole film doesn't have there.
const UNSCORED: Micros = Micros::from_millis(500);

/// How many pictures of all windows together are scored by the metrics that ffmpeg doesn't have.
const PICTURES: u32 = 48;

/// What ffmpeg prints of an option of the encoder that this version doesn't know. It ends with success all the same.
const UNKNOWN_OPTION: &str = "Error parsing option";

impl Sampler<'_> {
    /// Encodes and scores all windows of an order. `done` receives the number of windows that are done.
    ///
    /// # Errors
    ///
    /// If a window couldn't be encoded or scored.
    pub async fn run(&self, order: &SampleOrder, mut done: impl FnMut(usize)) -> io::Result<Trial> {
        let filters = tools::ask(&self.tools.ffmpeg, filters_arguments(), tools::QUERY_TIMEOUT).await;
        let filters = filters.map_err(io::Error::other)?;
        let by_ffmpeg: Vec<Metric> = order
            .metrics
            .iter()
            .filter_map(|name| Metric::among(&filters, Some(*name), &order.plan))
            .collect();
        let mut windows = Vec::with_capacity(order.windows.len());
        for window in &order.windows {
            let report = self.window(order, *window, &by_ffmpeg).await;
            // The sample does no harm, and the next one takes its place.
            drop(std::fs::remove_file(self.scratch));
            windows.push(report?);
            done(windows.len());
        }
        Ok(Trial::new(order.level, windows))
    }

    async fn window(
        &self,
        order: &SampleOrder,
        window: SampleWindow,
        by_ffmpeg: &[Metric],
    ) -> io::Result<WindowReport> {
        self.pause.clone().over().await;
        let Encoded { frames, bytes, key_bytes } = self.encode(&order.plan, window).await?;
        let mut report = WindowReport::new(shown(&order.plan, window, frames), bytes).with_key(key_bytes);
        let part = ScorePart::Sample(window);
        let unscored = unscored(window);
        for metric in by_ffmpeg {
            let request = ScoreRequest::new(&order.plan, 0, *metric);
            let child = self.start(&score_command(&request, part, (self.scratch, self.film))).await?;
            match scores_of(child, self.stall, |_| {}).await {
                Ok(scores) => {
                    let mean = mean_from(*metric, &scores, unscored);
                    if let Some(mean) = mean {
                        report = report.with_score(metric.name(), Milli::from_f64(mean));
                    }
                }
                // A metric that can't score a picture, for example one of only a few rows, is done without.
                Err(error) if error.kind() == io::ErrorKind::Other => {}
                Err(error) => return Err(error),
            }
        }
        for (metric, score) in compare_pictures(self, order, window, frames).await? {
            report = report.with_score(metric, Milli::from_f64(score));
        }
        Ok(report)
    }

    /// Starts ffmpeg.
    async fn start(&self, args: &[OsString]) -> io::Result<Child> {
        let program = &self.tools.ffmpeg;
        match self.background {
            Some(Background { stamp, locks, priority }) => {
                start_for(stamp, program, args, locks, priority).await
            }
            None => start(program, args).await,
        }
    }

    async fn encode(&self, plan: &EncodePlan, window: SampleWindow) -> io::Result<Encoded> {
        let args = bind(&sample_arguments(plan, window), self.film, self.scratch);
        let child = self.start(&args).await?;
        let pulse = Pulse { output: Output::Stdout, limit: self.stall };
        let (mut encoded, mut words, mut unknown) = (Encoded::default(), String::new(), None);
        let watched = watch(child, Some(pulse), |output, line| match output {
            Output::Stdout => {
                if let Ok(size) = line.trim().parse::<u64>() {
                    if encoded.frames == 0 {
                        encoded.key_bytes = size;
                    }
                    encoded.frames += 1;
                    encoded.bytes = encoded.bytes.saturating_add(size);
                }
            }
            Output::Stderr if line.contains(UNKNOWN_OPTION) => unknown = Some(line.trim().to_owned()),
            Output::Stderr if line.trim().is_empty() => {}
            Output::Stderr => line.trim().clone_into(&mut words),
        });
        let status = watched.await?.status("ffmpeg")?;
        if let Some(unknown) = unknown {
            return Err(io::Error::other(format!("the encoder doesn't know an option: {unknown}")));
        }
        if !status.success() {
            return Err(io::Error::other(format!("ffmpeg can't encode a sample ({status}): {words}")));
        }
        if encoded.frames == 0 || encoded.bytes == 0 {
            return Err(io::Error::other("there is no picture in a window"));
        }
        Ok(encoded)
    }
}

/// How long the pictures at the start of a window aren't scored.
fn unscored(window: SampleWindow) -> Micros {
    UNSCORED.min(Micros(window.length.0 / 4))
}

/// The packets of a sample.
#[derive(Debug, Default, Clone, Copy)]
struct Encoded {
    frames: u32,
    bytes: u64,
    /// The size of the first one.
    key_bytes: u64,
}

/// How long this many frames of the film are shown in the mean, or the length of the window if that is far from it: a
/// window of a second may begin right behind a frame or right before one.
fn shown(plan: &EncodePlan, window: SampleWindow, frames: u32) -> Micros {
    let video = plan.contract.streams.iter().find(|stream| stream.kind == StreamType::Video);
    let span = video.and_then(|stream| stream.span).map(|span| span.length);
    let film = span.zip(plan.video.frames).filter(|(_, frames)| *frames > 0);
    let Some((duration, of)) = film else { return window.length };
    let shown = i128::from(duration.0) * i128::from(frames) / i128::from(of);
    match i64::try_from(shown) {
        Ok(shown) if (shown - window.length.0).abs() <= window.length.0 / 8 => Micros(shown),
        _ => window.length,
    }
}

/// How many of a window's pictures are scored by the metrics that ffmpeg doesn't have.
fn pictures_of(order: &SampleOrder) -> u32 {
    let windows = u32::try_from(order.windows.len()).unwrap_or(u32::MAX).max(1);
    (PICTURES / windows).clamp(2, 6)
}

/// Whether the order asks for a metric.
fn asks(order: &SampleOrder, metric: MetricName) -> bool {
    order.metrics.contains(&metric)
}
