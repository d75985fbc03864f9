//! Colour, range, HDR metadata and chroma: tags reach the result, and an untagged film stays untagged.

use crate::film::{H264, NOISE, encoded, left_alone, made, open, side_data, text};
use av1d_tests::{Library, Media};
use serde_json::Value;

const X265: &str = "-c:v libx265 -preset ultrafast -x265-params log-level=none:crf=2";

/// ffmpeg's arguments that set the tags on every frame and in the encoder.
fn tagged(primaries: &str, transfer: &str, matrix: &str, range: &str) -> String {
    format!(
        "-vf setparams=color_primaries={primaries}:color_trc={transfer}:colorspace={matrix}:range={range} \
         -color_primaries {primaries} -color_trc {transfer} -colorspace {matrix} -color_range {range}"
    )
}

/// Range, matrix, transfer and primaries; empty if the stream has no such tag.
fn tags(media: &Media) -> [String; 4] {
    let video = media.video();
    ["color_range", "color_space", "color_transfer", "color_primaries"].map(|field| text(&video[field]))
}

#[test]
fn every_tag_arrives_and_none_is_made_up() {
    let Some(library) = open() else { return };
    let h264 = "-c:v libx264 -preset ultrafast -crf 2";
    let full = "-vf scale=out_range=pc:out_color_matrix=bt709,format=yuv420p,\
                setparams=color_primaries=bt709:color_trc=bt709:colorspace=bt709:range=pc \
                -color_primaries bt709 -color_trc bt709 -colorspace bt709 -color_range pc";
    let wide = |transfer| tagged("bt2020", transfer, "bt2020nc", "tv");
    let table = [
        (
            "hlg.mkv",
            format!("{} -pix_fmt yuv420p10le {X265}", wide("arib-std-b67")),
            ["tv", "bt2020nc", "arib-std-b67", "bt2020"],
        ),
        (
            "pq in 8 bit.mp4",
            format!("{} -pix_fmt yuv420p {X265}", wide("smpte2084")),
            ["tv", "bt2020nc", "smpte2084", "bt2020"],
        ),
        (
            "bt2020 sdr.mkv",
            format!("{} -pix_fmt yuv420p10le {X265}", wide("bt2020-10")),
            ["tv", "bt2020nc", "bt2020-10", "bt2020"],
        ),
        (
            "pq in 12 bit.mkv",
            format!("{} -pix_fmt yuv420p12le {X265}", wide("smpte2084")),
            ["tv", "bt2020nc", "smpte2084", "bt2020"],
        ),
        (
            "sd.mp4",
            format!("{} -pix_fmt yuv420p {h264}", tagged("smpte170m", "smpte170m", "smpte170m", "tv")),
            ["tv", "smpte170m", "smpte170m", "smpte170m"],
        ),
        (
            "4-2-2.mkv",
            format!("{} -pix_fmt yuv422p {h264}", tagged("bt709", "bt709", "bt709", "tv")),
            ["tv", "bt709", "bt709", "bt709"],
        ),
        (
            "4-4-4 in 10 bit.mkv",
            format!("{} -pix_fmt yuv444p10le {h264}", tagged("bt709", "bt709", "bt709", "tv")),
            ["tv", "bt709", "bt709", "bt709"],
        ),
        ("full range.mkv", format!("{full} {h264}"), ["pc", "bt709", "bt709", "bt709"]),
        ("full range.mp4", format!("{full} {h264}"), ["pc", "bt709", "bt709", "bt709"]),
    ];
    for (name, arguments, expected) in table {
        let film = made(&library, name, &format!("{NOISE} {arguments}"));
        assert_eq!(tags(&film.before), expected, "{name} before");
        assert_eq!(tags(&film.after), expected, "{name} after");
        assert_eq!(film.video("pix_fmt"), "yuv420p10le", "{name}");
        film.keeps_times();
        std::fs::remove_file(library.path(&film.name)).unwrap();
    }
}

/// ffmpeg's encoder always tags the range, with the value that a missing tag means. (A Matroska file from ffmpeg always
/// has the tag.)
#[test]
fn what_is_untagged_stays_so() {
    let Some(library) = open() else { return };
    for name in ["untagged.ts", "untagged.mp4"] {
        let film = made(&library, name, &format!("{NOISE} {H264}"));
        assert_eq!(tags(&film.before), ["", "", "", ""]);
        assert_eq!(tags(&film.after), ["tv", "", "", ""], "{name}");
        assert_eq!(film.choice("color"), Some("untagged"));
    }
}

