//! Tests of the program as a whole: what it shows after scripted messages, and what must hold after any sequence of
//! messages.

mod large;
mod properties;
mod screens;
pub(crate) mod script;
mod steps;
