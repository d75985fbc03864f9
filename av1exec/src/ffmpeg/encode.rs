//! Runs one encode: reads ffmpeg's progress, writes its log, detects stalls, and reports how it ended.

mod log;

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::{Duration, SystemTime};

use av1plan::judge::{Progress, ProgressReader, RunReport};
use av1plan::plan::ExpectedPicture;
use rustix::process::Signal;
use tokio::process::Child;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::sys::lock::Locks;
use crate::sys::orphan::ProcessId;
use crate::sys::pause::Pause;
use crate::sys::priority::Priority;
use crate::sys::process::{Group, LineReader, end, start_for};
use crate::sys::stop::Stop;
use crate::sys::waits::{Care, Waits};
use log::{LOG_FLUSH_TIMEOUT, listen, make_log, write_down};

/// One encode to run.
pub struct Encode<'a> {
    /// ffmpeg.
    pub program: &'a Path,
    /// Its arguments, with real paths.
    pub args: &'a [OsString],
    /// The output file.
    pub output: &'a Path,
    /// The file that receives everything ffmpeg prints to standard error.
    pub log: &'a Path,
    /// The job's id.
    pub job: &'a str,
    /// The locks that ffmpeg inherits, so that they stay held until it has ended, even if it outlives this process.
    pub locks: &'a Locks,
    /// The encode is ended when its output has this many bytes, because the result is certainly too big then.
    pub size_limit: u64,
    /// The picture of the result. The encode is ended when the source's pictures change to another size.
    pub picture: &'a ExpectedPicture,
    /// How long the encode may go without progress.
    pub stall: Duration,
    /// Its CPU and disk priority.
    pub priority: Priority,
    /// Pauses the encode. A paused encode isn't stalled.
    pub pause: &'a Pause,
    /// The table of calls that wait for a disk.
    pub waits: &'a Waits,
}

/// How an encode ended.
#[derive(Debug)]
pub enum Ended {
    /// ffmpeg ended by itself, successfully or not.
    Run {
        /// The report for the judge.
        report: Box<RunReport>,
        /// The last error that ffmpeg printed; empty if it printed none.
        words: String,
    },
    /// The encode was ended because its output was too big already.
    TooBig {
        /// The size of the output in bytes.
        written: u64,
    },
    /// The encode was ended because the source's pictures changed to this size, columns and rows.
    PictureChanged {
        /// Columns.
        width: u32,
        /// Rows.
        height: u32,
    },
    /// The encode was ended because it made no progress.
    Stalled,
    /// The encode was ended because it made no progress while the output's disk didn't answer. The film isn't to blame.
    DiskHangs,
    /// The encode was ended because work is to stop.
    Stopped,
}

impl Encode<'_> {
    /// Runs the encode until it ends in one of the ways of [`Ended`]; no child is left behind in any case. `started`
    /// records the process, and if it fails the encode is ended. `progressed` receives the progress.
    pub async fn run(
        &self,
        started: impl AsyncFnOnce(ProcessId) -> io::Result<()>,
        mut progressed: impl FnMut(Progress),
        stop: &mut Stop,
    ) -> io::Result<Ended> {
        let path = self.log.to_owned();
        let made = self.waits.run(self.log, Care::Free, move |_| make_log(&path)).await;
        let log = made.flatten().map_err(|error| {
            let log = crate::sys::sanitize::display(self.log);
            io::Error::new(error.kind(), format!("its log {log} can't be made: {error}"))
        })?;
        let mut child = start_for(self.job, self.program, self.args, self.locks, self.priority).await?;
        let (stdout, stderr) = (LineReader::of(child.stdout.take()), LineReader::of(child.stderr.take()));
        let (written, writer) = write_down(log);
        let (change, changed) = oneshot::channel();
        let listener = tokio::spawn(listen(stderr, written, self.picture.clone(), change));
        if let Some(id) = child.id() {
            let written = tokio::select! {
                biased;
                written = started(ProcessId::of(id)) => written.map(|()| None),
                // `started` writes to the state folder. If that hangs, a stop must still be obeyed; what was to be
                // written is written once the disk answers.
                () = stop.asked() => Ok(Some(Ended::Stopped)),
            };
            match written {
                Ok(None) => {}
                Ok(Some(ended)) => {
                    self.end(&mut child).await?;
                    return Ok(ended);
                }
                Err(error) => {
                    self.end(&mut child).await?;
                    return Err(error);
                }
            }
        }
        let mut watch = Watch::new([self.output.to_owned(), self.log.to_owned()], self.waits.clone());
        let mut hold = Hold { group: Group::of(&child), pause: self.pause.clone() };

        let run = async {
            let cut_short = self.follow(stdout, &mut progressed, &mut watch, &mut hold).await;
            if cut_short.is_some() {
                return cut_short;
            }
            // ffmpeg closes its output before it frees its encoder, and freeing the encoder may hang, too.
            loop {
                tokio::select! {
                    biased;
                    () = hold.pause.asked() => hold.still().await,
                    ended = tokio::time::timeout(self.stall, child.wait()) => {
                        return ended.is_err().then_some(Ended::Stalled);
                    }
                }
            }
        };
        let cut_short = tokio::select! {
            cut_short = run => cut_short,
            () = stop.asked() => Some(Ended::Stopped),
            Ok((width, height)) = changed => Some(Ended::PictureChanged { width, height }),
        };
        let status = match cut_short {
            Some(ended) => {
                self.end(&mut child).await?;
                return Ok(ended);
            }
            None => child.wait().await?,
        };
        let heard = listener.await.unwrap_or_default();
        // If the log's disk hangs, the log is completed later and nobody waits for it.
        drop(tokio::time::timeout(LOG_FLUSH_TIMEOUT, writer).await);
        let mut report = heard.report;
        report.exit_code = status.code();
        report.add_progress(&watch.last);
        Ok(Ended::Run { report: Box::new(report), words: heard.last_error })
    }

    /// Ends ffmpeg. A process that waits for a hanging disk can't even be killed, so that this counts as a wait for
    /// that disk.
    async fn end(&self, child: &mut Child) -> io::Result<ExitStatus> {
        let _wait = self.waits.begin(self.output, Care::Free);
        end(child).await
    }

    /// Passes progress on until ffmpeg closes its standard output. Returns early with the reason if the encode has to
    /// be ended.
    async fn follow(
        &self,
        mut lines: LineReader,
        progressed: &mut impl FnMut(Progress),
        watch: &mut Watch,
        hold: &mut Hold,
    ) -> Option<Ended> {
        let mut reader = ProgressReader::default();
        loop {
            let line = tokio::select! {
                biased;
                () = hold.pause.asked() => {
                    hold.still().await;
                    watch.moved = Instant::now();
                    continue;
                }
                line = tokio::time::timeout_at(watch.next_look(self.stall), lines.next()) => line,
            };
            let line = match line {
                Err(_) => {
                    // While ffmpeg moves the index of an MP4 to the front, which rewrites the whole file, it prints
                    // nothing; the output's size and time still change.
                    watch.look(self.stall / LOOKS).await;
                    if watch.moved.elapsed() >= self.stall {
                        return Some(watch.stalled());
                    }
                    continue;
                }
                Ok(Ok(Some(line))) => line,
                Ok(Ok(None) | Err(_)) => return None,
            };
            let Some(progress) = reader.add_line(&String::from_utf8_lossy(&line)) else { continue };
            if !progress.is_stuck_at(&watch.last) {
                watch.moved = Instant::now();
            }
            watch.last = progress;
            progressed(progress);
            if let Some(written) = progress.total_size.filter(|written| *written >= self.size_limit) {
                return Some(Ended::TooBig { written });
            }
        }
    }
}

