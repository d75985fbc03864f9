//! Reads a child's output line by line until it ends, and ends the child if it shows no sign of life.

use std::io;
use std::process::ExitStatus;
use std::time::Duration;

use av1plan::explain::Seconds;
use tokio::process::Child;
use tokio::time::{Instant, sleep_until};

use super::{LineReader, end};

/// One of a child's two output streams.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Output {
    /// Its standard output.
    Stdout,
    /// Its standard error.
    Stderr,
}

/// Which output counts as a child's sign of life, and how long it may stay silent.
#[derive(Debug, Clone, Copy)]
pub struct Pulse {
    /// The output: each of its lines is a sign of life, and so is its end.
    pub output: Output,
    /// The longest time without a sign of life.
    pub limit: Duration,
}

/// How a watched child ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Watched {
    /// It ended by itself, or another process ended it.
    Ended(ExitStatus),
    /// It was ended here because it showed no sign of life for this long.
    Silent(Duration),
}

impl Watched {
    /// Returns the exit status. If the child was silent, returns an error that calls it `what`.
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

/// Reads both outputs of a child, so that it never blocks on a full pipe, passes each line to `hear`, and waits for the
/// child's end. Without a `pulse` the child may take any time.
pub async fn watch(
    mut child: Child,
    pulse: Option<Pulse>,
    mut hear: impl FnMut(Output, &str),
) -> io::Result<Watched> {
    let stdout = (Output::Stdout, LineReader::of(child.stdout.take()));
    let stderr = (Output::Stderr, LineReader::of(child.stderr.take()));
    // `select!` below is biased in this order: a line that counts as a sign of life, then the time limit, then lines of
    // the other output. Else a child that floods the other output would never run into the limit.
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
                // The pipes are closed first: a child blocked on a full pipe would not react to SIGTERM.
                drop((beats, words));
                end(&mut child).await?;
                return Ok(Watched::Silent(limit));
            }
            line = words.next(), if words.is_open() => (second, line),
            // A child that has closed both outputs may still hang, so that the time limit stays in force.
            status = child.wait(), if !beats.is_open() && !words.is_open() => {
                return Ok(Watched::Ended(status?));
            }
        };
        if let Some(line) = line? {
            hear(output, &String::from_utf8_lossy(&line));
        }
    }
}

/// Waits until `limit` has passed since `beat`, or forever if there is no limit.
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
