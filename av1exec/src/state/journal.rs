//! The journal of a replacement: which steps were reached, and what was found good.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use strum::IntoStaticStr;

/// A step that was reached, in the order of a replacement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, IntoStaticStr)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum Step {
    /// ffmpeg runs.
    Running,
    /// The result is good and may take the film's place.
    Commit,
    /// The result has the film's name.
    Replaced,
    /// The original is gone, or kept as asked.
    Done,
}

/// What is known of a result that may take its film's place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Commit {
    /// Its inode.
    pub inode: u64,
    /// Its bytes.
    pub size: u64,
    /// The BLAKE3 hash of its content, in hexadecimal.
    pub hash: String,
}

/// A step of the replacement.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct JournalEntry {
    /// Which.
    pub step: Step,
    /// When.
    pub at: Timestamp,
}
