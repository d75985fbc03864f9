//! The comparison of pictures: whether a few seconds of the result show the same as those seconds of the source. Both
//! are compared as thumbnails.
//!
//! SSIM, XPSNR and VMAF measure how good a picture is, but the question here is whether it is the right picture.
//! Thumbnails answer that better: grain, which an encoder may remove, averages out, so right and wrong pictures are
//! far apart even in dark and flat scenes. Frames are paired by content, so a few frames that a seek lost don't
//! matter. And every ffmpeg has the filter `scale`, which makes the thumbnails.

mod distance;

use alloc::vec::Vec;

use super::{Defect, Plane};
use crate::number::Micros;
use crate::plan::EncodePlan;
use crate::probe::MediaProbe;
use distance::{Distance, measure};

pub use distance::Thumbnails;

/// The size of the thumbnails of a picture. Each sample of a thumbnail is the mean of a rectangle of the picture, in
/// 10 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ThumbnailSize {
    /// Columns of samples.
    pub width: u32,
    /// Rows of samples.
    pub height: u32,
}

/// How many columns and rows of the picture become one sample, if that leaves at least `FEWEST`.
const SHRINK: u32 = 8;
/// The fewest columns and rows of a thumbnail: fewer would show too little of a tiny picture.
const FEWEST: u32 = 8;
/// The most columns and rows of a thumbnail: more would show nothing new.
const MOST: u32 = 64;

/// One luma and two chroma planes.
const PLANES: usize = Plane::ALL.len();
const BYTES_PER_SAMPLE: usize = 2;

/// The most bytes that the thumbnails of one window may take: enough for 15 seconds of ordinary film.
const MEMORY: usize = 12 << 20;

impl ThumbnailSize {
    /// The size of the thumbnails of a picture with `width` columns and `height` rows.
    pub fn of(width: u32, height: u32) -> Self {
        let side = |side: u32| (side / SHRINK).clamp(FEWEST, MOST).min(side.max(1));
        Self { width: side(width), height: side(height) }
    }

    /// The most thumbnails that are compared in a window, so that a film of 300 frames per second takes no more
    /// memory than others.
    pub fn most_frames(self) -> usize {
        MEMORY / self.bytes().max(1)
    }

    /// How many samples a plane of a thumbnail has.
    fn samples(self) -> usize {
        usize::try_from(u64::from(self.width) * u64::from(self.height)).unwrap_or(usize::MAX)
    }

    /// How many bytes a thumbnail has: three planes, two bytes for each sample.
    pub fn bytes(self) -> usize {
        self.samples().saturating_mul(PLANES * BYTES_PER_SAMPLE)
    }
}

/// A part of a film in which the pictures are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// When it begins, in microseconds after the first frame.
    pub start: Micros,
    /// The duration of the window, in microseconds.
    pub length: Micros,
}

/// How long each of the three windows is, in microseconds.
const LENGTH: i64 = 5_000_000;

/// The parts of a film in which the pictures are compared, for a film of this duration: near its start but after the
/// first second, in its middle, and near its end but before the credits are over. Of a film of at most 15 seconds, or
/// without a known duration, it is only the first 15 seconds.
pub fn windows(duration: Option<Micros>) -> Vec<Window> {
    let window = |start: i64, length: i64| Window { start: Micros(start), length: Micros(length) };
    match duration.map(|Micros(duration)| duration) {
        Some(duration) if duration > 3 * LENGTH => {
            let first = (duration / 20).max(1_000_000);
            let last = (duration / 20 * 19 - LENGTH).max(duration / 2 + LENGTH / 2);
            [first, duration / 2 - LENGTH / 2, last].map(|start| window(start, LENGTH)).into()
        }
        _ => [window(0, 3 * LENGTH)].into(),
    }
}

/// The time to seek to for `window`, in microseconds: ffmpeg counts from the start of the file's earliest stream, but
/// a window from the first video frame.
pub fn seek_position(window: Window, probe: &MediaProbe) -> Micros {
    let video = probe.main_video().and_then(|(stream, _)| stream.start);
    let late = video.zip(probe.format.start).map_or(0, |(video, file)| video.0.saturating_sub(file.0));
    Micros(window.start.0.saturating_add(late).max(0))
}

/// What the comparison of a window showed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Comparison {
    /// Both files show the same pictures.
    Same,
    /// Neither file has a picture in the window.
    NoPictures,
    /// The files don't show the same pictures: this is the defect.
    Different(Defect),
}

