//! Reads the details of one job on request.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use av1exec::state::jobs::JobStore;
use av1exec::sys::disk;
use av1exec::sys::sanitize::sanitize;

use crate::message::{JobFile, Loaded};

/// How many bytes of a log's end are read, and how many lines of them are shown.
const TAIL: u64 = 64 * 1024;
const LINES: usize = 100;

/// Reads the job `id` of the state folder and the end of its log.
pub(super) fn load(folder: &Path, id: String) -> Loaded {
    let store = JobStore::read_only(folder);
    let job = store.get(&id).map(JobFile::of).map_err(|unread| unread.to_string());
    let log = match tail(&store.log(&id)) {
        Ok(text) => Ok(lines(&text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err("there is none".to_owned()),
        Err(error) => Err(format!("can't read it: {error}")),
    };
    Loaded { id, job, log }
}

fn tail(path: &Path) -> io::Result<String> {
    let mut file: File = disk::open(path)?;
    let start = file.metadata()?.len().saturating_sub(TAIL);
    file.seek(SeekFrom::Start(start))?;
    let mut bytes = Vec::new();
    file.take(TAIL).read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes).into_owned();
    // If the text doesn't begin at the start of the file, its first line may be incomplete and is left out.
    let whole = if start == 0 { Some(text.as_str()) } else { text.split_once('\n').map(|(_, rest)| rest) };
    Ok(whole.unwrap_or(&text).to_owned())
}

/// Returns the last lines, sanitized. ffmpeg ends some lines with a carriage return only.
fn lines(text: &str) -> Vec<String> {
    let lines = text.split(['\n', '\r']).map(str::trim_end).filter(|line| !line.is_empty());
    let mut last: Vec<String> = lines.rev().take(LINES).map(|line| sanitize(line).into_owned()).collect();
    last.reverse();
    last
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_logs_end_is_shown_and_not_obeyed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        std::fs::write(&path, "frame= 1\rframe= 2\r\n\nname: \x1b[2J\n").unwrap();
        assert_eq!(lines(&tail(&path).unwrap()), ["frame= 1", "frame= 2", "name: \\u{1b}[2J"]);
    }

    #[test]
    fn of_a_huge_log_only_whole_last_lines_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let text: Vec<String> = (0..100_000).map(|number| format!("line {number:06}")).collect();
        std::fs::write(&path, text.join("\n")).unwrap();
        let read = lines(&tail(&path).unwrap());
        assert_eq!((read.len(), read[0].as_str()), (LINES, "line 099900"));
        assert_eq!(read[LINES - 1], "line 099999");
    }

    #[test]
    fn what_is_missing_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let loaded = load(folder.path(), "20261122-143234-c837".into());
        assert!(loaded.job.is_err());
        assert_eq!(loaded.log, Err("there is none".to_owned()));
    }
}
