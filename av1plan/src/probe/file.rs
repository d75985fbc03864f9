//! What must be known of a file besides its streams.

use alloc::string::String;

use serde::{Deserialize, Serialize};

/// What a planner must know of a file besides its probe. The caller looks; this crate doesn't.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileFacts {
    /// The file's name without its folder; where it isn't UTF-8, a readable form.
    pub name: String,
    /// Bytes.
    pub size: u64,
    /// A marker that excludes the file.
    pub marker: Option<Marker>,
    /// Whether the file has held still.
    pub stability: Stability,
    /// How many names the file has (hard links); 1 is a file of its own.
    pub links: u64,
    /// Whether another file has the name that the result would get, where that differs from the file's own (see
    /// [`Container::renamed_extension`](crate::plan::Container::renamed_extension)).
    pub target_exists: bool,
    /// Whether its owner protects it from being changed.
    pub protection: Protection,
    /// Whether a file is there under the name that the original takes while it is replaced (`NAME.orig`).
    pub backup_exists: bool,
}

impl FileFacts {
    /// A file that meets no gate by itself: stable, unmarked, with one name.
    pub fn new(name: impl Into<String>, size: u64) -> Self {
        Self {
            name: name.into(),
            size,
            marker: None,
            stability: Stability::Stable,
            links: 1,
            protection: Protection::None,
            target_exists: false,
            backup_exists: false,
        }
    }

    /// The name's extension in lower case, without the dot; empty where there is none.
    pub fn extension(&self) -> String {
        match self.name.rsplit_once('.') {
            Some((stem, extension)) if !stem.is_empty() => extension.to_lowercase(),
            _ => String::new(),
        }
    }
}

/// Where an `.av1skip` marker was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Marker {
    /// Beside the file: `NAME.av1skip`.
    File,
    /// Beside the file, with its extension replaced, as other tools name it: `STEM.av1skip`. It stands for every file of that stem.
    Stem,
    /// A file named just `.av1skip` in the folder, or one above it.
    Folder,
}

/// Whether a file has held still long enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stability {
    /// Size and modification time were unchanged for the whole wait.
    Stable,
    /// Still being watched, or still changing.
    Settling,
}

/// Whether a file's owner protects it. Replacing it is a matter of the folder's rights, and would work all the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protection {
    /// Its owner may write to it.
    None,
    /// It lacks the owner's write bit.
    ReadOnly,
}
