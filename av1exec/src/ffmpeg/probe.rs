//! Runs ffprobe on films and results.

use std::path::Path;
use std::time::Duration;

use av1plan::probe::{
    PacketSummary, ProbeError as DocumentError, ProbeText, is_refused_format, refused_format,
};
use av1plan::{EncodePlan, MediaProbe, command, wants_frame_probe};

use crate::ffmpeg::argv::bind;
use crate::ffmpeg::tools::Tools;
use crate::sys::process::{CaptureError, Output, Watched, capture, start, watch};

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
    let mut text = ProbeText::new(run(tools, path, command::probe_arguments()).await?);
    let probe = text.parse()?;
    let Some((video, _)) = probe.main_video().filter(|_| wants_frame(&probe)) else {
        return Ok((text, probe));
    };
    text.frame = Some(run(tools, path, command::frame_probe_arguments(video.index)).await?);
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
    let summary = PacketSummary::with_times_of(picture);
    add_packets(tools, path, command::packet_probe_arguments(), summary).await
}

/// Summarizes the packets of the first seconds of the file at `path`.
pub async fn opening(tools: &Tools, path: &Path) -> Result<PacketSummary, ProbeError> {
    add_packets(tools, path, command::opening_probe_arguments(), PacketSummary::default()).await
}

async fn add_packets(
    tools: &Tools,
    path: &Path,
    args: Vec<command::Arg>,
    mut summary: PacketSummary,
) -> Result<PacketSummary, ProbeError> {
    let args = bind(&args, path, Path::new(""));
    let child = start(&tools.ffprobe, &args).await.map_err(CaptureError::Start)?;
    let watched = watch(child, None, |output, line| match output {
        Output::Stdout => summary.add_line(line),
        // Complaints are ignored: ffprobe also complains about files that it reads well (Opus headers), and missing
        // packets show in the summary.
        Output::Stderr => {}
    });
    // ffprobe's exit code is ignored: it is 0 even for files whose packets it can't read, and the summary shows those.
    // Only an end by a signal is an error.
    match watched.await.map_err(CaptureError::Read)? {
        Watched::Ended(status) if status.code().is_some() => Ok(summary),
        Watched::Ended(_) | Watched::Silent(_) => {
            Err(ProbeError::Failed(CaptureError::Read(std::io::Error::other("a signal ended it"))))
        }
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
}
