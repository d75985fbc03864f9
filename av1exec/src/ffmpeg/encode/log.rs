//! Reads what ffmpeg prints during an encode: writes all of it to the log, and extracts what the judge and the error
//! messages need.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::sync::mpsc;
use std::time::Duration;

use av1plan::judge::{ClosingReport, RunReport};
use av1plan::plan::ExpectedPicture;
use av1plan::probe::is_error;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::sys::process::LineReader;

/// What is extracted from ffmpeg's standard error.
#[derive(Debug, Default)]
pub(super) struct Heard {
    /// What the judge is told.
    pub(super) report: RunReport,
    /// The last error that ffmpeg printed; empty if it printed none.
    pub(super) last_error: String,
}

/// The size limit of a log. It is enough to understand a failure; a broken film can make ffmpeg repeat a message a
/// million times.
const LOG_LIMIT: usize = 8 << 20;
/// How many of the last lines are kept when the log exceeds its limit.
const LOG_TAIL: usize = 200;

/// Creates a log file, and its folder if that was deleted.
pub(super) fn make_log(path: &Path) -> io::Result<File> {
    match File::create(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            std::fs::create_dir_all(crate::sys::disk::folder_of(path))?;
            File::create(path)
        }
        made => made,
    }
}

/// How long to wait after an encode's end until its log is written.
pub(super) const LOG_FLUSH_TIMEOUT: Duration = Duration::from_secs(5);

/// Writes lines to a log on a separate thread, because a hanging state folder must not keep ffmpeg's output from being
/// read.
pub(super) fn write_down(mut log: File) -> (mpsc::Sender<Vec<u8>>, JoinHandle<()>) {
    let (sender, lines) = mpsc::channel::<Vec<u8>>();
    let writer = tokio::task::spawn_blocking(move || {
        for mut line in lines {
            line.push(b'\n');
            // A full state disk must not end the encode; the log is then incomplete.
            drop(log.write_all(&line));
        }
    });
    (sender, writer)
}

/// Reads ffmpeg's standard error to its end, even if the log can't be written. Once the source's pictures have another
/// size than `expected`, sends it to `changed`.
pub(super) async fn listen(
    mut lines: LineReader,
    log: mpsc::Sender<Vec<u8>>,
    expected: ExpectedPicture,
    changed: oneshot::Sender<(u32, u32)>,
) -> Heard {
    // If ffmpeg prints nothing, its closing report is empty, and not unknown.
    let report = RunReport::default().with_closing(Some(ClosingReport::default()));
    let mut heard = Heard { report, last_error: String::new() };
    let (mut room, mut changed) = (LOG_LIMIT, Some(changed));
    let mut tail = VecDeque::with_capacity(LOG_TAIL);
    while let Ok(Some(line)) = lines.next().await {
        let text = String::from_utf8_lossy(&line);
        heard.report.add_log_line(&text);
        if let Some(size) = heard.report.other_size(&expected).filter(|_| changed.is_some()) {
            // Nobody listens any more if the encode has just ended.
            changed.take().map(|changed| changed.send(size));
        }
        if is_error(&text) {
            text.trim().clone_into(&mut heard.last_error);
        }
        if line.len() < room {
            room -= line.len() + 1;
            drop(log.send(line));
        } else {
            room = 0;
            tail.truncate(LOG_TAIL - 1);
            tail.push_front(line);
        }
    }
    for line in tail.into_iter().rev() {
        drop(log.send(line));
    }
    heard
}
