//! The error of reading a plan document.

use alloc::string::String;

use super::{FORMAT, VERSION};
use crate::explain::Plain;

/// Why a document can't be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WireError {
    /// The text isn't JSON, or a field is missing, of another type, or has a value that isn't allowed.
    #[error("this is not a plan document: {}", Plain(detail))]
    Json {
        /// What is wrong, with line and column.
        detail: String,
    },
    /// The document is of another format.
    #[error("this is a document of format {found:?}, not {FORMAT:?}")]
    Format {
        /// The format that it names.
        found: String,
    },
    /// The document has a major version that this crate doesn't know.
    #[error("version {found:?} of the document can't be read here; this is for version {VERSION}")]
    Version {
        /// The document's version.
        found: String,
    },
    /// Fields of the document contradict each other.
    #[error("the document contradicts itself: {what}")]
    Contradiction {
        /// Which fields, in words.
        what: &'static str,
    },
    /// No file can have a path of the document.
    #[error("the document's path {path:?} can't be one: {why}")]
    Path {
        /// The path in readable form.
        path: String,
        /// Why no file can have it.
        why: &'static str,
    },
    /// A decision of the document is unknown, because a newer version wrote it. It can be shown but not restored.
    #[error("the decision {code:?} on {topic:?} is of a newer version and can't be restored as data")]
    Unknown {
        /// The code of its topic.
        topic: String,
        /// The code of its reason.
        code: String,
    },
}

impl WireError {
    pub(super) fn json(error: &serde_json::Error) -> Self {
        Self::Json { detail: alloc::format!("{error}") }
    }
}
