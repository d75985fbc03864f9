//! What is known of the library, kept over restarts: each film as it was seen, ffprobe's word on it, and what came of it.
//!
//! And a table of all finished jobs, so that nobody has to read their files.
//!
//! It is a memory, not a record: losing it costs time and nothing else. The record is the job files and the sidecars.

mod entry;
mod error;
mod jobs;
mod notes;
mod peek;
mod write;

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, Transaction, TransactionBehavior};

use crate::state::totals::Totals;
use crate::sys::disk::{self, Identity};
use av1plan::probe::ProbeText;
pub use entry::{FilmEntry, Fingerprint, Next, RetryAfter, Verdict, remember};
use error::Fault;
pub use error::IndexError;
pub use jobs::{JobTable, Mark};
pub use peek::{census, peek, peek_jobs};
pub use write::Write;

/// The index's name in the state folder.
pub const FILE_NAME: &str = "index.sqlite";

/// What the file says of its own shape (`PRAGMA user_version`). A later one is a newer av1d's.
const SHAPE: i64 = 1;

/// How long another process, or another connection of this one, may take to write.
const WRITE_TIMEOUT: Duration = Duration::from_secs(10);

/// How long those who look at an index with a log are given to close it, so that it can be turned over.
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
";

/// What [`read_entry`] reads, in its order.
const COLUMNS: &str =
    "path, device, inode, size, links, modified_ns, changed_ns, first_seen_us, unchanged_since_us,
    last_seen_us, code, fingerprint, rest, until_us, failures, probe IS NOT NULL";

/// The open index.
#[derive(Debug)]
pub struct Index {
    connection: Connection,
    /// Whether it notes that it is in use, until it is dropped.
    notes_use: bool,
}

/// An index, and where the one before it went if it couldn't be read.
#[derive(Debug)]
pub struct Opened {
    /// It.
    pub index: Index,
    /// What it knows of each film.
    pub entries: BTreeMap<PathBuf, FilmEntry>,
    /// What the finished jobs of its table came to. Those that aren't folded yet are counted when they are.
    pub totals: Totals,
    /// A damaged one that was set aside: its new name, and what was wrong with it.
    pub damaged: Option<(PathBuf, String)>,
}

impl Index {
    /// Opens the index in `folder`, which is made where it isn't there. A damaged one is set aside and begun anew: one whose
    /// entries can't be read is damaged too, though `SQLite` opens it without a word.
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

    /// Opens the index in `folder` to write finished jobs down. One that is damaged is an error and stays as it is.
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
        // Not at each opening: it would be a write, which waits for the disk, for each job that ends.
        if shape != SHAPE || !jobs::is_current(&connection)? {
            make(&mut connection)?;
        }
        Ok(Self { connection, notes_use: false })
    }

    /// All entries, without what ffprobe said.
    pub fn load(&self) -> rusqlite::Result<BTreeMap<PathBuf, FilmEntry>> {
        let mut statement = self.connection.prepare(&format!("SELECT {COLUMNS} FROM films"))?;
        let rows = statement.query_map([], |row| {
            let path: Vec<u8> = row.get(0)?;
            Ok((PathBuf::from(OsStr::from_bytes(&path)), read_entry(row)?))
        })?;
        rows.collect()
    }

    /// What ffprobe said of a film, if it still looks as it did then: a write that failed may have left what was said of
    /// another file of its name.
    pub fn probe(&self, path: &Path, film: &Identity) -> rusqlite::Result<Option<ProbeText>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT probe, frame FROM films
             WHERE path = ?1 AND probe IS NOT NULL AND inode = ?2 AND size = ?3 AND modified_ns = ?4",
        )?;
        let row = |row: &Row<'_>| Ok(ProbeText { probe: row.get(0)?, frame: row.get(1)? });
        let film = rusqlite::params![
            path.as_os_str().as_bytes(),
            film.inode.cast_signed(),
            film.size.cast_signed(),
            film.modified_ns
        ];
        statement.query_row(film, row).optional()
    }

    /// Forgets that a film failed, so that it is worked on again; says whether it had.
    pub fn forget_verdict(&mut self, path: &Path) -> rusqlite::Result<bool> {
        let changed = self.connection.execute(
            "UPDATE films SET code = NULL, fingerprint = NULL, rest = NULL, until_us = NULL, failures = 0,
                    probe = NULL, frame = NULL
             WHERE path = ?1 AND (failures > 0 OR rest = 'until-asked' AND code != 'replaced')",
            [path.as_os_str().as_bytes()],
        )?;
        Ok(changed > 0)
    }
}

