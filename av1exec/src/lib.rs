//! Carries out the plans of [`av1plan`]: finds films, runs ffmpeg on them, judges what came out, and replaces them
//! without ever losing one.
//!
//! The way of a film: [`scan`] finds it, [`stable`] waits until it holds still, [`probe`] asks ffprobe, `av1plan`
//! decides, [`encode`] runs ffmpeg, `av1plan` judges, [`promote`] puts the result in place, [`jobs`] and [`sidecars`] say
//! what happened. [`pipeline`] is that way for one film, [`daemon`] is the loop over all of them.
//!
//! This crate never prints, never exits and never reads the environment: what happens is told as [`event::Event`]s, and what it
//! needs to know is passed in.

pub mod argv;
pub mod daemon;
pub mod disk;
pub mod encode;
pub mod event;
pub mod failure;
pub mod jobs;
pub mod leftovers;
pub mod lock;
pub mod names;
pub mod orphan;
pub mod outcome;
pub mod pipeline;
pub mod probe;
pub mod process;
pub mod progress;
pub mod promote;
pub mod recover;
pub mod rehearse;
pub mod room;
pub mod sanitize;
pub mod scan;
pub mod settings;
pub mod sidecars;
pub mod stable;
pub mod stop;
pub mod tools;
mod why;
