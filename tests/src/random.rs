//! Chance that can be had again: its seed is said, and can be given.

use crate::tools::say;

/// Random numbers from the seed in `AV1D_SEED`. Without one the long runs of their own (`make soak`, `make fuzz-media`) draw a new
/// seed each time, to find something, and what runs with the other tests the same, to be the same. The seed is printed, so
/// that a failure can be had again.
pub fn random(what: &str) -> fastrand::Rng {
    let given = std::env::var("AV1D_SEED").ok().and_then(|seed| seed.parse().ok());
    let is_long =
        ["AV1D_FUZZ_MEDIA", "AV1D_SOAK_MINUTES"].iter().any(|name| std::env::var_os(name).is_some());
    let seed = given.unwrap_or_else(|| if is_long { fastrand::u64(..) } else { 1 });
    say(&format!("{what}: seed {seed} (AV1D_SEED={seed} draws the same)"));
    fastrand::Rng::with_seed(seed)
}
