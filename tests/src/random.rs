//! Chance that can be had again: its seed is said, and can be given.

use crate::tools::say;

/// Random numbers from the seed in `AV1D_SEED`, or from a new one. The seed is printed, so that a failure can be had again.
pub fn random(what: &str) -> fastrand::Rng {
    let given = std::env::var("AV1D_SEED").ok().and_then(|seed| seed.parse().ok());
    let seed = given.unwrap_or_else(|| fastrand::u64(..));
    say(&format!("{what}: seed {seed} (AV1D_SEED={seed} draws the same)"));
    fastrand::Rng::with_seed(seed)
}
