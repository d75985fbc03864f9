//! The arguments for ffmpeg and ffprobe, and for mkvextract and mkvpropedit. No other module knows their options.
//!
//! Arguments have placeholders for the paths of files, which [`bind()`] replaces by the caller's own: paths are bytes,
//! and this crate has no type for them. Every option here was tried with ffmpeg 8.0 and 9.0.2.

mod ask;
mod bind;
mod check;
mod headers;
mod probe;
mod sample;

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

use crate::judge::preflight::Sample;
use crate::number::Micros;
use crate::plan::{
    Aom, Container, EncodePlan, EncoderSettings, Filter, HeldPicture, Kept, Parallelism, Rav1e, Rotation,
    StreamType, Strictness, Svt, Timestamps, Treatment, VideoPlan,
};
use crate::probe::{FORMAT_WHITELIST, ProbeDepth};

pub use ask::{
    TrialPicture, decoders_arguments, encoder_version_arguments, encoders_arguments, filters_arguments,
    trial_arguments, version_arguments,
};
pub use bind::{Placeholder, bind, render};
pub use check::{
    ScorePart, ScoreRequest, SeekMode, SeekRange, Side, decode_audio_arguments, decode_streams_arguments,
    decode_video_arguments, picture_arguments, score_arguments,
};
pub use headers::{chapters_arguments, edit_arguments, tags_document};
pub use probe::{
    PictureProbe, format_probe_arguments, frame_probe_arguments, opening_probe_arguments,
    packet_probe_arguments, picture_probes, probe_arguments, sound_probe_arguments,
};
pub use sample::{PictureStep, SAMPLE_PICTURE, sample_arguments, sample_pictures_arguments};

/// One argument of a program.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Arg {
    /// This text.
    Text(Cow<'static, str>),
    /// `file:` and the path of this file. Without the prefix ffmpeg takes a name with a colon for a protocol, and one
    /// that begins with a dash for an option.
    File(Placeholder),
    /// These characters and the path of this file, for programs that aren't ffmpeg's.
    Path(&'static str, Placeholder),
}

impl From<&'static str> for Arg {
    fn from(text: &'static str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }
}

impl From<String> for Arg {
    fn from(text: String) -> Self {
        Self::Text(Cow::Owned(text))
    }
}

/// Who runs ffmpeg, which decides what it prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Audience {
    /// A person in a shell: ffmpeg prints its usual output.
    Person,
    /// A program: ffmpeg prints progress to standard output and its closing report to standard error, and writes
    /// frame times to [`Placeholder::FrameTimes`].
    Program,
}

/// The options that make ffmpeg read plain files only, with these demuxers only.
const SAFE_INPUT: [&str; 4] = ["-protocol_whitelist", "file", "-format_whitelist", FORMAT_WHITELIST];

/// The options that make ffmpeg and ffprobe read as much as [`ProbeDepth::Deep`] says.
const DEEP: [&str; 4] = ["-probesize", "200M", "-analyzeduration", "200M"];

/// How much earlier than planned the last picture may come, in microseconds. No two frames are that close.
const HELD_SLACK: i64 = 3_000;

/// The options that make ffmpeg keep its filters where a property of the pictures changes.
const KEEP_FILTERS: [&str; 2] = ["-reinit_filter", "0"];

/// The options for reading a film of this depth safely.
fn reading(depth: ProbeDepth) -> impl Iterator<Item = &'static str> {
    let deep: &[&str] = match depth {
        ProbeDepth::Usual => &[],
        ProbeDepth::Deep => &DEEP,
    };
    SAFE_INPUT.iter().chain(deep).copied()
}

/// The arguments with which ffmpeg (without its own name) carries out `plan`: it encodes [`Placeholder::Input`] to
/// [`Placeholder::Output`].
pub fn arguments(plan: &EncodePlan, audience: Audience) -> Vec<Arg> {
    encode(plan, audience, None)
}

/// The arguments with which ffmpeg encodes a few seconds of a film before the film itself is encoded: those of the
/// plan, with all its streams and into its container, but at the encoder's full speed.
pub fn preflight_arguments(plan: &EncodePlan, sample: Sample) -> Vec<Arg> {
    encode(plan, Audience::Program, Some(sample))
}