/// Pauses ffmpeg with SIGSTOP. A stopped process doesn't react to SIGTERM, so that whoever ends it has to send SIGCONT
/// as well.
struct Hold {
    group: Group,
    pause: Pause,
}

impl Hold {
    /// Stops the process group until the pause is over.
    async fn still(&mut self) {
        self.group.signal(Signal::STOP);
        self.pause.over().await;
        self.group.signal(Signal::CONT);
    }
}

/// How often a silent encode's output is looked at within the stall limit.
const LOOKS: u32 = 4;

/// The last sign of life: ffmpeg's last progress report, and the output file's last change.
struct Watch {
    last: Progress,
    moved: Instant,
    /// The output, and a file on the disk to which ffmpeg writes the frame times.
    files: [PathBuf; 2],
    waits: Waits,
    /// Size and modification time of the output at the last look.
    seen: Option<Stamp>,
    /// When the output was last looked at.
    looked: Instant,
    /// A look whose disk hasn't answered yet. No second look is started, since the disk hangs.
    looking: Option<JoinHandle<Option<Stamp>>>,
}

/// A file's size and modification time. The time is that of the machine that stamps the file (on a network share, the
/// server's), so that it is compared only with another time of the same file.
type Stamp = (u64, SystemTime);

impl Watch {
    fn new(files: [PathBuf; 2], waits: Waits) -> Self {
        let (last, moved) = (Progress::default(), Instant::now());
        Self { last, moved, files, waits, seen: None, looked: moved, looking: None }
    }

    /// When to look at the output if there is no progress until then.
    fn next_look(&self, stall: Duration) -> Instant {
        self.moved.max(self.looked) + stall / LOOKS
    }

    /// Returns why an encode without progress has to be ended.
    fn stalled(&self) -> Ended {
        if self.looking.is_some() { Ended::DiskHangs } else { Ended::Stalled }
    }

    /// Checks whether the output has changed since the last look, for at most `timeout`.
    async fn look(&mut self, timeout: Duration) {
        let (files, waits) = (&self.files, &self.waits);
        let looking = self.looking.get_or_insert_with(|| {
            let ([output, other], waits) = (files.clone(), waits.clone());
            let wait = waits.begin(&output, Care::Free);
            tokio::task::spawn_blocking(move || {
                let found = std::fs::metadata(output);
                drop(wait);
                let _wait = waits.begin(&other, Care::Free);
                // The result doesn't matter; the call only shows whether this disk answers.
                drop(std::fs::metadata(other));
                let found = found.ok()?;
                Some((found.len(), found.modified().ok()?))
            })
        });
        let looked = tokio::time::timeout(timeout, looking).await;
        self.looked = Instant::now();
        let Ok(looked) = looked else { return };
        self.looking = None;
        let now = looked.ok().flatten();
        // The first look has no earlier one to compare with.
        if self.seen.is_some() && now.is_some() && now != self.seen {
            self.moved = Instant::now();
        }
        self.seen = now.or(self.seen);
    }
}

#[cfg(test)]
mod tests;
