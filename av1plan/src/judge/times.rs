//! Compares the timestamps that went into the encoder with those in the result, frame by frame.

use alloc::vec::Vec;

use crate::number::Micros;
use crate::probe::Gap;

/// How far two timestamps may be apart, in microseconds: Matroska's tick of a millisecond, and ten more for two
/// roundings to microseconds.
pub(super) const TICK: i64 = 1_000 + 10;

/// How the result's timestamps differ from those that went into the encoder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Course {
    /// They are the same, except for a constant offset.
    Same,
    /// They are the same, but the last ones are missing.
    EndsEarly {
        /// How long the frames that went into the encoder last.
        expected: Micros,
        /// How long the frames in the result last.
        found: Micros,
    },
    /// They are the same, but a part in the middle is missing.
    Gap(Gap),
    /// The frame rate is different: frames in a thousand seconds, as encoded and as found in the result.
    OtherRate { expected: u64, found: u64 },
    /// They differ from this time on.
    Otherwise { at: Micros },
}

/// Compares the timestamps of encoded frames with those of the result's packets. Both may be in any order.
pub(super) fn course(sent: &[Micros], found: &[Micros]) -> Course {
    let sorted = |times: &[Micros]| {
        let mut times: Vec<i64> = times.iter().map(|time| time.0).collect();
        times.sort_unstable();
        times
    };
    let (sent, found) = (sorted(sent), sorted(found));
    let pairs = || sent.iter().copied().zip(found.iter().copied());
    let alike = alike(pairs());
    if alike == sent.len() && sent.len() == found.len() {
        return Course::Same;
    }
    let at = Micros(found.get(alike).or(found.last()).copied().unwrap_or_default());
    if let (Some(expected), Some(rate)) = (rate(&sent), rate(&found))
        && expected.abs_diff(rate) > expected / 50
        && alike < found.len()
        && !has_jump(&found)
    {
        return Course::OtherRate { expected, found: rate };
    }
    if sent.len() > found.len() {
        if alike == found.len() {
            return Course::EndsEarly { expected: span(&sent), found: span(&found) };
        }
        let backwards = || sent.iter().rev().copied().zip(found.iter().rev().copied());
        if let (Some(before), Some(after)) = (alike.checked_sub(1), found.get(alike))
            && self::alike(backwards()) + alike >= found.len()
        {
            let start = found.get(before).copied().unwrap_or_default();
            return Course::Gap(Gap { at: Micros(start), length: Micros(after.saturating_sub(start)) });
        }
    }
    Course::Otherwise { at }
}

/// How many pairs, counted from the first, have the same difference within [`TICK`].
fn alike(mut pairs: impl Iterator<Item = (i64, i64)>) -> usize {
    let (mut least, mut most) = (i64::MAX, i64::MIN);
    let mut count = 0;
    let mut follows = |(sent, found): (i64, i64)| {
        let offset = found.saturating_sub(sent);
        least = least.min(offset);
        most = most.max(offset);
        most.saturating_sub(least) <= TICK
    };
    while pairs.next().is_some_and(&mut follows) {
        count += 1;
    }
    count
}

fn span(sorted: &[i64]) -> Micros {
    let ends = sorted.first().zip(sorted.last());
    Micros(ends.map_or(0, |(first, last)| last.saturating_sub(*first)))
}

/// Frames in a thousand seconds; `None` for fewer than three frames, which show no rate.
fn rate(sorted: &[i64]) -> Option<u64> {
    let intervals = u64::try_from(sorted.len()).ok()?.checked_sub(1).filter(|intervals| *intervals > 1)?;
    let span = u64::try_from(span(sorted).0).ok().filter(|span| *span > 0)?;
    u64::try_from(u128::from(intervals) * 1_000_000_000 / u128::from(span)).ok()
}

/// Whether one interval is more than four times as long as the average. Frames are missing there, so the timestamps
/// show no rate.
fn has_jump(sorted: &[i64]) -> bool {
    let longest = sorted.iter().zip(sorted.iter().skip(1)).map(|(one, next)| next.saturating_sub(*one)).max();
    let intervals = i64::try_from(sorted.len()).unwrap_or(i64::MAX).saturating_sub(1).max(1);
    longest.unwrap_or_default() / 4 > span(sorted).0 / intervals
}

