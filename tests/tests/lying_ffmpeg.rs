//! An ffmpeg that lies, and other programs that interfere: the original must stay until a result has been verified, and
//! no foreign file may be overwritten.

#![cfg(test)]

use std::fs;
use std::path::Path;

use av1d_tests::{Library, PICTURE, Script, wait_until, with_argument};

/// Four seconds: the part that is cut off must be longer than the tolerance for a film's duration.
const LONG: &str = "duration=4";

/// A library with one film, whose encode runs `does` instead. The script runs in the folder of the films.
fn with_liar(name: &str, does: &str) -> Option<Library> {
    let mut library = Library::open()?;
    library.make(name, &PICTURE.replace("duration=1", LONG));
    library.replace_ffmpeg(Script { when: "-progress", does });
    Some(library)
}

/// Makes a film in the scratch folder that a stand-in passes off as the result. It is like the real result except for
/// the replaced words.
fn make_other_film(library: &Library, words: &[(&str, &str)]) {
    let mut arguments = PICTURE.replace("duration=1", LONG).replace("yuv420p", "yuv420p10le");
    arguments = arguments.replace("libx264 -preset ultrafast", "libsvtav1 -preset 12");
    for (from, to) in words {
        arguments = arguments.replace(from, to);
    }
    let path = library.scratch().join("other.mkv");
    library.tools.make(&library.scratch(), &arguments, Path::new(&path));
}

/// Asserts that the film fails with this code, loses nothing, and is encoded once ffmpeg is the real one.
#[track_caller]
fn assert_original_survives(mut library: Library, code: &str) {
    let film = library.path("Film.mkv");
    let original = fs::read(&film).unwrap();

    let run = library.watch_once().exits_with(1).says(format!("Film.mkv [{code}]"));
    run.says("hint: the original is untouched").says("0 replaced, 0 skipped, 1 failed");

    assert!(fs::read(&film).unwrap() == original, "the original is byte-identical");
    assert_eq!(library.files(), ["Film.mkv", "Film.mkv.why.txt"], "a text, and no temporary file");
    let job = library.job();
    assert_eq!((&job["outcome"]["code"], &job["outcome"]["failed"]), (&code.into(), &true.into()));

    let real = library.tools.ffmpeg.clone();
    library.set("ffmpeg", real.to_str().unwrap());
    library.encode("Film.mkv").exits_with(0).says("[replaced]");
    library.media("Film.mkv").is_av1();
    assert_eq!(library.files(), ["Film.mkv"]);
}

#[test]
fn exits_with_0_and_has_written_nothing() {
    let Some(library) = with_liar("Film.mkv", "echo progress=end; exit 0") else { return };
    assert_original_survives(library, "unreadable");
}

#[test]
fn exits_with_0_and_has_written_half_the_film() {
    let does = "cat ../scratch/other.mkv > \"$output\"; echo progress=end; exit 0";
    let Some(library) = with_liar("Film.mkv", does) else { return };
    make_other_film(&library, &[(LONG, "duration=2")]);
    assert_original_survives(library, "ends-early");
}

#[test]
fn exits_with_0_without_a_word_of_its_end() {
    let Some(library) = with_liar("Film.mkv", "cat ../scratch/other.mkv > \"$output\"; exit 0") else {
        return;
    };
    make_other_film(&library, &[]);
    assert_original_survives(library, "unfinished");
}

/// Asserts that an honest result without evidence is refused, and that the film can be tried again: the check couldn't
/// be made.
#[track_caller]
fn assert_not_judged(mut library: Library, piece: &str) {
    let original = fs::read(library.path("Film.mkv")).unwrap();
    let run = library.watch_once().exits_with(1).says("Film.mkv [unverified]").says(format!("[{piece}]"));
    run.says("the result couldn't be checked, and isn't taken").says("hint: the original is untouched");
    assert!(fs::read(library.path("Film.mkv")).unwrap() == original, "the original is byte-identical");
    assert!(library.files().iter().all(|name| !name.ends_with(".av1tmp")), "{:?}", library.files());
    let outcome = &library.job()["outcome"];
    assert_eq!((&outcome["code"], &outcome["lasting"]), (&"unverified".into(), &false.into()));

    let real = library.tools.ffmpeg.clone();
    library.set("ffmpeg", real.to_str().unwrap());
    library.encode("Film.mkv").exits_with(0).says("[replaced]");
    library.media("Film.mkv").is_av1();
}

#[test]
fn says_nothing_of_what_it_read_and_wrote() {
    let Some(library) = with_liar("Film.mkv", "\"$real\" \"$@\" 2>&-; exit 0") else { return };
    assert_not_judged(library, "closing-report");
}

#[test]
fn writes_no_times_down() {
    let does = "\"$real\" \"$@\" || exit; rm ../state/logs/*.times; exit 0";
    let Some(library) = with_liar("Film.mkv", does) else { return };
    assert_not_judged(library, "frame-times");
}

