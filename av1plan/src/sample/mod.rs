//! Samples: short windows of a film are encoded and scored before the film is, to know how large and how good its
//! result will be, and to find the settings that reach a stated quality.
//!
//! A caller asks [`sample_order`](crate::sample_order()) what should be sampled next, encodes each window with
//! [`command::sample_arguments`](crate::command::sample_arguments), scores it, adds a [`Trial`], and plans again with
//! `Source::with_samples` until nothing is ordered any more.

mod curve;
mod estimate;
mod search;
mod trial;
mod windows;

pub(crate) use curve::{nearest, score_at, size_at};
pub(crate) use estimate::{byte_rate, float, score, worst};
pub(crate) use search::worst_that_meets;
pub use search::{MOST_TRIALS, Search, SearchStep, search_step};
pub use trial::{Samples, Trial, WindowReport};
pub use windows::{Purpose, SampleWindow, sample_windows};

#[cfg(test)]
mod tests;
