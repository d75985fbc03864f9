//! Standard output and standard error, with quiet pipes and nothing hostile in them.

use std::io::{self, Write};

use av1exec::sanitize::sanitize;

use av1exec::failure::{Exit, Failure};

/// Whether whoever reads standard output still does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reader {
    Listens,
    /// A pipe's reader that went away has seen enough, which is no error.
    Left,
}

/// Writes a line to standard output.
pub(crate) fn out(bytes: &[u8]) -> Result<Reader, Failure> {
    let mut stdout = io::stdout().lock();
    let written =
        stdout.write_all(bytes).and_then(|()| stdout.write_all(b"\n")).and_then(|()| stdout.flush());
    match written {
        Ok(()) => Ok(Reader::Listens),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(Reader::Left),
        Err(error) => Err(Failure::new(Exit::Failed, format!("failed to write to standard output: {error}"))),
    }
}

/// Writes a line to the log where one has begun, else to standard error; where that fails there is nobody to tell.
pub(crate) fn note(line: &str) {
    if tracing::dispatcher::has_been_set() {
        tracing::info!(event = "note", "{line}");
    } else {
        write(line);
    }
}

fn write(line: &str) {
    let _ = writeln!(io::stderr().lock(), "{}", sanitize(line));
}

/// Says what went wrong.
pub(crate) fn complain(failure: &Failure) {
    let lines = failure.lines();
    if tracing::dispatcher::has_been_set() {
        tracing::error!(event = "failure", "{}", lines.join("; "));
    } else {
        for line in &lines {
            write(line);
        }
    }
}
