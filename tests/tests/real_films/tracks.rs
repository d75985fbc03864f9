//! Tracks that can't stay as they are: the sound of discs, QuickTime's text subtitles, timecode, chapters stored as
//! text.

use av1d_tests::Library;
use serde_json::Value;

use crate::film::{Film, H264, NOISE, SINE, encoded, left_alone, made, open, text};

const SUBTITLES: &str =
    "1\n00:00:00,100 --> 00:00:00,300\nMorning\n\n2\n00:00:00,350 --> 00:00:00,500\nEvening\n";

fn with_texts() -> Option<Library> {
    let library = open()?;
    library.write_scratch("eng.srt", SUBTITLES);
    let chapter = |start, title| {
        format!("[CHAPTER]\nTIMEBASE=1/1000\nSTART={start}\nEND={}\ntitle={title}\n", start + 300)
    };
    library
        .write_scratch("chapters.txt", format!(";FFMETADATA1\n{}{}", chapter(0, "One"), chapter(300, "Two")));
    Some(library)
}

/// The text of a film's first subtitle.
fn subtitles(library: &Library, name: &str) -> String {
    let link = library.scratch().join("subtitled.film");
    drop(std::fs::remove_file(&link));
    std::os::unix::fs::symlink(library.path(name), &link).unwrap();
    let target = library.scratch().join("said.srt");
    library.tools.make(&library.scratch(), "-i subtitled.film -map 0:s:0 -c:s srt", &target);
    std::fs::read_to_string(target).unwrap().trim().to_owned()
}

#[test]
fn text_subtitles_become_what_the_target_holds() {
    let Some(library) = with_texts() else { return };
    let tracks =
        |codec| format!("{NOISE} {SINE} -i eng.srt -map 0 -map 1 -map 2 {H264} -c:a pcm_s16le -c:s {codec}");
    for (name, codec, source, result) in [
        ("a.mov", "mov_text", "mov_text", "subrip"),
        ("b.mp4", "mov_text", "mov_text", "mov_text"),
        // Files renamed carelessly: ffmpeg detects the format from the content.
        ("c.mp4", "srt -f matroska", "subrip", "mov_text"),
        // Their style would be lost in MP4.
        ("d.mp4", "ass -f matroska", "ass", "ass"),
        ("e.mkv", "mov_text -f mp4", "mov_text", "subrip"),
        ("f.mkv", "webvtt", "webvtt", "webvtt"),
        ("g.mkv", "ass", "ass", "ass"),
    ] {
        let film = made(&library, name, &tracks(codec));
        assert_eq!(film.before.codecs("subtitle"), [source], "{name}");
        assert_eq!(film.after.codecs("subtitle"), [result], "{name}");
        assert_eq!(film.losses(), [] as [&str; 0]);
        let said = subtitles(&library, &film.name);
        for part in ["00:00:00,100 --> 00:00:00,300", "Morning", "00:00:00,350 --> 00:00:00,500", "Evening"] {
            assert!(said.contains(part), "{name}: {said}");
        }
    }
}

#[test]
fn chapters_stay_where_quicktime_keeps_them_as_text() {
    let Some(library) = with_texts() else { return };
    let tracks = format!("{NOISE} {SINE} -i chapters.txt -map 0 -map 1 -map_chapters 2 {H264} -c:a aac");
    for name in ["a.mp4", "b.mov", "c.m4v"] {
        let format = if name == "c.m4v" { "-f mp4" } else { "" };
        let film = made(&library, name, &format!("{tracks} {format}"));
        assert_eq!(film.before.codecs("data"), ["bin_data"], "{name}: the titles are a track");
        assert_eq!(film.after.chapters(), ["One", "Two"], "{name}");
        let mut starts = film.after.document["chapters"].as_array().unwrap().iter();
        assert!(
            starts.all(|chapter| ["0.000000", "0.300000"].contains(&chapter["start_time"].as_str().unwrap()))
        );
        assert_eq!(film.losses(), [] as [&str; 0], "the titles are no data that is lost");
    }
}

#[test]
fn timecode_stays_as_the_target_can_say_it() {
    let Some(library) = open() else { return };
    for (name, field) in [("A001.mov", "TIMECODE"), ("B001.mp4", "timecode")] {
        let film: Film =
            made(&library, name, &format!("{NOISE} {SINE} {H264} -c:a aac -timecode 01:02:03:04"));
        assert_eq!(film.before.streams("data").len(), 1);
        assert_eq!(film.after.video()["tags"][field], "01:02:03:04", "{:#}", film.after.document);
        assert_eq!(film.losses(), [] as [&str; 0], "{name}");
    }
}

