//! The files of finished jobs: compressed, in one folder per month, such as
//! `finished/2026-11/20261122-134501-357123.json.gz`.
//!
//! A file is written atomically while the job's plain file still exists. As long as the plain file exists, it is the
//! one that counts.

use std::collections::BTreeSet;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;

use super::Unread;
use crate::sys::disk;

/// The folder of finished jobs, inside the state folder.
const FOLDER: &str = "finished";
/// The suffix of a finished job's file.
const SUFFIX: &str = ".json.gz";
/// The size limit of a decompressed job file. It is far larger than any job file.
const LARGEST: u64 = 64 << 20;

/// Returns the path of the file of the finished job `id`.
pub(super) fn path(state: &Path, id: &str) -> PathBuf {
    // An id begins with its date, such as 20261122.
    let month = match id.as_bytes() {
        [y1, y2, y3, y4, m1, m2, ..] if [y1, y2, y3, y4, m1, m2].iter().all(|byte| byte.is_ascii_digit()) => {
            format!("{}-{}", &id[..4], &id[4..6])
        }
        _ => "other".to_owned(),
    };
    state.join(FOLDER).join(month).join(format!("{id}{SUFFIX}"))
}

/// Writes the file of a finished job, without syncing it: see [`sync`].
pub(super) fn write(state: &Path, id: &str, json: &[u8]) -> io::Result<()> {
    let path = path(state, id);
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(json)?;
    let packed = encoder.finish()?;
    match disk::replace_unsynced(&path, &packed) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            std::fs::create_dir_all(disk::folder_of(&path))?;
            disk::replace_unsynced(&path, &packed)
        }
        written => written,
    }
}

/// Syncs the files of these jobs and their folders to the disk.
pub(super) fn sync<'a>(state: &Path, ids: impl Iterator<Item = &'a str> + Clone) -> io::Result<()> {
    let several = ids.clone().nth(1).is_some();
    if several && disk::sync_all_of(state)? {
        return Ok(());
    }
    let mut folders = BTreeSet::new();
    for id in ids {
        let path = path(state, id);
        disk::sync(&path)?;
        folders.extend(path.ancestors().skip(1).take(3).map(Path::to_owned));
    }
    // The folder of the month, `finished/` and the state folder are synced too, because each may contain a new entry.
    folders.iter().try_for_each(|folder| disk::sync_folder(folder))
}

/// Returns the decompressed content of the file at `path`.
pub(super) fn unpack(path: &Path) -> io::Result<Vec<u8>> {
    let mut json = Vec::new();
    GzDecoder::new(disk::open_regular(path)?).take(LARGEST).read_to_end(&mut json)?;
    Ok(json)
}

/// Lists the files of all finished jobs by id, and thus by start time.
pub(super) fn list(state: &Path) -> io::Result<Vec<(String, PathBuf)>> {
    let mut found = Vec::new();
    for month in entries(&state.join(FOLDER))? {
        let month = month?;
        // `metadata` follows symlinks: a month's folder may have been moved to another disk and replaced by a symlink.
        if !std::fs::metadata(month.path())?.is_dir() {
            continue;
        }
        for entry in entries(&month.path())? {
            let path = entry?.path();
            let name = path.file_name().and_then(|name| name.to_str());
            if let Some(id) = name.and_then(|name| name.strip_suffix(SUFFIX)) {
                found.push((id.to_owned(), path.clone()));
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Returns the entries of a folder; none if it doesn't exist. A dangling symlink is an error, because its disk is
/// probably not mounted.
fn entries(folder: &Path) -> io::Result<impl Iterator<Item = io::Result<std::fs::DirEntry>>> {
    let is_missing = |error: &io::Error| {
        error.kind() == io::ErrorKind::NotFound && std::fs::symlink_metadata(folder).is_err()
    };
    let entries = match std::fs::read_dir(folder) {
        Err(error) if is_missing(&error) => None,
        entries => Some(entries?),
    };
    Ok(entries.into_iter().flatten())
}

/// Reads the job in the compressed file at `path`.
pub(super) fn read(path: &Path, id: &str) -> Result<super::Job, Unread> {
    let json = unpack(path).map_err(|error| super::store::unread(&error))?;
    super::store::parse(&json, id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_found_by_its_id_and_holds_what_was_written() {
        let folder = tempfile::tempdir().unwrap();
        let json = b"{\"any\": \"bytes\"}".repeat(100);
        for (id, place) in [
            ("20261122-134501-357123", "finished/2026-11/20261122-134501-357123.json.gz"),
            ("1", "finished/other/1.json.gz"),
            ("é", "finished/other/é.json.gz"),
        ] {
            write(folder.path(), id, &json).unwrap();
            let written = folder.path().join(place);
            assert_eq!(path(folder.path(), id), written);
            assert_eq!(unpack(&written).unwrap(), json);
            assert!(std::fs::metadata(written).unwrap().len() < 100);
        }
        let ids: Vec<String> = list(folder.path()).unwrap().into_iter().map(|(id, _)| id).collect();
        assert_eq!(ids, ["1", "20261122-134501-357123", "é"]);
        assert!(list(&folder.path().join("gone")).unwrap().is_empty());
    }

    #[test]
    fn a_damaged_file_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), "1", &b"{}".repeat(1000)).unwrap();
        let path = path(folder.path(), "1");
        let mut bytes = std::fs::read(&path).unwrap();
        let half = bytes.len() / 2;
        for damaged in [&bytes[..half], &[]] {
            std::fs::write(&path, damaged).unwrap();
            assert!(unpack(&path).is_err());
        }
        bytes[half] ^= 0x10;
        std::fs::write(&path, &bytes).unwrap();
        assert!(unpack(&path).is_err(), "a flipped bit is seen by the checksum");
    }
}
