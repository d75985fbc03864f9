//! The table of finished jobs: what lists, totals and searches need, so that none of them has to read a hundred
//! thousand files.
//!
//! It is derived from the job files and can be rebuilt from them at any time. Until that is done, it is marked as
//! incomplete.

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::PathBuf;

use jiff::Timestamp;
use rusqlite::{Connection, Row, params};

use super::Index;
use super::notes::{self, Note};
use crate::state::jobs::{JobEnd, JobSummary, PlanSummary};
use crate::state::totals::Totals;

/// The version of these tables. Tables of another version are rebuilt.
const SHAPE: i64 = 1;

/// `change` grows with each row that is written, so that a reader can find the rows that are new since its last look.
const SCHEMA: &str = "
    DROP TABLE IF EXISTS jobs;
    CREATE TABLE jobs (
        change INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT UNIQUE NOT NULL,
        film BLOB NOT NULL, result BLOB, started_ns INTEGER NOT NULL, ended_ns INTEGER NOT NULL, undone_ns INTEGER,
        code TEXT NOT NULL, text TEXT NOT NULL, failed INTEGER NOT NULL, lasting INTEGER NOT NULL,
        replaced INTEGER NOT NULL, size INTEGER NOT NULL, size_after INTEGER, size_limit INTEGER, resolution TEXT, settings TEXT
    ) STRICT;
    CREATE INDEX jobs_by_film ON jobs (film);
    CREATE INDEX jobs_to_sum ON jobs (code, replaced, size, size_after);
    CREATE INDEX jobs_that_failed ON jobs (id) WHERE failed AND code != 'interrupted';
";

/// The columns that [`read_summary`] reads, in its order.
const COLUMNS: &str =
    "id, film, result, started_ns, ended_ns, undone_ns, code, text, failed, lasting, size, size_after,
    size_limit, resolution, settings";

/// Whether the tables exist in the current version.
pub(super) fn is_current(connection: &Connection) -> rusqlite::Result<bool> {
    Ok(notes::get(connection, Note::JobsShape)? == Some(SHAPE))
}

/// Creates missing tables, and recreates those of another version.
pub(super) fn make(connection: &Connection) -> rusqlite::Result<()> {
    // Another process may have created them while this one waited for the lock.
    if is_current(connection)? {
        return Ok(());
    }
    connection.execute_batch(SCHEMA)?;
    notes::set(connection, Note::JobsShape, SHAPE)?;
    notes::set(connection, Note::JobsComplete, 0)?;
    notes::set(connection, Note::JobsMade, Timestamp::now().as_microsecond())
}

impl Index {
    /// Writes finished jobs in one transaction. Returns for each job whether it is new in the table.
    pub(crate) fn put_jobs(&mut self, jobs: &[JobSummary]) -> rusqlite::Result<Vec<bool>> {
        let transaction = super::begin(&mut self.connection)?;
        let new = jobs.iter().map(|job| put(&transaction, job)).collect::<rusqlite::Result<_>>()?;
        transaction.commit()?;
        Ok(new)
    }

    /// Returns the table of finished jobs.
    pub(crate) fn jobs(&self) -> JobTable<'_> {
        JobTable(&self.connection)
    }

    /// Marks the table as complete: it contains every finished job.
    pub(crate) fn completed_jobs(&self) -> rusqlite::Result<()> {
        notes::set(&self.connection, Note::JobsComplete, 1)
    }
}

/// Read access to the table of finished jobs.
#[derive(Debug, Clone, Copy)]
pub struct JobTable<'a>(pub(super) &'a Connection);

