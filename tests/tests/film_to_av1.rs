//! The main job: a film with everything that Matroska can hold becomes AV1, and everything but its picture stays as it
//! is.

#![cfg(test)]

use std::process::Command;

use av1d_tests::{Library, Media, PICTURE, Run, Tools, clips, skipped};
use serde_json::Value;

const FILM: &str = "Film (2001)/Film.2001.BluRay.x264.mkv";

/// Makes a film with sound in two languages, subtitles in both, chapters, a font and a cover.
fn make_film(library: &Library) {
    let subtitle = |text| {
        format!("1\n00:00:00,100 --> 00:00:00,400\n{text}\n\n2\n00:00:00,500 --> 00:00:00,900\n{text}!\n")
    };
    library.write_scratch("eng.srt", subtitle("Morning"));
    library.write_scratch("rus.srt", subtitle("Утро"));
    library.write_scratch("font.ttf", FONT);
    let chapter = |start, title| {
        format!("[CHAPTER]\nTIMEBASE=1/1000\nSTART={start}\nEND={}\ntitle={title}\n", start + 500)
    };
    library
        .write_scratch("chapters.txt", format!(";FFMETADATA1\n{}{}", chapter(0, "One"), chapter(500, "Two")));
    let frame = "-f lavfi -i testsrc2=size=64x96:rate=1:duration=1 -frames:v 1 -update 1";
    library.tools.make(&library.scratch(), frame, &library.scratch().join("cover.jpg"));
    library.make(
        FILM,
        &format!(
            "-f lavfi -i testsrc2=size=320x240:rate=24000/1001:duration=1,noise=alls=25:allf=t \
             -f lavfi -i sine=frequency=440:duration=1 -f lavfi -i sine=frequency=880:duration=1 \
             -i eng.srt -i rus.srt -i chapters.txt -map 0:v -map 2:a -map 1:a -map 4:s -map 3:s -map_chapters 5 \
             -c:v libx264 -preset ultrafast -crf 10 -pix_fmt yuv420p -c:a flac -c:s srt {METADATA} \
             -attach font.ttf -metadata:s:t:0 mimetype=font/ttf -metadata:s:t:0 filename=font.ttf \
             -attach cover.jpg -metadata:s:t:1 mimetype=image/jpeg -metadata:s:t:1 filename=cover.jpg"
        ),
    );
}

const FONT: &[u8] = b"\0\x01\0\0 what is in it is the player's business";

/// The Russian tracks come first and are marked as default.
const METADATA: &str = "-metadata title=Film -metadata:s:v:0 language=eng -metadata:s:v:0 title=Picture \
                        -metadata:s:v:0 BPS=1234 -metadata:s:v:0 NUMBER_OF_FRAMES-eng=5678 -metadata:s:a:1 BPS=64000 \
                        -metadata:s:a:0 language=rus -metadata:s:a:0 title=Дубляж -disposition:a:0 default \
                        -metadata:s:a:1 language=eng -metadata:s:a:1 title=Original -disposition:a:1 0 \
                        -metadata:s:s:0 language=ru-RU -disposition:s:0 default \
                        -metadata:s:s:1 language=eng -metadata:s:s:1 title=Signs -disposition:s:1 forced";

fn english(media: &Media, kind: &str) -> Value {
    let found = media.streams(kind).into_iter().find(|stream| stream["tags"]["language"] == "eng");
    found.unwrap_or_else(|| panic!("no English {kind} in {:#}", media.document)).clone()
}

