//! Scores single pictures of a sample by the metrics that ffmpeg doesn't have: SSIMULACRA2, and the share of fine
//! detail that is kept.

use std::ffi::OsString;
use std::io;
use std::path::Path;

use av1plan::SampleOrder;
use av1plan::command::{PictureStep, SAMPLE_PICTURE, Side, sample_pictures_arguments};
use av1plan::explain::Seconds;
use av1plan::plan::MetricName;
use av1plan::sample::SampleWindow;
use ssimulacra2::{ColorPrimaries, Rgb, TransferCharacteristic, compute_frame_ssimulacra2};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::Child;

use super::{Sampler, asks, pictures_of, unscored};
use crate::ffmpeg::argv::bind;

/// The mean scores of some pictures of a window. Empty if ffmpeg can't show them.
pub(super) async fn compare_pictures(
    sampler: &Sampler<'_>,
    order: &SampleOrder,
    window: SampleWindow,
    frames: u32,
) -> io::Result<Vec<(MetricName, f64)>> {
    let (by_eye, detail) = (asks(order, MetricName::Ssimulacra2), asks(order, MetricName::Detail));
    if !by_eye && !detail {
        return Ok(Vec::new());
    }
    let shown = |side, path: &Path| -> Vec<OsString> {
        bind(
            &sample_pictures_arguments(&order.plan, side, window, step(order, window, frames)),
            path,
            Path::new(""),
        )
    };
    let mut before = sampler.start(&shown(Side::Source, sampler.film)).await?;
    let mut after = sampler.start(&shown(Side::Result, sampler.scratch)).await?;
    let (size, limit) = (size_of(order), sampler.stall);
    for child in [&mut before, &mut after] {
        // A child that complains a lot would wait for somebody to read it.
        if let Some(mut words) = child.stderr.take() {
            tokio::spawn(async move { tokio::io::copy(&mut words, &mut tokio::io::sink()).await });
        }
    }
    let mut seen = Seen::default();
    loop {
        let both = async { tokio::try_join!(picture(&mut before, size), picture(&mut after, size)) };
        let both = tokio::time::timeout(limit, both).await.map_err(|_| {
            io::Error::other(format!("ffmpeg showed no picture of a sample for {}", Seconds::from(limit)))
        })?;
        let (one, other) = both?;
        let Some((one, other)) = one.zip(other) else { break };
        let compared = tokio::task::spawn_blocking(move || Compared::of(&one, &other, size, by_eye));
        seen.add(&compared.await.map_err(io::Error::other)?);
    }
    Ok(seen.scores(by_eye, detail))
}

/// The pictures behind those at the start that aren't scored, evenly spaced.
fn step(order: &SampleOrder, window: SampleWindow, frames: u32) -> PictureStep {
    let count = pictures_of(order);
    let share = i64::from(frames) * unscored(window).0 / window.length.0.max(1);
    let unscored = u32::try_from(share).unwrap_or_default().min(frames);
    let every = ((frames - unscored) / count).max(1);
    PictureStep { first: unscored + every / 2, every }
}

/// Columns and rows of the part that is shown.
fn size_of(order: &SampleOrder) -> (usize, usize) {
    let picture = &order.plan.contract.picture;
    let side = |side: u32, most: u32| usize::try_from(side.min(most)).unwrap_or_default();
    (side(picture.width, SAMPLE_PICTURE.0), side(picture.height, SAMPLE_PICTURE.1))
}

/// The next picture that a child shows; `None` at the end. An incomplete one counts as the end.
async fn picture(child: &mut Child, (width, height): (usize, usize)) -> io::Result<Option<Vec<[f32; 3]>>> {
    let mut bytes = vec![0; width * height * 6];
    let Some(pipe) = child.stdout.as_mut() else { return Ok(None) };
    match read_exact(pipe, &mut bytes).await {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        Err(error) => return Err(error),
    }
    let sample = |pair: &[u8]| f32::from(u16::from_le_bytes([pair[0], pair[1]])) / f32::from(u16::MAX);
    let pixels = bytes.chunks_exact(6);
    Ok(Some(pixels.map(|pixel| [sample(&pixel[..2]), sample(&pixel[2..4]), sample(&pixel[4..])]).collect()))
}

