//! The grammar of commands: which options there are and what the value of each looks like, including the inside of
//! filters. It is written by hand, independently of the code that makes commands.
//!
//! `tests/document.rs` and the fuzz target `document` share it.

use av1plan::command::{
    Arg, Audience, PictureStep, Placeholder, ScorePart, ScoreRequest, SeekMode, SeekRange, Side,
    TrialPicture, arguments, decode_audio_arguments, picture_arguments, sample_arguments,
    sample_pictures_arguments, score_arguments, trial_arguments,
};
use av1plan::judge::picture::{ThumbnailSize, windows};
use av1plan::judge::{Metric, Model};
use av1plan::sample::SampleWindow;
use av1plan::{EncodePlan, Micros};

/// Options that take no value.
const SWITCHES: [&str; 8] =
    ["-nostdin", "-hide_banner", "-y", "-xerror", "-nostats", "-copyts", "-start_at_zero", "-noautorotate"];

/// Options with all the values that they may have.
const WORDS: [(&str, &[&str]); 33] = [
    ("-loglevel", &["level+verbose", "level+warning", "level+error", "error"]),
    ("-progress", &["pipe:1"]),
    ("-fflags", &["+genpts"]),
    ("-protocol_whitelist", &["file"]),
    ("-format_whitelist", &["matroska,webm,mov,mp4,avi,mpegts,mpeg,mpegvideo,asf,flv,ogg,rm,mxf,dv,wtv,ivf"]),
    ("-probesize", &["200M"]),
    ("-analyzeduration", &["200M"]),
    ("-reinit_filter", &["0"]),
    ("-map_metadata", &["0"]),
    ("-map_chapters", &["0"]),
    ("-c:v", &["libsvtav1", "libaom-av1", "librav1e"]),
    ("-b:v", &["0"]),
    ("-row-mt", &["1"]),
    ("-pix_fmt", &PIXEL_FORMATS),
    ("-dolbyvision", &["1"]),
    ("-stats_enc_pre_fmt:v", &["{pts} {tb}"]),
    ("-stats_enc_pre:v", &["TIMES"]),
    ("-stats_mux_pre", &["pipe:1", "pipe:2"]),
    ("-stats_mux_pre_fmt", &["{t}"]),
    ("-stats_enc_post", &["pipe:1"]),
    ("-stats_enc_post_fmt", &["{size}"]),
    ("-enc_time_base", &["demux"]),
    ("-c:a", &["copy"]),
    ("-c:s", &["copy"]),
    ("-c:t", &["copy"]),
    ("-max_muxing_queue_size", &["2048"]),
    ("-fps_mode", &["passthrough"]),
    ("-avoid_negative_ts", &["make_zero"]),
    ("-movflags", &["+faststart", "+faststart+use_metadata_tags"]),
    ("-strict", &["unofficial", "experimental", "1"]),
    ("-f", &["matroska", "mp4", "webm", "rawvideo", "null", "lavfi"]),
    ("-err_detect", &["crccheck"]),
    ("-i", &["INPUT", "ORIGINAL", "testsrc2=size=64x64:rate=25:duration=1"]),
];

/// Checks a value.
type Pattern = fn(&str) -> bool;

/// Options whose value follows a pattern.
const VALUES: [(&str, Pattern); 15] = [
    ("-map", |value| value == "0:v:0" || value.strip_prefix("0:").is_some_and(index)),
    ("-vf", chain),
    ("-bsf:v", held),
    ("-crf", |value| number(value, 1, 63)),
    ("-preset", |value| number(value, 0, 13)),
    ("-threads", |value| number(value, 0, 64)),
    ("-svtav1-params", svt_parameters),
    ("-cpu-used", |value| number(value, 0, 8)),
    ("-tiles", |value| pair(value, 'x', 1, 64)),
    ("-qp", |value| number(value, 0, 255)),
    ("-speed", |value| number(value, 0, 10)),
    ("-ss", seconds),
    ("-t", seconds),
    ("-frames:v", |value| number(value, 1, u32::MAX.into())),
    ("-filter_complex", graph),
];