fn encode(plan: &EncodePlan, audience: Audience, sample: Option<Sample>) -> Vec<Arg> {
    let EncodePlan {
        container,
        source_class: _, // already taken into account in `timestamps` and `video.filters`
        resolution: _,   // already taken into account in `video.settings`
        video,
        strictness,
        tags_by_name,
        streams: _, // `mapped` has them in the order of the result
        timestamps,
        probe_depth,
        damage_limit,
        losses: _,
        contract,
        decisions: _,
    } = plan;
    let mapped: Vec<_> = plan.mapped().collect();
    let mut args = Args(Vec::with_capacity(80));
    args.fixed(&["-nostdin", "-hide_banner", "-y"]);
    if *damage_limit == 0 {
        args.push("-xerror");
    }
    if audience == Audience::Program {
        args.fixed(&["-loglevel", "level+verbose", "-nostats", "-progress", "pipe:1"]);
    }
    args.input_options(video, *timestamps);
    if let Some(Sample { start, length }) = sample {
        if start.0 > 0 {
            args.option("-ss", alloc::format!("{start}"));
        }
        // Before the input, since behind it a limit counts from the start of the film if `-copyts` is given.
        args.option("-t", alloc::format!("{length}"));
    }
    args.input(*probe_depth, Placeholder::Input);
    for (stream, _) in &mapped {
        args.option("-map", alloc::format!("0:{}", stream.index));
    }
    args.fixed(&["-map_metadata", "0", "-map_chapters", "0"]);
    match sample {
        Some(_) => args.video(&VideoPlan { settings: video.settings.at_full_speed(), ..video.clone() }),
        None => args.video(video),
    }
    if audience == Audience::Program && sample.is_none() {
        // ffmpeg writes these lines for encoded streams only, during the encode, so the source isn't read a second
        // time.
        args.fixed(&["-stats_enc_pre_fmt:v", "{pts} {tb}", "-stats_enc_pre:v"]);
        args.0.push(Arg::File(Placeholder::FrameTimes));
    }
    args.fixed(&["-enc_time_base", "demux", "-c:a", "copy", "-c:s", "copy", "-c:t", "copy"]);
    for (position, (stream, kept)) in mapped.iter().enumerate() {
        args.kept_stream(position, stream.kind, kept);
        let track = contract.headers.as_ref().and_then(|headers| headers.tracks.get(position));
        if let Some(track) = track.filter(|track| audience == Audience::Program && !track.is_plain()) {
            args.0.push(alloc::format!("-metadata:s:{position}").into());
            args.0.push(alloc::format!("language={}", headers::with_room(track)).into());
        }
    }
    args.fixed(&["-max_muxing_queue_size", "2048"]);
    if *timestamps != Timestamps::Exact {
        args.fixed(&["-fps_mode", "passthrough", "-avoid_negative_ts", "make_zero"]);
    }
    if *container == Container::Mp4 {
        args.fixed(&["-movflags", if *tags_by_name { "+faststart+use_metadata_tags" } else { "+faststart" }]);
    }
    match strictness {
        Strictness::Normal => {}
        Strictness::Unofficial => args.fixed(&["-strict", "unofficial"]),
        Strictness::Experimental => args.fixed(&["-strict", "experimental"]),
    }
    args.fixed(&["-f", container.muxer()]);
    args.0.push(Arg::File(Placeholder::Output));
    args.0
}

/// The arguments so far.
struct Args(Vec<Arg>);

impl Args {
    fn push(&mut self, text: &'static str) {
        self.0.push(text.into());
    }

