//! Strategies for streams: each field has the values that have caused trouble.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Map, Value, json};

/// Any stream: mostly audio and subtitles, rarely one of an unknown type.
pub(crate) fn any_stream() -> BoxedStrategy<Value> {
    prop_oneof![2 => video(), 3 => cover(), 14 => sound_and_text(), 1 => stranger()].boxed()
}

/// A video stream that isn't a cover.
pub(crate) fn video() -> BoxedStrategy<Value> {
    let sizes = words(
        "1920x1080 1920x800 1280x720 720x576 853x479 3840x2160 3840x1600 2560x1440 7680x4320 1080x1920 1x1 64x24 0x0 \
         20000x9000 1920x1088",
    );
    // Pairs of an average rate and a base rate.
    let rates = words(
        "24000/1001,24000/1001 25/1,25/1 25/1,50/1 0/0,90000/1 0/0,0/0 600/1,24000/1001 300/1,300/1 23976/1000,120/1 \
         0/0,2000/1 ,nan 24000000000000/1001000000000,2000/1 18446744073709551615/18446744073709551614,300/1",
    );
    let fields = object(vec![
        ("codec_name", words("h264 hevc mpeg2video vc1 mpeg4 vp9 prores av1 none mjpeg")),
        ("pix_fmt", sometimes(9, words(PIXEL_FORMATS))),
        ("sample_aspect_ratio", sometimes(5, words("1:1 16:15 0:1 64:45 2:2"))),
        ("field_order", sometimes(4, words("progressive tt bb tb bt unknown \u{9b}K"))),
        ("color_range", sometimes(5, words("tv pc unknown \u{202e}pc"))),
        ("color_space", sometimes(5, words("bt709 bt2020nc gbr ycgco ictcp smpte170m ipt-c2 bt709:x"))),
        (
            "color_transfer",
            sometimes(5, words("bt709 smpte2084 arib-std-b67 bt709,movie=a.mkv[x];[x] vlog bt470m xyz")),
        ),
        (
            "color_primaries",
            sometimes(5, words("bt709 bt2020 bt470bg vgamut film jedec-p22 bt709,movie=a.mkv")),
        ),
        ("closed_captions", sometimes(1, numbers(&[1, 0]))),
        ("start_time", sometimes(3, words("0.000000 -0.083000 0.500000 95231.421333"))),
        ("duration", sometimes(5, words("100.000000 5400.1 0.001 N/A"))),
        ("bit_rate", sometimes(4, numbers(&[500_000, 9_000_000, 60_000_000, 0]))),
        ("nb_frames", sometimes(3, numbers(&[2400, 129_600, 0, 1]))),
        ("side_data_list", sometimes(6, vec(side_data(), 0..4).prop_map(Value::from).boxed())),
        ("view_ids_available", sometimes(1, words("0,1"))),
        ("disposition", disposition()),
        ("tags", tags()),
    ]);
    let halves = |pair: &Value, separator: char| {
        let text = pair.as_str().unwrap_or_default();
        text.split_once(separator).map(|(one, other)| (json!(one), json!(other))).unwrap_or_default()
    };
    let video = (fields, sizes, rates).prop_map(move |(mut stream, size, rates)| {
        stream["codec_type"] = json!("video");
        (stream["width"], stream["height"]) = halves(&size, 'x');
        (stream["avg_frame_rate"], stream["r_frame_rate"]) = halves(&rates, ',');
        stream
    });
    video.boxed()
}

const PIXEL_FORMATS: &str =
    "yuv420p yuv420p10le yuvj420p yuv422p10le yuv444p12le gbrp yuv420p12le gray yuva420p unknown";

