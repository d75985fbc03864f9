//! Surveys a film: reads all of its packets and its container's own headers, and decodes its key frames.

use std::path::Path;
use std::time::Duration;

use av1plan::probe::{PacketSummary, PictureSummary, Survey, asf, damage_in};
use av1plan::{MediaProbe, command};

use crate::ffmpeg::headers;
use crate::ffmpeg::probe::{ProbeError, each_line};
use crate::ffmpeg::tools::Tools;
use crate::sys::process::Output;

/// How many different numbers of channels are kept, of all streams. A film has one or two for each.
const MOST_CHANNELS: usize = 256;

/// Surveys the film at `path`, which ffprobe described as `probe`. An ffprobe that prints no packet for as long as
/// `stall` is ended.
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
    let (mut pictures, mut complaint) = (PictureSummary::default(), None);
    let all_packets = async {
        let args = command::packet_probe_arguments(probe.needed_depth());
        each_line(tools, path, &args, Some(stall), |output, line| match output {
            Output::Stdout => packets.add_line(line),
            Output::Stderr => packets.add_complaint(line),
        })
        .await
    };
    let all_pictures = async {
        for looks in command::picture_probes(probe) {
            // A film may have no key frame for long. If its disk hangs, the packets stop coming, too.
            each_line(tools, path, &looks.arguments, None, |output, line| match output {
                Output::Stdout => pictures.add_line(line),
                Output::Stderr if looks.tells_damage && complaint.is_none() && damage_in(line) => {
                    complaint = Some(line.to_owned());
                }
                Output::Stderr => {}
            })
            .await?;
        }
        Ok(())
    };
    let mut channels: Vec<(u32, String)> = Vec::new();
    let all_sounds = async {
        for index in probe.self_describing_sounds() {
            let args = command::sound_probe_arguments(index, probe.needed_depth());
            each_line(tools, path, &args, None, |output, line| {
                // A film has millions of frames, with few different numbers.
                let is_known = channels.iter().any(|(known, seen)| *known == index && seen == line);
                if output == Output::Stdout && !is_known && channels.len() < MOST_CHANNELS {
                    channels.push((index, line.to_owned()));
                }
            })
            .await?;
        }
        Ok(())
    };
    // All run at the same time, so that the others find what the first has read in the page cache.
    tokio::try_join!(all_packets, all_pictures, all_sounds)?;
    if let Some(line) = complaint {
        packets.add_unplaced_complaint(&line);
    }
    let matroska = if probe.format.is_read_by("matroska") {
        headers::read(path).await.map_err(ProbeError::Headers)?
    } else {
        None
    };
    let declared_size = if probe.format.is_read_by("asf") {
        let start = headers::start(path, asf::HEADER_LENGTH).await.map_err(ProbeError::Headers)?;
        asf::declared_size(&start)
    } else {
        None
    };
    let mut survey = Survey::new(packets, pictures).with_matroska(matroska).with_declared_size(declared_size);
    for (index, line) in channels {
        survey.add_channels(index, &line);
    }
    Ok(survey)
}
