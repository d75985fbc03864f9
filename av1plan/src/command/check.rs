//! The arguments with which ffmpeg checks a result: it decodes it, compares parts of it with the original, and scores
//! it.

use alloc::borrow::Cow;
use alloc::format;
use alloc::vec::Vec;

use super::{Arg, Args, KEEP_FILTERS, Placeholder, filter};
use crate::judge::Metric;
use crate::judge::picture::{ThumbnailSize, Window};
use crate::number::Micros;
use crate::plan::{EncodePlan, StreamType, Treatment};
use crate::probe::ProbeDepth;
use crate::sample::SampleWindow;
use crate::setters::setters;

/// Which of two films a check reads: the source or the result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Side {
    /// The source film.
    Source,
    /// The encoded result.
    Result,
}

impl Side {
    /// How deep the file of this side must be probed. Results are Matroska, MP4 or WebM.
    pub(super) fn depth(self, plan: &EncodePlan) -> ProbeDepth {
        match self {
            Self::Source => plan.probe_depth,
            Self::Result => ProbeDepth::Usual,
        }
    }
}

/// How ffmpeg gets to the start of a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SeekMode {
    /// It seeks to this time, in microseconds (see [`seek_position`](crate::judge::picture::seek_position)). That is
    /// fast, but some files are off by a few frames, and some by more.
    Seek(Micros),
    /// It decodes everything before the window. That is slow but always exact.
    FromStart,
}

/// The arguments with which ffmpeg writes the thumbnails of a window to standard output, for
/// [`judge::picture::compare`](crate::judge::picture::compare()). The source's pictures pass the plan's filters
/// first, so that both can be compared.
pub fn picture_arguments(
    plan: &EncodePlan,
    side: Side,
    window: Window,
    seek: SeekMode,
    size: ThumbnailSize,
) -> Vec<Arg> {
    let mut args = Args(Vec::with_capacity(40));
    // Pictures are compared as they are stored, without the rotation that players apply.
    args.fixed(&["-nostdin", "-hide_banner", "-loglevel", "error", "-noautorotate"]);
    match (seek, side) {
        (SeekMode::Seek(to), _) => args.option("-ss", format!("{to}")),
        // The source is read with the timestamps of the encode, so that the window is at the same place.
        (SeekMode::FromStart, Side::Source) => args.source_times(plan.timestamps),
        (SeekMode::FromStart, Side::Result) => {}
    }
    if side == Side::Source && plan.video.keeps_filters {
        args.fixed(&KEEP_FILTERS);
    }
    args.input(side.depth(plan), Placeholder::Input);
    let mut filters: Vec<Cow<'static, str>> = Vec::new();
    match side {
        Side::Source => {
            args.main_video(plan);
            filters.extend(plan.video.filters.iter().map(filter));
        }
        Side::Result => args.fixed(&["-map", "0:v:0"]),
    }
    let Window { start, length } = window;
    if seek == SeekMode::FromStart {
        filters.push(format!("setpts=PTS-STARTPTS,trim=start={start}:duration={length}").into());
    } else {
        args.option("-t", format!("{length}"));
    }
    let (format, ThumbnailSize { width, height }) = (plan.video.pixel_format.name(), size);
    filters.push(format!("format={format},scale={width}:{height}:flags=area,format=yuv444p10le").into());
    args.option("-vf", filters.join(","));
    args.option("-frames:v", format!("{}", size.most_frames()));
    args.fixed(&["-fps_mode", "passthrough", "-f", "rawvideo", "pipe:1"]);
    args.0
}

/// What to score: a result, its original, and the metric.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct ScoreRequest<'a> {
    /// The plan by which the original became the result: it says which stream was encoded and through which filters.
    pub plan: &'a EncodePlan,
    /// The index of the result's video stream.
    pub stream: u32,
    /// The metric.
    pub metric: Metric,
    /// How many threads the metric may use (VMAF only).
    pub threads: u32,
}

impl<'a> ScoreRequest<'a> {
    /// Scores the video stream `stream` of a result of `plan` by `metric`, with one thread.
    pub fn new(plan: &'a EncodePlan, stream: u32, metric: Metric) -> Self {
        Self { plan, stream, metric, threads: 1 }
    }
}

setters! {
    ScoreRequest<'a> {
        with_threads: threads, u32;
    }
}

/// The same part of a result and of its original, to which ffmpeg seeks in both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SeekRange {
    /// When it begins in the result, in microseconds.
    pub result: Micros,
    /// When it begins in the original, in microseconds.
    pub original: Micros,
    /// The duration of the range, in microseconds.
    pub length: Micros,
}

/// What of a film is scored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScorePart {
    /// All of it.
    Whole,
    /// This part.
    Range(SeekRange),
    /// A sample, whose first picture is the first one of this window of the original.
    Sample(SampleWindow),
}

