//! The commands by which a result is checked: decoded, compared with its original in parts, scored against it.

use alloc::borrow::Cow;
use alloc::format;
use alloc::vec::Vec;

use super::{Arg, Args, Placeholder, SAFE_INPUT, filter};
use crate::judge::Metric;
use crate::judge::picture::{Thumbnail, Window};
use crate::number::Micros;
use crate::plan::{EncodePlan, StreamType, Treatment};
use crate::setters::setters;

/// Which of the two films a check reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Side {
    /// The original.
    Source,
    /// What was made of it.
    Result,
}

/// How a window of a film is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reach {
    /// The container is entered here: quick, but some land a few frames off, and some elsewhere.
    Seek(Micros),
    /// Everything before it is decoded: slow and certain.
    FromStart,
}

/// The arguments of ffmpeg that write the thumbnails of a window to standard output, for
/// [`judge::picture::compare`](crate::judge::picture::compare()). The source passes the plan's own filters first.
pub fn sample_arguments(
    plan: &EncodePlan,
    side: Side,
    window: Window,
    reach: Reach,
    size: Thumbnail,
) -> Vec<Arg> {
    let mut args = Args(Vec::with_capacity(40));
    // A picture is compared as stored, whatever turns it for show.
    args.fixed(&["-nostdin", "-hide_banner", "-loglevel", "error", "-noautorotate"]);
    match (reach, side) {
        (Reach::Seek(to), _) => args.option("-ss", format!("{to}")),
        // The window lies where the encode had it.
        (Reach::FromStart, Side::Source) => args.source_times(plan.timestamps),
        (Reach::FromStart, Side::Result) => {}
    }
    args.fixed(&SAFE_INPUT);
    args.push("-i");
    args.0.push(Arg::File(Placeholder::Input));
    let mut filters: Vec<Cow<'static, str>> = Vec::new();
    match side {
        Side::Source => {
            let encoded = plan.mapped().find(|(_, kept)| kept.treatment == Treatment::Encode);
            args.option("-map", encoded.map_or("0:v:0".into(), |(stream, _)| format!("0:{}", stream.index)));
            filters.extend(plan.video.filters.iter().map(filter));
        }
        Side::Result => args.fixed(&["-map", "0:v:0"]),
    }
    let Window { start, length } = window;
    if reach == Reach::FromStart {
        filters.push(format!("setpts=PTS-STARTPTS,trim=start={start}:duration={length}").into());
    } else {
        args.option("-t", format!("{length}"));
    }
    let (format, Thumbnail { width, height }) = (plan.video.pixel_format.name(), size);
    filters.push(format!("format={format},scale={width}:{height}:flags=area,format=yuv444p10le").into());
    args.option("-vf", filters.join(","));
    args.option("-frames:v", format!("{}", size.most_frames()));
    args.fixed(&["-fps_mode", "passthrough", "-f", "rawvideo", "pipe:1"]);
    args.0
}

/// A result and its original, whose pictures are to be scored.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Scored<'a> {
    /// How the original became, or would become, a result: which stream, through which filters.
    pub plan: &'a EncodePlan,
    /// The result's video stream.
    pub stream: u32,
    /// By what.
    pub metric: Metric,
    /// How many threads it may use.
    pub threads: u32,
}

impl<'a> Scored<'a> {
    /// The video stream of this index of a result of `plan`, to be scored by `metric`, with one thread.
    pub fn new(plan: &'a EncodePlan, stream: u32, metric: Metric) -> Self {
        Self { plan, stream, metric, threads: 1 }
    }
}

setters! {
    Scored<'a> {
        with_threads: threads, u32;
    }
}

/// The same part of a result and of its original, which ffmpeg seeks to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// Where it begins in the result.
    pub result: Micros,
    /// Where it begins in the original.
    pub original: Micros,
    /// How long it is.
    pub length: Micros,
}

/// The arguments of ffmpeg that score each picture of a result ([`Placeholder::Input`]) against the original's
/// ([`Placeholder::Original`]). Without a `part` all pictures are scored.
///
/// Pictures are paired by their times, to the nearest: a result's are rounded to its container's tick, and the default
/// (the nearest that isn't later) would pair every other one with its neighbour. Times go to standard error, scores to
/// standard output.
pub fn score_arguments(scored: &Scored<'_>, part: Option<Part>) -> Vec<Arg> {
    let Scored { plan, stream, metric, threads } = *scored;
    let mut args = Args(Vec::with_capacity(50));
    args.fixed(&["-nostdin", "-hide_banner", "-loglevel", "error"]);
    for input in [Placeholder::Input, Placeholder::Original] {
        let is_original = input == Placeholder::Original;
        args.push("-noautorotate");
        match part {
            Some(Part { result, original, length }) => {
                args.option("-ss", format!("{}", if is_original { original } else { result }));
                args.option("-t", format!("{length}"));
            }
            None if is_original => args.source_times(plan.timestamps),
            None => {}
        }
        args.fixed(&SAFE_INPUT);
        args.push("-i");
        args.0.push(Arg::File(input));
    }
    // After a seek both count from where they were entered.
    let start = if part.is_some() { "" } else { ",setpts=PTS-STARTPTS" };
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

/// The arguments of ffmpeg that decode all of a result's pictures, and write a line with a time for each to standard output.
///
/// Measured with dav1d: without `-strict 1` four bytes flipped in a packet of AV1 were noticed in 0 of 10 files, with it in
/// 10 of 10, since it then looks at the bits that must follow a picture's data.
pub fn decode_video_arguments() -> Vec<Arg> {
    let mut args = decode(&["-xerror", "-strict", "1"]);
    args.fixed(&["-map", "0:v:0", "-fps_mode", "passthrough"]);
    args.fixed(&["-stats_mux_pre", "pipe:1", "-stats_mux_pre_fmt", "{t}", "-f", "null", "-"]);
    args.0
}

/// The arguments of ffmpeg that decode the plan's tracks of sound; nothing where it has none.
///
/// It goes on after errors, so that those of source and result can be counted.
pub fn decode_audio_arguments(plan: &EncodePlan, side: Side) -> Option<Vec<Arg>> {
    let sounds = plan.mapped().zip(0_u32..).filter(|((stream, _), _)| stream.kind == StreamType::Audio);
    let indexes: Vec<u32> = match side {
        Side::Source => sounds.map(|((stream, _), _)| stream.index).collect(),
        Side::Result => sounds.map(|(_, position)| position).collect(),
    };
    decode_streams_arguments(&indexes)
}

/// The same for the tracks of these indexes, of any file; nothing where there are none.
pub fn decode_streams_arguments(indexes: &[u32]) -> Option<Vec<Arg>> {
    if indexes.is_empty() {
        return None;
    }
    let mut args = decode(&["-err_detect", "crccheck"]);
    for index in indexes {
        args.option("-map", format!("0:{index}"));
    }
    args.fixed(&["-stats_mux_pre", "pipe:1", "-stats_mux_pre_fmt", "{t}", "-f", "null", "-"]);
    Some(args.0)
}

fn decode(options: &[&'static str]) -> Args {
    let mut args = Args(Vec::with_capacity(40));
    args.fixed(&["-nostdin", "-hide_banner", "-loglevel", "level+warning"]);
    args.fixed(options);
    args.fixed(&SAFE_INPUT);
    args.push("-i");
    args.0.push(Arg::File(Placeholder::Input));
    args
}
