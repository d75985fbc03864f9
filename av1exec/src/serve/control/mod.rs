//! The daemon's control socket. The user that the daemon runs as can ask it for its status and send it commands.
//!
//! Each line is a JSON request or its reply ([`protocol`]); after `subscribe`, each line is an event ([`events`]).
//! The daemon answers [`Call`](server::Call)s and publishes events to its [`Feed`](feed::Feed). The
//! [`Server`](server::Server) does everything else, so that no client can block the daemon or make its memory grow.
//! Programs such as `av1cli` use the [`Client`](client::Client).

mod address;
pub mod client;
pub mod events;
pub mod feed;
pub mod offline;
pub mod protocol;
pub mod server;

pub use address::SOCKET;
