//! ffmpeg and ffprobe: where they are, and whether they serve.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use av1plan::plan::Encoder;
use av1plan::toolchain::encoder_version_in;
use av1plan::{Toolchain, ToolchainError, command};

use crate::ffmpeg::argv::bind;
use crate::sys::failure::{Exit, Failure};
use crate::sys::process::{CaptureError, capture, find_in_path};

/// Both programs, and what ffmpeg can do.
#[derive(Debug, Clone)]
pub struct Tools {
    /// ffmpeg's path.
    pub ffmpeg: PathBuf,
    /// ffprobe's path.
    pub ffprobe: PathBuf,
    /// ffmpeg's version and encoders.
    pub toolchain: Toolchain,
}

/// Introducing itself takes ffmpeg a fraction of a second.
pub(crate) const QUERY_TIMEOUT: Duration = Duration::from_secs(30);
const OUTPUT_LIMIT: usize = 1 << 20;

impl Tools {
    /// Finds both, where they are named, else in `path`, a list of folders as `PATH` is, and asks ffmpeg what it is.
    pub async fn find(
        ffmpeg: Option<&Path>,
        ffprobe: Option<&Path>,
        path: Option<&OsStr>,
    ) -> Result<Self, ToolsError> {
        let ffmpeg = locate("ffmpeg", ffmpeg, path)?;
        let ffprobe = locate("ffprobe", ffprobe, path)?;
        let (version, encoders, decoders) = tokio::try_join!(
            ask(&ffmpeg, command::version_arguments(), QUERY_TIMEOUT),
            ask(&ffmpeg, command::encoders_arguments(), QUERY_TIMEOUT),
            ask(&ffmpeg, command::decoders_arguments(), QUERY_TIMEOUT),
        )?;
        let toolchain = Toolchain::parse(&version, &encoders, &decoders)
            .map_err(|source| ToolsError::Unfit { path: ffmpeg.clone(), source })?;
        Ok(Self { ffmpeg, ffprobe, toolchain })
    }
}

/// The version that an encoder of this ffmpeg says of itself; nothing where it says none, or takes too long.
pub async fn encoder_version(ffmpeg: &Path, encoder: Encoder) -> Option<String> {
    let args = bind(command::encoder_version_arguments(encoder), Path::new(""), Path::new(""));
    let captured = capture(ffmpeg, &args, OUTPUT_LIMIT, QUERY_TIMEOUT).await.ok()?;
    encoder_version_in(encoder, &String::from_utf8_lossy(&captured.stderr)).map(str::to_owned)
}

/// The configured one, else the first in `path`. Whether a configured one is there shows when it is run.
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

/// What a program answers to a question about itself.
pub(crate) async fn ask(
    program: &Path,
    args: Vec<command::Arg>,
    timeout: Duration,
) -> Result<String, ToolsError> {
    let args = bind(args, Path::new(""), Path::new(""));
    let captured = capture(program, &args, OUTPUT_LIMIT, timeout)
        .await
        .map_err(|source| ToolsError::Failed { path: program.to_owned(), source })?;
    Ok(String::from_utf8_lossy(&captured.stdout).into_owned())
}

/// Why there is no ffmpeg to work with.
#[derive(Debug, thiserror::Error)]
pub enum ToolsError {
    /// Not in the config, and not in `PATH`.
    #[error("{name} is not in PATH")]
    Missing {
        /// Which program.
        name: &'static str,
    },
    /// It doesn't run.
    #[error("{} can't be used: {source}", path.display())]
    Failed {
        /// The program.
        path: PathBuf,
        /// What happened.
        source: CaptureError,
    },
    /// It runs, but is too old, or without an encoder or a decoder.
    #[error("{} can't be used: {source}", path.display())]
    Unfit {
        /// The program.
        path: PathBuf,
        /// What is wrong with it.
        source: ToolchainError,
    },
}

impl ToolsError {
    /// What to do about it.
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
