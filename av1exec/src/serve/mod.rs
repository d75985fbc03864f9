//! How other processes talk to a daemon: the control socket, the metrics, and the status that both show.

pub mod control;
pub mod http;
pub mod status;