/// Reads the timestamp of a frame from a line that ffmpeg wrote with `-stats_enc_pre` and the format of
/// [`command::arguments`](crate::command::arguments): timestamp and time base, like `1920 1/90000`. `None` for any
/// other text.
pub fn frame_time(line: &str) -> Option<Micros> {
    let (ticks, base) = line.trim().split_once(' ')?;
    let (numerator, denominator) = base.split_once('/')?;
    let ticks: i64 = ticks.parse().ok()?;
    let numerator: u32 = numerator.parse().ok()?;
    let denominator: u32 = denominator.parse().ok().filter(|denominator| *denominator > 0)?;
    let micros = i128::from(ticks) * i128::from(numerator) * 1_000_000 / i128::from(denominator);
    i64::try_from(micros).ok().map(Micros)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn every(step: i64, range: core::ops::Range<i64>) -> Vec<Micros> {
        range.map(|number| Micros(number * step)).collect()
    }

    fn shifted(times: &[Micros], by: i64) -> Vec<Micros> {
        times.iter().map(|time| Micros(time.0 + by)).collect()
    }

    #[test]
    fn a_constant_offset_and_rounding_to_a_tick_are_no_difference() {
        let sent = every(41_708, 0..100);
        let rounded: Vec<Micros> =
            sent.iter().map(|time| Micros((time.0 + 23_000 + 500) / 1000 * 1000)).collect();
        assert_eq!(course(&sent, &rounded), Course::Same);
        let mut shuffled = shifted(&sent, -500_000);
        shuffled.swap(3, 5);
        assert_eq!(course(&sent, &shuffled), Course::Same);
        assert_eq!(course(&[], &[]), Course::Same);
        assert_eq!(course(&[Micros(i64::MIN)], &[Micros(i64::MAX)]), Course::Same);
    }

    #[test]
    fn missing_frames_are_reported_with_their_place() {
        let sent = every(40_000, 0..100);
        let tail = course(&sent, &sent[..60]);
        assert_eq!(tail, Course::EndsEarly { expected: Micros(3_960_000), found: Micros(2_360_000) });
        let middle = [&sent[..40], &sent[60..]].concat();
        let gap = Gap { at: Micros(1_560_000), length: Micros(840_000) };
        assert_eq!(
            course(&sent, &shifted(&middle, 21_000)),
            Course::Gap(Gap { at: Micros(1_581_000), ..gap })
        );
        // A part that is missing at the start looks like an offset and a missing end. It is reported all the same.
        assert!(matches!(course(&sent, &sent[3..]), Course::EndsEarly { .. }));
    }

    #[test]
    fn another_frame_rate_is_found_with_more_or_fewer_frames() {
        let sent = every(40_000, 0..100);
        for found in
            [every(33_333, 0..120), every(50_000, 0..80), every(80_000, 0..50), every(20_000, 0..100)]
        {
            assert!(
                matches!(course(&sent, &found), Course::OtherRate { expected: 25_000, .. }),
                "{}",
                found.len()
            );
        }
    }

    #[test]
    fn a_part_that_comes_late_is_seen_from_its_first_frame() {
        let sent = every(40_000, 0..100);
        let late = [sent[..50].to_vec(), shifted(&sent[50..], 5_000)].concat();
        assert_eq!(course(&sent, &late), Course::Otherwise { at: Micros(2_005_000) });
    }

    #[test]
    fn lines_are_read_in_their_time_base() {
        assert_eq!(frame_time("1920 1/90000\n"), Some(Micros(21_333)));
        assert_eq!(frame_time("-1 1/1000"), Some(Micros(-1_000)));
        for bad in ["", "12", "x 1/2", "1 1/0", "9223372036854775807 4294967295/1", "1 2"] {
            assert_eq!(frame_time(bad), None, "{bad}");
        }
    }
}
