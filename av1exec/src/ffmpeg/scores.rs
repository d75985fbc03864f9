//! Summarizes ffmpeg's scores of single pictures: the worst second and the mean of the whole film.

use std::collections::BTreeMap;

use av1plan::Micros;
use av1plan::judge::Metric;
use serde::Serialize;

/// The score of one picture.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Scored {
    /// When the picture is shown, counted from the first picture.
    pub(super) at: Micros,
    /// The VMAF score; or for XPSNR the weighted squared error as a share of the maximum white squared, because errors
    /// can be averaged and decibels can't.
    pub(super) value: f64,
}

/// The summary of a film's scores.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Summary {
    /// `vmaf` or `xpsnr`.
    pub metric: &'static str,
    /// The VMAF model; `None` for XPSNR.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<&'static str>,
    /// The unit of a score: `points` of 100, or `dB`.
    pub unit: &'static str,
    /// How many pictures were scored.
    pub frames: usize,
    /// Whether the whole film was scored, or three windows of it.
    pub whole: bool,
    /// The mean of all scored pictures.
    pub mean: f64,
    /// The kind of mean: `harmonic` for VMAF, `of the error` for XPSNR.
    pub mean_kind: &'static str,
    /// The second with the lowest score.
    pub worst: Worst,
}

/// The second with the lowest score.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Worst {
    /// Its start, in seconds from the first picture.
    pub at_secs: i64,
    /// The mean score of its pictures.
    pub score: f64,
}

/// The upper limit of decibels. Two equal pictures have no error and infinitely many decibels; differences become
/// invisible long before this limit.
const MOST_DECIBELS: f64 = 100.0;

/// The mean score of the pictures from `from` on: arithmetic for VMAF, of the error for XPSNR. `None` if there are none.
pub(super) fn mean_from(metric: Metric, scores: &[Scored], from: Micros) -> Option<f64> {
    let values: Vec<f64> =
        scores.iter().filter(|scored| scored.at >= from).map(|scored| scored.value).collect();
    if values.is_empty() {
        return None;
    }
    Some(match metric {
        Metric::Vmaf { .. } => arithmetic(&values),
        Metric::Xpsnr => decibels(arithmetic(&values)),
    })
}

/// Summarizes scores. Returns `None` if there are none.
pub(super) fn summarize(metric: Metric, scores: &[Scored], whole: bool) -> Option<Summary> {
    let mut seconds: BTreeMap<i64, Vec<f64>> = BTreeMap::new();
    for Scored { at, value } in scores {
        seconds.entry(at.0.div_euclid(1_000_000)).or_default().push(*value);
    }
    let shown = |mean: f64| match metric {
        Metric::Vmaf { .. } => mean,
        Metric::Xpsnr => decibels(mean),
    };
    let means = seconds.iter().map(|(second, values)| (*second, shown(arithmetic(values))));
    let (at_secs, score) = means.min_by(|(_, one), (_, other)| one.total_cmp(other))?;
    let all: Vec<f64> = scores.iter().map(|scored| scored.value).collect();
    let (unit, model, mean, mean_kind) = match metric {
        Metric::Vmaf { model } => ("points", Some(model.name()), harmonic(&all), "harmonic"),
        Metric::Xpsnr => ("dB", None, decibels(arithmetic(&all)), "of the error"),
    };
    let metric = metric.name().name();
    let worst = Worst { at_secs, score: rounded(score) };
    Some(Summary { metric, model, unit, frames: all.len(), whole, mean: rounded(mean), mean_kind, worst })
}

/// Rounds to hundredths, which is finer than either metric is meaningful.
fn rounded(score: f64) -> f64 {
    (score * 100.0).round() / 100.0
}

