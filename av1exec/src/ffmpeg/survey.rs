//! Surveys a film: reads all of its packets and its container's own headers, and decodes its key frames.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use av1plan::probe::{MatroskaFacts, PacketSummary, PictureSummary, Survey, matroska};
use av1plan::{MediaProbe, command};

use crate::ffmpeg::probe::{ProbeError, each_line};
use crate::ffmpeg::tools::Tools;

/// Surveys the film at `path`, which ffprobe described as `probe`. An ffprobe that prints no packet for as long as `stall`
/// is ended.
///
/// # Errors
///
/// If ffprobe couldn't be run to its end. What it can't read of the film is no error: the survey shows that.
pub async fn survey(
    tools: &Tools,
    path: &Path,
    probe: &MediaProbe,
    stall: Duration,
) -> Result<Survey, ProbeError> {
    let mut packets = PacketSummary::default().joining_clocks(probe.format.is_stream_of_packets());
    let mut pictures = PictureSummary::default();
    let all_packets = async {
        let args = command::packet_probe_arguments(probe.needed_depth());
        each_line(tools, path, &args, Some(stall), |line| packets.add_line(line)).await
    };
    let all_pictures = async {
        for args in command::picture_probe_arguments(probe) {
            // A film may have no key frame for long. If its disk hangs, the packets stop coming, too.
            each_line(tools, path, &args, None, |line| pictures.add_line(line)).await?;
        }
        Ok(())
    };
    // Both run at the same time, so that the second finds what the first has read in the page cache.
    tokio::try_join!(all_packets, all_pictures)?;
    let matroska = if probe.format.is_read_by("matroska") {
        headers(path.to_owned()).await.map_err(ProbeError::Headers)?
    } else {
        None
    };
    Ok(Survey::new(packets.into_streams(), pictures).with_matroska(matroska))
}

/// Reads the headers of a Matroska file. That takes a few dozen reads of 16 KiB, on a thread of its own, because the
/// disk may take its time.
async fn headers(path: PathBuf) -> io::Result<Option<MatroskaFacts>> {
    let read = move || {
        let file = File::open(path)?;
        let size = file.metadata()?.len();
        matroska::read(size, |offset, length| piece(&file, offset, length))
    };
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
