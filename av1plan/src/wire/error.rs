//! Why a document can't be read.

use alloc::string::String;

use super::{FORMAT, VERSION};
use crate::explain::Plain;

/// Why a document can't be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WireError {
    /// The text isn't JSON, or fields are missing or of another type.
    #[error("this is not a plan document: {}", Plain(detail))]
    Json {
        /// What is wrong, with line and column.
        detail: String,
    },
    /// Another kind of document.
    #[error("this is a document of format {found:?}, not {FORMAT:?}")]
    Format {
        /// What it calls itself.
        found: String,
    },
    /// A major version that this crate doesn't know.
    #[error("version {found:?} of the document can't be read here; this is for version {VERSION}")]
    Version {
        /// The document's version.
        found: String,
    },
    /// Fields that exclude each other.
    #[error("the document contradicts itself: {what}")]
    Contradiction {
        /// Which fields.
        what: &'static str,
    },
    /// A path that no file can have.
    #[error("the document's path {path:?} can't be one: {why}")]
    Path {
        /// Its readable form.
        path: String,
        /// Why not.
        why: &'static str,
    },
    /// A decision of a newer version, which can be shown but not restored.
    #[error("the decision {code:?} on {topic:?} is of a newer version and can't be restored as data")]
    Unknown {
        /// Its topic.
        topic: String,
        /// Its code.
        code: String,
    },
}

impl WireError {
    pub(super) fn json(error: &serde_json::Error) -> Self {
        Self::Json { detail: alloc::format!("{error}") }
    }
}
