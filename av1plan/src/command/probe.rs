//! The arguments with which ffprobe reads what is known of a file.

use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use super::{Arg, Placeholder, reading};
use crate::number::Micros;
use crate::probe::{MediaProbe, ProbeDepth};

/// The arguments with which ffprobe prints what [`MediaProbe::from_json`](crate::probe::MediaProbe::from_json) reads.
/// Begin with [`ProbeDepth::Usual`]; if [`MediaProbe::needed_depth`](crate::probe::MediaProbe::needed_depth) then says
/// so, probe once more.
pub fn probe_arguments(depth: ProbeDepth) -> Vec<Arg> {
    ffprobe(depth, &["-of", "json", "-show_format", "-show_streams", "-show_chapters"])
}

/// The arguments with which ffprobe says what format a file has, for
/// [`probe::refused_format`](crate::probe::refused_format). As ever, it reads nothing of a file in a format that isn't
/// allowed: it recognizes the format by the file's first bytes and its name, and then refuses it.
pub fn format_probe_arguments() -> Vec<Arg> {
    ffprobe_at("debug", ProbeDepth::Usual, &["-show_entries", "format=format_name"])
}

/// The arguments with which ffprobe prints the first frame of the stream `index`, for
/// [`MediaProbe::add_frame`](crate::probe::MediaProbe::add_frame). Pass the index of the main video; without the
/// selection ffprobe might print an audio frame.
pub fn frame_probe_arguments(index: u32, depth: ProbeDepth) -> Vec<Arg> {
    let mut args = ffprobe(depth, &["-of", "json", "-show_frames", "-read_intervals", "%+#1"]);
    args.splice(0..0, ["-select_streams".into(), alloc::format!("{index}").into()]);
    args
}

/// A run of ffprobe that looks at pictures for a survey.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PictureProbe {
    /// The arguments. Each line of standard output is one for
    /// [`PictureSummary::add_line`](crate::probe::PictureSummary::add_line).
    pub arguments: Vec<Arg>,
    /// Whether ffprobe's complaints can be believed: pass each line of standard error to
    /// [`PacketSummary::add_unplaced_complaint`](crate::probe::PacketSummary::add_unplaced_complaint) then. After a
    /// seek, ffprobe also complains of frames that need others which it skipped.
    pub tells_damage: bool,
}

/// The runs of ffprobe that look at the pictures of a film: at its key frames, and at all frames of a few stretches.
/// Empty if the film has no video.
///
/// Of codecs that have key frames only, a few are decoded in many places. For H.264 in 1080p with a key frame every two
/// seconds, the key frames took 0.5 % of the film's duration on one core (measured).
pub fn picture_probes(probe: &MediaProbe) -> Vec<PictureProbe> {
    let Some((stream, _)) = probe.main_video() else { return Vec::new() };
    let list = |which: [Arg; 2]| {
        let selected = ["-select_streams".into(), alloc::format!("{}", stream.index).into()];
        let show = ["-of", "compact=p=0", "-show_frames", "-show_entries", PICTURE_FIELDS];
        let ffprobe = ffprobe_at("level+warning", probe.needed_depth(), &show);
        selected.into_iter().chain(which).chain(ffprobe).collect()
    };
    let (places, packets) = if stream.has_key_frames_only() { (20, 3) } else { (7, 300) };
    let (intervals, seeks) = stretches(probe, places, packets);
    let stretches =
        PictureProbe { arguments: list(["-read_intervals".into(), intervals.into()]), tells_damage: !seeks };
    if stream.has_key_frames_only() {
        return vec![stretches];
    }
    let arguments = list(["-skip_frame".into(), "nokey".into()]);
    vec![PictureProbe { arguments, tells_damage: true }, stretches]
}

/// The stretches of a film for ffprobe's `-read_intervals`, and whether ffprobe seeks to them: so many `places`, each
/// of so many `packets`. A film of less than a minute, or of unknown duration, is a single one of at most a minute.
fn stretches(probe: &MediaProbe, places: i64, packets: u32) -> (String, bool) {
    let start = probe.format.start.unwrap_or_default();
    match probe.duration() {
        Some(duration) if duration >= Micros::from_secs(60) => {
            // The end is left out: ffprobe finds no frame there if the declared duration is too long.
            let part = duration.0 / places;
            let at = (0..places).map(|place| Micros(start.0.saturating_add(part.saturating_mul(place))));
            let at: Vec<String> = at.map(|at| alloc::format!("{at}%+#{packets}")).collect();
            (at.join(","), true)
        }
        _ => ("%+60".into(), false),
    }
}

/// The arguments with which ffprobe prints the channels of each frame of the audio stream `index`, for
/// [`Survey::add_channels`](crate::probe::Survey::add_channels).
pub fn sound_probe_arguments(index: u32, depth: ProbeDepth) -> Vec<Arg> {
    let mut args = vec!["-select_streams".into(), alloc::format!("{index}").into()];
    args.extend(ffprobe(depth, &["-of", "csv=p=0", "-show_frames", "-show_entries", "frame=channels"]));
    args
}

const PICTURE_FIELDS: &str = "frame=pts_time,width,height,pix_fmt,sample_aspect_ratio,interlaced_frame,top_field_first,\
                              color_range,color_space,color_primaries,color_transfer:frame_side_data=side_data_type";

/// The arguments with which ffprobe prints a line for each packet of a file, for
/// [`PacketSummary::add_line`](crate::probe::PacketSummary::add_line).
///
/// Each packet gets a hash of its content, which takes less than half a second for a gigabyte (measured).
/// Standard error gets what damage the demuxer sees, for
/// [`PacketSummary::add_complaint`](crate::probe::PacketSummary::add_complaint).
pub fn packet_probe_arguments(depth: ProbeDepth) -> Vec<Arg> {
    let show = ["-of", "csv=p=0", "-show_data_hash", "murmur3", "-show_entries", PACKET_FIELDS];
    ffprobe_at("level+warning", depth, &show)
}

/// The arguments with which ffprobe prints a line for each packet of a file's first five seconds, in which all
/// streams of nearly all films have begun.
pub fn opening_probe_arguments(depth: ProbeDepth) -> Vec<Arg> {
    ffprobe(depth, &["-of", "csv=p=0", "-read_intervals", "%+5", "-show_entries", PACKET_FIELDS])
}

/// ffprobe prints the fields in this order, in whatever order they are asked for.
const PACKET_FIELDS: &str = "packet=stream_index,pts_time,duration_time,size,flags,data_hash";

fn ffprobe(depth: ProbeDepth, show: &[&'static str]) -> Vec<Arg> {
    ffprobe_at("error", depth, show)
}

fn ffprobe_at(level: &'static str, depth: ProbeDepth, show: &[&'static str]) -> Vec<Arg> {
    let mut args = vec![Arg::from("-v"), Arg::from(level)];
    args.extend(show.iter().copied().chain(reading(depth)).map(Arg::from));
    args.extend([Arg::from("-i"), Arg::File(Placeholder::Input)]);
    args
}
