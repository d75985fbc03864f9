//! Standard output and standard error, with quiet pipes and nothing hostile in them.

use std::io::{self, Write};

use av1exec::sanitize::sanitize;

use av1exec::failure::Failure;

/// Writes to standard output. That its reader went away is no error: nobody is left to read more.
pub(crate) fn out(bytes: &[u8]) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(bytes)?;
    stdout.write_all(b"\n")?;
    stdout.flush()
}

/// Writes a line to standard error; where that fails there is nobody to tell.
pub(crate) fn note(line: &str) {
    let _ = writeln!(io::stderr().lock(), "{}", sanitize(line));
}

/// Says what went wrong.
pub(crate) fn complain(failure: &Failure) {
    failure.lines().iter().for_each(|line| note(line));
}
