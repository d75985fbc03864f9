#![doc = include_str!("../README.md")]
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(test)]
extern crate std;

pub mod command;
pub mod config;
pub mod explain;
pub mod judge;
mod name;
mod number;
pub mod plan;
pub mod probe;
mod rules;
pub mod sample;
mod setters;
pub mod toolchain;
pub mod wire;

pub use config::Config;
pub use judge::{Evidence, Judgement, judge};
pub use name::UnknownName;
pub use number::{Micros, Milli, NotARatio, NotMilli, NotRational, Ratio, Rational};
pub use plan::{EncodePlan, SkipReason, Verdict};
pub use probe::{FileFacts, MediaProbe};
pub use rules::gates::before_probe;
pub use rules::{SampleOrder, Source, plan, sample_order, wants_frame_probe};
pub use toolchain::{Toolchain, ToolchainError};
