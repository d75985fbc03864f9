//! Video streams that aren't the film: covers are dropped at any position, and a second film is never dropped silently.
//! Also captions inside the picture.

use crate::film::{Film, H264, NOISE, SINE, encoded, left_alone, made, open};
use av1d_tests::Library;
use serde_json::Value;

const IS_COVER: &str = "-metadata:s:t mimetype=image/jpeg";

fn make_cover(library: &Library) {
    let frame = "-f lavfi -i testsrc2=size=64x96:rate=1:duration=1 -frames:v 1 -update 1";
    library.tools.make(&library.scratch(), frame, &library.scratch().join("cover.jpg"));
}

#[track_caller]
fn assert_film_without_covers(film: &Film, covers: usize) {
    let flags = film.before.streams("video").into_iter().map(|stream| &stream["disposition"]["attached_pic"]);
    assert_eq!(flags.filter(|flag| **flag == 1).count(), covers, "{:#}", film.before.document);
    assert_eq!(film.losses(), vec!["cover"; covers]);
    assert_eq!((film.video("width"), film.video("height")), ("160".into(), "120".into()));
    film.keeps_times().keeps_packets("audio");
}

#[test]
fn covers_are_dropped_wherever_they_stand() {
    let Some(library) = open() else { return };
    make_cover(&library);
    let film = format!("{NOISE} {SINE}");
    let picture = "-disposition:v:1 attached_pic";
    let many: Vec<String> = ["cover", "small_cover", "cover_land", "small_cover_land"]
        .iter()
        .enumerate()
        .map(|(number, name)| format!("-attach cover.jpg -metadata:s:t:{number} filename={name}.jpg"))
        .collect();
    for (name, covers, arguments) in [
        ("last.mkv", 1, format!("{film} {H264} -c:a ac3 -attach cover.jpg {IS_COVER}")),
        ("four.mkv", 4, format!("{film} {H264} -c:a ac3 {} {IS_COVER}", many.join(" "))),
        (
            "last.mp4",
            1,
            format!("{film} -i cover.jpg -map 0 -map 1 -map 2 {H264} -c:v:1 copy -c:a aac {picture}"),
        ),
        (
            "first.mp4",
            1,
            format!(
                "-i cover.jpg {film} -map 0 -map 1 -map 2 {} -c:v:0 copy -c:a aac -disposition:v:0 attached_pic",
                H264.replace("-c:v", "-c:v:1")
            ),
        ),
        (
            "poster.mp4",
            2,
            format!(
                "{film} -i cover.jpg -map 0 -map 1 -map 2 -map 2 {H264} -c:v:1 copy -c:v:2 copy -c:a aac {picture} \
                 -disposition:v:2 attached_pic"
            ),
        ),
    ] {
        let film = made(&library, name, &arguments);
        assert_film_without_covers(&film, covers);
    }
}

/// Some programs write covers as video tracks without marking them.
#[test]
fn a_still_picture_as_a_track_is_a_cover() {
    let Some(library) = open() else { return };
    make_cover(&library);
    let tracks = format!("{NOISE} {SINE} -i cover.jpg");
    let first = H264.replace("-c:v", "-c:v:1");
    for (name, arguments) in [
        ("last.mkv", format!("{tracks} -map 0 -map 1 -map 2 {H264} -c:v:1 copy -c:a ac3")),
        ("last.mp4", format!("{tracks} -map 0 -map 1 -map 2 {H264} -c:v:1 copy -c:a ac3")),
        ("first.mkv", format!("{tracks} -map 2 -map 0 -map 1 {first} -c:v:0 copy -c:a ac3")),
        (
            "default.mkv",
            format!("{tracks} -map 2 -map 0 -map 1 {first} -c:v:0 copy -c:a ac3 -disposition:v:0 default"),
        ),
    ] {
        let film = made(&library, name, &arguments);
        assert!(film.before.codecs("video").contains(&"mjpeg"), "{name}");
        assert_eq!(film.losses(), ["cover"], "{name}");
        assert_eq!((film.video("width"), film.after.times().len()), ("160".into(), 15), "{name}: the film");
        film.keeps_packets("audio");
    }
}

