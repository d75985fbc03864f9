#![doc = include_str!("../README.md")]
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(test)]
extern crate std;

pub mod classify;
pub mod command;
pub mod config;
pub mod container;
pub mod contract;
pub mod decision;
pub mod density;
mod dynamic_hdr;
pub mod encode;
pub mod explain;
pub mod gates;
pub mod judge;
pub mod ladder;
pub mod language;
pub mod loss;
pub mod number;
pub mod packets;
mod picture;
pub mod plan;
mod planner;
pub mod probe;
pub mod quality;
mod record;
pub mod size_gate;
mod stale_tag;
mod streams;
pub mod toolchain;
pub mod wire;

pub use config::Config;
pub use gates::{FileFacts, SkipReason};
pub use judge::{Evidence, Judgement, judge};
pub use plan::{EncodePlan, Verdict};
pub use planner::{Source, plan, wants_frame_probe};
pub use probe::MediaProbe;
pub use toolchain::{Toolchain, ToolchainError};
