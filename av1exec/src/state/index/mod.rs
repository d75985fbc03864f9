//! The index: what is known about the library, kept across restarts. For each film it stores the file's identity,
//! ffprobe's output and the last outcome.
//!
//! It also contains a table of all finished jobs, so that their files needn't be read.
//!
//! The index is a cache, not a record: losing it only costs time. The records are the job files and the sidecars.

mod entry;
mod error;
mod jobs;
mod notes;
mod peek;
mod retry;
mod write;

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, Transaction, TransactionBehavior};

use crate::state::code::WANTED;
use crate::state::totals::Totals;
use crate::sys::disk::{self, Identity};
use av1plan::probe::ProbeText;
pub use entry::{FilmEntry, Fingerprint, LastOutcome, Next, RetryAfter, Spent};
use error::Fault;
pub use error::IndexError;
pub use jobs::{JobTable, Mark};
pub use peek::{census, peek, peek_jobs, peek_probe};
pub use retry::remember;
pub use write::Write;

/// The name of the index file in the state folder.
pub const FILE_NAME: &str = "index.sqlite";

/// The version of the tables (`PRAGMA user_version`). A higher one was written by a newer av1d.
const SHAPE: i64 = 1;

/// How long to wait while another process or connection writes.
const WRITE_TIMEOUT: Duration = Duration::from_secs(10);

/// How long to wait until other processes have closed an index in WAL mode, so that its journal mode can be changed.
const TURN_TIMEOUT: Duration = Duration::from_secs(2);
const TURN_PAUSE: Duration = Duration::from_millis(20);