#[allow(clippy::cast_precision_loss, reason = "no film has 2^52 pictures")]
fn arithmetic(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

/// The harmonic mean of libvmaf: bad pictures weigh more than in an arithmetic mean, and adding 1 keeps a score of 0
/// from dividing by zero.
fn harmonic(values: &[f64]) -> f64 {
    let inverse: Vec<f64> = values.iter().map(|value| 1.0 / (value.max(0.0) + 1.0)).collect();
    1.0 / arithmetic(&inverse) - 1.0
}

fn decibels(error: f64) -> f64 {
    if error <= 0.0 { MOST_DECIBELS } else { (-10.0 * error.log10()).clamp(0.0, MOST_DECIBELS) }
}

fn error(decibels: f64) -> f64 {
    if decibels.is_finite() { 10_f64.powf(-decibels / 10.0) } else { 0.0 }
}

/// Parses the scores of single pictures that ffmpeg's filters print.
#[derive(Debug, Default)]
pub(super) struct Scores {
    scored: Vec<Scored>,
    /// XPSNR: the time of the picture whose planes are being read.
    at: Option<Micros>,
    planes: Vec<f64>,
    /// VMAF: the table column with the score, known once the header was read.
    column: Option<usize>,
    values: Vec<f64>,
}

impl Scores {
    /// Adds a line of standard output: of XPSNR's `metadata` filter, or of VMAF's table.
    pub(super) fn add_line(&mut self, line: &str) {
        if let Some((_, time)) = line.split_once("pts_time:").filter(|_| line.starts_with("frame:")) {
            self.close();
            self.at = Micros::parse(time.trim());
        } else if let Some((_, value)) =
            line.strip_prefix("lavfi.xpsnr.xpsnr.").and_then(|line| line.split_once('='))
        {
            self.planes.extend(value.trim().parse::<f64>().ok());
        } else if line.starts_with("Frame,") {
            self.column = line.split(',').position(|name| name == "vmaf");
        } else if let Some(column) = self.column {
            self.values.extend(line.split(',').nth(column).and_then(|value| value.parse::<f64>().ok()));
        }
    }

    /// Completes a picture after its last plane. The weights are those of XPSNR: luma counts four times as much as each
    /// chroma plane.
    fn close(&mut self) {
        let planes = std::mem::take(&mut self.planes);
        let value = match planes[..] {
            [y, u, v] => (4.0 * error(y) + error(u) + error(v)) / 6.0,
            [y, ..] => error(y),
            [] => return,
        };
        self.scored.extend(self.at.take().map(|at| Scored { at, value }));
    }

    /// Returns all scores. VMAF's table has no times: `times` are those of the pictures, in order.
    pub(super) fn finish(mut self, times: &[Micros]) -> Vec<Scored> {
        self.close();
        let timed = times.iter().zip(&self.values).map(|(at, value)| Scored { at: *at, value: *value });
        self.scored.extend(timed);
        self.scored
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use av1plan::judge::Model;

    const VMAF: Metric = Metric::Vmaf { model: Model::Hd };

    fn close_to(found: f64, expected: f64) -> bool {
        (found - expected).abs() < 0.011
    }

    #[test]
    fn what_xpsnr_prints_is_read_with_its_times() {
        let mut scores = Scores::default();
        let lines = "frame:0    pts:0       pts_time:0\nlavfi.xpsnr.xpsnr.y=40.0\nlavfi.xpsnr.xpsnr.u=40.0\n\
                     lavfi.xpsnr.xpsnr.v=40.0\nframe:1    pts:42000   pts_time:0.042\nlavfi.xpsnr.xpsnr.y=inf\n\
                     lavfi.xpsnr.xpsnr.u=inf\nlavfi.xpsnr.xpsnr.v=inf\nframe:2 pts:84000 pts_time:0.084\nlavfi.xpsnr.xpsnr.y=30.0";
        lines.lines().for_each(|line| scores.add_line(line));
        let scored = scores.finish(&[]);
        let times: Vec<i64> = scored.iter().map(|scored| scored.at.0).collect();
        assert_eq!(times, [0, 42_000, 84_000]);
        let errors: Vec<f64> = scored.iter().map(|scored| scored.value).collect();
        assert!(close_to(errors[0] * 1e4, 1.0) && errors[1] == 0.0 && close_to(errors[2] * 1e3, 1.0));
        let summary = summarize(Metric::Xpsnr, &scored, true).unwrap();
        // (1e-4 + 0 + 1e-3) / 3
        assert!(close_to(summary.mean, 34.36), "{summary:?}");
        assert_eq!((summary.unit, summary.worst.at_secs, summary.frames), ("dB", 0, 3));
        let same = summarize(Metric::Xpsnr, &scored[1..2], true).unwrap();
        assert!(close_to(same.mean, 100.0), "the same picture: {same:?}");
    }

    #[test]
    fn what_vmaf_prints_gets_its_times_from_elsewhere() {
        let mut scores = Scores::default();
        for line in ["Frame,integer_motion,vmaf,", "0,0.5,95.5,", "1,0.5,35.5,", "2,0.1,99.5,", ""] {
            scores.add_line(line);
        }
        let scored = scores.finish(&[Micros(0), Micros(999_000), Micros(1_000_000), Micros(2_000_000)]);
        let summary = summarize(VMAF, &scored, false).unwrap();
        assert_eq!((summary.worst.at_secs, summary.worst.score), (0, 65.5));
        // 3 / (1/96.5 + 1/36.5 + 1/100.5) - 1
        assert!(close_to(summary.mean, 61.89), "{summary:?}");
        assert_eq!(
            (summary.model, summary.mean_kind, summary.whole),
            (Some("vmaf_v0.6.1"), "harmonic", false)
        );
    }

    #[test]
    fn a_film_without_scores_has_no_summary() {
        for line in ["", "frame:0 pts:0 pts_time:N/A\n", "1,2,3", "Frame,x\n1,2"] {
            let mut scores = Scores::default();
            line.lines().for_each(|line| scores.add_line(line));
            assert_eq!(summarize(VMAF, &scores.finish(&[Micros(0)]), true), None, "{line}");
        }
    }
}
