//! Running one encode: ffmpeg's progress, its log, its stalls, its end.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::time::Duration;

use av1plan::judge::{ClosingReport, RunReport, damage_in};
use rustix::process::Signal;
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::time::Instant;

use crate::courtesy::Courtesy;
use crate::event::{Event, Events};
use crate::lock::Locks;
use crate::orphan::ProcessId;
use crate::pause::Pause;
use crate::process::{Group, end, start_for};
use crate::progress::{Progress, ProgressReader};
use crate::stop::Stop;

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
    pub courtesy: Courtesy,
    /// Who may have it hold still; nothing needs to move then.
    pub pause: &'a Pause,
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
    /// It was ended since work is to stop.
    Stopped,
}

impl Encode<'_> {
    /// Runs it to one of its ends; no child is left behind whichever it is. `started` writes down which process it is, and
    /// its failure ends it.
    pub async fn run(
        &self,
        started: impl FnOnce(ProcessId) -> io::Result<()>,
        events: &Events,
        stop: &mut Stop,
    ) -> io::Result<Ended> {
        let log = File::create(self.log).map_err(|error| {
            let log = crate::sanitize::display(self.log);
            io::Error::new(error.kind(), format!("its log {log} can't be made: {error}"))
        })?;
        let mut child = start_for(self.job, self.program, self.args, self.locks, self.courtesy)?;
        if let Err(error) = child.id().map_or(Ok(()), |id| started(ProcessId::of(id))) {
            end(&mut child).await?;
            return Err(error);
        }
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        let listener = tokio::spawn(listen(stderr, log));
        let mut watch = Watch { last: Progress::default(), moved: Instant::now() };
        let mut hold = Hold { group: Group::of(&child), pause: self.pause.clone() };

        let run = async {
            let cut_short = self.follow(stdout, events, &mut watch, &mut hold).await;
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
                end(&mut child).await?;
                drop(listener.await);
                return Ok(ended);
            }
            None => child.wait().await?,
        };
        let heard = listener.await.unwrap_or_default();
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

    /// Passes progress on until ffmpeg closes its output; returns early with the reason to end it.
    async fn follow(
        &self,
        stdout: Option<impl AsyncRead + Unpin>,
        events: &Events,
        watch: &mut Watch,
        hold: &mut Hold,
    ) -> Option<Ended> {
        let mut lines = BufReader::new(stdout?).lines();
        let mut reader = ProgressReader::default();
        loop {
            let line = tokio::select! {
                biased;
                () = hold.pause.asked() => {
                    hold.still().await;
                    watch.moved = Instant::now();
                    continue;
                }
                line = tokio::time::timeout_at(watch.moved + self.stall, lines.next_line()) => line,
            };
            let line = match line {
                // Without a word ffmpeg moves the index of an MP4 to its front, which rewrites all of it.
                Err(_) if self.is_written_to() => {
                    watch.moved = Instant::now();
                    continue;
                }
                Err(_) => return Some(Ended::Stalled),
                Ok(Ok(Some(line))) => line,
                Ok(Ok(None) | Err(_)) => return None,
            };
            let Some(progress) = reader.line(&line) else { continue };
            if !progress.is_stuck_at(&watch.last) {
                watch.moved = Instant::now();
            }
            watch.last = progress;
            events.send(Event::Progressed { job: self.job.to_owned(), progress });
            if let Some(written) = progress.total_size.filter(|written| *written >= self.size_limit) {
                return Some(Ended::TooBig { written });
            }
        }
    }
}

impl Encode<'_> {
    /// Whether the result was written to within the time that nothing may move.
    fn is_written_to(&self) -> bool {
        let modified = std::fs::metadata(self.output).and_then(|found| found.modified());
        modified.is_ok_and(|modified| modified.elapsed().is_ok_and(|elapsed| elapsed < self.stall))
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

/// The last sign of life.
struct Watch {
    last: Progress,
    moved: Instant,
}

/// What ffmpeg said that matters afterwards.
#[derive(Debug, Default)]
struct Heard {
    damage: Vec<String>,
    closing: ClosingReport,
    last_error: String,
}

/// Enough of a log to understand a failure; a broken film can make ffmpeg say the same thing a million times.
const LOG_LIMIT: usize = 8 << 20;
/// Lines kept from the end, beyond the limit.
const LOG_TAIL: usize = 200;
const DAMAGE_LIMIT: usize = 5;

/// Reads ffmpeg's standard error to its end, whatever happens to the log.
async fn listen(stderr: Option<impl AsyncRead + Unpin>, mut log: File) -> Heard {
    let mut heard = Heard::default();
    let Some(stderr) = stderr else { return heard };
    let mut lines = BufReader::new(stderr).split(b'\n');
    let mut room = LOG_LIMIT;
    let mut tail = VecDeque::with_capacity(LOG_TAIL);
    while let Ok(Some(line)) = lines.next_segment().await {
        let text = String::from_utf8_lossy(&line);
        heard.closing.add_line(&text);
        if heard.damage.len() < DAMAGE_LIMIT && damage_in(&text) {
            heard.damage.push(text.trim().to_owned());
        }
        if text.contains("[error] ") || text.contains("[fatal] ") {
            text.trim().clone_into(&mut heard.last_error);
        }
        if line.len() < room {
            room -= line.len() + 1;
            // A full state disk must not end an encode; the log is then short.
            drop(log.write_all(&[line.as_slice(), b"\n"].concat()));
        } else {
            room = 0;
            tail.truncate(LOG_TAIL - 1);
            tail.push_front(line);
        }
    }
    for line in tail.iter().rev() {
        drop(log.write_all(&[line.as_slice(), b"\n"].concat()));
    }
    heard
}