#[test]
fn exits_with_0_though_the_file_ends_before_its_header_says() {
    let does = "cat ../scratch/other.mkv > \"$output\"; echo progress=end; exit 0";
    let Some(library) = with_liar("Film.mkv", does) else { return };
    make_other_film(&library, &[]);
    let other = library.scratch().join("other.mkv");
    let whole = fs::read(&other).unwrap();
    fs::write(&other, &whole[..whole.len() / 2]).unwrap();
    assert_original_survives(library, "ends-early");
}

#[test]
fn exits_with_0_and_has_written_another_film() {
    let Some(library) = with_liar("Film.mkv", "cat ../scratch/other.mkv > \"$output\"; exit 0") else {
        return;
    };
    make_other_film(&library, &[("160x120", "192x108")]);
    assert_original_survives(library, "picture");
}

#[test]
fn exits_with_0_and_has_copied_the_film_instead_of_encoding_it() {
    let Some(library) = with_liar("Film.mkv", "cat Film.mkv > \"$output\"; exit 0") else { return };
    assert_original_survives(library, "not-one-av1");
}

#[test]
fn exits_with_0_and_has_lost_the_sound() {
    let Some(library) = with_liar("Film.mkv", "cat ../scratch/other.mkv > \"$output\"; exit 0") else {
        return;
    };
    let with_sound = format!("-f lavfi -i sine={LONG} {PICTURE} -c:a aac").replace("duration=1", LONG);
    library.make("Film.mkv", &with_sound);
    make_other_film(&library, &[]);
    assert_original_survives(library, "stream-count");
}

#[test]
fn exits_with_1_after_all_is_written() {
    let Some(library) = with_liar("Film.mkv", "\"$real\" \"$@\"; exit 1") else { return };
    assert_original_survives(library, "run-failed");
}

#[test]
fn is_killed_after_all_is_written() {
    let Some(library) = with_liar("Film.mkv", "\"$real\" \"$@\"; kill -KILL $$") else { return };
    assert_original_survives(library, "run-failed");
}

#[test]
fn writes_more_than_the_original_and_is_ended_at_once() {
    let does = "printf 'frame=1\\ntotal_size=999999999\\nprogress=continue\\n'; exec tail -f \"$output\"";
    let Some(library) = with_liar("Film.mkv", does) else { return };

    library.encode("Film.mkv").exits_with(0).says("[too-big]");

    wait_until("it is gone", || with_argument("tail", &library.root()).is_empty());
    assert_eq!(library.files(), ["Film.mkv", "Film.mkv.av1skip", "Film.mkv.why.txt"]);
}

#[test]
fn a_film_that_changes_during_its_encode_stays_as_it_is_now() {
    let does = "\"$real\" \"$@\"; code=$?; printf x >> Film.mkv; exit $code";
    let Some(library) = with_liar("Film.mkv", does) else { return };
    let mut original = fs::read(library.path("Film.mkv")).unwrap();
    original.push(b'x');

    library.encode("Film.mkv").exits_with(1).says("[source-changed]");

    assert!(fs::read(library.path("Film.mkv")).unwrap() == original);
    assert_eq!(library.files(), ["Film.mkv"], "no text, for nothing is wrong with it");
}

/// Whoever deletes or moves a film during its encode doesn't want another copy in its place.
#[test]
fn a_film_that_somebody_deletes_at_the_end_of_its_encode_is_gone_and_leaves_nothing() {
    let does = "\"$real\" \"$@\"; code=$?; rm Film.mkv; exit $code";
    let Some(library) = with_liar("Film.mkv", does) else { return };

    library.encode("Film.mkv").exits_with(1).says("[film-gone]");

    assert_eq!(library.files(), [""; 0]);
    library.run(["recover"]).exits_with(0).says("nothing was cut off");
}

#[test]
fn a_film_that_appears_under_the_new_name_is_not_overwritten() {
    let does = "\"$real\" \"$@\"; code=$?; echo precious > Film.mkv; exit $code";
    let Some(library) = with_liar("Film.avi", does) else { return };
    let original = fs::read(library.path("Film.avi")).unwrap();

    library.encode("Film.avi").exits_with(1).says("is there already and is not overwritten");

    assert_eq!(fs::read(library.path("Film.mkv")).unwrap(), b"precious\n");
    assert!(fs::read(library.path("Film.avi")).unwrap() == original);
    assert_eq!(library.files(), ["Film.avi", "Film.avi.why.txt", "Film.mkv"]);
}

#[test]
fn a_file_that_appears_under_the_originals_second_name_is_not_overwritten() {
    let does = "\"$real\" \"$@\"; code=$?; echo precious > Film.mkv.orig; exit $code";
    let Some(library) = with_liar("Film.mkv", does) else { return };
    let original = fs::read(library.path("Film.mkv")).unwrap();

    library.encode("Film.mkv").exits_with(1).says("Film.mkv.orig is there already and is not overwritten");

    assert_eq!(fs::read(library.path("Film.mkv.orig")).unwrap(), b"precious\n");
    assert!(fs::read(library.path("Film.mkv")).unwrap() == original);
    assert_eq!(library.files(), ["Film.mkv", "Film.mkv.orig", "Film.mkv.why.txt"]);
}