/// Options that apply to one output stream, which is named by its number.
const PER_STREAM: [(&str, Pattern); 3] = [
    ("-c:", |value| CONVERSIONS.contains(&value)),
    ("-disposition:", |value| value == "0" || value.split('+').all(|flag| FLAGS.contains(&flag))),
    ("-metadata:s:", |value| value.strip_suffix('=').is_some_and(stale_tag) || reserved_language(value)),
];

/// A language that reserves room: that of a track, and dots.
fn reserved_language(value: &str) -> bool {
    value.strip_prefix("language=").is_some_and(|language| {
        let ietf = language.trim_end_matches('.');
        language.len() >= ietf.len() + 10
            && ietf.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    })
}

const PIXEL_FORMATS: [&str; 3] = ["yuv420p", "yuv420p10le", "rgb48le"];

const CONVERSIONS: [&str; 8] =
    ["subrip", "mov_text", "webvtt", "pcm_s16le", "pcm_s24le", "pcm_f32le", "pcm_f64le", "flac"];

/// From `ffmpeg -h full` of 8.0 and 9.0.2.
const FLAGS: [&str; 19] = [
    "default",
    "dub",
    "original",
    "comment",
    "lyrics",
    "karaoke",
    "forced",
    "hearing_impaired",
    "visual_impaired",
    "clean_effects",
    "attached_pic",
    "timed_thumbnails",
    "non_diegetic",
    "captions",
    "descriptions",
    "metadata",
    "dependent",
    "still_image",
    "multilayer",
];

/// From `ffmpeg -h filter=setparams` of 8.0 and 9.0.2, without `auto` and `unknown`.
const PRIMARIES: [&str; 12] = [
    "bt709",
    "bt470m",
    "bt470bg",
    "smpte170m",
    "smpte240m",
    "film",
    "bt2020",
    "smpte428",
    "smpte431",
    "smpte432",
    "ebu3213",
    "vgamut",
];

const TRANSFERS: [&str; 17] = [
    "bt709",
    "bt470m",
    "bt470bg",
    "smpte170m",
    "smpte240m",
    "linear",
    "log100",
    "log316",
    "iec61966-2-4",
    "bt1361e",
    "iec61966-2-1",
    "bt2020-10",
    "bt2020-12",
    "smpte2084",
    "smpte428",
    "arib-std-b67",
    "vlog",
];

const STATISTICS: [&str; 8] = [
    "bps",
    "number_of_bytes",
    "number_of_frames",
    "_statistics_tags",
    "_statistics_writing_app",
    "_statistics_writing_date_utc",
    "source_id",
    "alpha_mode",
];

fn number(text: &str, least: u64, most: u64) -> bool {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    plain && text.parse().is_ok_and(|number: u64| (least..=most).contains(&number))
}

/// The number of a stream. ffmpeg reads it as an `int`: from 2^31 on it is negative, and -1 means every stream.
fn index(text: &str) -> bool {
    number(text, 0, 0x7fff_ffff)
}

fn pair(text: &str, separator: char, least: u64, most: u64) -> bool {
    text.split_once(separator)
        .is_some_and(|(one, other)| number(one, least, most) && number(other, least, most))
}

fn seconds(text: &str) -> bool {
    text.split_once('.').is_some_and(|(whole, thousandths)| {
        number(whole, 0, u64::MAX)
            && thousandths.len() == 3
            && thousandths.bytes().all(|byte| byte.is_ascii_digit())
    })
}

/// `lp=1`, and in few films also a rate that SVT-AV1 takes: two numbers of 32 bits, 1 to 240 frames per second.
fn svt_parameters(text: &str) -> bool {
    let Some((workers, rate)) = text.split_once(':') else { return ["lp=0", "lp=1"].contains(&text) };
    let rate = rate.strip_prefix("fps-num=").and_then(|rate| rate.split_once(":fps-denom="));
    let most = u64::from(u32::MAX);
    ["lp=0", "lp=1"].contains(&workers)
        && rate.is_some_and(|(above, below)| {
            let read = |text: &str| text.parse::<u64>().unwrap_or_default();
            number(above, 1, most)
                && number(below, 1, most)
                && (read(below)..read(below) * 241).contains(&read(above))
        })
}

