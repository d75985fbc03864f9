//! Random numbers that can be repeated: the seed is printed, and can be given.

use crate::tools::say;

/// Random numbers from the seed in `AV1D_SEED`. Without that variable, the long runs (`make soak`, `make fuzz-media`)
/// draw a new seed each time, to find new faults; all other tests use seed 1, so that they always do the same. The seed
/// is printed, so that a failure can be repeated.
pub fn random(what: &str) -> fastrand::Rng {
    let given = std::env::var("AV1D_SEED").ok().and_then(|seed| seed.parse().ok());
    let is_long =
        ["AV1D_FUZZ_MEDIA", "AV1D_SOAK_MINUTES"].iter().any(|name| std::env::var_os(name).is_some());
    let seed = given.unwrap_or_else(|| if is_long { fastrand::u64(..) } else { 1 });
    say(&format!("{what}: seed {seed} (AV1D_SEED={seed} draws the same)"));
    fastrand::Rng::with_seed(seed)
}
