//! Carries out the plans of [`av1plan`]: finds films, runs ffmpeg on them, verifies the results, and replaces each
//! film by its result such that no film is ever lost.
//!
//! The modules form six layers. A module uses only modules of layers below its own.
//!
//! | layer | module | purpose |
//! |---|---|---|
//! | 6 | [`daemon`] | the loop that works through a library |
//! | 6 | [`inspect`] | checks that change no film: [`doctor`](inspect::doctor), [`verify`](inspect::verify) |
//! | 5 | [`serve`] | how other processes talk to a daemon: [`control`](serve::control), [`http`](serve::http) |
//! | 4 | [`pipeline`] | one film from start to end, and its [`story`](pipeline::story) |
//! | 3 | [`replace`] | [`promote`](replace::promote)s a result into its film's place; [`recover`](replace::recover), [`undo`](replace::undo) |
//! | 2 | [`settings`] | what the user configured |
//! | 2 | [`ffmpeg`] | runs ffmpeg and ffprobe: takes arguments, returns data |
//! | 2 | [`library`] | the films on the disk and the files beside them |
//! | 2 | [`state`] | the state folder: [`jobs`](state::jobs), the [`index`](state::index) |
//! | 1 | [`sys`] | the operating system |
//!
//! A film passes through these steps: [`library::scan`] finds it, [`library::stable`] waits until the file stops
//! changing, [`ffmpeg::probe`] runs ffprobe, `av1plan` makes a plan, [`ffmpeg::encode`] runs ffmpeg, `av1plan`
//! judges the result, [`replace::promote`] puts the result in the film's place, and [`state::jobs`] and
//! [`library::sidecars`] record the outcome.
//!
//! This crate never prints, never exits and never reads the environment. It reports what happens as
//! [`Event`](pipeline::event::Event)s, and its callers pass in what it needs to know.

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