const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS films (
        path BLOB PRIMARY KEY,
        device INTEGER NOT NULL, inode INTEGER NOT NULL, size INTEGER NOT NULL, links INTEGER NOT NULL,
        modified_ns INTEGER NOT NULL, changed_ns INTEGER NOT NULL,
        first_seen_us INTEGER NOT NULL, unchanged_since_us INTEGER NOT NULL, last_seen_us INTEGER NOT NULL,
        code TEXT, fingerprint BLOB, rest TEXT, until_us INTEGER, failures INTEGER NOT NULL DEFAULT 0,
        probe BLOB, frame BLOB
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS surveys (
        path BLOB PRIMARY KEY,
        inode INTEGER NOT NULL, size INTEGER NOT NULL, modified_ns INTEGER NOT NULL,
        survey BLOB NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS samples (
        path BLOB PRIMARY KEY,
        inode INTEGER NOT NULL, size INTEGER NOT NULL, modified_ns INTEGER NOT NULL,
        samples BLOB NOT NULL
    ) STRICT, WITHOUT ROWID;
";

/// The tables of what was found out about films after ffprobe: each has the film, its identity, and a document.
const EXAMINATIONS: [&str; 2] = ["surveys", "samples"];

/// The columns that [`read_entry`] reads, in its order.
const COLUMNS: &str =
    "path, device, inode, size, links, modified_ns, changed_ns, first_seen_us, unchanged_since_us,
    last_seen_us, code, fingerprint, rest, until_us, failures, probe IS NOT NULL";

/// The open index.
#[derive(Debug)]
pub struct Index {
    connection: Connection,
    /// Whether the index is marked as in use, until this is dropped.
    notes_use: bool,
}

/// An opened index, and what happened to its damaged predecessor.
#[derive(Debug)]
pub struct Opened {
    /// The index.
    pub index: Index,
    /// The entries of all films.
    pub entries: BTreeMap<PathBuf, FilmEntry>,
    /// The totals of the finished jobs in the table. Jobs that aren't folded yet are added when they are.
    pub totals: Totals,
    /// If a damaged index was set aside: its new path, and what was wrong with it.
    pub damaged: Option<(PathBuf, String)>,
}

impl Index {
    /// Opens the index in `folder`, and creates it if it doesn't exist. A damaged index is set aside and a new one is
    /// created. An index whose entries can't be read counts as damaged, even if `SQLite` opens it without an error.
    pub fn open(folder: &Path) -> Result<Opened, IndexError> {
        let path = folder.join(FILE_NAME);
        let failed = |fault: Fault| fault.at(folder);
        let read = || {
            let mut index = Self::open_file(&path)?;
            index.check_if_due(Timestamp::now())?;
            Ok::<_, Fault>((index.load()?, index.jobs().totals()?, index))
        };
        match read() {
            Ok((entries, totals, index)) => Ok(Opened { index, entries, totals, damaged: None }),
            Err(fault) if fault.is_damage() => {
                let aside = set_aside(&path).map_err(|error| failed(Fault::Stuck(error)))?;
                let index = Self::open_file(&path).map_err(failed)?;
                let damaged = Some((aside, fault.to_string()));
                Ok(Opened { index, entries: BTreeMap::new(), totals: Totals::default(), damaged })
            }
            Err(fault) => Err(failed(fault)),
        }
    }

    /// Opens the index in `folder` to write finished jobs. A damaged index is an error and isn't changed.
    pub(crate) fn for_jobs(folder: &Path) -> Result<Self, IndexError> {
        Self::open_file(&folder.join(FILE_NAME)).map_err(|fault| fault.at(folder))
    }

    fn open_file(path: &Path) -> Result<Self, Fault> {
        let mut connection = Connection::open(path)?;
        connection.busy_timeout(WRITE_TIMEOUT)?;
        let shape: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
        let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
        if shape != SHAPE && (shape, tables) != (0, 0) {
            return Err(Fault::Shape(shape));
        }
        keep_journal(&connection)?;
        // The tables aren't created at each opening: that would be a write, which waits for the disk after every job.
        // The last table of the schema is the newest.
        if shape != SHAPE || !jobs::is_current(&connection)? || !connection.table_exists(None, "samples")? {
            make(&mut connection)?;
        }
        Ok(Self { connection, notes_use: false })
    }

    /// Returns all entries, without ffprobe's output.
    pub fn load(&self) -> rusqlite::Result<BTreeMap<PathBuf, FilmEntry>> {
        let mut statement = self.connection.prepare(&format!("SELECT {COLUMNS} FROM films"))?;
        let rows = statement.query_map([], |row| {
            let path: Vec<u8> = row.get(0)?;
            Ok((PathBuf::from(OsStr::from_bytes(&path)), read_entry(row)?))
        })?;
        rows.collect()
    }

    /// Returns ffprobe's stored output, the survey and the samples of a film, if the file's identity is the one that was
    /// probed: after a failed write they may belong to an earlier file of the same name.
    pub fn probe(&self, path: &Path, film: &Identity) -> rusqlite::Result<Option<ProbeText>> {
        read_probe(&self.connection, path, film)
    }

    /// Forgets that a film failed, so that it is tried again. Returns whether it had failed.
    pub fn forget_outcome(&mut self, path: &Path) -> rusqlite::Result<bool> {
        let changed = self.connection.execute(
            "UPDATE films SET code = NULL, fingerprint = NULL, rest = NULL, until_us = NULL, failures = 0,
                    probe = NULL, frame = NULL
             WHERE path = ?1 AND (failures > 0 OR code NOT IN ('replaced', ?2))",
            rusqlite::params![path.as_os_str().as_bytes(), WANTED],
        )?;
        for table in EXAMINATIONS {
            let delete = format!("DELETE FROM {table} WHERE path = ?1");
            self.connection.execute(&delete, [path.as_os_str().as_bytes()])?;
        }
        Ok(changed > 0)
    }
}

/// Creates the missing tables in one transaction.
fn make(connection: &mut Connection) -> rusqlite::Result<()> {
    let transaction = begin(connection)?;
    transaction.execute_batch(SCHEMA)?;
    notes::make(&transaction)?;
    jobs::make(&transaction)?;
    transaction.pragma_update(None, "user_version", SHAPE)?;
    transaction.commit()
}

/// Uses a rollback journal beside the index, so that a kill or a power cut at any moment can't damage it.
///
/// `SQLite`'s alternative, a write-ahead log (WAL), isn't used: it maps a file into memory, and a process can't end
/// while a hanging disk has pages of that file to write. An index that an older av1d kept in WAL mode is converted at
/// the first opening during which no other process has it open.
///
/// A commit waits until no process is reading, so that readers use short statements only.
fn keep_journal(connection: &Connection) -> rusqlite::Result<()> {
    let begun = Instant::now();
    loop {
        match connection.pragma_update(None, "journal_mode", "TRUNCATE") {
            // `SQLite` doesn't retry this statement by itself.
            Err(error) if is_busy(&error) && begun.elapsed() < TURN_TIMEOUT => std::thread::sleep(TURN_PAUSE),
            Err(error) if is_busy(&error) => break,
            turned => break turned?,
        }
    }
    connection.pragma_update(None, "synchronous", "FULL")?;
    // Without this, a large transaction that fills the cache would lock readers out early; so they are locked out only
    // during the commit.
    connection.pragma_update(None, "cache_spill", false)
}

fn is_busy(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(rusqlite::ErrorCode::DatabaseBusy)
}

/// Begins a write transaction, once no other process writes. A transaction that begins by reading could not wait for
/// another writer.
fn begin(connection: &mut Connection) -> rusqlite::Result<Transaction<'_>> {
    connection.transaction_with_behavior(TransactionBehavior::Immediate)
}

/// Whether there was something to forget.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Forgotten {
    /// A failure or skip that kept the film from being tried again.
    Failure,
    /// Nothing: the film is tried like any other.
    Nothing,
}

