//! `av1cli verify`: good results pass with a plausible score, and each kind of damage is named.

#![cfg(test)]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use av1d_tests::{Library, Run, Script, under_rights};
use serde_json::Value;

/// Three seconds with sound, at a frame rate whose times no container holds exactly.
const FILM: &str = "-f lavfi -i testsrc2=size=320x180:rate=24000/1001:duration=3 -f lavfi -i sine=duration=3 -map 0 -map 1 \
                    -c:v libx264 -preset ultrafast -qp 4 -pix_fmt yuv420p -c:a ac3 -metadata:s:a:0 title=Director";

/// A library that keeps originals, with one replaced film.
fn replaced(name: &str, arguments: &str) -> Option<Library> {
    let mut library = Library::open()?;
    library.hurry();
    library.set("keep_original", true);
    library.set("max_size_ratio", 1.0);
    library.make(name, arguments);
    library.encode(name).exits_with(0).says("[replaced]");
    Some(library)
}

/// Verifies a film of the library, and returns the JSON document.
#[track_caller]
fn verify(library: &Library, more: &[&str]) -> (Run, Value) {
    let run = library.run([&["verify", "--json", "Film.mkv"], more].concat());
    let mut documents = run.documents();
    assert_eq!(documents.len(), 1, "{run}");
    let document = documents.remove(0);
    assert_eq!(document["format"], "av1.verify");
    assert_eq!(document["good"], document["defects"].as_array().unwrap().is_empty());
    (run, document)
}

const AGAINST: [&str; 2] = ["--against", "Film.mkv.orig"];

fn codes<'a>(document: &'a Value, list: &str) -> Vec<&'a str> {
    document[list].as_array().unwrap().iter().map(|one| one["code"].as_str().unwrap()).collect()
}

/// Replaces the result by what ffmpeg makes of it.
fn remake(library: &Library, arguments: &str) {
    let made = library.scratch().join("made.mkv");
    let result = library.path("Film.mkv");
    library.tools.make(&library.scratch(), &arguments.replace("RESULT", result.to_str().unwrap()), &made);
    fs::copy(&made, &result).unwrap();
}

#[test]
fn a_good_result_passes_with_a_score_that_makes_sense() {
    let Some(library) = replaced("Film.mkv", FILM) else { return };
    let (run, document) = verify(&library, &[]);
    run.exits_with(0);
    assert_eq!((&document["contract"], &document["notes"]), (&"job".into(), &Value::Array(Vec::new())));
    assert!(document.get("picture").is_none(), "there is nothing to compare it with");

    for (metric, least, most) in [(None, 90.0, 100.0), (Some("xpsnr"), 25.0, 60.0)] {
        let named = metric.map(|metric| ["--metric", metric]);
        let (run, document) =
            verify(&library, &[&AGAINST[..], named.as_ref().map_or(&[], |named| &named[..])].concat());
        run.exits_with(0);
        let picture = &document["picture"];
        assert_eq!(picture["metric"], metric.unwrap_or("vmaf"));
        assert_eq!((&picture["frames"], &picture["whole"]), (&72.into(), &true.into()));
        let (mean, worst) = (picture["mean"].as_f64().unwrap(), picture["worst"]["score"].as_f64().unwrap());
        assert!(mean > least && mean < most && worst <= mean + 0.5 && worst > least - 5.0, "{picture}");
        assert!(picture["worst"]["at_secs"].as_i64().unwrap() < 3);
    }
    let run = library.run([&["verify", "Film.mkv"], &AGAINST[..]].concat()).exits_with(0);
    assert!(
        run.text().starts_with("good: ") && run.text().contains("harmonic mean over 72 pictures"),
        "{run}"
    );

    // The job file that says how the film was encoded is gone.
    fs::remove_dir_all(library.state()).unwrap();
    let (run, document) = verify(&library, &[]);
    run.exits_with(0);
    assert_eq!((&document["contract"], codes(&document, "notes")), (&"nothing".into(), vec!["no-contract"]));
    let (run, document) = verify(&library, &AGAINST);
    run.exits_with(0);
    assert_eq!(document["contract"], "original");
}

/// MP4 holds this film's times exactly, Matroska only to the millisecond. If each picture were paired with the nearest
/// one that isn't later, which is ffmpeg's default, the score would be 74.
#[test]
fn pictures_are_paired_by_the_nearest_time() {
    let Some(library) = replaced("Film.mov", FILM) else { return };
    let (_, document) = verify(&library, &["--against", "Film.mov.orig"]);
    assert!(document["picture"]["mean"].as_f64().unwrap() > 90.0, "{document:#}");
}

