//! The commands, each in its own module.

pub(crate) mod config;
pub(crate) mod control;
pub(crate) mod doctor;
pub(crate) mod encode;
pub(crate) mod films;
pub(crate) mod plan;
pub(crate) mod recover;
pub(crate) mod share;
pub(crate) mod undo;
pub(crate) mod verify;
pub(crate) mod watch;
pub(crate) mod why;