async fn read_exact(pipe: &mut (impl AsyncRead + Unpin), bytes: &mut [u8]) -> io::Result<()> {
    pipe.read_exact(bytes).await.map(drop)
}

/// What one picture of the source and one of the sample have in common.
struct Compared {
    ssimulacra2: Option<f64>,
    /// The energy of the fine detail of the source, and of the sample.
    detail: (f64, f64),
}

impl Compared {
    fn of(before: &[[f32; 3]], after: &[[f32; 3]], (width, height): (usize, usize), by_eye: bool) -> Self {
        let rgb = |pixels: &[[f32; 3]]| {
            let (curve, primaries) = (TransferCharacteristic::BT1886, ColorPrimaries::BT709);
            Rgb::new(pixels.to_vec(), width, height, curve, primaries).ok()
        };
        // SSIMULACRA2 halves a picture several times, and refuses one of fewer than 8 columns or rows.
        let pictures = rgb(before).zip(rgb(after)).filter(|_| by_eye);
        let ssimulacra2 = pictures.and_then(|(one, other)| compute_frame_ssimulacra2(one, other).ok());
        Self { ssimulacra2, detail: (energy(before, width), energy(after, width)) }
    }
}

/// The energy of the second differences of luma between each pixel and its four neighbours.
fn energy(pixels: &[[f32; 3]], width: usize) -> f64 {
    let luma = |at: usize| {
        let [red, green, blue] = pixels[at];
        f64::from(0.2126 * red + 0.7152 * green + 0.0722 * blue)
    };
    let height = pixels.len().checked_div(width).unwrap_or_default();
    let mut energy = 0.0;
    for row in 1..height.saturating_sub(1) {
        for at in row * width + 1..(row + 1) * width - 1 {
            let difference =
                4.0 * luma(at) - luma(at - 1) - luma(at + 1) - luma(at - width) - luma(at + width);
            energy += difference * difference;
        }
    }
    energy
}

/// What all pictures of a window have in common.
#[derive(Debug, Default)]
struct Seen {
    pictures: u32,
    ssimulacra2: Vec<f64>,
    before: f64,
    after: f64,
}

impl Seen {
    fn add(&mut self, compared: &Compared) {
        self.pictures += 1;
        self.ssimulacra2.extend(compared.ssimulacra2);
        self.before += compared.detail.0;
        self.after += compared.detail.1;
    }

    fn scores(&self, by_eye: bool, detail: bool) -> Vec<(MetricName, f64)> {
        let mut scores = Vec::new();
        if by_eye && !self.ssimulacra2.is_empty() {
            #[allow(clippy::cast_precision_loss, reason = "there are few pictures")]
            let mean = self.ssimulacra2.iter().sum::<f64>() / self.ssimulacra2.len() as f64;
            scores.push((MetricName::Ssimulacra2, mean));
        }
        if detail && self.pictures > 0 {
            // A picture without any detail keeps all of it.
            let share = if self.before > 0.0 { (self.after / self.before * 100.0).min(100.0) } else { 100.0 };
            scores.push((MetricName::Detail, share));
        }
        scores
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: (usize, usize) = (128, 96);

    fn picture(of: impl Fn(usize, usize) -> f32) -> Vec<[f32; 3]> {
        (0..SIZE.1)
            .flat_map(|row| (0..SIZE.0).map(move |column| (column, row)))
            .map(|(x, y)| [of(x, y); 3])
            .collect()
    }

    fn scores(before: &[[f32; 3]], after: &[[f32; 3]]) -> Vec<(MetricName, f64)> {
        let mut seen = Seen::default();
        seen.add(&Compared::of(before, after, SIZE, true));
        seen.scores(true, true)
    }

    #[test]
    fn the_same_picture_keeps_everything_and_a_flat_one_nothing() {
        #[allow(clippy::cast_precision_loss, reason = "small numbers")]
        let noise = picture(|x, y| ((x * 7919 + y * 104_729) % 31) as f32 / 31.0);
        let flat = picture(|_, _| 0.5);
        assert_eq!(scores(&noise, &noise), [(MetricName::Ssimulacra2, 100.0), (MetricName::Detail, 100.0)]);
        assert_eq!(scores(&flat, &flat)[1], (MetricName::Detail, 100.0));
        let lost = scores(&noise, &flat);
        assert!(lost[0].1 < 80.0 && lost[1].1 < 1e-6, "{lost:?}");
    }
}
