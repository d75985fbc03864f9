//! What kind of source a film comes from, and the signals for and against it.

use alloc::string::String;
use alloc::vec::Vec;

use crate::name::named;
use serde::{Deserialize, Serialize};

named! {
    /// The kind of source that a film seems to come from.
    #[non_exhaustive]
    pub enum SourceClass: "a source class", name, names {
        /// A streaming service or a web page. Its timestamps may be broken.
        WebLike = "web-like",
        /// A Blu-ray or a DVD.
        DiscLike = "disc-like",
        /// The signals are too few or cancel each other out.
        Unknown = "unknown",
    }
}

/// The kind of source with all signals for and against it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Classification {
    /// The kind of source. A score of 3 or more is the web, -3 or less a disc.
    pub class: SourceClass,
    /// The sum of the signals' weights: positive for the web, negative for a disc.
    pub score: i32,
    /// The signals, in the order in which they were looked for.
    pub signals: Vec<Signal>,
}

/// One observation about a film that hints at its source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Signal {
    /// How strongly it hints: positive at the web, negative at a disc; from -8 to 8.
    pub weight: i32,
    /// What was seen, as a fragment of a sentence: `the name says WEB-DL`.
    pub what: String,
}
