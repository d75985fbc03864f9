//! Reads the index while a daemon may be using it, without disturbing the daemon.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, OptionalExtension};

use super::error::Fault;
use av1plan::probe::ProbeText;

use super::{COLUMNS, FILE_NAME, FilmEntry, IndexError, JobTable, SHAPE, beside, read_entry, read_probe};
use crate::state::code::Meaning;
use crate::sys::disk::Identity;

/// How long a reader waits while a writer commits, which is faster than this on a healthy disk. A `VACUUM` may take
/// longer; the index can't be read during that time.
const READ_TIMEOUT: Duration = Duration::from_secs(2);

/// Returns the entries of these films from the index of a state folder; none if there is no index.
pub fn peek(state: &Path, films: &[PathBuf]) -> Result<Vec<(PathBuf, FilmEntry)>, IndexError> {
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

/// Returns the stored ffprobe output and survey of a film whose file has this identity; `None` if there is no index or
/// the file isn't the one that was probed.
pub fn peek_probe(state: &Path, film: &Path, identity: &Identity) -> Result<Option<ProbeText>, IndexError> {
    read(state, |connection| read_probe(connection, film, identity))
}

/// Counts the films in the index of a state folder by state: the code of a skip or failure, `done` or `queued`. There
/// are none if there is no index.
pub fn census(state: &Path) -> Result<BTreeMap<String, u64>, IndexError> {
    read(state, |connection| {
        let mut statement =
            connection.prepare("SELECT code, count(*) FROM films WHERE code IS NOT NULL GROUP BY code")?;
        let rows = statement.query_map([], |row| {
            let (code, count): (String, i64) = (row.get(0)?, row.get(1)?);
            let word = Meaning::of(&code).word().map_or(code, str::to_owned);
            Ok((word, u64::try_from(count).unwrap_or_default()))
        })?;
        rows.collect()
    })
}

/// Queries the table of finished jobs. Returns `None` if there is no complete table, so that the job files have to be
/// read.
pub fn peek_jobs<T>(
    state: &Path,
    ask: impl FnOnce(JobTable<'_>) -> rusqlite::Result<T>,
) -> Result<Option<T>, IndexError> {
    read(state, |connection| {
        let table = JobTable(connection);
        if table.is_complete()? { ask(table).map(Some) } else { Ok(None) }
    })
}

/// Reads from an index, or returns the default if there is none.
///
/// The index is opened for reading only, and no files are created beside it: a reader that runs as another user would
/// leave files that the daemon couldn't write to. An interrupted transaction can only be rolled back by the next
/// writer; until then reading is an error.
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
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = if is_at_rest(path) {
        Connection::open_with_flags(as_uri(path.as_os_str()), flags | OpenFlags::SQLITE_OPEN_URI)?
    } else {
        Connection::open_with_flags(path, flags)?
    };
    connection.busy_timeout(READ_TIMEOUT)?;
    Ok(connection)
}

/// Whether there is no journal file beside the index. An older av1d, which used WAL mode, leaves the index like this,
/// and `SQLite` would create a new WAL file to read it. This version leaves its empty journal in place, and creates it
/// soon if it is missing; a read in that moment may fail.
///
/// The index file itself isn't opened for this: closing it would release the locks that a connection of this process
/// holds on it.
fn is_at_rest(path: &Path) -> bool {
    ["-journal", "-wal"].iter().all(|suffix| !beside(path, suffix).exists())
}

/// Returns `file:/state/index.sqlite?immutable=1`, which tells `SQLite` that no process writes to the file.
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
    use crate::state::index::{Index, Opened, Write};
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
        let entry = FilmEntry::new(FILM, Timestamp::from_second(1_800_000_000).unwrap());
        index.write([&Write::Entries(vec![(film.clone(), entry.clone())])]).unwrap();
        assert_eq!(peek(&state, &films).unwrap(), [(film.clone(), entry.clone())]);
        let newer =
            FilmEntry { is_probed: false, ..FilmEntry::new(Identity { size: 9, ..FILM }, entry.first_seen) };
        index.write([&Write::Entries(vec![(film.clone(), newer.clone())])]).unwrap();
        assert_eq!(
            peek(&state, &films).unwrap(),
            [(film.clone(), newer.clone())],
            "the daemon goes on writing"
        );
        drop(index);

        let before = files(&state);
        assert_eq!(peek(&state, &films).unwrap(), [(film, newer)]);
        assert_eq!(files(&state), before, "nothing is left behind");
    }

    /// An index of an older av1d: with a WAL file while it ran, and without one afterwards.
    #[test]
    fn an_index_with_a_log_is_read_and_turned_over() {
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path();
        let film = PathBuf::from("/a.mkv");
        let entry = FilmEntry::new(FILM, Timestamp::from_second(1_800_000_000).unwrap());
        let known = [(film.clone(), entry.clone())];
        let mode = |connection: &Connection| {
            connection.pragma_query_value(None, "journal_mode", |row| row.get::<_, String>(0)).unwrap()
        };
        let Opened { mut index, .. } = Index::open(state).unwrap();
        index.write([&Write::Entries(known.to_vec())]).unwrap();
        drop(index);
        let older = Connection::open(state.join(FILE_NAME)).unwrap();
        older.pragma_update(None, "journal_mode", "WAL").unwrap();
        older.execute_batch("UPDATE films SET failures = failures").unwrap();
        assert!(state.join("index.sqlite-wal").exists());
        assert_eq!(peek(state, std::slice::from_ref(&film)).unwrap(), known, "it runs");
        let Opened { index, entries, .. } = Index::open(state).unwrap();
        assert_eq!(
            (entries[&film].clone(), mode(&index.connection)),
            (entry, "wal".into()),
            "somebody has it open"
        );
        drop((index, older));

        let before = files(state);
        assert_eq!(peek(state, std::slice::from_ref(&film)).unwrap(), known, "it has ended");
        assert_eq!(files(state), before, "nothing is left behind");
        let Opened { index, entries, .. } = Index::open(state).unwrap();
        assert_eq!((entries.len(), mode(&index.connection)), (1, "truncate".into()));
        assert_eq!(peek(state, &[film]).unwrap(), known);
    }

    /// Another process reads while a transaction larger than the cache is running.
    #[test]
    fn a_large_transaction_keeps_nobody_from_reading() {
        let folder = tempfile::tempdir().unwrap();
        let Opened { index, .. } = Index::open(folder.path()).unwrap();
        let fill =
            "BEGIN IMMEDIATE; CREATE TABLE filler (x BLOB); INSERT INTO filler VALUES (zeroblob(9000000));";
        index.connection.execute_batch(fill).unwrap();
        assert_eq!(peek(folder.path(), &["/a.mkv".into()]).unwrap(), []);
    }

    /// The kernel drops all of a process's locks on a file as soon as the process closes any descriptor of that file.
    #[test]
    fn a_look_takes_away_no_lock_of_a_writer_in_the_same_process() {
        use std::os::unix::fs::MetadataExt;
        let folder = tempfile::tempdir().unwrap();
        let Opened { index, .. } = Index::open(folder.path()).unwrap();
        index.connection.execute_batch("BEGIN IMMEDIATE; DELETE FROM films").unwrap();
        let inode = std::fs::metadata(folder.path().join(FILE_NAME)).unwrap().ino();
        let locks = || {
            let all = std::fs::read_to_string("/proc/locks").unwrap();
            all.lines()
                .filter(|line| line.contains(&format!(":{inode} ")) && line.contains(" WRITE "))
                .count()
        };
        let held = locks();
        assert!(held > 0);
        assert_eq!(peek(folder.path(), &["/a.mkv".into()]).unwrap(), []);
        assert_eq!(locks(), held);
    }

    /// A daemon was killed during a write: the next writer rolls the transaction back, and readers don't.
    #[test]
    fn what_was_cut_off_is_taken_back_by_the_next_one_that_writes() {
        let folder = tempfile::tempdir().unwrap();
        let film = PathBuf::from("/a.mkv");
        let entry = FilmEntry::new(FILM, Timestamp::from_second(1_800_000_000).unwrap());
        let Opened { mut index, .. } = Index::open(folder.path()).unwrap();
        index.write([&Write::Entries(vec![(film.clone(), entry.clone())])]).unwrap();
        // With `cache_spill` a transaction larger than the cache is partly written to the file before it is committed.
        index.connection.pragma_update(None, "cache_size", 2).unwrap();
        index.connection.pragma_update(None, "cache_spill", true).unwrap();
        index.connection.execute_batch("BEGIN IMMEDIATE; DELETE FROM films").unwrap();
        let fill = "CREATE TABLE filler (x BLOB); INSERT INTO filler VALUES (zeroblob(1000000));";
        index.connection.execute_batch(fill).unwrap();
        let cut = tempfile::tempdir().unwrap();
        for name in files(folder.path()) {
            std::fs::copy(folder.path().join(&name), cut.path().join(&name)).unwrap();
        }
        let journal = cut.path().join("index.sqlite-journal");
        assert!(journal.metadata().unwrap().len() > 0);

        let error = peek(cut.path(), std::slice::from_ref(&film)).unwrap_err();
        assert!(error.to_string().contains("an av1d was cut off while it wrote it"), "{error}");
        assert!(error.hint().starts_with("start av1d"), "{}", error.hint());
        assert!(journal.metadata().unwrap().len() > 0);
        let Opened { entries, damaged, .. } = Index::open(cut.path()).unwrap();
        assert!(damaged.is_none(), "{damaged:?}");
        assert_eq!(entries.get(&film), Some(&entry));
        assert_eq!(peek(cut.path(), std::slice::from_ref(&film)).unwrap(), [(film, entry)]);
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