/// Makes the tables that aren't there, all or none.
fn make(connection: &mut Connection) -> rusqlite::Result<()> {
    let transaction = begin(connection)?;
    transaction.execute_batch(SCHEMA)?;
    notes::make(&transaction)?;
    jobs::make(&transaction)?;
    transaction.pragma_update(None, "user_version", SHAPE)?;
    transaction.commit()
}

/// Has what a transaction overwrites kept in a file beside the index until the transaction is through, so that a kill or a power cut at any
/// moment leaves it whole.
///
/// `SQLite`'s other way, a log (WAL), is no choice: it maps a file into memory, and a process can't end as long as a disk that hangs has
/// pages of it to write. An index that an older av1d kept in that way is turned over at the first opening during which nobody else has it
/// open.
///
/// A commit waits until nobody reads, so that who reads does so in short statements.
fn keep_journal(connection: &Connection) -> rusqlite::Result<()> {
    let begun = Instant::now();
    loop {
        match connection.pragma_update(None, "journal_mode", "TRUNCATE") {
            // `SQLite` doesn't wait here by itself.
            Err(error) if is_busy(&error) && begun.elapsed() < TURN_TIMEOUT => std::thread::sleep(TURN_PAUSE),
            Err(error) if is_busy(&error) => break,
            turned => break turned?,
        }
    }
    connection.pragma_update(None, "synchronous", "FULL")?;
    // Readers are kept out while a commit is put into the file, and not from the moment at which a large transaction fills the cache.
    connection.pragma_update(None, "cache_spill", false)
}

fn is_busy(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(rusqlite::ErrorCode::DatabaseBusy)
}

/// Begins to write, once nobody else does: a transaction that began by reading couldn't wait for another's end.
fn begin(connection: &mut Connection) -> rusqlite::Result<Transaction<'_>> {
    connection.transaction_with_behavior(TransactionBehavior::Immediate)
}

/// Whether there was something to forget.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Forgotten {
    /// A failure that kept the film from being tried again.
    Failure,
    /// Nothing: the film is tried as any other.
    Nothing,
}

/// Lets a film that failed be tried again by the next daemon. The caller holds the lock of the state folder.
pub fn forget_failure(state: &Path, film: &Path) -> Result<Forgotten, IndexError> {
    let Opened { mut index, .. } = Index::open(state)?;
    let known = index.forget_verdict(film);
    let known = known.map_err(|error| IndexError::of(state, error))?;
    Ok(if known { Forgotten::Failure } else { Forgotten::Nothing })
}

fn read_entry(row: &Row<'_>) -> rusqlite::Result<FilmEntry> {
    let time = |column| Ok::<_, rusqlite::Error>(timestamp(row.get(column)?));
    let code: Option<String> = row.get(10)?;
    let fingerprint: Option<[u8; 16]> = row.get(11)?;
    let rest: Option<String> = row.get(12)?;
    let until: Option<i64> = row.get(13)?;
    let failures: u32 = row.get(14)?;
    let verdict = code.zip(fingerprint).map(|(code, fingerprint)| Verdict {
        code,
        fingerprint: Fingerprint(fingerprint),
        retry_after: read_retry_after(rest.as_deref(), until),
        failures,
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
        verdict,
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

/// A time that was written down; one that can't be one is the beginning of time.
fn timestamp(microseconds: i64) -> Timestamp {
    Timestamp::from_microsecond(microseconds).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// What is beside a file under its name and a suffix.
fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Renames an index and what belongs to it out of the way.
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