impl JobTable<'_> {
    /// Whether the table contains every finished job. A missing table, or one of another version, isn't complete.
    pub fn is_complete(self) -> rusqlite::Result<bool> {
        Ok(is_current(self.0)? && notes::get(self.0, Note::JobsComplete)? == Some(1))
    }

    /// Whether the table contains the job `id`.
    pub fn contains(self, id: &str) -> rusqlite::Result<bool> {
        self.0.prepare_cached("SELECT 1 FROM jobs WHERE id = ?1")?.exists([id])
    }

    /// Returns the totals of all jobs in the table.
    pub fn totals(self) -> rusqlite::Result<Totals> {
        let mut statement = self.0.prepare(
            // Upper and lower bits are summed separately, because damaged job files may claim sizes whose sum
            // overflows.
            "SELECT code, count(*), replaced, sum(size >> 20), sum(size & 1048575),
                    sum(size_after >> 20), sum(size_after & 1048575)
             FROM jobs GROUP BY code, replaced",
        )?;
        let mut totals = Totals::default();
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let bytes = |column| {
                let part = |column| Ok::<_, rusqlite::Error>(row.get::<_, Option<i64>>(column)?.unwrap_or(0));
                let (upper, lower) = (part(column)?.cast_unsigned(), part(column + 1)?.cast_unsigned());
                Ok::<_, rusqlite::Error>(upper.saturating_mul(1 << 20).saturating_add(lower))
            };
            let count: i64 = row.get(1)?;
            *totals.jobs.entry(row.get(0)?).or_default() += count.cast_unsigned();
            if row.get(2)? {
                totals.savings.add(bytes(3)?, bytes(5)?);
            }
        }
        Ok(totals)
    }

    /// Returns the latest `count` failures, the latest first.
    pub fn failures(self, count: usize) -> rusqlite::Result<Vec<JobSummary>> {
        self.select(
            "WHERE failed AND code != 'interrupted' ORDER BY id DESC LIMIT ?1",
            [i64::try_from(count).unwrap_or(i64::MAX)],
        )
    }

    /// Returns the jobs of films whose path begins with these bytes.
    pub fn of_films_beginning_with(self, start: &[u8]) -> rusqlite::Result<Vec<JobSummary>> {
        match successor(start) {
            Some(end) => self.select("WHERE film >= ?1 AND film < ?2", params![start, end]),
            None => self.select("WHERE film >= ?1", [start]),
        }
    }

    /// Returns at most `count` jobs with ids below `before`, the latest first; `None` starts with the latest job.
    pub fn before(self, before: Option<&str>, count: usize) -> rusqlite::Result<Vec<JobSummary>> {
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        match before {
            Some(id) => self.select("WHERE id < ?1 ORDER BY id DESC LIMIT ?2", params![id, count]),
            None => self.select("ORDER BY id DESC LIMIT ?1", [count]),
        }
    }

    /// Returns the jobs that were written after `mark`.
    pub fn since(self, mark: Mark) -> rusqlite::Result<Vec<JobSummary>> {
        self.select("WHERE change > ?1", [mark.change])
    }

    /// Returns the current position in the table.
    pub fn mark(self) -> rusqlite::Result<Mark> {
        let made_us = notes::get(self.0, Note::JobsMade)?.unwrap_or_default();
        let change = self.0.query_row("SELECT coalesce(max(change), 0) FROM jobs", [], |row| row.get(0))?;
        Ok(Mark { made_us, change })
    }

    fn select(self, which: &str, values: impl rusqlite::Params) -> rusqlite::Result<Vec<JobSummary>> {
        let mut statement = self.0.prepare_cached(&format!("SELECT {COLUMNS} FROM jobs {which}"))?;
        statement.query_map(values, read_summary)?.collect()
    }
}

/// A position in the table: when the table was created, and its latest change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    made_us: i64,
    change: i64,
}

impl Mark {
    /// Whether the rows after this mark are all that changed until `now`. They aren't if the table was recreated.
    pub fn is_of_the_same_table(&self, now: &Self) -> bool {
        self.made_us == now.made_us && self.change <= now.change
    }
}

/// Returns the smallest byte string that is greater than all that begin with `start`, or `None` if there isn't one.
fn successor(start: &[u8]) -> Option<Vec<u8>> {
    let last = start.iter().rposition(|byte| *byte < u8::MAX)?;
    let mut end = start.get(..=last)?.to_vec();
    *end.last_mut()? += 1;
    Some(end)
}

/// Writes a job. Returns whether it is new in the table.
fn put(connection: &Connection, job: &JobSummary) -> rusqlite::Result<bool> {
    let Some(end) = &job.end else { return Ok(false) };
    let JobSummary { id, film, size, plan, started, end: _ } = job;
    let JobEnd { at, code, text, failed, lasting, size_after, replaced_by, undone } = end;
    let is_new = !JobTable(connection).contains(id)?;
    let mut statement = connection.prepare_cached(&format!(
        "INSERT OR REPLACE INTO jobs ({COLUMNS}, replaced)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)"
    ))?;
    let json = |plan: &PlanSummary| {
        Some((serde_json::to_string(&plan.resolution).ok()?, serde_json::to_string(&plan.settings).ok()?))
    };
    let (resolution, settings) = plan.as_ref().and_then(json).unzip();
    statement.execute(params![
        id,
        film.as_os_str().as_bytes(),
        replaced_by.as_ref().map(|path| path.as_os_str().as_bytes()),
        nanoseconds(*started),
        nanoseconds(*at),
        undone.map(nanoseconds),
        code,
        text,
        failed,
        lasting,
        signed(*size),
        size_after.map(signed),
        plan.map(|plan| signed(plan.size_limit)),
        resolution,
        settings,
        replaced_by.is_some() && size_after.is_some(),
    ])?;
    Ok(is_new)
}

/// Converts a size for the table. Sizes that don't fit are larger than any file and are clamped.
fn signed(size: u64) -> i64 {
    i64::try_from(size).unwrap_or(i64::MAX)
}

/// Converts a time for the table: nanoseconds since 1970, which last until 2262.
fn nanoseconds(time: Timestamp) -> i64 {
    i64::try_from(time.as_nanosecond()).unwrap_or(i64::MAX)
}

