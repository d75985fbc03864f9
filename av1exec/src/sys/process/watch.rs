//! A child that is heard line by line to its end, and ended where it shows no sign of life.

use std::io;
use std::process::ExitStatus;
use std::time::Duration;

use av1plan::explain::Seconds;
use tokio::process::Child;
use tokio::time::{Instant, sleep_until};

use super::{LineReader, end};

/// One of the two that a child writes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Output {
    /// Its standard output.
    Stdout,
    /// Its standard error.
    Stderr,
}

/// What a child's signs of life are, and how long it may show none.
#[derive(Debug, Clone, Copy)]
pub struct Pulse {
    /// Each of whose lines is one; so is its end.
    pub output: Output,
    /// How long none may come.
    pub limit: Duration,
}

/// How a child that was watched came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Watched {
    /// By itself, or by somebody else.
    Ended(ExitStatus),
    /// It was ended since it showed no sign of life for as long as this.
    Silent(Duration),
}

impl Watched {
    /// How it ended; an error that calls it `what` where it was silent.
    pub fn status(self, what: &str) -> io::Result<ExitStatus> {
        match self {
            Self::Ended(status) => Ok(status),
            Self::Silent(limit) => {
                let time = Seconds::from(limit);
                Err(io::Error::other(format!("{what} showed no sign of life for {time}")))
            }
        }
    }
}

/// Reads all that a child says, so that it never waits for a reader, and tells `hear` each line; waits for its end. One
/// without a pulse may take any time.
pub async fn watch(
    mut child: Child,
    pulse: Option<Pulse>,
    mut hear: impl FnMut(Output, &str),
) -> io::Result<Watched> {
    let stdout = (Output::Stdout, LineReader::of(child.stdout.take()));
    let stderr = (Output::Stderr, LineReader::of(child.stderr.take()));
    // A line that has come counts before the clock does, and the clock before all else that is said.
    let ((first, mut beats), (second, mut words)) = match pulse {
        Some(Pulse { output: Output::Stderr, .. }) => (stderr, stdout),
        Some(Pulse { output: Output::Stdout, .. }) | None => (stdout, stderr),
    };
    let limit = pulse.map(|pulse| pulse.limit);
    let mut beat = Instant::now();
    loop {
        let (output, line) = tokio::select! {
            biased;
            line = beats.next(), if beats.is_open() => {
                beat = Instant::now();
                (first, line)
            }
            limit = silence(beat, limit) => {
                // Whoever waits for a reader would not hear that it is to end.
                drop((beats, words));
                end(&mut child).await?;
                return Ok(Watched::Silent(limit));
            }
            line = words.next(), if words.is_open() => (second, line),
            // One that has closed its outputs can hang all the same.
            status = child.wait(), if !beats.is_open() && !words.is_open() => {
                return Ok(Watched::Ended(status?));
            }
        };
        if let Some(line) = line? {
            hear(output, &String::from_utf8_lossy(&line));
        }
    }
}

/// Waits until `limit` has passed since `beat`; for ever where there is none.
async fn silence(beat: Instant, limit: Option<Duration>) -> Duration {
    match limit {
        Some(limit) => {
            sleep_until(beat + limit).await;
            limit
        }
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests;
