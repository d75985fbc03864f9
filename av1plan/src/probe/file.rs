//! What must be known of a film's file besides its streams.

use alloc::string::String;

use serde::{Deserialize, Serialize};

use super::MediaProbe;
use crate::name::named;
use crate::setters::setters;
/// What a planner must know of a film's file besides its probe. The caller examines the file; this crate has no
/// access to files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct FileFacts {
    /// The file's name without its folder. If the name isn't UTF-8, this is a readable form of it.
    pub name: String,
    /// The size of the file in bytes.
    pub size: u64,
    /// The marker file that excludes the film; `None` if there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub marker: Option<Marker>,
    /// Whether the file has been unchanged for long enough.
    #[serde(default)]
    pub stability: Stability,
    /// How many hard links the file has; 1 for a file with a single name.
    #[serde(default = "one")]
    pub links: u64,
    /// Whether a file with the result's name exists, if that isn't the film's own name (see
    /// [`Container::renamed_extension`](crate::plan::Container::renamed_extension)).
    #[serde(default)]
    pub target_exists: bool,
    /// What keeps the file from being replaced.
    #[serde(default)]
    pub protection: Protection,
    /// Whether a file exists that has the name which the original gets while it is replaced (`NAME.orig`).
    #[serde(default)]
    pub backup_exists: bool,
}

fn one() -> u64 {
    1
}

setters! {
    FileFacts {
        with_marker: marker, Option<Marker>;
        with_stability: stability, Stability;
        with_links: links, u64;
        with_target_exists: target_exists, bool;
        with_protection: protection, Protection;
        with_backup_exists: backup_exists, bool;
    }
}

impl FileFacts {
    /// A file with this name (without its folder) and this size in bytes. Everything else is harmless: stable, no
    /// marker, one hard link, not protected, no other file in the way.
    pub fn new(name: impl Into<String>, size: u64) -> Self {
        Self {
            name: name.into(),
            size,
            marker: None,
            stability: Stability::default(),
            links: one(),
            protection: Protection::default(),
            target_exists: false,
            backup_exists: false,
        }
    }

    /// The file that a probe describes: its name is the last part of `format.filename`, its size is `format.size`.
    /// `None` if the probe lacks one of them, as ffprobe's document does without `-show_format`.
    pub fn from_probe(probe: &MediaProbe) -> Option<Self> {
        let path = probe.format.filename.as_deref()?;
        let name = path.rsplit('/').next().unwrap_or(path);
        Some(Self::new(name.strip_prefix("file:").unwrap_or(name), probe.format.size?))
    }

    /// The file name extension in lower case, without the dot; empty if the name has none.
    pub fn extension(&self) -> String {
        match self.name.rsplit_once('.') {
            Some((stem, extension)) if !stem.is_empty() => extension.to_lowercase(),
            _ => String::new(),
        }
    }
}

named! {
    /// Where a marker file (`.av1skip`) was found that excludes a film.
    #[non_exhaustive]
    pub enum Marker: "a marker", name, names {
        /// Beside the film, as `NAME.av1skip`.
        File = "file",
        /// Beside the film, with the film's extension replaced: `STEM.av1skip`, as other tools name it. It excludes
        /// every film with that stem.
        Stem = "stem",
        /// In the film's folder or a folder above it, with the name `.av1skip`.
        Folder = "folder",
    }
}

named! {
    /// Whether a file has been unchanged for long enough to be complete.
    #[non_exhaustive]
    #[derive(Default)]
    pub enum Stability: "a stability", name, names {
        /// Size and modification time were unchanged for as long as the caller requires.
        #[default]
        Stable = "stable",
        /// The file is still changing, or hasn't been watched for long enough.
        Settling = "settling",
    }
}

named! {
    /// What keeps a file from being replaced by this user, as far as is known without trying it now.
    #[non_exhaustive]
    #[derive(Default)]
    pub enum Protection: "a protection", name, names {
        /// Nothing does.
        #[default]
        None = "none",
        /// The file lacks the owner's write permission. Replacing it would work all the same, since that needs the
        /// permission of the folder only.
        ReadOnly = "read-only",
        /// The file or its folder can't be changed by anybody, or only be added to (`chattr +i`, `chattr +a`).
        Immutable = "immutable",
        /// This user can't create files in the file's folder.
        Folder = "folder",
        /// The file belongs to another user or group, and this user can't give files to them.
        ForeignOwner = "foreign-owner",
        /// A rehearsal of the replacement has shown that no file can be replaced safely there.
        NoSafeRename = "no-safe-rename",
    }
}