fn moment(nanoseconds: i64) -> Timestamp {
    Timestamp::from_nanosecond(nanoseconds.into()).unwrap_or(Timestamp::UNIX_EPOCH)
}

fn read_summary(row: &Row<'_>) -> rusqlite::Result<JobSummary> {
    let path = |bytes: Vec<u8>| PathBuf::from(OsString::from_vec(bytes));
    let size = |size: Option<i64>| size.map(i64::cast_unsigned);
    let time = |column| Ok::<_, rusqlite::Error>(moment(row.get(column)?));
    let (resolution, settings): (Option<String>, Option<String>) = (row.get(13)?, row.get(14)?);
    let planned = |size_limit: u64| {
        let (resolution, settings) = resolution.as_ref().zip(settings.as_ref())?;
        let resolution = serde_json::from_str(resolution).ok()?;
        Some(PlanSummary { size_limit, resolution, settings: serde_json::from_str(settings).ok()? })
    };
    Ok(JobSummary {
        id: row.get(0)?,
        film: path(row.get(1)?),
        started: time(3)?,
        end: Some(JobEnd {
            at: time(4)?,
            replaced_by: row.get::<_, Option<Vec<u8>>>(2)?.map(path),
            undone: row.get::<_, Option<i64>>(5)?.map(moment),
            code: row.get(6)?,
            text: row.get(7)?,
            failed: row.get(8)?,
            lasting: row.get(9)?,
            size_after: size(row.get(11)?),
        }),
        size: row.get::<_, i64>(10)?.cast_unsigned(),
        plan: size(row.get(12)?).and_then(planned),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::index::{Opened, peek_jobs};

    fn job(id: &str, film: &str) -> JobSummary {
        let at = Timestamp::UNIX_EPOCH;
        let end = JobEnd {
            at,
            code: "replaced".to_owned(),
            text: String::new(),
            failed: false,
            lasting: true,
            size_after: Some(u64::MAX),
            replaced_by: Some(PathBuf::from(film)),
            undone: None,
        };
        let (id, film) = (id.to_owned(), PathBuf::from(film));
        JobSummary { id, film, size: u64::MAX, plan: None, started: at, end: Some(end) }
    }

    fn ids(jobs: &[JobSummary]) -> Vec<&str> {
        jobs.iter().map(|job| job.id.as_str()).collect()
    }

    #[test]
    fn a_reader_finds_what_is_new_since_its_last_look() {
        let folder = tempfile::tempdir().unwrap();
        let Opened { mut index, .. } = Index::open(folder.path()).unwrap();
        assert!(
            peek_jobs(folder.path(), |_| Ok(())).unwrap().is_none(),
            "a new table isn't known to be complete"
        );
        index.completed_jobs().unwrap();
        assert_eq!(index.put_jobs(&[job("1", "/a"), job("2", "/b")]).unwrap(), [true, true]);
        let look = |table: JobTable<'_>| Ok((table.mark()?, table.contains("1")?));
        let (mark, contained) = peek_jobs(folder.path(), look).unwrap().unwrap();
        assert!(contained);
        assert_eq!(index.put_jobs(&[job("3", "/c"), job("1", "/a")]).unwrap(), [true, false]);
        let table = index.jobs();
        assert_eq!(ids(&table.since(mark).unwrap()), ["3", "1"]);
        assert!(mark.is_of_the_same_table(&table.mark().unwrap()));
        assert!(table.since(table.mark().unwrap()).unwrap().is_empty());
        assert_eq!(ids(&table.before(None, 2).unwrap()), ["3", "2"]);
        assert_eq!(ids(&table.before(Some("2"), 2).unwrap()), ["1"]);
    }

    #[test]
    fn sizes_that_no_file_has_are_summed_all_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let Opened { mut index, .. } = Index::open(folder.path()).unwrap();
        index.put_jobs(&[job("1", "/a"), job("2", "/b"), job("3", "/c")]).unwrap();
        let totals = index.jobs().totals().unwrap();
        assert_eq!((totals.jobs["replaced"], totals.savings.before), (3, u64::MAX));
    }

    #[test]
    fn films_are_found_by_how_their_paths_begin() {
        let folder = tempfile::tempdir().unwrap();
        let Opened { mut index, .. } = Index::open(folder.path()).unwrap();
        index
            .put_jobs(&[job("1", "/a/b.mkv"), job("2", "/a/b.avi"), job("3", "/a/c"), job("4", "/a/a")])
            .unwrap();
        let found = |start: &[u8]| index.jobs().of_films_beginning_with(start).unwrap().len();
        let table: [(&[u8], usize); 5] =
            [(b"/a/b", 2), (b"/a/b.mkv", 1), (b"/a/", 4), (b"/b", 0), (b"\xff", 0)];
        for (start, count) in table {
            assert_eq!(found(start), count, "{start:?}");
        }
        assert_eq!(successor(b"a\xff"), Some(b"b".to_vec()));
        assert_eq!(successor(b"\xff\xff"), None);
    }
}
