//! A file that may be a film, and what can be known about it without opening it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use av1plan::Config;
use av1plan::probe::{FileFacts, Marker, Protection, Stability};

use super::protection::{FolderRights, protection};
use super::roots::root_of;
use super::sidecars;
use crate::sys::disk::{self, Identity};
use crate::sys::names;

/// A file that may be a film.
#[derive(Debug, Clone)]
pub struct Film {
    /// Its absolute path.
    pub path: PathBuf,
    /// Identifies the file and its state.
    pub identity: Identity,
    /// The topmost folder whose markers may exclude the film.
    pub root: Arc<Path>,
    /// The marker that excludes it, if there is one.
    pub marker: Option<Marker>,
    /// What keeps the file from being replaced.
    pub protection: Protection,
    /// Whether a file with the result's new name already exists.
    pub target_exists: bool,
    /// Whether a file with the backup's name already exists.
    pub backup_exists: bool,
}

impl Film {
    /// Examines one file. `root` is the topmost folder whose markers may exclude it.
    pub fn look(path: &Path, root: &Arc<Path>, policy: &Config) -> io::Result<Self> {
        let exists = |path: &Path| fs::symlink_metadata(path).is_ok();
        let metadata = fs::symlink_metadata(path)?;
        let identity = Identity::from_metadata(&metadata)?;
        Ok(Self {
            path: path.to_owned(),
            identity,
            root: Arc::clone(root),
            marker: sidecars::marker_of(path, root, &identity, policy),
            protection: protection(path, &metadata, FolderRights::of(disk::folder_of(path))),
            target_exists: names::renamed(path).is_some_and(|target| exists(&target)),
            backup_exists: exists(&names::backup(path)),
        })
    }

    /// Examines a file that a user named. Which folders may exclude it depends on the root that contains it.
    pub fn look_below(path: &Path, roots: &[PathBuf], policy: &Config) -> io::Result<Self> {
        Self::look(path, &root_of(path, roots).into(), policy)
    }

    /// Returns the facts that the planner needs.
    pub fn facts(&self, stability: Stability) -> FileFacts {
        let name = self.path.file_name().unwrap_or_default().to_string_lossy();
        FileFacts::new(name, self.identity.size)
            .with_marker(self.marker)
            .with_stability(stability)
            .with_links(self.identity.links)
            .with_protection(self.protection)
            .with_target_exists(self.target_exists)
            .with_backup_exists(self.backup_exists)
    }
}
