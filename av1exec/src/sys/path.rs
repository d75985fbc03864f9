//! Converts paths to and from JSON without losing bytes that aren't UTF-8.

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use av1plan::wire::PathDocument;

/// Returns the form in which JSON documents hold a path. It keeps every byte.
pub fn path_document(path: &Path) -> PathDocument {
    PathDocument::new(path.as_os_str().as_bytes())
}

/// Returns the path that a document holds. If its encoded bytes are damaged, the readable text is used instead.
pub fn path_of(document: &PathDocument) -> PathBuf {
    let bytes = document.bytes().unwrap_or_else(|| document.path.clone().into_bytes());
    PathBuf::from(OsString::from_vec(bytes))
}
