//! Where a film came from, and what spoke for and against it.

use alloc::string::String;
use alloc::vec::Vec;

use crate::name::named;
use serde::{Deserialize, Serialize};

named! {
    /// What kind of source a film looks like.
    #[non_exhaustive]
    pub enum SourceClass: "a source class", name, names {
        /// From a streaming service or a web page: its timestamps may be odd.
        WebLike = "web-like",
        /// From a Blu-ray or a DVD.
        DiscLike = "disc-like",
        /// The signals say too little.
        Unknown = "unknown",
    }
}

/// The class with everything that spoke for and against it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
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
#[non_exhaustive]
pub struct Signal {
    /// Positive speaks for the web, negative for a disc.
    pub weight: i32,
    /// What was seen, as a fragment: `the name says WEB-DL`.
    pub what: String,
}
