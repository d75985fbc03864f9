//! Names of folders that hold no films of the user: bins, snapshots and thumbnails of NAS systems and file managers.

use std::ffi::OsStr;
use std::fmt;

/// The folders that are passed over unless the config says otherwise. Each line names who makes them.
const KNOWN: [&str; 33] = [
    // Synology DSM: thumbnails and extended attributes, the bin, snapshots and temporary files of a shared folder.
    "@eaDir",
    "#recycle",
    "#snapshot",
    "@tmp",
    // QNAP QTS: the bin, snapshots, thumbnails.
    "@Recycle",
    "@Recently-Snapshot",
    ".@__thumb",
    // Windows: the bins of NTFS, of NTFS before Vista and of FAT, and what System Restore keeps.
    "$RECYCLE.BIN",
    "RECYCLER",
    "RECYCLED",
    "System Volume Information",
    // Samba's module `recycle` by its default, and the same of Unraid.
    ".recycle",
    ".Recycle.Bin",
    // The trash of the freedesktop.org specification (`.Trash`, `.Trash-1000`), and `.Trashes` of macOS.
    ".Trash*",
    // macOS on shared disks: Spotlight, the log of file system events, versions of documents, resource forks.
    ".Spotlight-V100",
    ".fseventsd",
    ".DocumentRevisions-V100",
    ".TemporaryItems",
    ".AppleDouble",
    // netatalk, which serves AFP: its database and its resource forks.
    ".AppleDB",
    ".AppleDesktop",
    "Network Trash Folder",
    // Snapshots of ZFS, of snapper, of NetApp and other NFS servers, and of NetApp's SMB servers.
    ".zfs",
    ".snapshots",
    ".snapshot",
    "~snapshot",
    // fsck of ext2 to ext4.
    "lost+found",
    // Syncthing: old versions of files, and the marker of a synchronized folder.
    ".stversions",
    ".stfolder",
    // Plex: versions of films that it made smaller for devices.
    "Plex Versions",
    "Optimized for TV",
    "Optimized for Mobile",
    // tinyMediaManager: its bin.
    ".deletedByTMM",
];

/// The name of a folder, compared without regard to case. A `*` at its end stands for anything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FolderName {
    text: String,
    /// The name in lower case, without the `*`.
    lower: String,
    is_prefix: bool,
}

impl FolderName {
    /// Returns the name, or `None` if no folder could have it, or if every folder would.
    pub fn new(text: &str) -> Option<Self> {
        let (name, is_prefix) = text.strip_suffix('*').map_or((text, false), |name| (name, true));
        let fits = !matches!(name, "" | "." | "..") && !name.contains(['/', '\0', '*']);
        fits.then(|| Self { text: text.to_owned(), lower: name.to_lowercase(), is_prefix })
    }

    /// Returns the names that are known from NAS systems and file managers.
    pub fn known() -> Vec<Self> {
        KNOWN.iter().filter_map(|name| Self::new(name)).collect()
    }

    fn matches(&self, lower: &str) -> bool {
        if self.is_prefix { lower.starts_with(&self.lower) } else { lower == self.lower }
    }
}

impl fmt::Display for FolderName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Returns which of the names a folder has, if it has one of them.
pub fn find<'a>(names: &'a [FolderName], folder: &OsStr) -> Option<&'a FolderName> {
    let lower = folder.to_str()?.to_lowercase();
    names.iter().find(|name| name.matches(&lower))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_known_name_is_one_and_occurs_once() {
        let known = FolderName::known();
        assert_eq!(known.len(), KNOWN.len());
        for (place, name) in known.iter().enumerate() {
            assert!(known[..place].iter().all(|other| other.lower != name.lower), "{name}");
        }
    }

    #[test]
    fn names_match_without_case_and_as_a_whole() {
        let known = FolderName::known();
        for (folder, expected) in [
            ("@eaDir", Some("@eaDir")),
            ("@EADIR", Some("@eaDir")),
            ("$Recycle.bin", Some("$RECYCLE.BIN")),
            (".Trash", Some(".Trash*")),
            (".trash-1000", Some(".Trash*")),
            (".Trashes", Some(".Trash*")),
            ("@eaDirs", None),
            ("Trash", None),
            ("Lost and Found", None),
            ("Season 1", None),
            ("", None),
        ] {
            assert_eq!(find(&known, OsStr::new(folder)).map(ToString::to_string).as_deref(), expected);
        }
        assert_eq!(find(&[], OsStr::new("@eaDir")), None);
    }

    #[test]
    fn what_is_no_name_of_a_folder_is_refused() {
        for text in ["", "*", ".", "..", "..*", "a/b", "a*b", "**", "a\0"] {
            assert_eq!(FolderName::new(text), None, "{text:?}");
        }
    }
}
