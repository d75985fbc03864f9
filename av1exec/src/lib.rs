//! Carries out the plans of [`av1plan`]: finds films, runs ffmpeg on them, judges what came out, and replaces them
//! without ever losing one.
//!
//! Ten rooms on six floors; a room names only rooms on floors below its own.
//!
//! | floor | room | what it is for |
//! |---|---|---|
//! | 6 | [`daemon`] | the loop over a library |
//! | 6 | [`inspect`] | looks, and changes nothing: [`doctor`](inspect::doctor), [`verify`](inspect::verify) |
//! | 5 | [`serve`] | how others talk to a daemon: [`control`](serve::control), [`http`](serve::http) |
//! | 4 | [`pipeline`] | one film, start to end, and its [`story`](pipeline::story) |
//! | 3 | [`replace`] | [`promote`](replace::promote)s a result into its film's place; [`recover`](replace::recover), [`undo`](replace::undo) |
//! | 2 | [`settings`] | what the user wants |
//! | 2 | [`ffmpeg`] | runs ffmpeg and ffprobe: arguments in, data out |
//! | 2 | [`library`] | films on the disk, and what stands beside them |
//! | 2 | [`state`] | what is remembered: [`jobs`](state::jobs), the [`index`](state::index) |
//! | 1 | [`sys`] | the operating system |
//!
//! The way of a film: [`library::scan`] finds it, [`library::stable`] waits until it holds still, [`ffmpeg::probe`] asks
//! ffprobe, `av1plan` decides, [`ffmpeg::encode`] runs ffmpeg, `av1plan` judges, [`replace::promote`] puts the result in
//! place, [`state::jobs`] and [`library::sidecars`] say what happened.
//!
//! This crate never prints, never exits and never reads the environment: what happens is told as
//! [`Event`](pipeline::event::Event)s, and what it needs to know is passed in.

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
