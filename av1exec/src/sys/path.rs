//! Paths in documents: bytes that no text can lose.

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use av1plan::wire::PathDocument;

/// A path as JSON holds it, losing nothing.
pub fn path_document(path: &Path) -> PathDocument {
    PathDocument::new(path.as_os_str().as_bytes())
}

/// The path that a document holds; its readable form where the bytes are damaged.
pub fn path_of(document: &PathDocument) -> PathBuf {
    let bytes = document.bytes().unwrap_or_else(|| document.path.clone().into_bytes());
    PathBuf::from(OsString::from_vec(bytes))
}