/// A statistics tag of mkvmerge, perhaps with a language, without a value: nothing that sets a tag.
fn stale_tag(text: &str) -> bool {
    let name = text.split('-').next().unwrap_or_default().to_ascii_lowercase();
    STATISTICS.contains(&name.as_str())
        && text.len() <= 128
        && !text.chars().any(|letter| letter == '=' || letter.is_control())
}

/// The duration of a last picture that is held.
fn held(text: &str) -> bool {
    let inside = || {
        let rest = text.strip_prefix("setts=duration='if(gte((PTS-STARTPTS)*TB,")?;
        let (from, rest) = rest.strip_suffix("/TB,DURATION)'")?.split_once("),")?;
        Some(seconds(from) && seconds(rest))
    };
    inside() == Some(true)
}

fn chain(text: &str) -> bool {
    // A comma inside a filter is written `\,`.
    text.replace("\\,", "\0").split(',').all(|text| step(&text.replace('\0', "\\,")))
}

fn step(text: &str) -> bool {
    const FIXED: [&str; 12] = [
        "bwdif=mode=send_frame:parity=auto:deint=interlaced",
        "scale=out_color_matrix=bt709:out_range=tv",
        "format=yuv420p",
        "format=yuv420p10le",
        "format=yuv444p10le",
        "pad=ceil(iw/2)*2:ceil(ih/2)*2",
        "setsar=1",
        "crop=min(iw\\,1920):min(ih\\,1080):exact=1",
        "setpts=PTS-STARTPTS",
        "settb=AVTB",
        "xpsnr=ts_sync_mode=nearest",
        "metadata=mode=print:file=-",
    ];
    let colors = || {
        let rest = text.strip_prefix("setparams=color_primaries=")?;
        let (primaries, transfer) = rest.split_once(":color_trc=")?;
        Some(PRIMARIES.contains(&primaries) && TRANSFERS.contains(&transfer))
    };
    let size = || {
        let size = text.strip_prefix("scale=")?.strip_suffix(":flags=area")?;
        Some(pair(size, ':', 1, 64))
    };
    let trim = || {
        let (start, length) = text.strip_prefix("trim=start=")?.split_once(":duration=")?;
        Some(seconds(start) && seconds(length))
    };
    let vmaf = || {
        let rest = text.strip_prefix("libvmaf=ts_sync_mode=nearest:model=version=")?;
        let (model, rest) = rest.split_once(":n_threads=")?;
        let threads = rest.strip_suffix(":log_fmt=csv:log_path=/dev/stdout")?;
        Some(Model::names().contains(&model) && number(threads, 1, 64))
    };
    let pictures = || {
        let (first, rest) = text.strip_prefix("select=gte(n\\,")?.split_once(")*not(mod(n-")?;
        let (again, every) = rest.strip_suffix("))")?.split_once("\\,")?;
        Some(first == again && index(first) && number(every, 1, u32::MAX.into()))
    };
    FIXED.contains(&text) || [colors(), size(), trim(), vmaf(), pictures()].contains(&Some(true))
}

/// A filter graph: `[0:0]...[result];[1:0]...[original];[result][original]...`
fn graph(text: &str) -> bool {
    let parts: Vec<&str> = text.split(';').collect();
    let [result, original, compare] = parts[..] else { return false };
    let branch = |text: &str, input: &str, name: &str| {
        let inside = text.strip_prefix(input).and_then(|text| text.strip_suffix(name));
        inside
            .and_then(|inside| inside.split_once(']'))
            .is_some_and(|(stream, steps)| (stream == "v:0" || index(stream)) && chain(steps))
    };
    branch(result, "[0:", "[result]")
        && branch(original, "[1:", "[original]")
        && compare.strip_prefix("[result][original]").is_some_and(chain)
}

