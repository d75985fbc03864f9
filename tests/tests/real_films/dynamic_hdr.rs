//! Dolby Vision and HDR10+: carried over if the toolchain can, otherwise a skip or, if the user allows it, a loss.

use std::path::Path;

use av1d_tests::{Library, Tools};
use serde_json::Value;

use crate::film::{BALLAST, Film, encoded, left_alone, open, side_data, text, with};

/// Makes a film of a sample's first half second, with an audio track that is dropped: AV1 wouldn't make the sample
/// itself smaller.
fn make(library: &Library, sample: &str, name: &str) {
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/media");
    std::fs::copy(samples.join(sample), library.scratch().join(sample)).unwrap();
    let arguments = "-t 0.5 -f lavfi -i anoisesrc=duration=0.5:sample_rate=96000 -map 0:v -map 1:a -map 1:a -c:v copy \
                     -c:a pcm_s16le -strict unofficial";
    library.make(name, &format!("-t 0.5 -i {sample} {arguments} {BALLAST}"));
}

/// Profile, compatibility id, and whether RPU metadata is announced.
fn record(stream: &Value) -> Option<[String; 3]> {
    let record = side_data(stream, "DOVI configuration record")?;
    Some(
        ["dv_profile", "dv_bl_signal_compatibility_id", "rpu_present_flag"].map(|field| text(&record[field])),
    )
}

/// The types of the first frame's side data.
fn frame(library: &Library, name: &str) -> Vec<String> {
    let show = "-select_streams v:0 -read_intervals %+#1 -show_frames";
    let document: Value = serde_json::from_slice(&library.tools.ask(show, &library.path(name))).unwrap();
    let blocks = document["frames"][0]["side_data_list"].as_array().cloned().unwrap_or_default();
    blocks.iter().map(|block| text(&block["side_data_type"])).collect()
}

fn has(frame: &[String], what: &str) -> bool {
    frame.iter().any(|block| block.contains(what))
}

#[test]
fn dolby_vision_8_1_becomes_profile_10_with_its_record_and_metadata() {
    for (encoder, name) in [("svt", "8.1.mkv"), ("svt", "8.1.mp4"), ("aom", "8.1 by aom.mkv")] {
        let Some(mut library) = open() else { return };
        library.set("prefer_encoder", encoder);
        make(&library, "dolby-vision-8.1.mkv", name);
        assert_eq!(record(library.media(name).video()).unwrap(), ["8", "1", "1"]);

        let film = encoded(&library, name);

        assert_eq!(record(film.after.video()).unwrap(), ["10", "1", "1"], "{encoder} {name}");
        let frame = frame(&library, name);
        assert!(has(&frame, "Dolby Vision Metadata") && has(&frame, "Mastering display"), "{frame:?}");
        assert_eq!(film.choice("dynamic-hdr"), Some("carry"));
        assert_eq!(film.losses(), ["language"], "the ballast");
        film.keeps_times();
    }
}

#[test]
fn dolby_vision_beside_true_hd_in_mp4_is_carried_too() {
    let Some(library) = open() else { return };
    make(&library, "dolby-vision-8.1.mkv", "first.mkv");
    let tracks = "-map 0 -c copy -c:a:0 truehd -strict -2";
    library.make("Film.mp4", &format!("-i ../films/first.mkv {tracks}"));

    let film = encoded(&library, "Film.mp4");

    assert_eq!(record(film.after.video()).unwrap(), ["10", "1", "1"]);
    assert_eq!(film.after.codecs("audio"), ["truehd"]);
    film.keeps_packets_of_first("audio");
}

#[test]
fn dolby_vision_that_cannot_be_carried_is_left_alone_unless_allowed() {
    let Some(mut library) = open() else { return };
    make(&library, "dolby-vision-5.mkv", "5.mkv");
    make(&library, "dolby-vision-8.1.mkv", "8.1.mkv");
    // Copied through a container that can't hold the record: only the frames show Dolby Vision.
    let nut = library.scratch().join("film.nut");
    library.tools.make(&library.scratch(), "-i ../films/8.1.mkv -map 0 -c copy", &nut);
    library.make("without record.mkv", "-i film.nut -map 0 -c copy");
    assert_eq!(record(library.media("without record.mkv").video()), None);

    // And one whose result can't hold the record.
    library.make("8.1.webm", "-i ../films/8.1.mkv -map 0:v -c copy -f matroska");

    left_alone(&library, "5.mkv", "dolby-vision-only");
    left_alone(&library, "8.1.webm", "dolby-vision");
    left_alone(&library, "without record.mkv", "dolby-vision");
    assert!(library.why("5.mkv").contains("Dolby Vision only (profile 5)"), "{}", library.why("5.mkv"));
    library.set("prefer_encoder", "rav1e");
    left_alone(&library, "8.1.mkv", "dolby-vision");

    library.set("prefer_encoder", "svt");
    library.set("refuse_losses", vec!["hdr10-plus"]);
    // Without its metadata the colours of this one are wrong, which nobody can allow.
    left_alone(&library, "5.mkv", "dolby-vision-only");
    let name = "without record.mkv";
    std::fs::remove_file(library.path(format!("{name}.why.txt"))).unwrap();
    let film: Film = encoded(&library, name);
    assert_eq!(record(film.after.video()), None, "{name}");
    assert!(!has(&frame(&library, name), "Dolby Vision"), "{name}");
    assert_eq!(film.losses(), ["dolby-vision", "language"], "{name}");
    assert_eq!(film.choice("dynamic-hdr"), Some("lose"));
}

#[test]
fn hdr10_plus_is_left_alone_by_ffmpeg_8_unless_allowed() {
    let Some(mut library) = Tools::of_version("8.0").as_ref().map(with) else { return };
    make(&library, "hdr10-plus.mkv", "Film.mkv");
    left_alone(&library, "Film.mkv", "hdr10-plus");
    library.set("prefer_encoder", "aom");
    left_alone(&library, "Film.mkv", "hdr10-plus");
    assert!(library.why("Film.mkv").contains("HDR10+"));

    library.set("prefer_encoder", "svt");
    library.set("refuse_losses", Value::Array(Vec::new()));
    std::fs::remove_file(library.path("Film.mkv.why.txt")).unwrap();
    let film = encoded(&library, "Film.mkv");
    assert_eq!(film.losses(), ["hdr10-plus", "language"]);
    let frame = frame(&library, "Film.mkv");
    assert!(!has(&frame, "2094-40") && has(&frame, "Mastering display"), "the static part stays: {frame:?}");
}

#[test]
fn hdr10_plus_is_carried_by_ffmpeg_9_with_libaom() {
    let Some(mut library) = Tools::of_version("9.0").as_ref().map(with) else { return };
    make(&library, "hdr10-plus.mkv", "Film.mkv");
    make(&library, "hdr10-plus.mkv", "Film2.mp4");
    left_alone(&library, "Film.mkv", "hdr10-plus");
    library.set("prefer_encoder", "aom");
    std::fs::remove_file(library.path("Film.mkv.why.txt")).unwrap();
    for name in ["Film.mkv", "Film2.mp4"] {
        let film = encoded(&library, name);
        let frame = frame(&library, name);
        assert!(has(&frame, "2094-40") && has(&frame, "Mastering display"), "{frame:?}");
        assert_eq!(film.losses(), ["language"]);
        assert_eq!(film.choice("dynamic-hdr"), Some("carry"));
        film.keeps_times();
    }
}
