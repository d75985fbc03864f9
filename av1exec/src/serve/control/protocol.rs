//! The messages of the control socket. They are a public interface: names and codes never change, but fields may be
//! added.

mod reply;
mod request;

use serde::{Deserialize, Serialize};

pub use reply::{Refusal, RefusalCode, Reply};
pub use request::Request;

/// The version of the protocol. It increases when an older client would misunderstand the messages; additions don't
/// increase it.
pub const PROTOCOL: u32 = 1;
/// The maximum length of a request in bytes, with its line break. Two paths of 4,096 bytes, the kernel's limit, fit
/// three times in their longest encoding.
pub const MAX_REQUEST: usize = 64 * 1024;

/// The first line that the server sends to a client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Greeting {
    /// The daemon's [`PROTOCOL`].
    pub protocol: u32,
    /// The daemon's version.
    pub version: String,
    /// The daemon's process ID.
    pub pid: u32,
}

impl Greeting {
    /// Returns the greeting of this process.
    pub fn current() -> Self {
        Self { protocol: PROTOCOL, version: env!("CARGO_PKG_VERSION").to_owned(), pid: std::process::id() }
    }
}

/// Serializes a message as one line of JSON, with its line break.
pub(super) fn line(document: &impl Serialize) -> Vec<u8> {
    // Serialization can't fail: JSON only rejects maps with keys that aren't text, and no message has one.
    let mut line = serde_json::to_vec(document).unwrap_or_default();
    line.push(b'\n');
    line
}