/// Asserts that the result is the same film as before, in AV1.
#[track_caller]
fn assert_is_the_same_film_in_av1(before: &Media, after: &Media) {
    after.is_av1();
    assert_eq!(after.times_from_zero(), before.times_from_zero(), "video timestamps");
    for kind in ["audio", "subtitle"] {
        assert_eq!(after.languages(kind), ["eng"], "{kind}");
        let (source, result) = (english(before, kind), english(after, kind));
        assert_eq!(before.hashes(&source), after.hashes(&result), "packets of the {kind}");
        for field in ["codec_name", "sample_rate", "channels"] {
            assert_eq!(source[field], result[field], "{kind} {field}");
        }
        assert_eq!(source["tags"]["title"], result["tags"]["title"], "{kind} title");
        assert_eq!(source["disposition"]["forced"], result["disposition"]["forced"], "{kind} forced");
        let has_default = before.defaults(kind).contains(&true);
        assert_eq!(after.defaults(kind), [has_default], "the default moves on from the Russian {kind}");
    }
    for field in ["width", "height", "sample_aspect_ratio"] {
        assert_eq!(before.streams("video")[0][field], after.video()[field], "{field}");
    }
    assert_eq!(before.chapters(), after.chapters());
    assert_eq!(before.document["chapters"], after.document["chapters"], "chapters to the millisecond");
    let fonts = after.streams("attachment");
    assert_eq!(fonts.len(), 1, "the font and no cover: {fonts:#?}");
    assert_eq!(
        before.attachment(before.streams("attachment")[0]),
        after.attachment(fonts[0]),
        "the font's bytes"
    );
    assert_eq!(before.document["format"]["tags"]["title"], after.document["format"]["tags"]["title"]);
    assert_eq!(after.video()["tags"]["title"], before.streams("video")[0]["tags"]["title"]);
}

#[test]
fn everything_but_the_picture_and_the_dropped_language_stays_as_it_was() {
    let Some(library) = Library::open() else { return };
    make_film(&library);
    let before = library.media(FILM);
    assert_eq!(before.streams("video").len(), 2, "the film and its cover");
    assert_eq!(before.attachment(before.streams("attachment")[0]), FONT);
    let size = std::fs::metadata(library.path(FILM)).unwrap().len();

    library.watch_once().exits_with(0).says("[replaced]").says("1 replaced, 0 skipped, 0 failed");

    assert_is_the_same_film_in_av1(&before, &library.media(FILM));
    assert_eq!(library.files(), [FILM], "nothing else is left, hidden or not");
    let after = library.media(FILM);
    for (kind, tag, expected) in [
        ("video", "BPS", Value::Null),
        ("video", "NUMBER_OF_FRAMES-eng", Value::Null),
        ("audio", "BPS", Value::from("64000")),
    ] {
        assert!(!english(&before, kind)["tags"][tag].is_null(), "{:#}", before.document);
        assert_eq!(english(&after, kind)["tags"][tag], expected, "{kind} {tag}");
    }
    let new_size = std::fs::metadata(library.path(FILM)).unwrap().len();
    assert!(new_size * 10 < size * 9, "{size} to {new_size}");
    let job = library.job();
    assert_eq!(job["format"], "av1.job");
    assert_eq!(job["path"], library.path(FILM).to_str().unwrap());
    assert_eq!(job["source"]["size"], size);
    assert_eq!(job["outcome"]["code"], "replaced");
    assert_eq!(job["outcome"]["size_after"], new_size);
    assert_eq!(job["plan"]["encode"]["encoder"], "libsvtav1");
    let steps: Vec<&Value> = job["journal"].as_array().unwrap().iter().map(|entry| &entry["step"]).collect();
    assert_eq!(steps, ["running", "commit", "replaced", "done"]);
}

#[test]
fn on_a_terminal_a_bar_tells_how_far_it_is_and_elsewhere_plain_lines_do() {
    let Some(library) = Library::open() else { return };
    let longer = PICTURE.replace("160x120", "320x240").replace("duration=1", "duration=4");
    for name in ["Film.mkv", "Other.mkv"] {
        library.make(name, &longer);
    }
    let command = library.command(["encode", "Film.mkv"]);
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let words: Vec<&str> = words.map(|word| word.to_str().unwrap()).collect();
    let mut terminal = Command::new("script");
    terminal.args(["-qec", &words.join(" "), "/dev/null"]).current_dir(library.root());
    if Command::new("script").arg("--version").output().is_err() {
        return skipped("there is no script(1)");
    }

    let shown = Run::of(terminal.env("TERM", "xterm")).exits_with(0);
    for word in ["Film.mkv", " % ", "fps", "ETA 0:00:0", "[replaced]"] {
        assert!(shown.text().contains(word), "{word:?}\n{shown}");
    }

    let plain = library.encode("Other.mkv").exits_with(0).says("encode: ").says("done: ").says_no("ETA");
    assert!(!plain.stderr.contains(['\r', '\x1b']), "{plain}");
}

