//! Carries out the plans of [`av1plan`]: finds films, runs ffmpeg on them, judges what came out, and replaces them
//! without ever losing one.
//!
//! The way of a film: [`library::scan`] finds it, [`library::stable`] waits until it holds still, [`ffmpeg::probe`] asks ffprobe, `av1plan`
//! decides, [`ffmpeg::encode`] runs ffmpeg, `av1plan` judges, [`replace::promote`] puts the result in place, [`state::jobs`] and [`library::sidecars`] say
//! what happened. [`pipeline::story`] tells all that is known of one film, [`inspect::verify`] holds a result against its contract again, [`replace::undo`]
//! puts an original back. [`pipeline`] is that way for one film, [`daemon`] is the loop over all of them,
//! [`serve::control`] is how it is talked to. [`inspect::doctor`] says what keeps all that from working.
//!
//! This crate never prints, never exits and never reads the environment: what happens is told as [`event::Event`]s, and what it
//! needs to know is passed in.

pub mod daemon;
pub mod ffmpeg;
pub mod inspect;
pub mod library;
pub mod pipeline;
pub mod replace;
pub mod serve;
pub mod settings;
pub mod state;
pub mod sys;
