//! What is said over the socket. Everything in here is public: names and codes stay, fields may be added.

mod reply;
mod request;

use serde::{Deserialize, Serialize};

pub use reply::{Refusal, RefusalCode, Reply};
pub use request::Request;

/// The version of the protocol. It rises when an older face would misunderstand; what is only added doesn't raise it.
pub const PROTOCOL: u32 = 1;
/// The longest request, its line break included. Two paths of the kernel's 4,096 bytes in their longest form fit three times.
pub const MAX_REQUEST: usize = 64 * 1024;

/// The first line that a client gets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Greeting {
    /// The daemon's [`PROTOCOL`].
    pub protocol: u32,
    /// Its version.
    pub version: String,
    /// Its process.
    pub pid: u32,
}

impl Greeting {
    /// This process's.
    pub fn current() -> Self {
        Self { protocol: PROTOCOL, version: env!("CARGO_PKG_VERSION").to_owned(), pid: std::process::id() }
    }
}

/// One line of JSON with its line break.
pub(super) fn line(document: &impl Serialize) -> Vec<u8> {
    // Nothing that is said here has a map with keys that aren't text, the only thing that JSON can't hold.
    let mut line = serde_json::to_vec(document).unwrap_or_default();
    line.push(b'\n');
    line
}
