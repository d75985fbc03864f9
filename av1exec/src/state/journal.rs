//! The journal of a replacement: which steps it has reached, and which result was verified.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use strum::IntoStaticStr;

/// The steps of a replacement, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, IntoStaticStr)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum Step {
    /// ffmpeg is running.
    Running,
    /// The result is verified and may take the film's place.
    Commit,
    /// The result has the film's name.
    Replaced,
    /// The original is deleted, or kept as configured.
    Done,
}

/// The identity of a verified result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Commit {
    /// Its inode number.
    pub inode: u64,
    /// Its size in bytes.
    pub size: u64,
    /// The BLAKE3 hash of its content, in hexadecimal.
    pub hash: String,
}

/// A step that a replacement has reached.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct JournalEntry {
    /// The step.
    pub step: Step,
    /// When it was reached.
    pub at: Timestamp,
}