/// The error that a right result may have in any window: the mean squared error in thousandths of a squared step of 8
/// bits.
///
/// Measured with ffmpeg 8.0: the largest error of the three planes in squared steps, and in brackets what was allowed
/// there.
///
/// | content, 2 s | SVT-AV1 preset 12 CRF 35 | preset 5 CRF 30 | libaom CRF 30 |
/// |---|---|---|---|
/// | film with noise of 40 steps | 2.5 (52) | 2.9 (52) | 1.2 (52) |
/// | the same dimmed to a twelfth, noise of 12 | 2.6 (8) | 2.1 (8) | 2.3 (8) |
/// | dimmed to a twelfth | 0.2 (4) | 0.1 (4) | 0.1 (4) |
/// | fade from black | 0.7 (5) | 0.5 (5) | 0.5 (5) |
/// | title on black, noise of 20 | 2.5 (7) | 2.0 (7) | 2.2 (7) |
/// | gray, noise of 40 | 3.3 (19) | 1.9 (19) | 1.3 (19) |
/// | 32x32 with noise of 40 | 14.4 (220) | 6.7 (220) | 6.7 (220) |
///
/// Three real clips at preset 6 and CRF 30 had an error of at most 0.4. Wrong pictures had these errors in the plane
/// that shows them most, for the film and for the film dimmed to a twelfth (4.4 allowed): black 12,396 and 80; gray
/// 899 and 15; green 8,569 and 14,652; the film played backwards 745 and 5.2. Right levels were off by at most 1.8,
/// levels of a wrong range by 51 to 252.
const FLOOR: u64 = 4000;

/// By how many frames the result may be behind the source (ahead, if negative) after a seek. They are tried in this
/// order.
const LAGS: [isize; 7] = [0, -1, 1, -2, 2, -3, 3];

/// Which frames of a window count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counted {
    /// All of them.
    All,
    /// The half that differs least. What a decoder shows where packets are damaged or missing, up to the next key
    /// frame, depends on its number of threads and on chance: ffmpeg 8.0 decoded an H.264 recording without one packet
    /// in ten different ways in fifteen tries.
    BetterHalf,
}

impl Counted {
    /// The frames that count in results of this plan: not all of them if the source's damage is accepted.
    pub fn by(plan: &EncodePlan) -> Self {
        if plan.damage_limit == 0 { Self::All } else { Self::BetterHalf }
    }
}

/// Compares a window of the result with the same window of the source. `at` is when the window begins, for the
/// defect.
///
/// A right frame is closer to its source frame than the source's next frame is, and closer than a flat picture of the
/// same colour is. That is true for every content, however dark, grainy or still.
pub fn compare(at: Micros, source: Thumbnails<'_>, result: Thumbnails<'_>, counted: Counted) -> Comparison {
    match (source.count(), result.count()) {
        (0, 0) => return Comparison::NoPictures,
        (source, result) if source.min(result) < source.max(result).div_ceil(2) => {
            return Comparison::Different(Defect::NoPicture { at });
        }
        _ => {}
    }
    let mut first = None;
    for lag in LAGS {
        match compare_at(at, (source, result), lag, counted) {
            None => return Comparison::Same,
            Some(defect) => first = first.or(Some(defect)),
        }
    }
    first.map_or(Comparison::Same, Comparison::Different)
}