    fn fixed(&mut self, texts: &[&'static str]) {
        self.0.extend(texts.iter().copied().map(Arg::from));
    }

    fn option(&mut self, name: &'static str, value: String) {
        self.0.extend([name.into(), value.into()]);
    }

    /// Reads a film of this depth.
    fn input(&mut self, depth: ProbeDepth, file: Placeholder) {
        self.0.extend(reading(depth).map(Arg::from));
        self.push("-i");
        self.0.push(Arg::File(file));
    }

    fn source_times(&mut self, timestamps: Timestamps) {
        match timestamps {
            Timestamps::Exact => {}
            Timestamps::WebSafe => self.fixed(&["-fflags", "+genpts", "-copyts", "-start_at_zero"]),
            Timestamps::WebSafeUntouched => self.fixed(&["-copyts", "-start_at_zero"]),
        }
    }

    fn input_options(&mut self, video: &VideoPlan, timestamps: Timestamps) {
        self.source_times(timestamps);
        match video.rotation {
            Rotation::None => {}
            Rotation::Kept => self.push("-noautorotate"),
        }
        if video.keeps_filters {
            self.fixed(&KEEP_FILTERS);
        }
    }

    fn video(&mut self, video: &VideoPlan) {
        let VideoPlan {
            settings,
            pixel_format,
            filters,
            keeps_filters: _, // options of the input
            held,
            rotation: _,
            dolby_vision,
            frames: _,
        } = video;
        let filters: Vec<Cow<'static, str>> = filters.iter().map(filter).collect();
        if !filters.is_empty() {
            self.option("-vf", filters.join(","));
        }
        self.fixed(&["-c:v", settings.encoder().ffmpeg_name()]);
        self.settings(*settings);
        self.fixed(&["-pix_fmt", pixel_format.name()]);
        if *dolby_vision {
            self.fixed(&["-dolbyvision", "1"]);
        }
        if let Some(HeldPicture { at, length }) = held {
            // Timestamps may have been rounded to the container's tick.
            let from = Micros(at.0.saturating_sub(HELD_SLACK).max(0));
            let value =
                alloc::format!("setts=duration='if(gte((PTS-STARTPTS)*TB,{from}),{length}/TB,DURATION)'");
            self.option("-bsf:v", value);
        }
    }

    fn settings(&mut self, settings: EncoderSettings) {
        match settings {
            EncoderSettings::Svt(Svt { crf, preset, workers, nominal_rate }) => {
                self.option("-crf", alloc::format!("{crf}"));
                self.option("-preset", alloc::format!("{preset}"));
                // `lp=0` means as many threads as there are cores.
                let rate = nominal_rate.map_or(String::new(), |rate| {
                    alloc::format!(":fps-num={}:fps-denom={}", rate.numerator(), rate.denominator())
                });
                let lp = match workers {
                    Parallelism::All => 0,
                    Parallelism::One => 1,
                };
                self.fixed(&["-threads", "0"]);
                self.option("-svtav1-params", alloc::format!("lp={lp}{rate}"));
            }
            EncoderSettings::Aom(Aom { crf, cpu_used, tiles, threads }) => {
                // Without `-b:v 0` ffmpeg would set a bitrate of its own, and the CRF would only limit it.
                self.fixed(&["-b:v", "0"]);
                self.option("-crf", alloc::format!("{crf}"));
                self.option("-cpu-used", alloc::format!("{cpu_used}"));
                self.fixed(&["-row-mt", "1"]);
                self.option("-tiles", alloc::format!("{tiles}"));
                self.option("-threads", alloc::format!("{threads}"));
            }
            EncoderSettings::Rav1e(Rav1e { qp, speed }) => {
                self.option("-qp", alloc::format!("{qp}"));
                self.option("-speed", alloc::format!("{speed}"));
                self.fixed(&["-threads", "0"]);
            }
        }
    }

    /// Adds the options of one output stream: its codec if it is converted, its flags, the tags that are removed.
    fn kept_stream(&mut self, position: usize, kind: StreamType, kept: &Kept) {
        let Kept { treatment, disposition, stale_tags } = kept;
        if let Treatment::Convert(to) = treatment {
            self.0.extend([Arg::from(alloc::format!("-c:{position}")), Arg::from(to.name())]);
        }
        // Without this option ffmpeg would mark the first stream default even if the source has no default.
        if kind != StreamType::Attachment {
            let flags: Vec<&str> = disposition.flags().collect();
            let flags = if flags.is_empty() { String::from("0") } else { flags.join("+") };
            self.0.extend([Arg::from(alloc::format!("-disposition:{position}")), Arg::from(flags)]);
        }
        for tag in stale_tags {
            self.0.extend([
                Arg::from(alloc::format!("-metadata:s:{position}")),
                Arg::from(alloc::format!("{}=", tag.as_str())),
            ]);
        }
    }
}

fn filter(filter: &Filter) -> Cow<'static, str> {
    match filter {
        Filter::Deinterlace => "bwdif=mode=send_frame:parity=auto:deint=interlaced".into(),
        Filter::FromRgb { primaries, transfer, pixel_format } => alloc::format!(
            "scale=out_color_matrix={}:out_range=tv,format={},\
             setparams=color_primaries={}:color_trc={}",
            Filter::RGB_MATRIX.name(),
            pixel_format.name(),
            primaries.name(),
            transfer.name()
        )
        .into(),
        Filter::PadToEven => "pad=ceil(iw/2)*2:ceil(ih/2)*2".into(),
        Filter::SquarePixels => "setsar=1".into(),
    }
}
