//! How much the thumbnails of a result differ from those of its source.

use alloc::vec::Vec;
use core::array::from_fn;

use super::{BYTES_PER_SAMPLE, Counted, PLANES, ThumbnailSize};

/// How much a plane of the result differs from the source's. All four numbers are in thousandths of a squared step of
/// 8 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Distance {
    /// The mean squared error.
    pub(super) error: u64,
    /// The part of the mean squared error that one change of brightness and one of contrast would remove.
    pub(super) levels: u64,
    /// The mean squared difference between one frame of the source and the next.
    pub(super) motion: u64,
    /// The variance of the source around its mean colour.
    pub(super) variance: u64,
}

/// The thumbnails of a window, one after the other as ffmpeg writes them.
#[derive(Debug, Clone, Copy)]
pub struct Thumbnails<'a> {
    bytes: &'a [u8],
    size: ThumbnailSize,
}

impl<'a> Thumbnails<'a> {
    /// Reads `bytes` as thumbnails of this size. An incomplete one at the end is ignored.
    pub fn new(bytes: &'a [u8], size: ThumbnailSize) -> Self {
        Self { bytes, size }
    }

    /// How many thumbnails there are.
    pub(super) fn count(self) -> usize {
        self.bytes.len() / self.size.bytes().max(1)
    }

    fn plane(self, frame: usize, plane: usize) -> impl Iterator<Item = i64> + 'a {
        let samples = self.size.samples() * BYTES_PER_SAMPLE;
        let start = (frame * PLANES + plane) * samples;
        let bytes = self.bytes.get(start..start + samples).unwrap_or_default();
        bytes.chunks_exact(BYTES_PER_SAMPLE).map(|pair| i64::from(u16::from_le_bytes([pair[0], pair[1]])))
    }
}

/// Measures each plane over pairs of frames, with the result `lag` frames behind the source. The same frames count for
/// all planes. `None` if there is no pair.
pub(super) fn measure(
    (source, result): (Thumbnails<'_>, Thumbnails<'_>),
    lag: isize,
    counted: Counted,
) -> Option<[Distance; PLANES]> {
    let mut pairs: Vec<[Sums; PLANES]> = (0..source.count())
        .filter_map(|frame| Some((frame, frame.checked_add_signed(lag)?)))
        .filter(|(_, other)| *other < result.count())
        .map(|(frame, other)| from_fn(|plane| pair(source, frame, result.plane(other, plane), plane)))
        .collect();
    if counted == Counted::BetterHalf {
        pairs.sort_by_key(|planes| planes.iter().map(Sums::error).sum::<i128>());
        pairs.truncate(pairs.len().div_ceil(2));
    }
    let planes = from_fn(|plane| {
        pairs.iter().fold(Sums::default(), |sums, planes| sums.plus(&planes[plane])).distance()
    });
    let [Some(y), Some(u), Some(v)] = planes else { return None };
    Some([y, u, v])
}

/// Measures a plane of one frame of the source against the samples of one of the result.
fn pair(source: Thumbnails<'_>, frame: usize, result: impl Iterator<Item = i64>, plane: usize) -> Sums {
    let mut sums = Sums::default();
    for (s, r) in source.plane(frame, plane).zip(result) {
        sums.add(s, r);
    }
    if frame > 0 {
        for (s, before) in source.plane(frame, plane).zip(source.plane(frame - 1, plane)) {
            sums.motion += i128::from((s - before) * (s - before));
            sums.moved += 1;
        }
    }
    sums
}

/// Sums over all pairs of samples, which have 10 bits each: `s` of the source and `r` of the result.
#[derive(Default)]
struct Sums {
    count: i128,
    s: i128,
    r: i128,
    ss: i128,
    rr: i128,
    sr: i128,
    moved: i128,
    motion: i128,
}

impl Sums {
    fn add(&mut self, s: i64, r: i64) {
        self.count += 1;
        self.s += i128::from(s);
        self.r += i128::from(r);
        self.ss += i128::from(s * s);
        self.rr += i128::from(r * r);
        self.sr += i128::from(s * r);
    }

    fn plus(self, other: &Self) -> Self {
        Self {
            count: self.count + other.count,
            s: self.s + other.s,
            r: self.r + other.r,
            ss: self.ss + other.ss,
            rr: self.rr + other.rr,
            sr: self.sr + other.sr,
            moved: self.moved + other.moved,
            motion: self.motion + other.motion,
        }
    }

    /// The sum of the squared errors.
    fn error(&self) -> i128 {
        self.ss - 2 * self.sr + self.rr
    }

    fn distance(&self) -> Option<Distance> {
        let &Self { count: n, s, r, ss, sr, moved, motion, .. } = self;
        if n == 0 {
            return None;
        }
        // All sums below are multiplied by n squared, so that no division is needed yet.
        let error = n * self.error();
        let bias = (r - s) * (r - s);
        let (variance, covariance) = (n * ss - s * s, n * sr - s * r);
        // (1 - slope)^2 * variance, where slope = covariance / variance.
        let off = variance - covariance;
        let contrast = if variance == 0 { 0 } else { off / 1024 * off / variance * 1024 };
        // Divided by 16, because a step of 8 bits is 4 steps of 10 bits.
        let scaled =
            |value: i128, by: i128| u64::try_from(value * 1000 / (by.max(1) * 16)).unwrap_or(u64::MAX);
        Some(Distance {
            error: scaled(error, n * n),
            levels: scaled(bias + contrast, n * n),
            motion: scaled(motion, moved),
            variance: scaled(variance, n * n),
        })
    }
}
