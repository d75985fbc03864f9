//! The content of the state folder: the jobs and the index of films.

pub mod code;
pub mod history;
pub mod index;
pub mod jobs;
pub mod journal;
pub mod outcome;
pub mod totals;