#[test]
fn a_second_film_is_a_reason_to_leave_both_alone() {
    let Some(mut library) = open() else { return };
    let small = NOISE.replace("160x120", "128x96").replace("duration=0.6", "duration=1.2");
    // The second film has a codec that covers have, but it moves.
    for (name, default, codec) in [("angles.mkv", 0, "mjpeg -q:v 1"), ("angles2.mkv", 1, "libx264 -crf 5")] {
        let flags = format!("-disposition:v:{} 0 -disposition:v:{default} default", 1 - default);
        library.make(name, &format!("{NOISE} {small} -map 0 -map 1 {H264} -c:v:1 {codec} {flags}"));
        left_alone(&library, name, "extra-video");
        assert!(library.why(name).contains("extra-video"));
    }
    library.set("refuse_losses", vec!["dolby-vision"]);
    for (name, width) in [("angles.mkv", "160"), ("angles2.mkv", "128")] {
        std::fs::remove_file(library.path(format!("{name}.why.txt"))).unwrap();
        let film = encoded(&library, name);
        assert_eq!(film.video("width"), width, "{name}: the default one");
        assert_eq!(film.losses(), ["extra-video"]);
    }
}

/// A file with only sound and a cover has no video.
#[test]
fn sound_with_a_cover_is_no_film() {
    let Some(library) = open() else { return };
    make_cover(&library);
    library.make(
        "Album.mkv",
        &format!("{SINE} -c:a flac -attach cover.jpg {IS_COVER} -metadata:s:t filename=cover.jpg"),
    );
    left_alone(&library, "Album.mkv", "no-video");
}

/// Adds captions of American television (CEA-608, in an SEI message) before every slice of an H.264 stream. ffmpeg
/// can't write them.
fn with_captions(stream: &[u8]) -> Vec<u8> {
    let captions = [0xb5, 0, 0x31, b'G', b'A', b'9', b'4', 3, 0x41, 0xff, 0xfc, 0x94, 0x20, 0xff];
    let mut captioned = Vec::new();
    for (at, byte) in stream.iter().enumerate() {
        let is_start = stream[at..].starts_with(&[0, 0, 1]);
        let is_slice = stream.get(at + 3).is_some_and(|header| matches!(header & 31, 1 | 5));
        if is_start && is_slice {
            captioned.extend_from_slice(&[0, 0, 1, 6, 4, u8::try_from(captions.len()).unwrap()]);
            captioned.extend_from_slice(&captions);
            captioned.push(0x80);
        }
        captioned.push(*byte);
    }
    captioned
}

#[test]
fn captions_inside_the_picture_are_a_loss_that_can_be_refused() {
    let Some(mut library) = open() else { return };
    let plain = library.scratch().join("plain.h264");
    library.tools.make(&library.scratch(), &format!("{NOISE} {H264}"), &plain);
    library.write_scratch("captioned.h264", with_captions(&std::fs::read(plain).unwrap()));
    for name in ["a.ts", "b.mkv", "c.mp4"] {
        library.make(name, "-r 25 -i captioned.h264 -c copy");
        library.set("refuse_losses", vec!["closed-captions"]);
        left_alone(&library, name, "closed-captions");
        library.set("refuse_losses", Value::Array(Vec::new()));
        std::fs::remove_file(library.path(format!("{name}.why.txt"))).unwrap();
        let film = encoded(&library, name);
        assert_eq!(film.losses(), ["closed-captions"], "{name}");
        assert_eq!(film.after.times().len(), film.before.packets(film.before.video()).len());
        std::fs::remove_file(library.path(&film.name)).unwrap();
    }
}