#[test]
fn a_data_track_is_a_loss_that_can_be_refused() {
    let Some(mut library) = with_texts() else { return };
    let data = format!("{NOISE} {SINE} -f data -i eng.srt -map 0 -map 1 -map 2 {H264} -c:a mp2");
    library.make("a.ts", &data);
    library.set("refuse_losses", vec!["data"]);
    left_alone(&library, "a.ts", "data");
    library.set("refuse_losses", Value::Array(Vec::new()));
    std::fs::remove_file(library.path("a.ts.why.txt")).unwrap();
    let film = encoded(&library, "a.ts");
    assert_eq!(film.losses(), ["data"]);
    assert_eq!(film.after.streams("data").len(), 0);
}

/// Discs pack their PCM in ways that no file container supports.
#[test]
fn pcm_of_discs_is_unwrapped_bit_for_bit() {
    let Some(library) = open() else { return };
    let bluray = "-ac 2 -c:a pcm_bluray -mpegts_m2ts_mode 1 -sample_fmt";
    let dvd = "-c:v mpeg2video -q:v 1 -ac 2 -c:a pcm_dvd -sample_fmt";
    for (name, arguments, source, result, format) in [
        ("a.m2ts", format!("{H264} {bluray} s16"), "pcm_bluray", "pcm_s16le", "s16le"),
        ("b.m2ts", format!("{H264} {bluray} s32"), "pcm_bluray", "pcm_s24le", "s24le"),
        ("c.vob", format!("{dvd} s16"), "pcm_dvd", "pcm_s16le", "s16le"),
        ("d.vob", format!("{dvd} s32"), "pcm_dvd", "pcm_s24le", "s24le"),
    ] {
        let noise = "-f lavfi -i anoisesrc=duration=0.6:sample_rate=48000";
        library.make(name, &format!("{NOISE} {noise} {arguments}"));
        let before = samples(&library, name, format);
        let film = encoded(&library, name);
        assert_eq!(film.before.codecs("audio"), [source], "{name}");
        assert_eq!(film.after.codecs("audio"), [result], "{name}");
        assert!(before == samples(&library, &film.name, format), "{name}: not the same samples");
        assert_eq!(film.losses(), [] as [&str; 0]);
    }
}

fn samples(library: &Library, name: &str, format: &str) -> Vec<u8> {
    let link = library.scratch().join("heard.film");
    drop(std::fs::remove_file(&link));
    std::os::unix::fs::symlink(library.path(name), &link).unwrap();
    let raw = library.scratch().join("samples.raw");
    library.tools.make(&library.scratch(), &format!("-i heard.film -map 0:a:0 -f {format}"), &raw);
    std::fs::read(raw).unwrap()
}

#[test]
fn true_hd_stays_in_mp4() {
    let Some(library) = open() else { return };
    let film = made(&library, "Film.mp4", &format!("{NOISE} {SINE} {H264} -ac 2 -c:a truehd -strict -2"));
    assert_eq!(film.after.codecs("audio"), ["truehd"]);
    assert_eq!(text(&film.after.streams("audio")[0]["sample_rate"]), "48000");
    assert!(film.argv().windows(2).any(|pair| pair == ["-strict", "experimental"]));
    film.keeps_packets("audio");
}

/// MP4 and WebM can't hold a font, so that a Matroska file stays one, whatever its name says.
#[test]
fn attachments_stay_in_matroska_whatever_its_name() {
    let Some(library) = open() else { return };
    library.write_scratch("font.ttf", b"\0\x01\0\0 what is in it is the player's business");
    let font = "-attach font.ttf -metadata:s:t mimetype=font/ttf -f matroska";
    for name in ["a.mkv", "b.mp4", "c.webm"] {
        let film = made(&library, name, &format!("{NOISE} {SINE} {H264} -c:a libopus {font}"));
        let [before, after] = [&film.before, &film.after]
            .map(|media| media.attachment(media.streams("attachment")[0]).to_vec());
        assert_eq!(before, after, "{name}");
        assert_eq!(film.losses(), [] as [&str; 0], "{name}");
    }
}
