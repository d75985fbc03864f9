//! The index's notes about itself, and its maintenance: when it is checked, and when its file is shrunk.

use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, OptionalExtension, params};

use super::Index;
use super::error::Fault;

/// A number that the index stores about itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Note {
    /// The version of the job tables.
    JobsShape,
    /// 1 if the table of jobs contains every finished job.
    JobsComplete,
    /// When the job tables were created, in microseconds since 1970.
    JobsMade,
    /// 1 while a daemon has the index open. If it is set at start, the previous daemon was killed.
    InUse,
    /// When the index was last checked, in microseconds since 1970.
    Checked,
}

impl Note {
    const fn name(self) -> &'static str {
        match self {
            Self::JobsShape => "jobs-shape",
            Self::JobsComplete => "jobs-complete",
            Self::JobsMade => "jobs-made",
            Self::InUse => "in-use",
            Self::Checked => "checked",
        }
    }
}

/// Creates the table of notes if it doesn't exist.
pub(super) fn make(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch(
        "CREATE TABLE IF NOT EXISTS notes (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT",
    )
}

/// Returns a note, or `None` if it isn't set or if an older av1d created the index.
pub(super) fn get(connection: &Connection, note: Note) -> rusqlite::Result<Option<i64>> {
    if !connection.table_exists(None, "notes")? {
        return Ok(None);
    }
    let mut statement = connection.prepare_cached("SELECT value FROM notes WHERE name = ?1")?;
    statement.query_row([note.name()], |row| row.get(0)).optional()
}

pub(super) fn set(connection: &Connection, note: Note, value: i64) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached("INSERT OR REPLACE INTO notes VALUES (?1, ?2)")?;
    statement.execute(params![note.name(), value]).map(drop)
}

/// How often an index is checked that was always closed properly. A check reads the whole file, which takes a second
/// for some hundred megabytes.
const CHECKED_EACH: SignedDuration = SignedDuration::from_hours(24 * 30);

/// The file is rewritten only if at least this many of its bytes are unused, and more than half of them.
const WASTED: i64 = 16 << 20;

impl Index {
    /// Checks the whole file if the previous daemon was killed or the last check was more than 30 days ago.
    pub(super) fn check_if_due(&mut self, now: Timestamp) -> Result<(), Fault> {
        let was_cut_off = get(&self.connection, Note::InUse)? == Some(1);
        let checked = get(&self.connection, Note::Checked)?.map(super::timestamp);
        if was_cut_off || checked.is_some_and(|checked| now.duration_since(checked) > CHECKED_EACH) {
            self.check()?;
        }
        if was_cut_off || checked.is_none_or(|checked| now.duration_since(checked) > CHECKED_EACH) {
            set(&self.connection, Note::Checked, now.as_microsecond())?;
        }
        set(&self.connection, Note::InUse, 1)?;
        self.notes_use = true;
        Ok(())
    }

    fn check(&self) -> Result<(), Fault> {
        let found: String = self.connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
        if found == "ok" { Ok(()) } else { Err(Fault::Check(found)) }
    }

    /// Shrinks the file if most of it is unused.
    pub(crate) fn shrink_if_worth_it(&self) -> rusqlite::Result<()> {
        let number = |name| self.connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
        let (unused, pages, size) = (number("freelist_count")?, number("page_count")?, number("page_size")?);
        if unused.saturating_mul(size) > WASTED && unused > pages / 2 {
            self.connection.execute_batch("VACUUM")?;
        }
        Ok(())
    }
}

impl Drop for Index {
    fn drop(&mut self) {
        if self.notes_use {
            // If this fails, the next start checks the file, which does no harm.
            drop(set(&self.connection, Note::InUse, 0));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::index::{FILE_NAME, Opened};

    /// Whether this opening checks the index: then the time of the last check changes.
    fn is_checked(index: &mut Index, now: Timestamp) -> bool {
        let before = get(&index.connection, Note::Checked).unwrap();
        index.check_if_due(now).unwrap();
        get(&index.connection, Note::Checked).unwrap() != before
    }

    #[test]
    fn an_index_is_checked_after_a_cut_and_once_a_month() {
        let folder = tempfile::tempdir().unwrap();
        let Opened { index, .. } = Index::open(folder.path()).unwrap();
        drop(index);
        let mut again = Index::for_jobs(folder.path()).unwrap();
        let now = Timestamp::now();
        assert!(!is_checked(&mut again, now), "it was closed well");
        // A killed daemon leaves the index marked as in use.
        assert!(is_checked(&mut again, now + SignedDuration::from_secs(1)));
        set(&again.connection, Note::InUse, 0).unwrap();
        assert!(!is_checked(&mut again, now + SignedDuration::from_hours(24)));
        set(&again.connection, Note::InUse, 0).unwrap();
        assert!(is_checked(&mut again, now + SignedDuration::from_hours(24 * 31)));
    }

    #[test]
    fn a_file_that_is_mostly_unused_is_made_smaller() {
        let folder = tempfile::tempdir().unwrap();
        let index = Index::for_jobs(folder.path()).unwrap();
        let fill = "CREATE TABLE filler (x BLOB); INSERT INTO filler VALUES (zeroblob(20000000));";
        index.connection.execute_batch(fill).unwrap();
        index.shrink_if_worth_it().unwrap();
        let size = || std::fs::metadata(folder.path().join(FILE_NAME)).unwrap().len();
        assert!(size() > 20_000_000, "all of it is used: {}", size());
        index.connection.execute_batch("DROP TABLE filler").unwrap();
        index.shrink_if_worth_it().unwrap();
        assert!(size() < 1_000_000, "{}", size());
    }
}
