//! Decides how a film becomes AV1, and says why.
//!
//! Bytes of ffprobe's JSON, what is known of the file, a [`Toolchain`] and a [`Config`] go in; a [`Verdict`] comes out:
//! skip the film, or encode it with this [`EncodePlan`]. [`command::arguments`] renders a plan as ffmpeg's arguments,
//! [`explain`] as sentences, [`wire`] as JSON; [`judge()`] holds what came out against what the plan promised.
//!
//! This crate has no side effects, and the compiler proves it: it is `no_std`, so that it can't name a file, a process, a clock,
//! or the environment. It never panics, whatever it is given.
//!
//! ```
//! use av1plan::{Config, FileFacts, MediaProbe, Source, Toolchain, Verdict, command};
//!
//! let probe = MediaProbe::from_json(br#"{
//!     "streams": [
//!         {"index": 0, "codec_type": "video", "codec_name": "h264", "width": 1920, "height": 1080,
//!          "avg_frame_rate": "24000/1001", "bit_rate": "9000000"},
//!         {"index": 1, "codec_type": "audio", "codec_name": "ac3", "tags": {"language": "eng"}}
//!     ]}"#)?;
//! let file = FileFacts::new("Film.2001.1080p.BluRay.mkv", 8 << 30);
//! let source = Source { file: &file, probe: &probe };
//!
//! let Verdict::Encode(plan) = av1plan::plan(&source, &Toolchain::assumed(), &Config::default()) else {
//!     panic!("this film has every reason to be encoded");
//! };
//! assert_eq!(plan.video.settings.to_string(), "libsvtav1 crf 23 preset 4");
//! let arguments = command::arguments(&plan, command::Audience::Person);
//! assert!(arguments.contains(&command::Arg::from("libsvtav1")));
//! # Ok::<(), av1plan::probe::ProbeError>(())
//! ```
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
mod record;
pub mod size_gate;
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
