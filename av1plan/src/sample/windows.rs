//! The windows of a film that are encoded as samples.

use alloc::vec::Vec;

use crate::number::Micros;

/// A part of a film.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SampleWindow {
    /// When it begins, in microseconds after the first picture.
    pub start: Micros,
    /// Its duration in microseconds.
    pub length: Micros,
}

/// What samples are for, which decides how much of a short film they may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// To know the size and the quality of a result at one CRF. The windows take at most a twentieth of the film.
    Predict,
    /// To find the CRF that reaches a quality. A short film gets more windows, since one or two tell too little.
    Search,
}

/// The most windows. Many short ones predict better than a few long ones: on a film of 60 s, 20 windows of 1 s
/// predicted VMAF to 0.22 points and the size to 3.5 % (root mean square), 2 of 10 s to 1.0 and 11 %.
const MOST: i64 = 24;
/// The longest and the shortest window, in microseconds.
const LONGEST: i64 = 4_000_000;
const SHORTEST: i64 = 1_000_000;
/// All windows of a long film together take one part in this many.
const SHARE: i64 = 60;
/// All windows of a prediction together take at most one part in this many.
const PREDICT_SHARE: i64 = 20;
/// The fewest windows that show how much a film varies.
const FEWEST: i64 = 3;
/// How many windows of the shortest length a search gets in a short film.
const SEARCH_WINDOWS: i64 = 8;
/// The first and the last part of a film, in percent, have titles and credits, and get no windows.
const EDGE_PERCENT: i64 = 2;

/// The windows of a film of this length: evenly spaced, each moved within its part of the film by `seed`, so that a
/// film whose scenes have a rhythm isn't always met at the same beat. They don't overlap and are in order. Empty if the
/// film is too short for three of them.
pub fn sample_windows(length: Micros, purpose: Purpose, seed: u64) -> Vec<SampleWindow> {
    let film = length.0;
    let budget = match purpose {
        Purpose::Predict => (film / SHARE).max((film / PREDICT_SHARE).min(SEARCH_WINDOWS * SHORTEST)),
        Purpose::Search => (film / SHARE).max((film / 2).min(SEARCH_WINDOWS * SHORTEST)),
    };
    let count = (budget / SHORTEST).min(MOST);
    if count < FEWEST {
        return Vec::new();
    }
    let window = (budget / count).min(LONGEST);
    let edge = film / 100 * EDGE_PERCENT;
    let part = (film - 2 * edge) / count;
    let room = part - window;
    let mut random = seed;
    let starts = (0..count).map(|number| {
        random = mixed(random);
        // The division leaves a number that fits.
        let moved = i64::try_from(random % u64::try_from(room + 1).unwrap_or(1)).unwrap_or_default();
        edge + number * part + moved
    });
    starts.map(|start| SampleWindow { start: Micros(start), length: Micros(window) }).collect()
}

/// The next number of the generator `SplitMix64` of Steele, Lea and Flood (2014).
const fn mixed(state: u64) -> u64 {
    let state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let one = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let two = (one ^ (one >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    two ^ (two >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn windows(seconds: i64, purpose: Purpose) -> (usize, i64) {
        let windows = sample_windows(Micros::from_secs(seconds), purpose, 7);
        (windows.len(), windows.first().map_or(0, |window| window.length.0 / 1000))
    }

    #[test]
    fn their_number_and_length_fit_the_film() {
        let table = [
            // seconds, for a prediction, for a search: how many windows, of how many milliseconds
            (0, (0, 0), (0, 0)),
            (5, (0, 0), (0, 0)),
            (6, (0, 0), (3, 1000)),
            (16, (0, 0), (8, 1000)),
            (59, (0, 0), (8, 1000)),
            (60, (3, 1000), (8, 1000)),
            (160, (8, 1000), (8, 1000)),
            (600, (10, 1000), (10, 1000)),
            (2700, (24, 1875), (24, 1875)),
            (7200, (24, 4000), (24, 4000)),
            (86_400, (24, 4000), (24, 4000)),
        ];
        for (seconds, predict, search) in table {
            assert_eq!(windows(seconds, Purpose::Predict), predict, "{seconds} s");
            assert_eq!(windows(seconds, Purpose::Search), search, "{seconds} s");
        }
    }

    proptest! {
        #[test]
        fn they_lie_inside_in_order_and_apart(length in 0..200_000_000_000_i64, search: bool, seed: u64) {
            let purpose = if search { Purpose::Search } else { Purpose::Predict };
            let windows = sample_windows(Micros(length), purpose, seed);
            prop_assert!(windows.len() <= 24 && !matches!(windows.len(), 1 | 2));
            let mut end = length / 100 * 2;
            for SampleWindow { start, length } in &windows {
                prop_assert!(start.0 >= end && (1_000_000..=4_000_000).contains(&length.0), "{windows:?}");
                end = start.0 + length.0;
            }
            prop_assert!(windows.is_empty() || end <= length - length / 100 * 2, "{windows:?}");
            let all: i64 = windows.iter().map(|window| window.length.0).sum();
            let share = if search { 2 } else { 20 };
            prop_assert!(all <= length / share);
            prop_assert_eq!(windows, sample_windows(Micros(length), purpose, seed));
        }
    }
}
