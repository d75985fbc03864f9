//! Reads the headers of films, and lets mkvextract and mkvpropedit carry over to a result what ffmpeg can't.

use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use av1plan::EncodePlan;
use av1plan::command::{self, Arg, Placeholder, chapters_arguments, edit_arguments, tags_document};
use av1plan::probe::{MatroskaFacts, matroska};

use crate::ffmpeg::tools::HeaderEditor;
use crate::sys::disk;
use crate::sys::process::capture;

/// Both programs print a few lines.
const OUTPUT_LIMIT: usize = 1 << 20;

/// A result whose headers are edited.
pub(crate) struct HeaderEdit<'a> {
    pub(crate) editor: &'a HeaderEditor,
    /// The original.
    pub(crate) film: &'a Path,
    /// The result that ffmpeg has written.
    pub(crate) result: &'a Path,
    pub(crate) plan: &'a EncodePlan,
    /// The XML file for the chapters. The caller removes it.
    pub(crate) chapters: &'a Path,
    /// The XML file for the tags. The caller removes it.
    pub(crate) tags: &'a Path,
    /// How long a program may take. Both only read headers and write a few kilobytes.
    pub(crate) limit: Duration,
}

impl HeaderEdit<'_> {
    /// Edits the headers. Does nothing if the plan promises nothing of them.
    ///
    /// # Errors
    ///
    /// If a program couldn't be run or failed, or a file couldn't be read or written. The result may be damaged then.
    pub(crate) async fn carry_out(&self) -> Result<(), EditError> {
        let (Some(args), Some(headers)) = (edit_arguments(self.plan), &self.plan.contract.headers) else {
            return Ok(());
        };
        // The programs read their arguments in the locale's encoding, so they get names that are the same in all.
        let (film, result) = (Opened::new(self.film).await?, Opened::new(self.result).await?);
        if !headers.editions.is_empty() {
            self.run(&self.editor.mkvextract, &chapters_arguments(), &film, &result).await?;
        }
        if !headers.tags.is_empty() {
            let facts = read(self.result).await?.unwrap_or_default();
            let (tags, document) = (self.tags.to_owned(), tags_document(headers, &facts));
            let write = tokio::task::spawn_blocking(move || std::fs::write(tags, document));
            write.await.map_err(io::Error::other)??;
        }
        self.run(&self.editor.mkvpropedit, &args, &film, &result).await
    }

    async fn run(
        &self,
        program: &Path,
        args: &[Arg],
        film: &Opened,
        result: &Opened,
    ) -> Result<(), EditError> {
        let args: Vec<OsString> = command::bind(args, |file| match file {
            Placeholder::Input | Placeholder::Original => film.path.as_os_str(),
            Placeholder::Output | Placeholder::FrameTimes => result.path.as_os_str(),
            Placeholder::Chapters => self.chapters.as_os_str(),
            Placeholder::Tags => self.tags.as_os_str(),
        });
        let said = |reason: &str| {
            let name = program.file_name().unwrap_or_default().to_string_lossy();
            format!("{name}: {reason}")
        };
        let captured = capture(program, &args, OUTPUT_LIMIT, self.limit).await;
        let captured = captured.map_err(|error| io::Error::other(said(&error.to_string())))?;
        match captured.status.code() {
            // 1 stands for warnings. What is missing then shows in the headers.
            Some(0 | 1) => Ok(()),
            // Both print their errors to standard output.
            Some(_) => Err(EditError::Refused(said(last_line(&String::from_utf8_lossy(&captured.stdout))))),
            None => Err(io::Error::other(said("a signal ended it")).into()),
        }
    }
}

fn last_line(text: &str) -> &str {
    text.lines().rev().map(str::trim).find(|line| !line.is_empty()).unwrap_or("it printed nothing")
}

/// Why headers couldn't be edited.
#[derive(Debug, thiserror::Error)]
pub(crate) enum EditError {
    /// A program refused what it was given, and would do so again.
    #[error("{0}")]
    Refused(String),
    /// A program or the disk failed, which may pass.
    #[error(transparent)]
    Failed(#[from] io::Error),
}

impl From<EditError> for io::Error {
    fn from(error: EditError) -> Self {
        match error {
            EditError::Failed(error) => error,
            EditError::Refused(_) => Self::other(error.to_string()),
        }
    }
}

/// An open file, with a path to it that has only ASCII characters.
struct Opened {
    path: PathBuf,
    _file: File,
}

impl Opened {
    async fn new(path: &Path) -> io::Result<Self> {
        let path = path.to_owned();
        let file =
            tokio::task::spawn_blocking(move || disk::open(&path)).await.map_err(io::Error::other)??;
        let path = PathBuf::from(format!("/proc/{}/fd/{}", std::process::id(), file.as_raw_fd()));
        Ok(Self { path, _file: file })
    }
}

/// Reads the headers of a Matroska file; `None` if the file isn't one. That takes a few dozen reads of 16 KiB, on a
/// thread of its own, because the disk may take its time.
pub(crate) async fn read(path: &Path) -> io::Result<Option<MatroskaFacts>> {
    let path = path.to_owned();
    let read = move || {
        let file = File::open(path)?;
        let size = file.metadata()?.len();
        matroska::read(size, |offset, length| piece(&file, offset, length))
    };
    tokio::task::spawn_blocking(read).await.map_err(io::Error::other)?
}

/// The first bytes of a file, up to `length`.
pub(crate) async fn start(path: &Path, length: usize) -> io::Result<Vec<u8>> {
    let path = path.to_owned();
    let read = move || piece(&File::open(path)?, 0, length);
    tokio::task::spawn_blocking(read).await.map_err(io::Error::other)?
}

/// Up to `length` bytes of a file; fewer only at its end.
fn piece(file: &File, offset: u64, length: usize) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; length];
    let mut filled = 0;
    while let Some(rest) = bytes.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match file.read_at(rest, offset.saturating_add(filled as u64)) {
            Ok(0) => break,
            Ok(more) => filled += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    bytes.truncate(filled);
    Ok(bytes)
}