#[test]
fn a_renamed_interlaced_or_anamorphic_film_passes_too() {
    let scene = "-f lavfi -i testsrc2=size=176x144:rate=25:duration=2";
    let table = [
        ("Film.avi", format!("{scene} -c:v mpeg4 -q:v 1 -bf 2 -pix_fmt yuv420p")),
        (
            "Film.mkv",
            format!(
                "{scene} -vf tinterlace=interleave_top,fieldorder=tff,setsar=16/15 -flags +ildct+ilme \
                 -c:v libx264 -preset ultrafast -qp 1 -pix_fmt yuv420p"
            ),
        ),
        ("Film.mkv", format!("{} -c:v ffv1 -pix_fmt yuv422p", scene.replace("176x144", "175x143"))),
    ];
    for (name, arguments) in &table {
        let Some(library) = replaced(name, arguments) else { return };
        for metric in ["vmaf", "xpsnr"] {
            let (run, document) =
                verify(&library, &["--against", &format!("{name}.orig"), "--metric", metric]);
            run.exits_with(0);
            let least = if metric == "vmaf" { 80.0 } else { 25.0 };
            assert!(document["picture"]["mean"].as_f64() > Some(least), "{document:#}");
        }
    }
}

/// The picture is the same in thumbnails, each sample of which is the mean of 8x8 pixels, but everything finer is gone.
#[test]
fn a_picture_that_is_far_worse_fails() {
    let Some(library) = replaced("Film.mkv", &FILM.replace("320x180", "320x192")) else { return };
    let blurred = "-i Film.mkv.orig -map 0 -vf pixelize=w=8:h=8 -c:v libsvtav1 -preset 12 -crf 20 -pix_fmt yuv420p10le \
                   -enc_time_base demux -c:a copy";
    let made = library.scratch().join("made.mkv");
    library.tools.make(&library.root(), blurred, &made);
    fs::copy(&made, library.path("Film.mkv")).unwrap();
    let (run, document) = verify(&library, &[&AGAINST[..], &["--metric", "vmaf"]].concat());
    run.exits_with(1);
    assert!(codes(&document, "defects").contains(&"bad-score"), "{document:#}");
}

#[test]
fn three_windows_are_scored_where_that_is_enough() {
    let film = FILM.replace("duration=3", "duration=24").replace("320x180", "160x96");
    let Some(library) = replaced("Film.mkv", &film) else { return };
    let (run, document) = verify(&library, &[&AGAINST[..], &["--sample"]].concat());
    run.exits_with(0);
    let picture = &document["picture"];
    assert_eq!(picture["whole"], false, "{document:#}");
    assert!((330..=375).contains(&picture["frames"].as_u64().unwrap()), "{picture}");
    assert!(picture["mean"].as_f64() > Some(80.0), "{picture}");
}

#[test]
fn damage_is_named() {
    let Some(library) = replaced("Film.mkv", FILM) else { return };
    let result = library.path("Film.mkv");
    let whole = fs::read(&result).unwrap();
    let time = fs::metadata(&result).unwrap().modified().unwrap();
    let found = |more: &[&str]| {
        let (run, document) = verify(&library, more);
        run.exits_with(1);
        codes(&document, "defects").iter().map(|code| (*code).to_owned()).collect::<Vec<_>>()
    };
    let has =
        |found: &[String], code: &str| assert!(found.iter().any(|one| one == code), "{code}: {found:?}");

    fs::write(&result, &whole[..whole.len() / 2]).unwrap();
    for more in [&[][..], &AGAINST] {
        let found = found(more);
        has(&found, "truncated");
        has(&found, "decode-error");
    }

    let at = position(&library, &result);
    let mut flipped = whole.clone();
    flipped[at..at + 4].copy_from_slice(b"\x55\xaa\x12\x99");
    fs::write(&result, &flipped).unwrap();
    has(&found(&[]), "decode-error");
    fs::File::open(&result).unwrap().set_modified(time).unwrap();
    let found = found(&[]);
    has(&found, "content-changed");
    has(&found, "decode-error");

    fs::write(&result, "nothing that anybody could read").unwrap();
    let (run, document) = verify(&library, &[]);
    run.exits_with(1);
    assert_eq!(
        (codes(&document, "defects"), codes(&document, "notes")),
        (vec!["unreadable"], vec!["edited"])
    );
}

/// The offset of the middle of the first video packet.
fn position(library: &Library, path: &Path) -> usize {
    let asked = library.tools.ask("-select_streams v -show_entries packet=pos,size", path);
    let packets: Value = serde_json::from_slice(&asked).unwrap();
    let number = |field: &str| packets["packets"][0][field].as_str().unwrap().parse::<usize>().unwrap();
    number("pos") + number("size") / 2
}

