//! What must be known of a file besides its streams.

use alloc::string::String;

use serde::{Deserialize, Serialize};

use super::MediaProbe;
use crate::name::named;
use crate::setters::setters;
/// What a planner must know of a file besides its probe. The caller looks at the file; this crate doesn't.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct FileFacts {
    /// The file's name without its folder. A name that isn't UTF-8 is given in a readable form.
    pub name: String,
    /// The file's bytes.
    pub size: u64,
    /// The marker that excludes the file, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub marker: Option<Marker>,
    /// Whether the file is unchanged for long enough.
    #[serde(default)]
    pub stability: Stability,
    /// The number of hard links; 1 for a file with a single name.
    #[serde(default = "one")]
    pub links: u64,
    /// Whether another file has the name that the result would get, if that isn't the film's own name (see
    /// [`Container::renamed_extension`](crate::plan::Container::renamed_extension)).
    #[serde(default)]
    pub target_exists: bool,
    /// Whether the file is write-protected.
    #[serde(default)]
    pub protection: Protection,
    /// Whether a file already has the name that the original gets while it is replaced (`NAME.orig`).
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
    /// A file that no gate but its name and size can hold back: stable, unmarked, with one hard link.
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

    /// The file that a probe speaks of: the last part of its `format.filename`, and its `format.size`. `None` if the probe lacks one of
    /// them, as ffprobe's document does without `-show_format`.
    pub fn from_probe(probe: &MediaProbe) -> Option<Self> {
        let path = probe.format.filename.as_deref()?;
        let name = path.rsplit('/').next().unwrap_or(path);
        Some(Self::new(name.strip_prefix("file:").unwrap_or(name), probe.format.size?))
    }

    /// The name's extension in lower case, without the dot; empty where there is none.
    pub fn extension(&self) -> String {
        match self.name.rsplit_once('.') {
            Some((stem, extension)) if !stem.is_empty() => extension.to_lowercase(),
            _ => String::new(),
        }
    }
}

named! {
    /// Where an `.av1skip` marker was found.
    #[non_exhaustive]
    pub enum Marker: "a marker", name, names {
        /// Beside the file: `NAME.av1skip`.
        File = "file",
        /// Beside the file, with its extension replaced, as other tools name it: `STEM.av1skip`. It stands for every file of that stem.
        Stem = "stem",
        /// A file named just `.av1skip` in the folder, or one above it.
        Folder = "folder",
    }
}

named! {
    /// Whether a file has held still long enough.
    #[non_exhaustive]
    #[derive(Default)]
    pub enum Stability: "a stability", name, names {
        /// Size and modification time were unchanged for the whole wait.
        #[default]
        Stable = "stable",
        /// Still being watched, or still changing.
        Settling = "settling",
    }
}

named! {
    /// Whether a file's owner protects it. Replacing it is a matter of the folder's rights, and would work all the same.
    #[non_exhaustive]
    #[derive(Default)]
    pub enum Protection: "a protection", name, names {
        /// Its owner may write to it.
        #[default]
        None = "none",
        /// It lacks the owner's write bit.
        ReadOnly = "read-only",
    }
}
