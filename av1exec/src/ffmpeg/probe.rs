//! Runs ffprobe on films and results.

use std::path::Path;
use std::time::Duration;

use av1plan::probe::{
    PacketSummary, ProbeDepth, ProbeError as DocumentError, ProbeText, is_refused_format, refused_format,
};
use av1plan::{EncodePlan, MediaProbe, command, wants_frame_probe};

use crate::ffmpeg::argv::bind;
use crate::ffmpeg::tools::Tools;
use crate::sys::process::{CaptureError, Output, Pulse, capture, start, watch};

/// ffprobe reads headers only, which takes seconds; the minute is for disks that have to spin up.
const PROBE_TIMEOUT: Duration = Duration::from_mins(1);

/// The limit of ffprobe's output. It is larger than the description of any real film; metadata tags may have any size.
const OUTPUT_LIMIT: usize = 32 << 20;

/// Runs ffprobe on the file at `path`, which should be absolute and a regular file: on other files ffprobe hangs.
/// Returns its output both as text, to be stored, and parsed.
pub async fn ask(tools: &Tools, path: &Path) -> Result<(ProbeText, MediaProbe), ProbeError> {
    ask_with(tools, path, wants_frame_probe).await
}

/// Probes a result. The first frame is probed too if `plan` promises what only a frame may show.
pub async fn result(tools: &Tools, path: &Path, plan: &EncodePlan) -> Result<MediaProbe, ProbeError> {
    Ok(ask_with(tools, path, |_| plan.contract.picture.needs_first_frame()).await?.1)
}

async fn ask_with(
    tools: &Tools,
    path: &Path,
    wants_frame: impl Fn(&MediaProbe) -> bool,
) -> Result<(ProbeText, MediaProbe), ProbeError> {
    let mut text = ProbeText::new(run(tools, path, command::probe_arguments(ProbeDepth::Usual)).await?);
    let mut probe = text.parse()?;
    let depth = probe.needed_depth();
    if depth != ProbeDepth::Usual {
        text = ProbeText::new(run(tools, path, command::probe_arguments(depth)).await?);
        probe = text.parse()?;
    }
    let Some((video, _)) = probe.main_video().filter(|_| wants_frame(&probe)) else {
        return Ok((text, probe));
    };
    text.frame = Some(run(tools, path, command::frame_probe_arguments(video.index, depth)).await?);
    let probe = text.parse()?;
    Ok((text, probe))
}

/// Runs ffprobe on the file at `path` and parses its output.
pub async fn probe(tools: &Tools, path: &Path) -> Result<MediaProbe, ProbeError> {
    Ok(ask(tools, path).await?.1)
}

async fn run(tools: &Tools, path: &Path, args: Vec<command::Arg>) -> Result<Vec<u8>, ProbeError> {
    let args = bind(&args, path, Path::new(""));
    let captured = capture(&tools.ffprobe, &args, OUTPUT_LIMIT, PROBE_TIMEOUT).await?;
    if captured.status.success() {
        Ok(captured.stdout)
    } else if is_refused_format(&String::from_utf8_lossy(&captured.stderr)) {
        refused(tools, path, captured.last_words()).await
    } else {
        Err(ProbeError::Refused { words: captured.last_words() })
    }
}

/// Asks for the format of a file that ffprobe may not read. If it isn't sure of the format, the file counts as
/// unreadable.
async fn refused<T>(tools: &Tools, path: &Path, words: String) -> Result<T, ProbeError> {
    let args = bind(&command::format_probe_arguments(), path, Path::new(""));
    let captured = capture(&tools.ffprobe, &args, OUTPUT_LIMIT, PROBE_TIMEOUT).await?;
    let format = refused_format(&String::from_utf8_lossy(&captured.stderr));
    Err(format.map_or(ProbeError::Refused { words }, |format| ProbeError::UnsupportedFormat { format }))
}

/// Reads all packets of the file at `path` from the disk and summarizes them. Keeps the timestamps of the stream with
/// the index `picture`.
pub async fn packets(tools: &Tools, path: &Path, picture: u32) -> Result<PacketSummary, ProbeError> {
    let mut summary = PacketSummary::with_times_of(picture);
    let args = command::packet_probe_arguments(ProbeDepth::Usual);
    each_line(tools, path, &args, None, |output, line| {
        // Complaints are ignored: ffprobe also complains about files that it reads well (Opus headers), and what is
        // missing shows in the summary.
        if output == Output::Stdout {
            summary.add_line(line);
        }
    })
    .await?;
    Ok(summary)
}

/// Summarizes the packets of the first seconds of a source of this depth.
pub async fn opening(tools: &Tools, path: &Path, depth: ProbeDepth) -> Result<PacketSummary, ProbeError> {
    let mut summary = PacketSummary::default();
    let args = command::opening_probe_arguments(depth);
    each_line(tools, path, &args, None, |output, line| {
        // Complaints are ignored: ffprobe also complains about files that it reads well (Opus headers), and what is
        // missing shows in the summary.
        if output == Output::Stdout {
            summary.add_line(line);
        }
    })
    .await?;
    Ok(summary)
}

/// Runs ffprobe, passes each line that it prints to `hear`, and ends it if it prints nothing to standard output for
/// as long as `limit`.
pub(super) async fn each_line(
    tools: &Tools,
    path: &Path,
    args: &[command::Arg],
    limit: Option<Duration>,
    hear: impl FnMut(Output, &str),
) -> Result<(), ProbeError> {
    let args = bind(args, path, Path::new(""));
    let child = start(&tools.ffprobe, &args).await.map_err(CaptureError::Start)?;
    let pulse = limit.map(|limit| Pulse { output: Output::Stdout, limit });
    let status = watch(child, pulse, hear)
        .await
        .and_then(|watched| watched.status("ffprobe"))
        .map_err(CaptureError::Read)?;
    // ffprobe's exit code is ignored: it is 0 even for files that it can't read to their end. Only an end by a signal
    // is an error.
    match status.code() {
        Some(_) => Ok(()),
        None => Err(ProbeError::Failed(CaptureError::Read(std::io::Error::other("a signal ended it")))),
    }
}

/// Why a file couldn't be probed.
#[derive(Debug, thiserror::Error)]
pub enum ProbeError {
    /// The last line that ffprobe printed to standard error.
    #[error("ffprobe can't read it: {words}")]
    Refused {
        /// The last line that ffprobe printed to standard error.
        words: String,
    },
    /// The file has a format that ffprobe may not read.
    #[error("its format, {format}, isn't one that is read")]
    UnsupportedFormat {
        /// ffmpeg's name of the format.
        format: String,
    },
    /// ffprobe's output can't be parsed.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// ffprobe couldn't be run to its end.
    #[error("ffprobe failed: {0}")]
    Failed(#[from] CaptureError),
    /// The file's own headers couldn't be read.
    #[error("its headers can't be read: {0}")]
    Headers(#[source] std::io::Error),
}
