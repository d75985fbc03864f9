//! Looking at the index of a daemon that may run, without disturbing it.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, OptionalExtension};

use super::error::Fault;
use super::{COLUMNS, Entry, FILE_NAME, IndexError, JobTable, SHAPE, WANTED, read_entry};

/// A writer that happens to begin its log anew takes less.
const READ_TIMEOUT: Duration = Duration::from_secs(2);

/// What the index of this state folder knows of these films. One that isn't there knows nothing.
pub fn peek(state: &Path, films: &[PathBuf]) -> Result<Vec<(PathBuf, Entry)>, IndexError> {
    read(state, |connection| {
        let mut statement = connection.prepare(&format!("SELECT {COLUMNS} FROM films WHERE path = ?1"))?;
        let mut found = Vec::new();
        for film in films {
            let entry = statement.query_row([film.as_os_str().as_bytes()], read_entry).optional()?;
            found.extend(entry.map(|entry| (film.clone(), entry)));
        }
        Ok(found)
    })
}

/// How many films the index of a state folder knows, by what came of them: the code of a skip or a failure, `done` or
/// `queued`. One that isn't there knows none.
pub fn census(state: &Path) -> Result<BTreeMap<String, u64>, IndexError> {
    read(state, |connection| {
        let mut statement =
            connection.prepare("SELECT code, count(*) FROM films WHERE code IS NOT NULL GROUP BY code")?;
        let rows = statement.query_map([], |row| {
            let (code, count): (String, i64) = (row.get(0)?, row.get(1)?);
            let word = match code.as_str() {
                "replaced" => "done",
                WANTED => "queued",
                code => code,
            };
            Ok((word.to_owned(), u64::try_from(count).unwrap_or_default()))
        })?;
        rows.collect()
    })
}

/// Asks the table of finished jobs; nothing where there is none that is complete, so that their files have to be read.
pub fn peek_jobs<T>(
    state: &Path,
    ask: impl FnOnce(JobTable<'_>) -> rusqlite::Result<T>,
) -> Result<Option<T>, IndexError> {
    read(state, |connection| {
        let table = JobTable(connection);
        if table.is_complete()? { ask(table).map(Some) } else { Ok(None) }
    })
}

/// Reads from an index, or finds nothing where there is none.
///
/// It is opened for reading only. Where no daemon has it open there is no log beside it, and none is made: a reader of another user would
/// leave files behind that the daemon couldn't write to.
fn read<T: Default>(
    state: &Path,
    ask: impl FnOnce(&Connection) -> rusqlite::Result<T>,
) -> Result<T, IndexError> {
    let path = state.join(FILE_NAME);
    if !path.exists() {
        return Ok(T::default());
    }
    let answer = || {
        let connection = open(&path)?;
        let shape: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
        if shape != SHAPE {
            return Err(Fault::Shape(shape));
        }
        Ok(ask(&connection)?)
    };
    answer().map_err(|fault| fault.at(state))
}

fn open(path: &Path) -> rusqlite::Result<Connection> {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    let is_in_use = Path::new(&log).exists();
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = if is_in_use {
        Connection::open_with_flags(path, flags)?
    } else {
        Connection::open_with_flags(as_uri(path.as_os_str()), flags | OpenFlags::SQLITE_OPEN_URI)?
    };
    connection.busy_timeout(READ_TIMEOUT)?;
    Ok(connection)
}

/// `file:/state/index.sqlite?immutable=1`: `SQLite`'s way to say that nobody writes.
fn as_uri(path: &OsStr) -> OsString {
    let mut uri = String::from("file:");
    for byte in path.as_bytes() {
        match byte {
            b'/' | b'.' | b'-' | b'_' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' => {
                uri.push(char::from(*byte));
            }
            _ => {
                use std::fmt::Write;
                // Writing to a string can't fail.
                let _ = write!(uri, "%{byte:02x}");
            }
        }
    }
    uri.push_str("?immutable=1");
    uri.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disk::Identity;
    use crate::index::{Index, Opened};
    use jiff::Timestamp;

    const FILM: Identity = Identity { device: 1, inode: 2, size: 3, modified_ns: 4, changed_ns: 5, links: 1 };

    fn files(folder: &Path) -> Vec<OsString> {
        let mut names: Vec<_> =
            std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_film_is_looked_up_beside_a_daemon_and_without_one() {
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path().join("a state ?#%ü");
        std::fs::create_dir(&state).unwrap();
        let (film, other) = (PathBuf::from("/a.mkv"), PathBuf::from("/b.mkv"));
        let films = [film.clone(), other];
        assert_eq!(peek(&state, &films).unwrap(), []);
        assert!(files(&state).is_empty(), "nothing is made");

        let Opened { mut index, .. } = Index::open(&state).unwrap();
        let entry = Entry::new(FILM, Timestamp::from_second(1_800_000_000).unwrap());
        index.save([(film.as_path(), &entry)]).unwrap();
        assert_eq!(
            peek(&state, &films).unwrap(),
            [(film.clone(), entry.clone())],
            "not yet in the file itself"
        );
        let newer = Entry { is_probed: false, ..Entry::new(Identity { size: 9, ..FILM }, entry.first_seen) };
        index.save([(film.as_path(), &newer)]).unwrap();
        assert_eq!(
            peek(&state, &films).unwrap(),
            [(film.clone(), newer.clone())],
            "the daemon goes on writing"
        );
        drop(index);

        let before = files(&state);
        assert_eq!(peek(&state, &films).unwrap(), [(film, newer)]);
        assert_eq!(files(&state), before, "no log is left behind");
    }

    #[test]
    fn what_is_no_index_is_an_error_and_stays_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(
            folder.path().join(FILE_NAME),
            "no index, though it is long enough to be one".repeat(50),
        )
        .unwrap();
        let before = files(folder.path());
        assert!(peek(folder.path(), &["/a.mkv".into()]).is_err());
        assert_eq!(files(folder.path()), before);
    }
}
