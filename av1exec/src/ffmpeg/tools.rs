//! Finds ffmpeg, ffprobe and MKVToolNix, and checks whether they are usable.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use av1plan::plan::Encoder;
use av1plan::toolchain::encoder_version_in;
use av1plan::{Toolchain, ToolchainError, command};

use crate::ffmpeg::argv::bind;
use crate::sys::failure::{Exit, Failure};
use crate::sys::process::{CaptureError, capture, find_in_path};

/// The paths of the programs, and what ffmpeg supports.
#[derive(Debug, Clone)]
pub struct Tools {
    /// ffmpeg's path.
    pub ffmpeg: PathBuf,
    /// ffprobe's path.
    pub ffprobe: PathBuf,
    /// The programs that edit Matroska's headers; `None` if they aren't there, and then what ffmpeg can't write into
    /// headers is lost.
    pub editor: Option<HeaderEditor>,
    /// ffmpeg's version, encoders and decoders.
    pub toolchain: Toolchain,
}

/// The programs of MKVToolNix that edit Matroska's headers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeaderEditor {
    /// mkvextract's path.
    pub mkvextract: PathBuf,
    /// mkvpropedit's path.
    pub mkvpropedit: PathBuf,
}

impl HeaderEditor {
    /// Finds both programs, in the configured folder or else in `path`. They aren't run: a result whose headers they
    /// didn't edit isn't accepted.
    pub fn find(folder: Option<&Path>, path: Option<&OsStr>) -> Option<Self> {
        let path = folder.map(Path::as_os_str).or(path)?;
        let find = |name| find_in_path(name, path);
        Some(Self { mkvextract: find("mkvextract")?, mkvpropedit: find("mkvpropedit")? })
    }
}

/// The limit for a query of ffmpeg about itself (version, encoders, filters), which usually takes a fraction of a
/// second.
pub(crate) const QUERY_TIMEOUT: Duration = Duration::from_secs(30);
const OUTPUT_LIMIT: usize = 1 << 20;

impl Tools {
    /// Finds the programs, by their configured paths or else in `path` (which has the format of `PATH`), and queries
    /// ffmpeg's version and codecs. `mkvtoolnix` is the configured folder of MKVToolNix's programs.
    pub async fn find(
        ffmpeg: Option<&Path>,
        ffprobe: Option<&Path>,
        mkvtoolnix: Option<&Path>,
        path: Option<&OsStr>,
    ) -> Result<Self, ToolsError> {
        let editor = HeaderEditor::find(mkvtoolnix, path);
        let ffmpeg = locate("ffmpeg", ffmpeg, path)?;
        let ffprobe = locate("ffprobe", ffprobe, path)?;
        let (version, encoders, decoders) = tokio::try_join!(
            ask(&ffmpeg, command::version_arguments(), QUERY_TIMEOUT),
            ask(&ffmpeg, command::encoders_arguments(), QUERY_TIMEOUT),
            ask(&ffmpeg, command::decoders_arguments(), QUERY_TIMEOUT),
        )?;
        let toolchain = Toolchain::parse(&version, &encoders, &decoders)
            .map_err(|source| ToolsError::Unfit { path: ffmpeg.clone(), source })?;
        let toolchain = toolchain.with_header_editor(editor.is_some());
        Ok(Self { ffmpeg, ffprobe, editor, toolchain })
    }
}

/// Returns the version that an encoder of this ffmpeg prints, or `None` if it prints none or takes too long.
pub async fn encoder_version(ffmpeg: &Path, encoder: Encoder) -> Option<String> {
    let args = bind(&command::encoder_version_arguments(encoder), Path::new(""), Path::new(""));
    let captured = capture(ffmpeg, &args, OUTPUT_LIMIT, QUERY_TIMEOUT).await.ok()?;
    encoder_version_in(encoder, &String::from_utf8_lossy(&captured.stderr)).map(str::to_owned)
}

/// Returns the configured path, or else the first match in `path`. A configured path isn't checked here: running it
/// shows whether it exists.
pub(crate) fn locate(
    name: &'static str,
    configured: Option<&Path>,
    path: Option<&OsStr>,
) -> Result<PathBuf, ToolsError> {
    match configured {
        Some(configured) => Ok(configured.to_owned()),
        None => path.and_then(|path| find_in_path(name, path)).ok_or(ToolsError::Missing { name }),
    }
}

/// Runs a program with arguments that query something about itself, and returns its standard output.
pub(crate) async fn ask(
    program: &Path,
    args: Vec<command::Arg>,
    timeout: Duration,
) -> Result<String, ToolsError> {
    let args = bind(&args, Path::new(""), Path::new(""));
    let captured = capture(program, &args, OUTPUT_LIMIT, timeout)
        .await
        .map_err(|source| ToolsError::Failed { path: program.to_owned(), source })?;
    Ok(String::from_utf8_lossy(&captured.stdout).into_owned())
}

/// Why ffmpeg or ffprobe can't be used.
#[derive(Debug, thiserror::Error)]
pub enum ToolsError {
    /// The program is neither configured nor in `PATH`.
    #[error("{name} is not in PATH")]
    Missing {
        /// The program's name.
        name: &'static str,
    },
    /// The program can't be run.
    #[error("{} can't be used: {source}", path.display())]
    Failed {
        /// The program's path.
        path: PathBuf,
        /// The cause.
        source: CaptureError,
    },
    /// ffmpeg runs, but is too old, or lacks an encoder or a decoder.
    #[error("{} can't be used: {source}", path.display())]
    Unfit {
        /// The program's path.
        path: PathBuf,
        /// What it lacks.
        source: ToolchainError,
    },
}

impl ToolsError {
    /// Says what to do about the error.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Missing { .. } => {
                "install ffmpeg 8.0 or newer, or set `ffmpeg` and `ffprobe` in the config to their paths"
            }
            Self::Failed { .. } => {
                "check that the path in the config is that of an ffmpeg that runs on this machine"
            }
            Self::Unfit { source, .. } => source.hint(),
        }
    }
}

impl From<ToolsError> for Failure {
    fn from(error: ToolsError) -> Self {
        Self::from_error(Exit::NoTools, &error).hint(error.hint())
    }
}