/// Lets the next daemon try a film again that failed or was skipped. The caller must hold the lock of the state folder.
pub fn forget_failure(state: &Path, film: &Path) -> Result<Forgotten, IndexError> {
    let Opened { mut index, .. } = Index::open(state)?;
    let known = index.forget_outcome(film);
    let known = known.map_err(|error| IndexError::of(state, error))?;
    Ok(if known { Forgotten::Failure } else { Forgotten::Nothing })
}

/// Reads ffprobe's output, the survey and the samples of a file with this identity.
fn read_probe(connection: &Connection, path: &Path, film: &Identity) -> rusqlite::Result<Option<ProbeText>> {
    let mut statement = connection.prepare_cached(
        "SELECT probe, frame, survey, samples
         FROM films LEFT JOIN surveys USING (path, inode, size, modified_ns)
                    LEFT JOIN samples USING (path, inode, size, modified_ns)
         WHERE path = ?1 AND probe IS NOT NULL AND inode = ?2 AND size = ?3 AND modified_ns = ?4",
    )?;
    let row = |row: &Row<'_>| {
        let text = ProbeText::new(row.get(0)?).with_frame(row.get(1)?);
        Ok(text.with_survey(row.get(2)?).with_samples(row.get(3)?))
    };
    let film = rusqlite::params![
        path.as_os_str().as_bytes(),
        film.inode.cast_signed(),
        film.size.cast_signed(),
        film.modified_ns
    ];
    statement.query_row(film, row).optional()
}

fn read_entry(row: &Row<'_>) -> rusqlite::Result<FilmEntry> {
    let time = |column| Ok::<_, rusqlite::Error>(timestamp(row.get(column)?));
    let code: Option<String> = row.get(10)?;
    let fingerprint: Option<[u8; 16]> = row.get(11)?;
    let rest: Option<String> = row.get(12)?;
    let until: Option<i64> = row.get(13)?;
    let spent: u32 = row.get(14)?;
    let last_outcome = code.zip(fingerprint).map(|(code, fingerprint)| LastOutcome {
        code,
        fingerprint: Fingerprint(fingerprint),
        retry_after: read_retry_after(rest.as_deref(), until),
        spent: Spent::unpacked(spent),
    });
    Ok(FilmEntry {
        identity: Identity {
            device: row.get::<_, i64>(1)?.cast_unsigned(),
            inode: row.get::<_, i64>(2)?.cast_unsigned(),
            size: row.get::<_, i64>(3)?.cast_unsigned(),
            links: row.get::<_, i64>(4)?.cast_unsigned(),
            modified_ns: row.get(5)?,
            changed_ns: row.get(6)?,
        },
        first_seen: time(7)?,
        unchanged_since: time(8)?,
        last_seen: time(9)?,
        last_outcome,
        is_probed: row.get(15)?,
    })
}

fn read_retry_after(rest: Option<&str>, until: Option<i64>) -> RetryAfter {
    match (rest, until) {
        (Some("until"), Some(until)) => RetryAfter::Until(timestamp(until)),
        (Some("until-replanned"), _) => RetryAfter::UntilReplanned,
        (Some("until-asked"), _) => RetryAfter::UntilAsked,
        _ => RetryAfter::Now,
    }
}

/// Converts a stored time. An invalid one becomes 1970.
fn timestamp(microseconds: i64) -> Timestamp {
    Timestamp::from_microsecond(microseconds).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// Returns the path with a suffix added to its file name.
fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Renames an index and its journal files, to set them aside.
fn set_aside(path: &Path) -> io::Result<PathBuf> {
    let stamp = Timestamp::now().strftime("%Y%m%d-%H%M%S-%6f");
    let aside = beside(path, &format!(".{stamp}.damaged"));
    disk::rename_without_overwriting(path, &aside)?;
    for suffix in ["-journal", "-wal", "-shm"] {
        match disk::rename_without_overwriting(&beside(path, suffix), &beside(&aside, suffix)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(aside)
}

#[cfg(test)]
mod tests;