#[test]
fn full_range_stays_full_and_gray_becomes_limited() {
    let Some(library) = open() else { return };
    for (name, format, range) in
        [("yuvj.mkv", "yuvj420p -c:v mjpeg", "pc"), ("gray.mkv", "gray -c:v ffv1", "tv")]
    {
        library.make(name, &format!("{NOISE} -pix_fmt {format}"));
        let before = mean(&library, name);
        let film = encoded(&library, name);
        assert_eq!(film.video("color_range"), range, "{name}");
        assert_close(before, mean(&library, &film.name), name);
    }
}

/// The mean red, green and blue of the first frame, as a player shows it that follows the tags.
fn mean(library: &Library, name: &str) -> [f64; 3] {
    let raw = library.scratch().join("frame.rgb");
    let film = library.path(name);
    let link = library.scratch().join("frame.film");
    drop(std::fs::remove_file(&link));
    std::os::unix::fs::symlink(film, &link).unwrap();
    library.tools.make(&library.scratch(), "-i frame.film -frames:v 1 -pix_fmt gbrp -f rawvideo", &raw);
    let bytes = std::fs::read(raw).unwrap();
    let mut planes = bytes.chunks(bytes.len() / 3).map(|plane| {
        plane.iter().map(|byte| f64::from(*byte)).sum::<f64>()
            / f64::from(u32::try_from(plane.len()).unwrap())
    });
    let mut next = || planes.next().unwrap();
    let (green, blue, red) = (next(), next(), next());
    [red, green, blue]
}

#[track_caller]
fn assert_close(before: [f64; 3], after: [f64; 3], what: &str) {
    let near = before.iter().zip(&after).all(|(before, after)| (before - after).abs() < 3.0);
    assert!(near, "{what}: {before:?} became {after:?}");
}

#[test]
fn rgb_is_converted_with_the_matrix_of_hd_and_says_so() {
    let Some(library) = open() else { return };
    let red = "-f lavfi -i color=0xE02040:size=160x120:rate=25:duration=0.4,format=gbrp,noise=alls=12:allf=t";
    for (name, format) in
        [("screen.mkv", "gbrp -c:v ffv1"), ("desk.mp4", "rgb24 -c:v libx264rgb -preset ultrafast -crf 2")]
    {
        library.make(name, &format!("{red} -pix_fmt {format}"));
        let before = mean(&library, name);
        assert!((before[0] - 224.0).abs() < 3.0 && (before[1] - 32.0).abs() < 3.0, "{before:?}");

        let film = encoded(&library, name);

        assert_eq!(tags(&film.after), ["tv", "bt709", "bt709", "bt709"], "{name}");
        assert_close(before, mean(&library, &film.name), name);
        assert_eq!(film.losses(), ["chroma"], "{name}");
    }
}

#[test]
fn a_loss_of_chroma_is_listed_or_refused() {
    let Some(mut library) = open() else { return };
    let table = [
        ("yuv422p", "libx264", true),
        ("yuv444p", "libx264", true),
        ("yuv420p12le", "libx265", true),
        ("yuv420p10le", "libx264", false),
    ];
    for (format, encoder, _) in table {
        let arguments = format!("{NOISE} -c:v {encoder} -preset ultrafast -crf 2 -pix_fmt {format}");
        let quiet = if encoder == "libx265" { "-x265-params log-level=none" } else { "" };
        library.make(format!("{format}.mkv"), &format!("{arguments} {quiet}"));
    }
    library.set("refuse_losses", vec!["chroma"]);
    for (format, _, loses) in table {
        if loses {
            left_alone(&library, &format!("{format}.mkv"), "chroma");
            assert!(library.why(&format!("{format}.mkv")).contains("chroma"));
        }
    }
    library.set("refuse_losses", Value::Array(Vec::new()));
    for (format, _, loses) in table {
        drop(std::fs::remove_file(library.path(format!("{format}.mkv.why.txt"))));
        let film = encoded(&library, &format!("{format}.mkv"));
        assert_eq!(film.losses(), if loses { vec!["chroma"] } else { Vec::new() }, "{format}");
        assert_eq!(film.video("pix_fmt"), "yuv420p10le");
    }
}

