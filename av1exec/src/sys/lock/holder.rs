//! Who holds a lock, as the lock file says. Nothing depends on it but messages, and whether waiting makes sense.

use std::fs::File;
use std::io::{self, Read, Seek, Write};

use crate::sys::orphan::{self, ProcessId};

/// The process that holds a lock, as written in the lock file.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Holder {
    /// The host name of the machine or container.
    pub host: String,
    /// The process.
    #[serde(flatten)]
    pub process: ProcessId,
}

impl Holder {
    /// Describes this process.
    pub(super) fn current() -> Self {
        Self { host: host(), process: ProcessId::current() }
    }

    /// Reads the holder from a lock file, or returns `None` if the file doesn't name one.
    pub fn read(file: &mut File) -> Option<Self> {
        let mut text = String::new();
        file.take(4096).read_to_string(&mut text).ok()?;
        serde_json::from_str(&text).ok()
    }

    pub(super) fn write(&self, file: &mut File) -> io::Result<()> {
        let mut text = serde_json::to_string(self)?;
        text.push('\n');
        file.set_len(0)?;
        file.rewind()?;
        file.write_all(text.as_bytes())
    }

    /// Whether the holder has certainly ended. Processes on other machines and containers can't be checked and count as
    /// alive.
    pub(super) fn is_dead(&self) -> bool {
        self.host == host() && !orphan::is_alive(&self.process)
    }
}

impl std::fmt::Display for Holder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "process {} on {}", self.process.pid, crate::sys::sanitize::sanitize(&self.host))
    }
}

pub(super) fn host() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}
