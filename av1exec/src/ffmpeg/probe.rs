//! Asking ffprobe.

use std::path::Path;
use std::time::Duration;

use av1plan::probe::{PacketSummary, ProbeError as DocumentError, ProbeText};
use av1plan::{EncodePlan, MediaProbe, command, wants_frame_probe};

use crate::ffmpeg::argv::bind;
use crate::ffmpeg::tools::Tools;
use crate::sys::process::{CaptureError, Output, Watched, capture, start, watch};

/// ffprobe reads headers only; a minute is for disks that have to spin up.
const PROBE_TIMEOUT: Duration = Duration::from_mins(1);

/// Larger than any sensible film's description; tags are anybody's.
const OUTPUT_LIMIT: usize = 32 << 20;

/// Asks ffprobe about the file at `path`, which should be absolute and a regular file: on others ffprobe hangs. What it says
/// has been read once, and can be read again.
pub async fn ask(tools: &Tools, path: &Path) -> Result<(ProbeText, MediaProbe), ProbeError> {
    ask_with(tools, path, wants_frame_probe).await
}

/// What ffprobe says of a result, its first frame included where `plan` promises something that is seen there only.
pub async fn result(tools: &Tools, path: &Path, plan: &EncodePlan) -> Result<MediaProbe, ProbeError> {
    let promised = plan.contract.picture.hdr10_plus;
    Ok(ask_with(tools, path, |probe| promised || wants_frame_probe(probe)).await?.1)
}

async fn ask_with(
    tools: &Tools,
    path: &Path,
    wants_frame: impl Fn(&MediaProbe) -> bool,
) -> Result<(ProbeText, MediaProbe), ProbeError> {
    let mut text = ProbeText { probe: run(tools, path, command::probe_arguments()).await?, frame: None };
    let probe = text.parse()?;
    let Some((video, _)) = probe.main_video().filter(|_| wants_frame(&probe)) else {
        return Ok((text, probe));
    };
    text.frame = Some(run(tools, path, command::frame_probe_arguments(video.index)).await?);
    let probe = text.parse()?;
    Ok((text, probe))
}

/// What ffprobe says of the file at `path`, read.
pub async fn probe(tools: &Tools, path: &Path) -> Result<MediaProbe, ProbeError> {
    Ok(ask(tools, path).await?.1)
}

async fn run(tools: &Tools, path: &Path, args: Vec<command::Arg>) -> Result<Vec<u8>, ProbeError> {
    let args = bind(args, path, Path::new(""));
    let captured = capture(&tools.ffprobe, &args, OUTPUT_LIMIT, PROBE_TIMEOUT).await?;
    if captured.status.success() {
        Ok(captured.stdout)
    } else {
        Err(ProbeError::Refused { words: captured.last_words() })
    }
}

/// Counts the packets of the file at `path`, all of them, read from the disk, and keeps the times of the stream `picture`.
pub async fn packets(tools: &Tools, path: &Path, picture: u32) -> Result<PacketSummary, ProbeError> {
    let summary = PacketSummary::with_times_of(picture);
    add_packets(tools, path, command::packet_probe_arguments(), summary).await
}

/// Counts the packets of the first seconds of the file at `path`.
pub async fn opening(tools: &Tools, path: &Path) -> Result<PacketSummary, ProbeError> {
    add_packets(tools, path, command::opening_probe_arguments(), PacketSummary::default()).await
}

async fn add_packets(
    tools: &Tools,
    path: &Path,
    args: Vec<command::Arg>,
    mut summary: PacketSummary,
) -> Result<PacketSummary, ProbeError> {
    let args = bind(args, path, Path::new(""));
    let child = start(&tools.ffprobe, &args).await.map_err(CaptureError::Start)?;
    let watched = watch(child, None, |output, line| match output {
        Output::Stdout => summary.add_line(line),
        // What is missing shows in the summary: ffprobe complains of files that it reads well (Opus headers).
        Output::Stderr => {}
    });
    // ffprobe ends well on files whose packets it can't read, and the summary tells of those; a signal is another matter.
    match watched.await.map_err(CaptureError::Read)? {
        Watched::Ended(status) if status.code().is_some() => Ok(summary),
        Watched::Ended(_) | Watched::Silent(_) => {
            Err(ProbeError::Failed(CaptureError::Read(std::io::Error::other("a signal ended it"))))
        }
    }
}

/// Why ffprobe's word on a file couldn't be had.
#[derive(Debug, thiserror::Error)]
pub enum ProbeError {
    /// ffprobe says that it can't read the file.
    #[error("ffprobe can't read it: {words}")]
    Refused {
        /// The last line that it said.
        words: String,
    },
    /// ffprobe's output is no document.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// ffprobe itself went wrong.
    #[error("ffprobe failed: {0}")]
    Failed(#[from] CaptureError),
}
