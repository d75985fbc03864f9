//! Running one encode: ffmpeg's progress, its log, its stalls, its end.

mod log;

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::{Duration, SystemTime};

use av1plan::judge::RunReport;
use rustix::process::Signal;
use tokio::process::Child;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::ffmpeg::progress::{Progress, ProgressReader};
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
    /// Its arguments, bound.
    pub args: &'a [OsString],
    /// What it writes to.
    pub output: &'a Path,
    /// Where all that it says goes.
    pub log: &'a Path,
    /// The job.
    pub job: &'a str,
    /// Held until it has ended, even where it outlives this process.
    pub locks: &'a Locks,
    /// A result of this many bytes is too big for certain, however it goes on.
    pub size_limit: u64,
    /// How long nothing may move.
    pub stall: Duration,
    /// How it gives way to others.
    pub priority: Priority,
    /// Who may have it hold still; nothing needs to move then.
    pub pause: &'a Pause,
    /// What waits for a disk.
    pub waits: &'a Waits,
}

/// How an encode ended.
#[derive(Debug)]
pub enum Ended {
    /// By itself, well or not.
    Run {
        /// What the judge is told.
        report: RunReport,
        /// The last error that ffmpeg printed; empty where it printed none.
        words: String,
    },
    /// It was ended since it had written too much already.
    TooBig {
        /// What it had written.
        written: u64,
    },
    /// It was ended since nothing moved any more.
    Stalled,
    /// It was ended since nothing moved, and the disk that it writes to didn't answer: no fault of the film's.
    DiskHangs,
    /// It was ended since work is to stop.
    Stopped,
}

impl Encode<'_> {
    /// Runs it to one of its ends; no child is left behind whichever it is. `started` writes down which process it is, and
    /// its failure ends it; `progressed` is told how far it is.
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
        let listener = tokio::spawn(listen(stderr, written));
        if let Some(id) = child.id() {
            let written = tokio::select! {
                biased;
                written = started(ProcessId::of(id)) => written.map(|()| None),
                // A state folder that hangs must not keep anybody from being heard; what is written of it is written in its turn.
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
            // ffmpeg closes its output before it frees its encoder, and that can hang too.
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
        };
        let status = match cut_short {
            Some(ended) => {
                self.end(&mut child).await?;
                drop(listener.await);
                return Ok(ended);
            }
            None => child.wait().await?,
        };
        let heard = listener.await.unwrap_or_default();
        // A log whose disk hangs comes later, and keeps nobody from going on.
        drop(tokio::time::timeout(LOG_FLUSH_TIMEOUT, writer).await);
        let last = Some(watch.last).filter(|last| last.ended);
        let report = RunReport {
            exit_code: status.code(),
            frames: last.map(|last| last.frame),
            damage: heard.damage,
            closing: Some(heard.closing),
            dropped: last.and_then(|last| last.dropped),
            duplicated: last.and_then(|last| last.duplicated),
            sent: None,
        };
        Ok(Ended::Run { report, words: heard.last_error })
    }

    /// Ends ffmpeg. One that waits for a disk that hangs can't even be killed: that counts as waiting for that disk.
    async fn end(&self, child: &mut Child) -> io::Result<ExitStatus> {
        let _wait = self.waits.begin(self.output, Care::Free);
        end(child).await
    }

    /// Passes progress on until ffmpeg closes its output; returns early with the reason to end it.
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
                    // Without a word ffmpeg moves the index of an MP4 to its front, which rewrites all of it.
                    watch.look(self.stall / LOOKS).await;
                    if watch.moved.elapsed() >= self.stall {
                        return Some(watch.stalled());
                    }
                    continue;
                }
                Ok(Ok(Some(line))) => line,
                Ok(Ok(None) | Err(_)) => return None,
            };
            let Some(progress) = reader.line(&String::from_utf8_lossy(&line)) else { continue };
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

/// What has ffmpeg hold still. It ignores a SIGTERM meanwhile; whoever ends it wakes it.
struct Hold {
    group: Group,
    pause: Pause,
}

impl Hold {
    /// Stops it until it may go on.
    async fn still(&mut self) {
        self.group.signal(Signal::STOP);
        self.pause.over().await;
        self.group.signal(Signal::CONT);
    }
}

/// How often within the time that nothing may move a silent encode is looked at.
const LOOKS: u32 = 4;

/// The last sign of life: what ffmpeg says, and how the file looks that it writes to.
struct Watch {
    last: Progress,
    moved: Instant,
    /// The output, and a file on the disk that ffmpeg writes the times of its frames to.
    files: [PathBuf; 2],
    waits: Waits,
    /// Size and time of the output when it was last looked at.
    seen: Option<Stamp>,
    /// When that was.
    looked: Instant,
    /// A look that hasn't come back yet: no second one is begun, since its disk hangs.
    looking: Option<JoinHandle<Option<Stamp>>>,
}

/// A file's size and time. The time is the stamping machine's, which a share's server is: it is only held against another
/// one of the same file.
type Stamp = (u64, SystemTime);

impl Watch {
    fn new(files: [PathBuf; 2], waits: Waits) -> Self {
        let (last, moved) = (Progress::default(), Instant::now());
        Self { last, moved, files, waits, seen: None, looked: moved, looking: None }
    }

    /// When to look at the output, if nothing moves until then.
    fn next_look(&self, stall: Duration) -> Instant {
        self.moved.max(self.looked) + stall / LOOKS
    }

    /// How an encode is to be ended that hasn't moved for too long.
    fn stalled(&self) -> Ended {
        if self.looking.is_some() { Ended::DiskHangs } else { Ended::Stalled }
    }

    /// Looks whether the output is another than it was at the last look, for at most this time.
    async fn look(&mut self, timeout: Duration) {
        let (files, waits) = (&self.files, &self.waits);
        let looking = self.looking.get_or_insert_with(|| {
            let ([output, other], waits) = (files.clone(), waits.clone());
            let wait = waits.begin(&output, Care::Free);
            tokio::task::spawn_blocking(move || {
                let found = std::fs::metadata(output);
                drop(wait);
                let _wait = waits.begin(&other, Care::Free);
                // Only whether its disk answers is asked.
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
        // The first look has nothing to be held against.
        if self.seen.is_some() && now.is_some() && now != self.seen {
            self.moved = Instant::now();
        }
        self.seen = now.or(self.seen);
    }
}

#[cfg(test)]
mod tests;
