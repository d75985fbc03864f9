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
    /// A code that is unknown here, or one with other facts. A newer version may have written it.
    #[error(
        "the code {} of {} is not known here, or not with these facts: the document can be shown, but not restored",
        Plain(code),
        Plain(of)
    )]
    Unknown {
        /// What has the code: a decision, a skip, a loss.
        of: String,
        /// The code.
        code: String,
    },
}

impl WireError {
    pub(super) fn unknown(of: &str, code: &str) -> Self {
        Self::Unknown { of: of.into(), code: code.into() }
    }

    pub(super) fn newer(error: &serde_json::Error) -> Self {
        Self::Json { detail: alloc::format!("{error}; it is of a newer version than {VERSION}") }
    }

    pub(super) fn json(error: &serde_json::Error) -> Self {
        Self::Json { detail: alloc::format!("{error}") }
    }
}
