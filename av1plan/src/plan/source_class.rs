//! Where a film came from, and what spoke for and against it.

use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr};

/// What kind of source a film looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, IntoStaticStr, EnumString)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum SourceClass {
    /// From a streaming service or a web page: its timestamps may be odd.
    WebLike,
    /// From a Blu-ray or a DVD.
    DiscLike,
    /// The signals say too little.
    Unknown,
}

impl SourceClass {
    /// The stable name.
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// The class with everything that spoke for and against it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Classification {
    /// The outcome.
    pub class: SourceClass,
    /// Sum of the signals' weights: positive for the web, negative for a disc.
    pub score: i32,
    /// What was seen, in the order it was looked for.
    pub signals: Vec<Signal>,
}

/// One observation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signal {
    /// Positive speaks for the web, negative for a disc.
    pub weight: i32,
    /// What was seen, as a fragment: `the name says WEB-DL`.
    pub what: String,
}
