//! The picture's shape: anamorphic, rotated, odd sizes, tiny sizes.

use av1d_tests::Library;

use crate::film::{BALLAST, H264, NOISE, encoded, made, open, side_data, text};

/// [`NOISE`] scaled to another size: the test card itself can only have even sizes.
fn sized(size: &str) -> String {
    format!("{NOISE},scale={},setsar=1", size.replace('x', ":"))
}

#[test]
fn anamorphic_video_keeps_the_shape_of_its_pixels() {
    let Some(library) = open() else { return };
    for (name, codec) in [("a.mkv", H264), ("b.mp4", H264), ("c.vob", "-c:v mpeg2video -q:v 1 -aspect 16:9")]
    {
        let shape = if name == "c.vob" { "" } else { "-vf setsar=16/15" };
        let film = made(&library, name, &format!("{NOISE} {codec} {shape}"));
        let before = text(&film.before.video()["sample_aspect_ratio"]);
        assert_ne!(before, "1:1");
        assert_eq!(film.video("sample_aspect_ratio"), before, "{name}");
        assert_eq!((film.video("width"), film.video("height")), ("160".into(), "120".into()));
    }
    // An odd size is also padded, with a pixel of the same aspect ratio.
    let odd = sized("161x121");
    let film = made(&library, "odd.mkv", &format!("{odd} -vf setsar=16/15 -c:v ffv1 -pix_fmt yuv420p"));
    assert_eq!(film.video("sample_aspect_ratio"), "16:15");
    assert_eq!((film.video("width"), film.video("height")), ("162".into(), "122".into()));
}

/// WebM stores the display size in whole pixels.
#[test]
fn anamorphic_webm_is_rounded_and_accepted() {
    let Some(library) = open() else { return };
    let vp9 = "-c:v libvpx-vp9 -deadline realtime -cpu-used 8 -crf 4 -b:v 0";
    let film = made(&library, "Film.webm", &format!("{NOISE} -vf setsar=16/15 {vp9}"));
    let shape = film.video("sample_aspect_ratio");
    let (over, under) = shape.split_once(':').unwrap();
    let shape = over.parse::<f64>().unwrap() / under.parse::<f64>().unwrap();
    assert!((shape - 16.0 / 15.0).abs() < 0.01, "{shape}");
}

#[test]
fn a_rotated_film_is_stored_as_it_was_and_its_matrix_stays() {
    let Some(library) = open() else { return };
    let first = library.scratch().join("first.mkv");
    library.tools.make(&library.scratch(), &format!("{NOISE} {H264}"), &first);
    for (name, turn) in [
        ("90.mp4", "-display_rotation 90"),
        ("90.mkv", "-display_rotation 90"),
        ("270.mov", "-display_rotation 270"),
        ("180.mp4", "-display_rotation 180"),
        ("mirrored.mp4", "-display_hflip"),
    ] {
        let film = made(&library, name, &format!("{turn} -i first.mkv -c copy"));
        let source = side_data(film.before.video(), "Display Matrix").unwrap();
        let result = film.side_data("Display Matrix").unwrap_or_else(|| panic!("no matrix in {}", film.name));
        assert_eq!(source["rotation"], result["rotation"], "{name}");
        assert_eq!(source["displaymatrix"], result["displaymatrix"], "{name}");
        assert_eq!((film.video("width"), film.video("height")), ("160".into(), "120".into()), "{name}");
    }
}

#[test]
fn odd_sizes_get_a_row_and_a_column() {
    let Some(library) = open() else { return };
    for (name, size, padded, codec) in [
        ("both.mkv", "161x121", ("162", "122"), "ffv1 -pix_fmt yuv420p"),
        ("wide.mp4", "161x120", ("162", "120"), "mpeg4 -q:v 1"),
        ("tall.webm", "160x121", ("160", "122"), "libvpx-vp9 -deadline realtime -cpu-used 8 -crf 4 -b:v 0"),
        ("rgb.mkv", "161x121", ("162", "122"), "ffv1 -pix_fmt gbrp"),
    ] {
        let film = made(&library, name, &format!("{} -c:v {codec}", sized(size)));
        assert_eq!((film.video("width").as_str(), film.video("height").as_str()), padded, "{name}");
        assert_eq!(film.video("sample_aspect_ratio"), "1:1");
        film.keeps_times();
    }
}

/// The SVT-AV1 in ffmpeg 8.0 hangs for ever on tiny pictures unless it has only one worker.
#[test]
fn tiny_pictures_do_not_hang() {
    let Some(library) = open() else { return };
    for size in ["320x16", "16x64", "24x24", "4x4", "30x240"] {
        let name = &format!("{size}.mkv");
        let film = with_ballast(&library, name, size);
        assert_eq!(format!("{}x{}", film.video("width"), film.video("height")), size);
        assert!(film.argv().contains(&"lp=1"), "{:?}", film.argv());
        assert_eq!(film.plan["encode"]["encoder"], "libsvtav1", "{size}");
        film.keeps_times();
    }
}

#[test]
fn what_is_too_small_for_one_encoder_is_encoded_by_another() {
    let Some(library) = open() else { return };
    let film = with_ballast(&library, "2x2.mkv", "2x2");
    assert_eq!(film.plan["encode"]["encoder"], "libaom-av1");
    assert_eq!((film.video("width"), film.video("height")), ("2".into(), "2".into()));
}

fn with_ballast(library: &Library, name: &str, size: &str) -> crate::film::Film {
    let noise = sized(size);
    let tracks =
        "-f lavfi -i anoisesrc=duration=0.6:sample_rate=48000 -map 0 -map 1 -map 1 -c:v ffv1 -c:a pcm_s16le";
    library.make(name, &format!("{noise} {tracks} {BALLAST}"));
    encoded(library, name)
}