fn word(argument: &Arg) -> &str {
    match argument {
        Arg::Text(text) => text,
        Arg::File(Placeholder::Input) => "INPUT",
        Arg::File(Placeholder::Output) => "OUTPUT",
        Arg::File(Placeholder::FrameTimes) => "TIMES",
        Arg::File(Placeholder::Original) => "ORIGINAL",
        Arg::File(Placeholder::Chapters | Placeholder::Tags) | Arg::Path(..) => "not ffmpeg's",
    }
}

fn value_is_right(option: &str, value: &str) -> bool {
    let listed = || WORDS.iter().find(|(name, _)| *name == option).map(|(_, words)| words.contains(&value));
    let matched = || VALUES.iter().find(|(name, _)| *name == option).map(|(_, pattern)| pattern(value));
    let of_stream = || {
        let (prefix, pattern) = PER_STREAM.iter().find(|(prefix, _)| option.starts_with(prefix))?;
        Some(option.strip_prefix(prefix).is_some_and(index) && pattern(value))
    };
    listed().or_else(matched).or_else(of_stream).unwrap_or_default()
}

/// What in a command breaks the grammar; `None` if nothing does.
pub(crate) fn wrong(command: &[Arg]) -> Option<String> {
    let Some((last, options)) = command.split_last() else { return Some("it is empty".into()) };
    if !["OUTPUT", "pipe:1", "-"].contains(&word(last)) {
        return Some(format!("it ends with {last:?}"));
    }
    let mut words = options.iter();
    let mut maps = Vec::new();
    while let Some(option) = words.next() {
        let Arg::Text(option) = option else { return Some(format!("{option:?} stands alone")) };
        if SWITCHES.contains(&option.as_ref()) {
            continue;
        }
        let Some(value) = words.next() else { return Some(format!("{option} has no value")) };
        let is_placeholder = !matches!(value, Arg::Text(_));
        if is_placeholder != ["INPUT", "TIMES", "ORIGINAL"].contains(&word(value)) {
            return Some(format!("{option} {value:?}"));
        }
        if !value_is_right(option, word(value)) {
            return Some(format!("{option} {:?}", word(value)));
        }
        if option == "-map" {
            if maps.contains(&value) {
                return Some(format!("{} is mapped twice", word(value)));
            }
            maps.push(value);
        }
    }
    None
}

/// Every command that depends on a plan.
pub(crate) fn commands(plan: &EncodePlan) -> Vec<Vec<Arg>> {
    let mut commands = vec![arguments(plan, Audience::Person), arguments(plan, Audience::Program)];
    commands.push(trial_arguments(&plan.video, TrialPicture { width: 64, height: 64, rate: 25, seconds: 1 }));
    let picture = &plan.contract.picture;
    let size = ThumbnailSize::of(picture.width, picture.height);
    for window in windows(plan.contract.duration) {
        for side in [Side::Source, Side::Result] {
            for seek in [SeekMode::FromStart, SeekMode::Seek(Micros::from_secs(3))] {
                commands.push(picture_arguments(plan, side, window, seek, size));
            }
        }
    }
    let second = Micros::from_secs(1);
    let sample = SampleWindow { start: second, length: second };
    for metric in [Metric::Xpsnr, Metric::Vmaf { model: Model::Hd }, Metric::Vmaf { model: Model::Uhd }] {
        let scored = ScoreRequest::new(plan, 0, metric).with_threads(2);
        let range = SeekRange { result: second, original: second, length: second };
        for part in [ScorePart::Whole, ScorePart::Range(range), ScorePart::Sample(sample)] {
            commands.push(score_arguments(&scored, part));
        }
    }
    commands.push(sample_arguments(plan, sample));
    for side in [Side::Source, Side::Result] {
        commands.push(sample_pictures_arguments(plan, side, sample, PictureStep { first: 3, every: 7 }));
    }
    commands.extend(decode_audio_arguments(plan, Side::Source));
    commands.extend(decode_audio_arguments(plan, Side::Result));
    commands
}

/// What in any command of a plan breaks the grammar; `None` if nothing does.
pub(crate) fn wrong_of(plan: &EncodePlan) -> Option<String> {
    commands(plan).iter().find_map(|command| wrong(command))
}