/// The defect of the first plane that differs, if the result is `lag` frames behind; `None` if all planes are alike.
fn compare_at(
    at: Micros,
    both: (Thumbnails<'_>, Thumbnails<'_>),
    lag: isize,
    counted: Counted,
) -> Option<Defect> {
    let Some(distances) = measure(both, lag, counted) else { return Some(Defect::NoPicture { at }) };
    Plane::ALL.iter().zip(distances).find_map(|(&plane, Distance { error, levels, motion, variance })| {
        let allowed = FLOOR + motion.min(variance / 2);
        if error > allowed {
            Some(Defect::OtherPicture { at, plane, error, allowed })
        } else if levels > FLOOR {
            Some(Defect::OtherLevels { at, plane, error: levels, allowed: FLOOR })
        } else {
            None
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: ThumbnailSize = ThumbnailSize { width: 16, height: 9 };

    /// Thumbnails with the samples `sample(frame, plane, position)`.
    fn frames(count: u32, sample: impl Fn(u32, u32, u32) -> u32) -> Vec<u8> {
        let mut bytes = Vec::new();
        for frame in 0..count {
            for plane in 0..3 {
                for position in 0..SIZE.width * SIZE.height {
                    bytes.extend(u16::try_from(sample(frame, plane, position)).unwrap().to_le_bytes());
                }
            }
        }
        bytes
    }

    /// A sample of a scene in which the camera pans over a pattern.
    fn scene(frame: u32, plane: u32, position: u32) -> u32 {
        200 + ((frame * 3 + position * 17 + plane * 50) % 200) * 2
    }

    fn seen(result: &[u8]) -> &'static str {
        seen_in(result, Counted::All)
    }

    fn seen_in(result: &[u8], counted: Counted) -> &'static str {
        let source = frames(40, scene);
        match compare(Micros(0), Thumbnails::new(&source, SIZE), Thumbnails::new(result, SIZE), counted) {
            Comparison::Same => "same",
            Comparison::NoPictures => "nothing",
            Comparison::Different(defect) => defect.code(),
        }
    }

    #[test]
    fn the_same_picture_is_recognized_after_lost_frames_and_noise() {
        assert_eq!(seen(&frames(40, scene)), "same");
        assert_eq!(seen(&frames(38, |frame, plane, at| scene(frame + 2, plane, at))), "same");
        assert_eq!(seen(&frames(40, |frame, plane, at| scene(frame, plane, at) + at % 5)), "same");
    }

    #[test]
    fn another_picture_is_recognized() {
        assert_eq!(seen(&frames(40, |_, plane, _| if plane == 0 { 64 } else { 512 })), "other-picture");
        assert_eq!(seen(&frames(40, |_, plane, at| scene(0, plane, at * 7))), "other-picture");
        assert_eq!(seen(&frames(40, |frame, plane, at| scene(39 - frame, plane, at))), "other-picture");
        let gray = |frame, plane, at| if plane == 0 { scene(frame, plane, at) } else { 512 };
        assert_eq!(seen(&frames(40, gray)), "other-picture");
        let full_range = |frame, plane, at| (scene(frame, plane, at) - 64) * 255 / 219;
        assert_eq!(seen(&frames(40, full_range)), "other-levels");
        assert_eq!(seen(&[]), "no-picture");
        assert_eq!(seen(&frames(15, scene)), "no-picture");
    }

    #[test]
    fn what_two_decoders_show_of_damage_may_differ_in_half_of_the_frames() {
        // From frame 10 on, one decoder shows the frame before the damage, or it has lost a frame.
        let until = |end: u32| {
            frames(40, move |frame, plane, at| {
                scene(if (10..end).contains(&frame) { 9 } else { frame }, plane, at)
            })
        };
        let shifted = frames(39, |frame, plane, at| scene(frame + u32::from(frame > 15), plane, at));
        assert_eq!(seen(&until(28)), "other-picture");
        assert_eq!(seen_in(&until(28), Counted::BetterHalf), "same");
        assert_eq!(seen_in(&shifted, Counted::BetterHalf), "same");
        assert_eq!(seen_in(&until(40), Counted::BetterHalf), "other-picture");
        let gray = frames(40, |frame, plane, at| if plane == 0 { scene(frame, plane, at) } else { 512 });
        assert_eq!(seen_in(&gray, Counted::BetterHalf), "other-picture");
    }

    #[test]
    fn wrong_levels_are_recognized_even_in_strong_motion() {
        // Every frame is a different picture, so any error is small compared with the motion.
        let wild = |frame: u32, plane: u32, at: u32| 100 + (frame * 7919 + at * 104_729 + plane * 31) % 800;
        let source = frames(40, wild);
        let result = frames(40, |frame, plane, at| wild(frame, plane, at) * 9 / 10 + 20);
        let both = (Thumbnails::new(&source, SIZE), Thumbnails::new(&result, SIZE));
        let seen = compare(Micros(0), both.0, both.1, Counted::All);
        assert!(matches!(seen, Comparison::Different(Defect::OtherLevels { .. })), "{seen:?}");
    }

    #[test]
    fn films_of_any_length_have_windows_inside() {
        assert_eq!(windows(None), [Window { start: Micros(0), length: Micros(15_000_000) }]);
        for seconds in [0, 1, 14, 15] {
            assert_eq!(windows(Some(Micros::from_secs(seconds))).len(), 1);
        }
        for seconds in [16, 20, 60, 7200, 100_000] {
            let windows = windows(Some(Micros::from_secs(seconds)));
            assert_eq!(windows.len(), 3);
            assert!(windows[0].start.0 >= 1_000_000, "{windows:?}");
            let end = |window: &Window| window.start.0 + window.length.0;
            assert!(windows.is_sorted_by_key(|window| window.start.0));
            assert!(end(&windows[2]) < seconds * 1_000_000 + 5_000_000, "{windows:?}");
        }
    }

    #[test]
    fn thumbnails_are_never_larger_than_the_picture() {
        let of = |width, height| {
            let ThumbnailSize { width, height } = ThumbnailSize::of(width, height);
            (width, height)
        };
        assert_eq!(of(1920, 1080), (64, 64));
        assert_eq!(of(160, 120), (20, 15));
        assert_eq!(of(16, 16), (8, 8));
        assert_eq!(of(2, 4096), (2, 64));
        assert_eq!(of(0, 0), (1, 1));
    }
}