/// Side data as ffprobe prints it, with numbers from real discs and phones.
fn side_data() -> BoxedStrategy<Value> {
    let mastering = json!({
        "side_data_type": "Mastering display metadata", "red_x": "34000/50000", "red_y": "16000/50000",
        "green_x": "13250/50000", "green_y": "34500/50000", "blue_x": "7500/50000", "blue_y": "3000/50000",
        "white_point_x": "15635/50000", "white_point_y": "16450/50000", "min_luminance": "50/10000",
        "max_luminance": "10000000/10000",
    });
    let dolby_vision = |profile: u32, compatibility: u32, layers: u32| {
        json!({"side_data_type": "DOVI configuration record", "dv_profile": profile, "rpu_present_flag": 1,
               "dv_bl_signal_compatibility_id": compatibility, "el_present_flag": layers})
    };
    let rotation = |degrees: i64| json!({"side_data_type": "Display Matrix", "rotation": degrees});
    pick(vec![
        mastering,
        json!({"side_data_type": "Mastering display metadata", "max_luminance": "1/1"}),
        json!({"side_data_type": "Content light level metadata", "max_content": 1000, "max_average": 400}),
        dolby_vision(8, 1, 0),
        dolby_vision(8, 4, 0),
        dolby_vision(5, 0, 0),
        dolby_vision(7, 6, 1),
        rotation(-90),
        rotation(180),
        rotation(0),
        rotation(17),
        json!({"side_data_type": "Display Matrix", "rotation": 0,
               "displaymatrix": "\n00000000: 65536 0 0\n00000001: 0 -65536 0\n00000002: 0 0 1073741824\n"}),
        json!({"side_data_type": "Stereo 3D", "type": "side by side"}),
        json!({"side_data_type": "Stereo 3D", "type": "unspecified"}),
        json!({"side_data_type": "Stereo 3D", "type": "checkerboard", "inverted": 1}),
        json!({"side_data_type": "Spherical Mapping", "projection": "equirectangular"}),
        json!({"side_data_type": "Spherical Mapping", "projection": "cubemap"}),
        json!({"side_data_type": "Ambient viewing environment"}),
        json!({"side_data_type": "ICC Profile", "size": 560}),
        json!({"side_data_type": "CPB properties", "max_bitrate": 0}),
        json!({"rotation": "odd"}),
    ])
}

/// A video stream that is a cover.
pub(crate) fn cover() -> BoxedStrategy<Value> {
    let flag = select(vec!["attached_pic", "still_image", "timed_thumbnails"]);
    let cover = (words("mjpeg png hevc"), flag, any::<bool>()).prop_map(|(codec, flag, default)| {
        json!({"codec_type": "video", "codec_name": codec, "width": 600, "height": 901, "r_frame_rate": "90000/1",
               "avg_frame_rate": "0/0", "disposition": {flag: 1, "default": u8::from(default)}})
    });
    cover.boxed()
}

/// Audio, subtitles, attachments and data.
pub(crate) fn sound_and_text() -> BoxedStrategy<Value> {
    let codecs = "aac ac3 eac3 dts truehd flac opus vorbis pcm_bluray pcm_dvd pcm_s16le wmav2";
    let audio = object(vec![
        ("codec_type", words("audio")),
        ("codec_name", sometimes(19, words(codecs))),
        ("profile", sometimes(3, pick(vec![json!("DTS-HD MA"), json!("DTS"), json!("LC")]))),
        ("channels", sometimes(9, numbers(&[1, 2, 6, 8]))),
        ("sample_rate", sometimes(9, numbers(&[48_000, 44_100, 192_000]))),
        ("bits_per_raw_sample", sometimes(3, numbers(&[16, 20, 24]))),
        ("bit_rate", sometimes(5, numbers(&[640_000, 90_000_000]))),
        ("disposition", disposition()),
        ("tags", tags()),
    ]);
    let font = json!({"filename": "font.ttf", "mimetype": "font/ttf"});
    let other = object(vec![
        ("codec_type", words("attachment data")),
        ("codec_name", sometimes(5, words("ttf otf bin_data timed_id3"))),
        ("codec_tag_string", sometimes(5, words("text tmcd [0][0][0][0]"))),
        ("tags", pick(vec![font, json!({"language": "rus"})])),
    ]);
    prop_oneof![6 => audio, 4 => subtitle(), 1 => other].boxed()
}