#[test]
fn another_picture_and_what_is_missing_are_named() {
    let encode = "-c:v libsvtav1 -preset 12 -pix_fmt yuv420p10le -enc_time_base demux";
    let table = [
        ("-i RESULT -map 0:v -c copy".to_owned(), "stream-count", true),
        ("-i RESULT -map 0 -c copy -metadata:s:a:0 title=".to_owned(), "tag", true),
        (format!("-i RESULT -map 0 -c copy -vf negate {encode}"), "other-picture", true),
        ("-i RESULT -map 0 -c copy -c:v libx264 -preset ultrafast".to_owned(), "not-one-av1", true),
        (format!("-i RESULT -map 0 -c copy -vf crop=300:160 {encode}"), "picture", false),
    ];
    for (arguments, code, comparable) in &table {
        let Some(library) = replaced("Film.mkv", FILM) else { return };
        remake(&library, arguments);
        let (run, document) = verify(&library, &AGAINST);
        let run = run.exits_with(1);
        assert!(codes(&document, "defects").contains(code), "{code}: {run}");
        assert_eq!(!codes(&document, "notes").contains(&"not-compared"), *comparable, "{code}: {run}");
        let lines = library.run([&["verify", "Film.mkv"], &AGAINST[..]].concat()).exits_with(1);
        assert!(lines.text().contains(&format!("\n  [{code}] ")), "{lines}");
    }
    let Some(library) = replaced("Film.mkv", FILM) else { return };
    remake(&library, &format!("-i RESULT -map 0 -c copy -vf fps=48000/1001 {encode}"));
    let (_, document) = verify(&library, &AGAINST);
    let note = document["notes"].as_array().unwrap().iter().find(|note| note["code"] == "not-compared");
    assert!(
        note.is_some_and(|note| note["text"].as_str().unwrap().contains("frames a second")),
        "{document:#}"
    );
}

#[test]
fn without_a_metric_the_rest_is_done() {
    let Some(mut library) = replaced("Film.mkv", FILM) else { return };
    let real = library.tools.ffmpeg.clone();
    library.replace_ffmpeg(Script { when: "-filters", does: "exit 0" });
    let (run, document) = verify(&library, &AGAINST);
    run.exits_with(0);
    assert_eq!((codes(&document, "notes"), document.get("picture")), (vec!["no-metric"], None));
    library.set("ffmpeg", real.to_str().unwrap());

    library.run(["verify", "Film.mkv", "--against", "Film.mkv"]).exits_with(2).says("the same file");
    library
        .run(["verify", "Film.mkv", "--against", "gone.mkv"])
        .exits_with(1)
        .says("gone.mkv")
        .says("hint: ");
    library.run(["verify", "gone.mkv"]).exits_with(1).prints_nothing().says("hint: ");
    library.run(["verify", "Film.mkv", "--sample"]).exits_with(2).says("--against");
    library.set("ffmpeg", "/nonexistent/ffmpeg");
    library.run(["verify", "Film.mkv"]).exits_with(3).says("hint: ");
}

#[test]
fn a_comparison_that_stands_still_is_ended() {
    let Some(mut library) = replaced("Film.mkv", FILM) else { return };
    library.set("stall_secs", 4);
    library.replace_ffmpeg(Script { when: "ts_sync_mode", does: "exec sleep 600" });
    let (run, document) = verify(&library, &AGAINST);
    run.exits_with(0);
    assert_eq!(codes(&document, "notes"), ["not-scored"], "{document:#}");
    assert!(
        document["notes"][0]["text"].as_str().unwrap().contains("no sign of life for 4 s"),
        "{document:#}"
    );
}

#[test]
fn what_may_not_be_read_is_not_called_defective() {
    let Some(library) = replaced("Film.mkv", FILM) else { return };
    for name in ["Film.mkv.orig", "Film.mkv"] {
        let rights =
            |mode| fs::set_permissions(library.path(name), fs::Permissions::from_mode(mode)).unwrap();
        rights(0o000);
        let run = under_rights(&library, &[&["verify", "--json", "Film.mkv"], &AGAINST[..]].concat());
        let Some(run) = run else { return };
        let told = run.exits_with(1).prints_nothing().says("failed to look at ").says("Permission denied");
        told.says(format!("{name}: ")).says("that this user may read");
        rights(0o644);
    }
    let (run, _) = verify(&library, &[]);
    run.exits_with(0);
}

#[test]
fn a_film_that_was_encoded_through_a_link_is_held_against_its_job() {
    let Some(mut library) = Library::open() else { return };
    library.hurry();
    library.set("max_size_ratio", 1.0);
    library.make("Film.mkv", FILM);
    let link = library.scratch().join("link");
    std::os::unix::fs::symlink(library.root(), &link).unwrap();
    let film = link.join("Film.mkv");
    library.encode(&film).exits_with(0).says("[replaced]");
    let documents =
        library.run(["verify".as_ref(), "--json".as_ref(), film.as_os_str()]).exits_with(0).documents();
    assert_eq!(
        (&documents[0]["contract"], &documents[0]["notes"]),
        (&"job".into(), &Value::Array(Vec::new()))
    );
}
