//! A file that may be a film, and what is seen of it without opening it.

use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use av1plan::Config;
use av1plan::probe::{FileFacts, Marker, Protection, Stability};

use super::roots::root_of;
use super::sidecars;
use crate::sys::disk::Identity;
use crate::sys::names;

/// A file that may be a film.
#[derive(Debug, Clone)]
pub struct Film {
    /// Its absolute path.
    pub path: PathBuf,
    /// Which file it is, and how it looked.
    pub identity: Identity,
    /// How far up folders may exclude it.
    pub root: Arc<Path>,
    /// A marker that excludes it.
    pub marker: Option<Marker>,
    /// Whether its owner protects it.
    pub protection: Protection,
    /// Whether a file of the name that the result would get is there.
    pub target_exists: bool,
    /// Whether a file of the name that the original takes meanwhile is there.
    pub backup_exists: bool,
}

impl Film {
    /// Looks at one file. `root` is how far up folders may exclude it.
    pub fn look(path: &Path, root: &Arc<Path>, policy: &Config) -> io::Result<Self> {
        let exists = |path: &Path| fs::symlink_metadata(path).is_ok();
        let metadata = fs::symlink_metadata(path)?;
        let identity = Identity::from_metadata(&metadata)?;
        Ok(Self {
            path: path.to_owned(),
            identity,
            root: Arc::clone(root),
            marker: sidecars::marker_of(path, root, &identity, policy.max_size_ratio),
            protection: protection(&metadata),
            target_exists: names::renamed(path).is_some_and(|target| exists(&target)),
            backup_exists: exists(&names::backup(path)),
        })
    }

    /// Looks at a file that somebody named: how far up folders may exclude it depends on which of the roots it is below.
    pub fn look_below(path: &Path, roots: &[PathBuf], policy: &Config) -> io::Result<Self> {
        Self::look(path, &root_of(path, roots).into(), policy)
    }

    /// What the planner asks of a file.
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

/// `S_IWUSR` of `inode(7)`.
const OWNER_MAY_WRITE: u32 = 0o200;

pub(super) fn protection(metadata: &Metadata) -> Protection {
    if metadata.mode() & OWNER_MAY_WRITE == 0 { Protection::ReadOnly } else { Protection::None }
}
