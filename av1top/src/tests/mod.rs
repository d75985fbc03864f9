//! The program as a whole: what it shows after a script of messages, and what no sequence of messages may do to it.

mod large;
mod properties;
mod screens;
pub(crate) mod script;
mod steps;
