//! How others talk to a daemon, and what it tells them of itself.

pub mod control;
pub mod http;
pub mod status;