/// A subtitle, of text or of pictures.
pub(crate) fn subtitle() -> BoxedStrategy<Value> {
    let codecs = "subrip ass webvtt mov_text hdmv_pgs_subtitle dvd_subtitle dvb_teletext eia_608";
    object(vec![
        ("codec_type", words("subtitle")),
        ("codec_name", sometimes(19, words(codecs))),
        ("disposition", disposition()),
        ("tags", tags()),
    ])
}

/// Streams of types that ffprobe has no name for, and values that aren't streams.
fn stranger() -> BoxedStrategy<Value> {
    pick(vec![
        json!({}),
        json!({"codec_type": "nb"}),
        json!({"codec_type": 7, "codec_name": null, "tags": [], "disposition": "default"}),
        json!({"codec_type": "hologram", "codec_name": "x", "disposition": {"default": true}}),
    ])
}

fn disposition() -> BoxedStrategy<Value> {
    let flag = |often| prop::bool::weighted(often);
    let flags =
        (flag(0.4), flag(0.15), flag(0.1), flag(0.05)).prop_map(|(default, forced, comment, original)| {
            json!({"lyrics": u8::from(comment && original), "default": u8::from(default), "forced": u8::from(forced), "comment": u8::from(comment),
               "original": u8::from(original), "dub": 0, "attached_pic": 0, "": u8::from(original)})
        });
    sometimes(9, flags.boxed())
}

fn tags() -> BoxedStrategy<Value> {
    let titles = ["Dub", "Director's commentary", "two\nlines \u{7}", ""];
    let tags = object(vec![
        ("language", sometimes(7, words(LANGUAGES))),
        ("title", sometimes(3, pick(titles.map(Value::from).to_vec()))),
        ("BPS", sometimes(2, numbers(&[640_000, 7_000_000]))),
        ("BPS-eng", sometimes(1, numbers(&[1_000]))),
        ("_STATISTICS_TAGS", sometimes(1, words("BPS"))),
        ("DURATION", sometimes(2, words("01:30:00.120000000 never"))),
        ("my tag", sometimes(1, words("x y"))),
        ("creation_time", sometimes(1, words("2001-02-03T04:05:06.000000Z 1999"))),
        ("handler_name", sometimes(1, words("VideoHandler Shaka"))),
    ]);
    sometimes(8, tags)
}

const LANGUAGES: &str = "eng rus RUS ru-RU Russian und run fre ru-\u{1b}[2J\u{7}X \u{440}\u{443}\u{441}";

/// An object with these fields. A field whose value is `null` is left out.
pub(crate) fn object(fields: Vec<(&'static str, BoxedStrategy<Value>)>) -> BoxedStrategy<Value> {
    let (keys, values): (Vec<_>, Vec<_>) = fields.into_iter().unzip();
    let build = move |values: Vec<Value>| {
        let fields = keys.iter().map(|key| String::from(*key)).zip(values);
        Value::from(fields.filter(|(_, value)| !value.is_null()).collect::<Map<_, _>>())
    };
    values.prop_map(build).boxed()
}

/// A value with a probability of `weight` in ten, otherwise `null`.
pub(crate) fn sometimes(weight: u32, values: BoxedStrategy<Value>) -> BoxedStrategy<Value> {
    // `null` comes first, because proptest shrinks a failing case towards the first alternative.
    prop_oneof![10_u32.saturating_sub(weight).max(1) => Just(Value::Null), weight => values].boxed()
}

/// One of the words of `list`.
pub(crate) fn words(list: &str) -> BoxedStrategy<Value> {
    pick(list.split_whitespace().map(Value::from).collect())
}

/// One of `values`.
pub(crate) fn pick(values: Vec<Value>) -> BoxedStrategy<Value> {
    select(values).boxed()
}

/// One of these numbers, as a number or as text: ffprobe writes some numbers as text, other tools write all so.
fn numbers(values: &[u64]) -> BoxedStrategy<Value> {
    pick(values.iter().flat_map(|number| [json!(number), json!(number.to_string())]).collect())
}
