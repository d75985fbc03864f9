//! Property tests: what is true for every film, every policy and every ffmpeg.
//!
//! `films`, `tracks`, `surveys` and `policy` generate the inputs, in which known trouble is frequent. `verdicts`,
//! `streams`, `video`, `judging` and `bytes` each hold the properties of one subject. `breaks` lists what a judge must
//! find. `found` keeps films for which a property failed once. `reach` checks that the generated films reach
//! everything, so that no property passes only for lack of cases.
#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests; clippy's exemption covers test functions only"
)]

mod argv;
mod breaks;
mod bytes;
mod curves;
mod films;
mod finished;
mod found;
#[path = "../grammar/mod.rs"]
mod grammar;
mod judging;
mod ledger;
mod policy;
mod reach;
mod streams;
mod surveys;
mod tracks;
mod verdicts;
mod video;

use av1plan::{EncodePlan, Verdict};
use proptest::test_runner::Config;

/// Runs `count` cases for each property, or as many as the variable `PROPTEST_CASES` says.
fn cases(count: u32) -> Config {
    let mut config = Config::default();
    if std::env::var_os("PROPTEST_CASES").is_none() {
        config.cases = count;
    }
    config
}

/// The plan of the verdict; `None` if it is a skip.
fn encoded(verdict: Verdict) -> Option<EncodePlan> {
    match verdict {
        Verdict::Encode(plan) => Some(*plan),
        Verdict::Skip(_) => None,
    }
}

/// The code of the skip; `None` if the verdict is an encode.
fn skip_code(verdict: &Verdict) -> Option<&'static str> {
    match verdict {
        Verdict::Encode(_) => None,
        Verdict::Skip(skip) => Some(skip.reason.code()),
    }
}
