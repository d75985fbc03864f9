//! The arguments for ffmpeg and ffprobe. No other module knows their options.
//!
//! Arguments have placeholders for the paths of files, which [`bind()`] replaces by the caller's own: paths are bytes,
//! and this crate has no type for them. Every option here was tried with ffmpeg 8.0 and 9.0.2.

mod ask;
mod bind;
mod check;

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use crate::number::Micros;
use crate::plan::{
    Aom, Container, EncodePlan, EncoderSettings, Filter, Kept, Parallelism, Rav1e, Rotation, StreamType,
    Strictness, Svt, Timestamps, Treatment, VideoPlan,
};
use crate::probe::{MediaProbe, ProbeDepth};

pub use ask::{
    TrialPicture, decoders_arguments, encoder_version_arguments, encoders_arguments, filters_arguments,
    trial_arguments, version_arguments,
};
pub use bind::{Placeholder, bind, render};
pub use check::{
    ScoreRequest, SeekMode, SeekRange, Side, decode_audio_arguments, decode_streams_arguments,
    decode_video_arguments, picture_arguments, score_arguments,
};

/// One argument of ffmpeg or ffprobe.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Arg {
    /// This text.
    Text(Cow<'static, str>),
    /// `file:` and the path of this file. Without the prefix ffmpeg takes a name with a colon for a protocol, and one
    /// that begins with a dash for an option.
    File(Placeholder),
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

/// The demuxers that may read a film. Other demuxers (playlists, concat scripts) could make ffmpeg open further
/// files.
const FORMAT_WHITELIST: &str = "matroska,webm,mov,mp4,avi,mpegts,mpeg,mpegvideo,asf,flv,ogg";

/// The options that make ffmpeg read plain files only, with these demuxers only.
const SAFE_INPUT: [&str; 4] = ["-protocol_whitelist", "file", "-format_whitelist", FORMAT_WHITELIST];

/// The options that make ffmpeg and ffprobe read as much as [`ProbeDepth::Deep`] says.
const DEEP: [&str; 4] = ["-probesize", "200M", "-analyzeduration", "200M"];

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
        losses: _,
        contract: _,
        decisions: _,
    } = plan;
    let mapped: Vec<_> = plan.mapped().collect();
    let mut args = Args(Vec::with_capacity(80));
    args.fixed(&["-nostdin", "-hide_banner", "-y", "-xerror"]);
    if audience == Audience::Program {
        args.fixed(&["-loglevel", "level+verbose", "-nostats", "-progress", "pipe:1"]);
    }
    args.input_options(video, *timestamps);
    args.input(*probe_depth, Placeholder::Input);
    for (stream, _) in &mapped {
        args.option("-map", alloc::format!("0:{}", stream.index));
    }
    args.fixed(&["-map_metadata", "0", "-map_chapters", "0"]);
    args.video(video);
    if audience == Audience::Program {
        // ffmpeg writes these lines for encoded streams only, during the encode, so the source isn't read a second
        // time.
        args.fixed(&["-stats_enc_pre_fmt:v", "{pts} {tb}", "-stats_enc_pre:v"]);
        args.0.push(Arg::File(Placeholder::FrameTimes));
    }
    args.fixed(&["-enc_time_base", "demux", "-c:a", "copy", "-c:s", "copy", "-c:t", "copy"]);
    for (position, (stream, kept)) in mapped.iter().enumerate() {
        args.kept_stream(position, stream.kind, kept);
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
            self.fixed(&["-reinit_filter", "0"]);
        }
    }

    fn video(&mut self, video: &VideoPlan) {
        let VideoPlan {
            settings,
            pixel_format,
            filters,
            keeps_filters: _,
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

/// The arguments with which ffprobe prints what [`MediaProbe::from_json`](crate::probe::MediaProbe::from_json) reads.
/// Begin with [`ProbeDepth::Usual`]; if [`MediaProbe::needed_depth`](crate::probe::MediaProbe::needed_depth) then says
/// so, probe once more.
pub fn probe_arguments(depth: ProbeDepth) -> Vec<Arg> {
    ffprobe(depth, &["-of", "json", "-show_format", "-show_streams", "-show_chapters"])
}

/// The arguments with which ffprobe prints the first frame of the stream `index`, for
/// [`MediaProbe::add_frame`](crate::probe::MediaProbe::add_frame). Pass the index of the main video; without the
/// selection ffprobe might print an audio frame.
pub fn frame_probe_arguments(index: u32, depth: ProbeDepth) -> Vec<Arg> {
    let mut args = ffprobe(depth, &["-of", "json", "-show_frames", "-read_intervals", "%+#1"]);
    args.splice(0..0, ["-select_streams".into(), alloc::format!("{index}").into()]);
    args
}

/// The arguments with which ffprobe prints a line for each picture that a survey looks at, for
/// [`PictureSummary::add_line`](crate::probe::PictureSummary::add_line): one list for the key frames, and one for all
/// frames of a few stretches. Empty if the film has no video.
///
/// Of codecs that have key frames only, a few are decoded in many places. For H.264 in 1080p with a key frame every two
/// seconds, the key frames took 0.5 % of the film's duration on one core (measured).
pub fn picture_probe_arguments(probe: &MediaProbe) -> Vec<Vec<Arg>> {
    let Some((stream, _)) = probe.main_video() else { return Vec::new() };
    let list = |which: [Arg; 2]| {
        let selected = ["-select_streams".into(), alloc::format!("{}", stream.index).into()];
        let show = ["-of", "compact=p=0", "-show_frames", "-show_entries", PICTURE_FIELDS];
        selected.into_iter().chain(which).chain(ffprobe(probe.needed_depth(), &show)).collect()
    };
    let (places, packets) = if stream.has_key_frames_only() { (20, 3) } else { (7, 300) };
    let stretches = list(["-read_intervals".into(), stretches(probe, places, packets).into()]);
    if stream.has_key_frames_only() {
        return vec![stretches];
    }
    vec![list(["-skip_frame".into(), "nokey".into()]), stretches]
}

/// The stretches of a film for ffprobe's `-read_intervals`: so many `places`, each of so many `packets`, the last one near
/// its end. A film of less than a minute, or of unknown duration, is a single one of at most a minute.
fn stretches(probe: &MediaProbe, places: i64, packets: u32) -> String {
    let start = probe.format.start.unwrap_or_default();
    match probe.duration() {
        Some(duration) if duration >= Micros::from_secs(60) => {
            // The end is left out: ffprobe finds no frame there if the declared duration is too long.
            let part = duration.0 / places;
            let at = (0..places).map(|place| Micros(start.0.saturating_add(part.saturating_mul(place))));
            at.map(|at| alloc::format!("{at}%+#{packets}")).collect::<Vec<_>>().join(",")
        }
        _ => "%+60".into(),
    }
}

const PICTURE_FIELDS: &str = "frame=pts_time,width,height,pix_fmt,sample_aspect_ratio,interlaced_frame,top_field_first,\
                              color_range,color_space,color_primaries,color_transfer:frame_side_data=side_data_type";

/// The arguments with which ffprobe prints a line for each packet of a file, for
/// [`PacketSummary::add_line`](crate::probe::PacketSummary::add_line).
///
/// Each packet gets a hash of its content, which takes less than half a second for a gigabyte (measured).
pub fn packet_probe_arguments(depth: ProbeDepth) -> Vec<Arg> {
    ffprobe(depth, &["-of", "csv=p=0", "-show_data_hash", "murmur3", "-show_entries", PACKET_FIELDS])
}

/// The arguments with which ffprobe prints a line for each packet of a file's first five seconds, in which all
/// streams of nearly all films have begun.
pub fn opening_probe_arguments(depth: ProbeDepth) -> Vec<Arg> {
    ffprobe(depth, &["-of", "csv=p=0", "-read_intervals", "%+5", "-show_entries", PACKET_FIELDS])
}

/// ffprobe prints the fields in this order, in whatever order they are asked for.
const PACKET_FIELDS: &str = "packet=stream_index,pts_time,duration_time,size,flags,data_hash";

fn ffprobe(depth: ProbeDepth, show: &[&'static str]) -> Vec<Arg> {
    let mut args = vec![Arg::from("-v"), Arg::from("error")];
    args.extend(show.iter().copied().chain(reading(depth)).map(Arg::from));
    args.extend([Arg::from("-i"), Arg::File(Placeholder::Input)]);
    args
}
