//! What holds for every film, every policy and every ffmpeg.
//!
//! `films`, `tracks` and `policy` make up the inputs, weighted to known trouble; `verdicts`, `streams`, `video`,
//! `judging` and `bytes` each hold the properties of one subject; `breaks` lists what a judge must see; `found` keeps films on which one of them once failed;
//! `reach` shows that the made-up films get everywhere, so that no property holds for want of cases.
#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests; clippy's exemption covers test functions only"
)]

mod argv;
mod breaks;
mod bytes;
mod films;
mod finished;
mod found;
#[path = "../grammar/mod.rs"]
mod grammar;
mod judging;
mod policy;
mod reach;
mod streams;
mod tracks;
mod verdicts;
mod video;

use av1plan::{EncodePlan, Verdict};
use proptest::test_runner::Config;

/// `count` cases a property, or as many as `PROPTEST_CASES` asks for.
fn cases(count: u32) -> Config {
    let mut config = Config::default();
    if std::env::var_os("PROPTEST_CASES").is_none() {
        config.cases = count;
    }
    config
}

/// The plan of a verdict that is one.
fn encoded(verdict: Verdict) -> Option<EncodePlan> {
    match verdict {
        Verdict::Encode(plan) => Some(*plan),
        Verdict::Skip(_) => None,
    }
}

/// The code of a verdict that is a skip.
fn skip_code(verdict: &Verdict) -> Option<&'static str> {
    match verdict {
        Verdict::Encode(_) => None,
        Verdict::Skip(skip) => Some(skip.reason.code()),
    }
}