/// The arguments with which ffmpeg scores the pictures of a result ([`Placeholder::Input`]) against its original
/// ([`Placeholder::Original`]). Timestamps are written to standard error,
/// scores to standard output.
///
/// Each picture is paired with the one that is nearest in time. A result's timestamps are rounded to its container's
/// tick, and ffmpeg's default (the nearest that isn't later) would pair every second picture with its neighbour.
pub fn score_arguments(scored: &ScoreRequest<'_>, part: ScorePart) -> Vec<Arg> {
    let ScoreRequest { plan, stream, metric, threads } = *scored;
    let mut args = Args(Vec::with_capacity(50));
    args.fixed(&["-nostdin", "-hide_banner", "-loglevel", "error"]);
    for input in [Placeholder::Input, Placeholder::Original] {
        let is_original = input == Placeholder::Original;
        args.push("-noautorotate");
        match part {
            ScorePart::Range(SeekRange { result, original, length }) => {
                args.option("-ss", format!("{}", if is_original { original } else { result }));
                args.option("-t", format!("{length}"));
            }
            ScorePart::Sample(window) if is_original => {
                // As the sample was made, so that both begin with the same picture.
                args.source_times(plan.timestamps);
                args.range(window);
            }
            ScorePart::Whole if is_original => args.source_times(plan.timestamps),
            ScorePart::Sample(_) | ScorePart::Whole => {}
        }
        let side = if is_original { Side::Source } else { Side::Result };
        if is_original && plan.video.keeps_filters {
            args.fixed(&KEEP_FILTERS);
        }
        args.input(side.depth(plan), input);
    }
    // After a seek, the timestamps of both files count from the place to which ffmpeg seeked.
    let start = if matches!(part, ScorePart::Range(_)) { "" } else { ",setpts=PTS-STARTPTS" };
    let format = metric.pixel_format(plan.video.pixel_format).name();
    let source = plan.mapped().find(|(_, kept)| kept.treatment == Treatment::Encode);
    let source = source.map_or("v:0".into(), |(stream, _)| format!("{}", stream.index));
    let steps = plan.video.filters.iter().map(filter);
    let steps: Vec<Cow<'static, str>> = steps.chain(core::iter::once("settb=AVTB".into())).collect();
    let steps = steps.join(",");
    let compare = match metric {
        Metric::Vmaf { model } => format!(
            "libvmaf=ts_sync_mode=nearest:model=version={}:n_threads={threads}:log_fmt=csv:log_path=/dev/stdout",
            model.name()
        ),
        Metric::Xpsnr => "xpsnr=ts_sync_mode=nearest,metadata=mode=print:file=-".into(),
    };
    args.option(
        "-filter_complex",
        format!(
            "[0:{stream}]settb=AVTB{start},format={format}[result];\
             [1:{source}]{steps}{start},format={format}[original];[result][original]{compare}"
        ),
    );
    args.fixed(&["-fps_mode", "passthrough", "-stats_mux_pre", "pipe:2", "-stats_mux_pre_fmt", "{t}"]);
    args.fixed(&["-f", "null", "-"]);
    args.0
}

/// The arguments with which ffmpeg decodes the whole video of a result, and writes a line with a timestamp for each
/// picture to standard output.
///
/// The decoder dav1d gets `-strict 1`, with which it checks the bits that must follow a picture's data. Without it,
/// four flipped bytes in a packet of AV1 were noticed in 0 of 10 files, with it in 10 of 10 (measured).
pub fn decode_video_arguments() -> Vec<Arg> {
    // Filters that are kept complain of a picture of another size, to which they would be rebuilt otherwise.
    let [keep, on] = KEEP_FILTERS;
    let mut args = decode(&["-xerror", "-strict", "1", keep, on], ProbeDepth::Usual);
    args.fixed(&["-map", "0:v:0", "-fps_mode", "passthrough"]);
    args.fixed(&["-stats_mux_pre", "pipe:1", "-stats_mux_pre_fmt", "{t}", "-f", "null", "-"]);
    args.0
}

/// The arguments with which ffmpeg decodes the plan's audio streams, of the source or of the result; `None` if the
/// plan keeps no audio.
///
/// ffmpeg goes on after errors, so that those of source and result can be counted and compared.
pub fn decode_audio_arguments(plan: &EncodePlan, side: Side) -> Option<Vec<Arg>> {
    let sounds = plan.mapped().zip(0_u32..).filter(|((stream, _), _)| stream.kind == StreamType::Audio);
    let indexes: Vec<u32> = match side {
        Side::Source => sounds.map(|((stream, _), _)| stream.index).collect(),
        Side::Result => sounds.map(|(_, position)| position).collect(),
    };
    decode_streams_arguments(&indexes, side.depth(plan))
}

/// The arguments with which ffmpeg decodes the streams with these indexes of any file, and goes on after errors;
/// `None` if `indexes` is empty.
pub fn decode_streams_arguments(indexes: &[u32], depth: ProbeDepth) -> Option<Vec<Arg>> {
    if indexes.is_empty() {
        return None;
    }
    let mut args = decode(&["-err_detect", "crccheck"], depth);
    for index in indexes {
        args.option("-map", format!("0:{index}"));
    }
    args.fixed(&["-stats_mux_pre", "pipe:1", "-stats_mux_pre_fmt", "{t}", "-f", "null", "-"]);
    Some(args.0)
}

fn decode(options: &[&'static str], depth: ProbeDepth) -> Args {
    let mut args = Args(Vec::with_capacity(40));
    args.fixed(&["-nostdin", "-hide_banner", "-loglevel", "level+warning"]);
    args.fixed(options);
    args.input(depth, Placeholder::Input);
    args
}
