//! What is remembered of films that failed, so that a person can have it forgotten.

use std::path::Path;

use crate::index::{FILE_NAME, Index, IndexError, Opened};

/// Whether there was something to forget.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Forgotten {
    /// A failure that kept the film from being tried again.
    Failure,
    /// Nothing: the film is tried as any other.
    Nothing,
}

/// Lets a film that failed be tried again by the next daemon. The caller holds the lock of the state folder.
pub fn forget_failure(state: &Path, film: &Path) -> Result<Forgotten, IndexError> {
    let Opened { mut index, .. } = Index::open(state)?;
    let known = index.forget_verdict(film);
    let known = known.map_err(|source| IndexError { path: state.join(FILE_NAME), source })?;
    Ok(if known { Forgotten::Failure } else { Forgotten::Nothing })
}