#[test]
fn a_second_pass_does_nothing() {
    let Some(library) = Library::open() else { return };
    let path = library.film("Film.mkv");
    library.watch_once().exits_with(0).says("1 replaced");
    let (content, time) =
        (std::fs::read(&path).unwrap(), std::fs::metadata(&path).unwrap().modified().unwrap());

    library.watch_once().exits_with(0).says("0 replaced, 1 skipped").says_no("encode: ");

    assert!(content == std::fs::read(&path).unwrap());
    assert_eq!(std::fs::metadata(&path).unwrap().modified().unwrap(), time);
    assert_eq!(library.jobs().len(), 1, "a cheap skip is no job");
    assert_eq!(library.files(), ["Film.mkv"]);
}

#[test]
fn the_replacement_has_the_originals_time_mode_and_owner() {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    let Some(library) = Library::open() else { return };
    let path = library.film("Film.mkv");
    let time = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::new(1_000_000_000, 123_456_789);
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
    std::fs::File::open(&path).unwrap().set_modified(time).unwrap();
    let before = std::fs::metadata(&path).unwrap();

    library.encode("Film.mkv").exits_with(0);

    library.media("Film.mkv").is_av1();
    let after = std::fs::metadata(&path).unwrap();
    assert_eq!(after.modified().unwrap(), time);
    assert_eq!(after.mode(), before.mode());
    assert_eq!((after.uid(), after.gid()), (before.uid(), before.gid()));
}

#[test]
fn ffmpeg_9_gives_the_same_result() {
    let (Some(mut library), Some(nine)) = (Library::open(), Tools::of_version("9.0")) else { return };
    library.set("ffmpeg", nine.ffmpeg.to_str().unwrap());
    make_film(&library);
    let before = library.media(FILM);

    library.encode(FILM).exits_with(0).says("[replaced]");

    assert_is_the_same_film_in_av1(&before, &library.media(FILM));
    assert_eq!(library.files(), [FILM]);
    let decisions = library.job()["plan"]["decisions"].clone();
    let toolchain = decisions.as_array().unwrap().iter().find(|decision| decision["topic"] == "toolchain");
    let choice = toolchain.unwrap()["choice"].as_str().unwrap().to_owned();
    assert!(choice.contains('9'), "{choice}");
}

#[test]
fn the_preferred_encoder_does_the_work() {
    for (key, encoder, settings) in [
        ("aom", "libaom-av1", ["crf", "cpu_used", "tiles"]),
        ("rav1e", "librav1e", ["qp", "speed", "threads"]),
    ] {
        let Some(mut library) = Library::open() else { return };
        library.set("prefer_encoder", key);
        let short = PICTURE.replace("duration=1", "duration=0.4");
        library.make("Film.mkv", &format!("{short} -metadata:s:v:0 language=eng"));
        let before = library.media("Film.mkv");

        library.encode("Film.mkv").exits_with(0).says(encoder).says("[replaced]");

        let after = library.media("Film.mkv");
        assert_eq!(after.is_av1().times_from_zero(), before.times_from_zero(), "{encoder}");
        assert!(after.video()["tags"]["ENCODER"].as_str().unwrap().contains(encoder));
        let plan = &library.job()["plan"]["encode"];
        assert_eq!(plan["encoder"], encoder);
        for setting in settings {
            assert!(setting == "threads" || !plan[setting].is_null(), "{encoder} has no {setting}: {plan:#}");
        }
        assert_eq!(library.files(), ["Film.mkv"]);
    }
}

/// The demo's film is made of real clips.
#[test]
fn the_demos_film_is_the_same_film_in_av1() {
    let (Some(library), Some(clips)) = (Library::open(), clips()) else { return };
    let build = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("demo/build-library");
    let tools = library.tools.ffmpeg.parent().unwrap();
    let made = Command::new("python3").arg(build).arg(tools).arg(clips).arg(library.root()).output();
    let Ok(made) = made else { return skipped("there is no python3") };
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let film = library.files().into_iter().find(|name| name.contains("Big.Buck.Bunny")).unwrap();
    let before = library.media(&film);

    library.encode(&film).exits_with(0).says("[replaced]");

    let after = library.media(&film);
    assert_is_the_same_film_in_av1(&before, &after);
    assert_eq!(after.times(), before.times(), "video timestamps, equal without any offset");
}
