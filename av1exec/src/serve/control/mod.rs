//! The daemon's control socket: who may write to the state folder asks it what it does, and tells it what to do.
//!
//! One JSON request a line, one reply a line ([`protocol`]); after `subscribe` events follow, one a line ([`events`]). The
//! daemon answers [`Call`](server::Call)s and tells its [`Feed`](feed::Feed); all else is the
//! [`Server`](server::Server)'s, so that no client can hold the daemon up or make it grow. Faces use the
//! [`Client`](client::Client).

mod address;
pub mod client;
pub mod events;
pub mod feed;
pub mod offline;
pub mod protocol;
pub mod server;

pub use address::SOCKET;
