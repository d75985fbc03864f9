//! Reads a child's output line by line.

use std::{io, mem};

use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};

/// A line is cut at this length. It is longer than any useful line, and a child that never ends its line must not fill
/// the memory.
const LINE_LIMIT: usize = 64 * 1024;

/// Reads the lines of a child's output; each line is cut at a limit.
pub struct LineReader {
    /// `None` after the end of the output.
    pipe: Option<BufReader<Box<dyn AsyncRead + Send + Unpin>>>,
    line: Vec<u8>,
}

impl LineReader {
    /// Reads the lines of `pipe`. If `pipe` is `None`, there are no lines.
    pub fn of(pipe: Option<impl AsyncRead + Send + Unpin + 'static>) -> Self {
        let pipe = pipe.map(|pipe| BufReader::new(Box::new(pipe) as Box<dyn AsyncRead + Send + Unpin>));
        Self { pipe, line: Vec::new() }
    }

    /// Whether more output may come.
    pub fn is_open(&self) -> bool {
        self.pipe.is_some()
    }

    /// Returns the next line without its line break, or `None` at the end. This is cancel safe: a line read in part is
    /// kept for the next call.
    pub async fn next(&mut self) -> io::Result<Option<Vec<u8>>> {
        while let Some(pipe) = &mut self.pipe {
            let read = pipe.fill_buf().await?;
            if read.is_empty() {
                self.pipe = None;
                break;
            }
            let end = memchr::memchr(b'\n', read);
            let piece = &read[..end.unwrap_or(read.len())];
            let room = LINE_LIMIT.saturating_sub(self.line.len());
            self.line.extend_from_slice(&piece[..piece.len().min(room)]);
            let used = piece.len() + usize::from(end.is_some());
            pipe.consume(used);
            if end.is_some() {
                return Ok(Some(mem::take(&mut self.line)));
            }
        }
        Ok(Some(mem::take(&mut self.line)).filter(|line| !line.is_empty()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_line_without_end_is_kept_up_to_the_limit() {
        let long = "x".repeat(LINE_LIMIT * 3);
        let text = format!("one\n\n{long}\ntwo\r\n\u{e9}");
        let mut lines = LineReader::of(Some(io::Cursor::new(text.into_bytes())));
        let mut found = Vec::new();
        while let Some(line) = lines.next().await.unwrap() {
            found.push(String::from_utf8(line).unwrap());
        }
        assert_eq!(found, ["one", "", &long[..LINE_LIMIT], "two\r", "\u{e9}"]);
        assert!(!lines.is_open() && lines.next().await.unwrap().is_none());
        assert!(!LineReader::of(None::<tokio::process::ChildStdout>).is_open());
    }

    #[tokio::test]
    async fn half_a_line_outlives_a_wait_that_was_given_up() {
        let (mut writer, reader) = tokio::io::duplex(64);
        let mut lines = LineReader::of(Some(reader));
        tokio::io::AsyncWriteExt::write_all(&mut writer, b"half ").await.unwrap();
        let waited = tokio::time::timeout(std::time::Duration::from_millis(20), lines.next()).await;
        assert!(waited.is_err(), "a line that hasn't ended is none");
        tokio::io::AsyncWriteExt::write_all(&mut writer, b"whole\n").await.unwrap();
        assert_eq!(lines.next().await.unwrap().as_deref(), Some(&b"half whole"[..]));
    }
}
