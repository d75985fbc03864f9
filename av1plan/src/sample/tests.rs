//! Simulated searches: films are curves of score and size over CRF, whose windows differ and whose trials are noisy.

use alloc::vec::Vec;

use proptest::prelude::*;

use super::estimate::crf;
use super::*;
use crate::number::{Micros, Milli};
use crate::plan::{Level, MetricName};

/// A film as an encoder sees it.
#[derive(Debug, Clone, Copy)]
struct Film {
    /// What VMAF-NEG lacks of 100 at CRF 24, and the growth of its logarithm for each step.
    neg: (f64, f64),
    /// SSIMULACRA2 at CRF 24, and its loss for each step.
    ssimulacra2: (f64, f64),
    /// How much the slopes themselves change over ten steps.
    bend: f64,
    /// How far windows are from the mean, in points, and trials from the curve.
    spread: f64,
    noise: f64,
    seed: u64,
}

impl Film {
    fn scores(&self, at: f64) -> (f64, f64) {
        let steps = at - 24.0;
        let bent = steps + self.bend * steps * steps / 20.0;
        let neg = 100.0 - self.neg.0 * libm::exp(self.neg.1 * bent);
        (neg, self.ssimulacra2.0 - self.ssimulacra2.1 * bent)
    }

    fn trial(&self, level: Level) -> Trial {
        let (neg, ssimulacra2) = self.scores(crf(level));
        let mut state = self.seed ^ u64::from(level.quarters());
        let mut wobble = |size: f64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (f64::from(u32::try_from(state >> 33).unwrap()) / f64::from(1_u32 << 31) - 0.5) * size
        };
        let off = wobble(self.noise);
        let windows = (0..12_u32).map(|number| {
            // The windows of a film differ in the same way in each trial.
            let spread = (f64::from(number * 5 % 12) - 5.5) / 5.5 * self.spread;
            WindowReport::new(Micros(1_000_000), 100_000)
                .with_score(MetricName::VmafNeg, Milli::from_f64(neg + off + spread / 4.0))
                .with_score(MetricName::Ssimulacra2, Milli::from_f64(ssimulacra2 + off + spread))
        });
        Trial::new(level, windows.collect())
    }

    /// Searches to the end, and returns the level, whether it is a limit, and the trials.
    fn search(&self, search: &Search) -> (Level, bool, Vec<Trial>) {
        self.search_after(search, Vec::new())
    }

    /// Searches on after the trials of another search.
    fn search_after(&self, search: &Search, mut trials: Vec<Trial>) -> (Level, bool, Vec<Trial>) {
        loop {
            match search_step(search, &trials) {
                SearchStep::Try(level) => {
                    assert!(
                        (search.limits.0..=search.limits.1).contains(&level),
                        "{level} is beyond the limits"
                    );
                    assert!(
                        trials.iter().all(|trial: &Trial| trial.level != level),
                        "{level} is tried again"
                    );
                    assert!(trials.len() < MOST_TRIALS + search.known, "a fifth trial");
                    trials.push(self.trial(level));
                }
                SearchStep::Found(level) => return (level, false, trials),
                SearchStep::Beyond(level) => return (level, true, trials),
                SearchStep::Unknown => panic!("it has both metrics"),
            }
        }
    }
}

fn level(crf: u16) -> Level {
    Level::of_quarters(4 * crf)
}

fn high(limits: (u16, u16)) -> Search {
    let goals = [(MetricName::VmafNeg, Milli::whole(93)), (MetricName::Ssimulacra2, Milli::whole(70))];
    Search::new(goals.into(), level(24), (level(limits.0), level(limits.1)), 4)
}

/// Nine clips as they were measured: what NEG lacks at CRF 24 and its slope, SSIMULACRA2 and its loss.
const CLIPS: [(f64, f64, f64, f64); 9] = [
    (8.0, 0.055, 62.0, 0.8),
    (0.7, 0.090, 80.0, 0.6),
    (3.0, 0.060, 74.0, 0.9),
    (5.0, 0.050, 66.0, 1.1),
    (2.0, 0.070, 78.0, 0.7),
    (1.2, 0.080, 79.0, 0.5),
    (6.0, 0.040, 71.0, 1.0),
    (4.0, 0.065, 69.0, 0.9),
    (2.5, 0.075, 72.0, 1.3),
];

#[test]
fn clips_as_they_were_measured_are_found_in_few_trials() {
    let mut trials = 0;
    for (lack, growth, ssimulacra2, loss) in CLIPS {
        let film = Film {
            neg: (lack, growth),
            ssimulacra2: (ssimulacra2, loss),
            bend: 0.0,
            spread: 0.0,
            noise: 0.0,
            seed: 1,
        };
        let (found, beyond, tried) = film.search(&high((1, 63)));
        trials += tried.len();
        let (neg, other) = film.scores(crf(found));
        let (neg_next, other_next) = film.scores(crf(found) + 1.0);
        assert!(!beyond && neg >= 92.99 && other >= 69.99, "{film:?}: {found} has {neg} and {other}");
        assert!(neg_next < 93.01 || other_next < 70.01, "{film:?}: {found} is too good");
    }
    assert!(trials <= 9 * 3, "{trials} trials");
}

#[test]
fn a_target_beyond_the_limits_gives_the_limit() {
    let film =
        Film { neg: (8.0, 0.05), ssimulacra2: (50.0, 0.9), bend: 0.0, spread: 1.0, noise: 0.0, seed: 3 };
    let (found, beyond, _) = film.search(&high((18, 30)));
    assert_eq!((found, beyond), (level(18), true));
    let (found, beyond, _) =
        Film { neg: (0.1, 0.05), ssimulacra2: (99.0, 0.1), ..film }.search(&high((18, 30)));
    assert_eq!((found, beyond), (level(30), true));
}

