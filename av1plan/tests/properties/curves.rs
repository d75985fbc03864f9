//! Made-up samples: what an encoder would make of the windows of a film.

use std::iter;

use av1plan::plan::MetricName;
use av1plan::sample::{Samples, Trial, WindowReport};
use av1plan::{FileFacts, MediaProbe, Micros, Milli, Source, sample_order};
use proptest::prelude::*;

use crate::policy::Policy;

/// How size and scores of a film change with the level of quality.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Curve {
    /// The bytes of a second at level 0.
    bytes: u64,
    /// VMAF-NEG and SSIMULACRA2 at level 0, and their loss for each level, in thousandths.
    scores: Option<[(i64, i64); 2]>,
    /// How many trials are made at most.
    trials: usize,
    /// How long each window is shown; an index may hold anything.
    length: Micros,
    /// Whether the samples are those of other settings.
    stale: bool,
}

impl Curve {
    /// The samples of a film, as far as its plan asks for any.
    pub(crate) fn samples(&self, file: &FileFacts, probe: &MediaProbe, policy: &Policy) -> Option<Samples> {
        let mut samples: Option<Samples> = None;
        for _ in 0..self.trials {
            let source = Source::new(file, probe).with_samples(samples.as_ref());
            let Some(order) = sample_order(&source, &policy.toolchain, &policy.config) else { break };
            let quarters = order.level.quarters();
            let window = || {
                let bytes = self.bytes / (u64::from(quarters) / 10 + 1);
                let window = WindowReport::new(self.length, bytes);
                let names = [MetricName::VmafNeg, MetricName::Ssimulacra2];
                self.scores.iter().flatten().zip(names).fold(window, |window, ((best, loss), name)| {
                    window.with_score(name, Milli(best - loss * i64::from(quarters)))
                })
            };
            let windows = iter::repeat_with(window).take(order.windows.len()).collect();
            samples = Some(order.add(samples.take(), Trial::new(order.level, windows)));
        }
        if self.stale
            && let Some(samples) = &mut samples
        {
            samples.key.push('x');
        }
        samples
    }
}

/// A curve; one in ten films has none.
pub(crate) fn curve() -> impl Strategy<Value = Option<Curve>> {
    let bytes = prop_oneof![Just(0), 1..100_000_u64, 1..100_000_000_000_u64];
    let score = || (60_000..=100_000_i64, 0..1000_i64);
    let scores = prop::option::weighted(0.8, (score(), score()).prop_map(|(one, other)| [one, other]));
    let length = prop_oneof![9 => Just(Micros::from_secs(1)), 1 => Just(Micros(i64::MAX))];
    let curve = (bytes, scores, 0..6_usize, length, prop::bool::weighted(0.1))
        .prop_map(|(bytes, scores, trials, length, stale)| Curve { bytes, scores, trials, length, stale });
    prop::option::weighted(0.9, curve)
}
