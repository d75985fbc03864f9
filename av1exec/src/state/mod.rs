//! What is remembered in the state folder: jobs, the index of films, what came of them.

pub mod code;
pub mod history;
pub mod index;
pub mod jobs;
pub mod journal;
pub mod outcome;
pub mod totals;