#[test]
fn eight_bits_stay_eight_where_the_config_says_so() {
    let Some(mut library) = open() else { return };
    library.set("bit_depth", "source");
    for (name, format, expected) in
        [("8.mkv", "yuv420p", "yuv420p"), ("10.mp4", "yuv420p10le", "yuv420p10le")]
    {
        let film =
            made(&library, name, &format!("{NOISE} -c:v libx264 -preset ultrafast -crf 2 -pix_fmt {format}"));
        assert_eq!(film.video("pix_fmt"), expected);
    }
}

const HDR10: &str = "-pix_fmt yuv420p10le -c:v libx265 -preset ultrafast -x265-params \
    log-level=none:crf=2:hdr10=1:colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc:range=limited:\
    master-display=G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,50):max-cll=1000,400";

/// The mastering display's values, and the content light level.
const STATIC: [(&str, &[(&str, f64)]); 2] = [
    (
        "Mastering display metadata",
        &[
            ("red_x", 0.68),
            ("red_y", 0.32),
            ("green_x", 0.265),
            ("green_y", 0.69),
            ("blue_x", 0.15),
            ("blue_y", 0.06),
            ("white_point_x", 0.3127),
            ("white_point_y", 0.329),
            ("min_luminance", 0.005),
            ("max_luminance", 1000.0),
        ],
    ),
    ("Content light level metadata", &[("max_content", 1000.0), ("max_average", 400.0)]),
];

/// Reads a number, or a fraction with any denominator.
fn number(value: &Value) -> f64 {
    let fraction = value.as_str().and_then(|text| text.split_once('/'));
    fraction.map_or_else(
        || value.as_f64().unwrap_or(f64::NAN),
        |(over, under)| over.parse::<f64>().unwrap() / under.parse::<f64>().unwrap(),
    )
}

/// The ten numbers of a mastering display in a plan.
fn numbers(display: &Value) -> Vec<f64> {
    let texts: Vec<&str> = display.as_str().unwrap().split(' ').collect();
    assert_eq!(texts.len(), 10, "{display}");
    texts.into_iter().map(|text| number(&Value::from(text))).collect()
}

/// x265 writes the metadata only into the bitstream. No muxer copies it from there into the container, so only frames
/// show it.
#[test]
fn hdr10_arrives_with_its_mastering_display_and_content_light() {
    for encoder in ["svt", "aom", "rav1e"] {
        let Some(mut library) = open() else { return };
        library.set("prefer_encoder", encoder);
        let names: &[&str] =
            if encoder == "svt" { &["hdr10.mkv", "hdr10.mp4", "hdr10.ts"] } else { &["hdr10.mkv"] };
        for name in names {
            let film = made(&library, name, &format!("{} {HDR10}", NOISE.replace("=0.6", "=0.32")));
            assert_eq!(tags(&film.after), ["tv", "bt2020nc", "smpte2084", "bt2020"], "{encoder} {name}");
            for (kind, expected) in STATIC {
                assert_eq!(side_data(film.before.video(), kind), None);
                let block = film.side_data(kind).unwrap_or_else(|| panic!("{encoder}: no {kind} in {name}"));
                for (field, expected) in expected {
                    assert!(
                        (number(&block[field]) - expected).abs() < 1e-4,
                        "{encoder} {name}: {field} of {block}"
                    );
                }
            }
            let promised = &film.plan["encode"]["contract"]["picture"];
            assert_eq!(promised["content_light"], serde_json::json!([1000, 400]), "the judge asks for it");
            assert!(promised["mastering_display"].is_string(), "{promised}");
            // The result as a source: there, the container has the metadata.
            let ended = library.run(["plan", "--json", "--ignore", "already-av1", &film.name]).exits_with(0);
            let again = &ended.documents()[0]["encode"]["contract"]["picture"]["mastering_display"];
            let [again, promised] = [again, &promised["mastering_display"]].map(numbers);
            for (again, promised) in again.iter().zip(&promised) {
                assert!((again - promised).abs() < 1e-4, "{again} / {promised}");
            }
            std::fs::remove_file(library.path(&film.name)).unwrap();
        }
    }
}
