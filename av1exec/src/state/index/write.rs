//! Writes entries to the index.

use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, params};

use super::{EXAMINATIONS, FilmEntry, Index, RetryAfter, begin};
use crate::sys::disk::Identity;
use av1plan::probe::ProbeText;

/// A change to the index.
#[derive(Debug)]
pub enum Write {
    /// Store these entries. If an entry isn't marked as probed, its stored ffprobe output, survey and samples are deleted.
    Entries(Vec<(PathBuf, FilmEntry)>),
    /// Store an entry with ffprobe's output, the survey and the samples.
    Probe(PathBuf, Box<FilmEntry>, ProbeText),
    /// Delete these films.
    Forget(Vec<PathBuf>),
}

impl Index {
    /// Applies all changes in one transaction, so that the disk is waited for only once.
    pub fn write<'a>(&mut self, writes: impl IntoIterator<Item = &'a Write>) -> rusqlite::Result<()> {
        let transaction = begin(&mut self.connection)?;
        for write in writes {
            carry_out(&transaction, write)?;
        }
        transaction.commit()
    }
}

fn carry_out(connection: &Connection, write: &Write) -> rusqlite::Result<()> {
    match write {
        Write::Entries(entries) => {
            entries.iter().try_for_each(|(path, entry)| write_entry(connection, path, entry))
        }
        Write::Probe(path, entry, ProbeText { probe, frame, survey, samples, .. }) => {
            write_entry(connection, path, entry)?;
            let mut statement =
                connection.prepare_cached("UPDATE films SET probe = ?2, frame = ?3 WHERE path = ?1")?;
            statement.execute(params![path.as_os_str().as_bytes(), probe, frame])?;
            EXAMINATIONS.into_iter().zip([survey, samples]).try_for_each(|(table, document)| match document {
                Some(document) => write_examination(connection, table, path, &entry.identity, document),
                None => delete_examination(connection, table, path),
            })
        }
        Write::Forget(films) => films.iter().try_for_each(|film| {
            delete_examinations(connection, film)?;
            let mut statement = connection.prepare_cached("DELETE FROM films WHERE path = ?1")?;
            statement.execute([film.as_os_str().as_bytes()]).map(drop)
        }),
    }
}

fn write_examination(
    connection: &Connection,
    table: &str,
    path: &Path,
    film: &Identity,
    document: &[u8],
) -> rusqlite::Result<()> {
    let insert = format!("INSERT OR REPLACE INTO {table} VALUES (?1, ?2, ?3, ?4, ?5)");
    let mut statement = connection.prepare_cached(&insert)?;
    let (inode, size) = (film.inode.cast_signed(), film.size.cast_signed());
    statement.execute(params![path.as_os_str().as_bytes(), inode, size, film.modified_ns, document]).map(drop)
}

fn delete_examination(connection: &Connection, table: &str, path: &Path) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached(&format!("DELETE FROM {table} WHERE path = ?1"))?;
    statement.execute([path.as_os_str().as_bytes()]).map(drop)
}

fn delete_examinations(connection: &Connection, path: &Path) -> rusqlite::Result<()> {
    EXAMINATIONS.into_iter().try_for_each(|table| delete_examination(connection, table, path))
}

/// Writes an entry. ffprobe's stored output is kept only if the file is the one that was probed.
fn write_entry(connection: &Connection, path: &Path, entry: &FilmEntry) -> rusqlite::Result<()> {
    let FilmEntry { identity, first_seen, unchanged_since, last_seen, is_probed, last_outcome } = entry;
    let Identity { device, inode, size, modified_ns, changed_ns, links } = identity;
    let (rest, until) = last_outcome
        .as_ref()
        .map_or((None, None), |last_outcome| write_retry_after(last_outcome.retry_after));
    let mut statement = connection.prepare_cached(
        "INSERT INTO films (path, device, inode, size, links, modified_ns, changed_ns, first_seen_us, unchanged_since_us,
                            last_seen_us, code, fingerprint, rest, until_us, failures)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)
         ON CONFLICT (path) DO UPDATE SET
            device = ?2, inode = ?3, size = ?4, links = ?5, modified_ns = ?6, changed_ns = ?7, first_seen_us = ?8,
            unchanged_since_us = ?9, last_seen_us = ?10, code = ?11, fingerprint = ?12, rest = ?13, until_us = ?14,
            failures = ?15,
            probe = iif(?16 AND films.inode = ?3 AND films.size = ?4 AND films.modified_ns = ?6, probe, NULL),
            frame = iif(?16 AND films.inode = ?3 AND films.size = ?4 AND films.modified_ns = ?6, frame, NULL)",
    )?;
    statement.execute(params![
        path.as_os_str().as_bytes(),
        device.cast_signed(),
        inode.cast_signed(),
        size.cast_signed(),
        links.cast_signed(),
        modified_ns,
        changed_ns,
        first_seen.as_microsecond(),
        unchanged_since.as_microsecond(),
        last_seen.as_microsecond(),
        last_outcome.as_ref().map(|last_outcome| &last_outcome.code),
        last_outcome.as_ref().map(|last_outcome| last_outcome.fingerprint.0),
        rest,
        until,
        entry.spent().packed(),
        is_probed,
    ])?;
    if *is_probed { Ok(()) } else { delete_examinations(connection, path) }
}

pub(super) fn write_retry_after(retry_after: RetryAfter) -> (Option<&'static str>, Option<i64>) {
    match retry_after {
        // The wait isn't stored, because it ends at the next start.
        RetryAfter::Now | RetryAfter::ThisRun(_) => (None, None),
        RetryAfter::Until(until) => (Some("until"), Some(until.as_microsecond())),
        RetryAfter::UntilReplanned => (Some("until-replanned"), None),
        RetryAfter::UntilAsked => (Some("until-asked"), None),
    }
}