#[test]
fn a_search_begins_anew_for_another_goal_with_what_is_known() {
    let film =
        Film { neg: (3.0, 0.06), ssimulacra2: (74.0, 0.9), bend: 0.4, spread: 2.0, noise: 0.4, seed: 5 };
    let far = Search { goals: [(MetricName::VmafNeg, Milli::whole(99))].into(), ..high((1, 63)) };
    let (_, _, mut known) = film.search(&far);
    while known.len() < MOST_TRIALS {
        known.push(film.trial(level(63 - u16::try_from(known.len()).unwrap())));
    }
    let other = high((1, 63)).with_known(known.len());
    assert!(matches!(search_step(&other, &known), SearchStep::Try(_)), "what is known doesn't count");
    let (found, beyond, _) = film.search_after(&other, known);
    let (neg, ssimulacra2) = film.scores(crf(found));
    assert!(!beyond && neg > 92.0 && ssimulacra2 > 68.0, "{found}: {neg} {ssimulacra2}");
}

#[test]
fn limits_may_be_given_in_any_order() {
    let (one, other) =
        (high((18, 30)), Search::new(high((1, 63)).goals, level(50), (level(30), level(18)), 0));
    assert_eq!((one.limits(), other.limits()), ((level(18), level(30)), (level(18), level(30))));
    assert_eq!(search_step(&other, &[]), SearchStep::Try(level(30)));
}

#[test]
fn what_has_no_score_is_unknown() {
    let trial =
        Trial::new(level(24), [WindowReport::new(Micros(1), 1), WindowReport::new(Micros(1), 1)].into());
    assert_eq!(search_step(&high((1, 63)), &[trial]), SearchStep::Unknown);
    let nothing = Search::new(Vec::new(), level(24), (level(1), level(63)), 4);
    assert_eq!(search_step(&nothing, &[]), SearchStep::Unknown);
}

#[test]
fn samples_are_read_as_they_were_written() {
    let mut samples = Samples::new("key".into());
    let film =
        Film { neg: (8.0, 0.05), ssimulacra2: (50.0, 0.9), bend: 0.0, spread: 1.0, noise: 0.0, seed: 3 };
    samples.trials.push(film.trial(level(24)));
    assert_eq!(Samples::from_json(&samples.to_json()), Some(samples));
    for wrong in [
        "",
        "{}",
        "null",
        r#"{"key":"","trials":[{"level":96,"windows":[{"length":0,"bytes":1,"scores":{}}]}]}"#,
    ] {
        assert_eq!(Samples::from_json(wrong.as_bytes()), None, "{wrong}");
    }
}

proptest! {
    /// The true curve reaches the target at the level that is found, but for the noise.
    #[test]
    fn every_search_ends_inside_its_limits_and_on_the_right_side(
        neg in (0.2..20.0, 0.01..0.15), ssimulacra2 in (20.0..95.0, 0.1..3.0), bend in -0.3..0.6, spread in 0.0..10.0,
        noise in 0.0..0.6, seed: u64, start in 1..=63_u16, reach in 0..=62_u16, step in 1..=4_u16,
        other in 1..=63_u16, again: bool,
    ) {
        let film = Film { neg, ssimulacra2, bend, spread, noise, seed };
        let (least, most) = (start.saturating_sub(reach).max(1), (start + reach).min(63));
        let search = Search { start: level(start), step, ..high((least, most)) };
        // The trials of an earlier search with other limits and another goal are there already.
        let earlier = Search { start: level(other), goals: [(MetricName::VmafNeg, Milli::whole(97))].into(), ..high((1, 63)) };
        let known = if again { film.search(&earlier).2 } else { Vec::new() };
        let search = search.with_known(known.len());
        let (found, beyond, trials) = film.search_after(&search, known);
        prop_assert!((level(least)..=level(most)).contains(&found));
        let missed = |trial: &Trial| {
            let lacks = |metric, goal| score(trial, metric).unwrap().value < goal - 0.001;
            lacks(MetricName::VmafNeg, 93.0) || lacks(MetricName::Ssimulacra2, 70.0)
        };
        let is_shown_to_miss = trials.iter().any(|trial| trial.level <= found && missed(trial));
        prop_assert!(!is_shown_to_miss || (beyond && found == level(least)), "{found} {trials:?}");
    }

    /// The error of a size covers what evenly spaced windows of a film really miss.
    #[test]
    fn an_error_is_what_windows_differ_by(sizes in prop::collection::vec(1_000..1_000_000_u64, 2..24)) {
        let windows = sizes.iter().map(|bytes| WindowReport::new(Micros(1_000_000), *bytes)).collect();
        let rate = byte_rate(&Trial::new(level(24), windows)).unwrap();
        prop_assert!(rate.error >= rate.value * 0.03 && rate.error.is_finite());
        let still = |key| {
            let windows = (0..9).map(|_| WindowReport::new(Micros(1_000_000), sizes[0]).with_key(key));
            byte_rate(&Trial::new(level(24), windows.collect())).unwrap()
        };
        let (all_key, none) = (still(sizes[0]), still(0));
        prop_assert!(all_key.value - 2.0 * all_key.error < none.value * 0.16, "{all_key:?}");
        let same = Trial::new(level(24), (0..9).map(|_| WindowReport::new(Micros(7), sizes[0])).collect());
        let rate = byte_rate(&same).unwrap();
        let floor = libm::sqrt(0.03 * 0.03 + 0.25 * 0.25 / 9.0);
        prop_assert!((rate.error / rate.value - floor).abs() < 1e-9);
    }
}
