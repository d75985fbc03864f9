//! What MKVToolNix carries over from one Matroska file to the other because ffmpeg can't. The results are looked at
//! with MKVToolNix's other programs.

use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use av1d_tests::{Library, program};
use serde_json::{Value, json};

use crate::film::{Film, encoded, open};
use crate::hidden::{CHAPTER, chapter, lost, merged};

/// What a program of MKVToolNix prints about a file.
fn printed(program_name: &str, arguments: &[&str], library: &Library, name: &str) -> String {
    let ended = Command::new(program(program_name).unwrap())
        .arg(library.path(name))
        .args(arguments)
        .output()
        .unwrap();
    assert!(ended.status.success(), "{ended:?}");
    String::from_utf8(ended.stdout).unwrap()
}

/// A property of each track, as mkvmerge sees it.
fn tracks(library: &Library, name: &str, property: &str) -> Vec<Value> {
    let seen: Value = serde_json::from_str(&printed("mkvmerge", &["-J"], library, name)).unwrap();
    let tracks = seen["tracks"].as_array().unwrap();
    tracks.iter().map(|track| track["properties"][property].clone()).collect()
}

/// Asserts that the tracks lie in front of the pictures, where every player looks.
fn has_tracks_in_front(library: &Library, name: &str) {
    let elements = printed("mkvinfo", &[], library, name);
    let place = |element: &str| elements.find(element).unwrap_or_else(|| panic!("no {element}: {elements}"));
    assert!(place("|+ Tracks") < place("|+ Cluster"), "{elements}");
}

/// Asserts that the only decision on the headers names this.
#[track_caller]
fn carries(film: &Film, what: &str) {
    let decisions = film.plan["decisions"].as_array().unwrap();
    let decision = decisions.iter().find(|decision| decision["topic"] == "headers").unwrap();
    assert_eq!(decision["facts"]["what"], what, "{decision}");
}

#[test]
fn exact_languages_and_disabled_tracks_are_carried_over() {
    let Some(library) = open() else { return };
    let options = "--language 0:ja --language 1:pt-BR --track-enabled-flag 1:0 --attach-file {}/font.ttf";
    library.write_scratch("font.ttf", "not really a font".repeat(500));
    let Some(()) = merged(&library, "Film.mkv", options) else { return };
    let film = encoded(&library, "Film.mkv");
    assert_eq!(film.losses(), [] as [&str; 0]);
    carries(&film, "1 exact language, 1 mark of a disabled track");
    assert_eq!(film.after.languages("audio"), ["por"]);
    assert_eq!(tracks(&library, "Film.mkv", "language_ietf")[1], "pt-BR");
    assert_eq!(tracks(&library, "Film.mkv", "enabled_track"), [json!(true), json!(false)]);
    has_tracks_in_front(&library, "Film.mkv");
    // ffmpeg wrote another language for as long as the encode took.
    assert!(!printed("mkvinfo", &[], &library, "Film.mkv").contains("..."));
}

#[test]
fn chapters_of_all_levels_editions_and_languages_are_carried_over() {
    let Some(library) = open() else { return };
    let french =
        CHAPTER.replace("</ChapterString>", "</ChapterString><ChapterLanguage>fre</ChapterLanguage>");
    let hidden = chapter(2, "0.2", "<ChapterFlagHidden>1</ChapterFlagHidden>");
    let (nested, later) = (chapter(1, "0.0", &hidden), chapter(3, "0.4", &french));
    library.write_scratch(
        "two.xml",
        format!(
            "<?xml version=\"1.0\"?><Chapters><EditionEntry>{nested}{later}</EditionEntry>\
             <EditionEntry>{}</EditionEntry></Chapters>",
            chapter(4, "0.0", "")
        ),
    );
    let Some(()) = merged(&library, "Film.mkv", "--chapters {}/two.xml") else { return };
    let before = printed("mkvextract", &["chapters", "-"], &library, "Film.mkv");
    assert_eq!(before.matches("<ChapterAtom>").count(), 4);
    let film = encoded(&library, "Film.mkv");
    assert_eq!((lost(&film), film.after.chapters().len()), (Vec::new(), 2));
    carries(&film, "the chapters");
    assert_eq!(printed("mkvextract", &["chapters", "-"], &library, "Film.mkv"), before);
    has_tracks_in_front(&library, "Film.mkv");
}

#[test]
fn tags_of_all_levels_are_carried_over_and_what_describes_the_result_is_the_results() {
    let Some(library) = open() else { return };
    let simple = |name: &str, value: &str, below: &str| {
        format!("<Simple><Name>{name}</Name><String>{value}</String>{below}</Simple>")
    };
    let actors = [
        simple("ACTOR", "Alice &amp; \u{e9}", &simple("CHARACTER", "Bob", "")),
        simple("ACTOR", "Carol", ""),
    ];
    let tags = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Tags><Tag><Targets><TargetTypeValue>60</TargetTypeValue>\
         <TargetType>SEASON</TargetType></Targets>{}</Tag><Tag>{}{}</Tag>\
         <Tag><Targets><ChapterUID>2</ChapterUID></Targets>{}</Tag></Tags>",
        simple("PART_NUMBER", "2", ""),
        actors.concat(),
        simple("TMDB", "movie/1", ""),
        simple("PLACE", "Here", ""),
    );
    library.write_scratch("tags.xml", tags);
    library.write_scratch(
        "track.xml",
        format!("<?xml version=\"1.0\"?><Tags><Tag>{}</Tag></Tags>", simple("TAKE", "3", "")),
    );
    let chapters = format!(
        "<?xml version=\"1.0\"?><Chapters><EditionEntry>{}</EditionEntry></Chapters>",
        chapter(2, "0.0", "")
    );
    library.write_scratch("one.xml", chapters);
    let options = "--title Film --global-tags {}/tags.xml --tags 1:{}/track.xml --chapters {}/one.xml";
    let Some(()) = merged(&library, "Film.mkv", options) else { return };
    let film = encoded(&library, "Film.mkv");
    assert_eq!(lost(&film), []);
    carries(&film, "the chapters, the tags");
    let after = printed("mkvextract", &["tags", "-"], &library, "Film.mkv");
    let flat: String = after.split_whitespace().collect();
    for part in [
        "<TargetTypeValue>60</TargetTypeValue><TargetType>SEASON</TargetType></Targets><Simple><Name>PART_NUMBER</Name>",
        "<Name>CHARACTER</Name><String>Bob</String>",
        "<Name>ACTOR</Name><String>Carol</String>",
        "<ChapterUID>2</ChapterUID></Targets><Simple><Name>PLACE</Name>",
        "libsvtav1",
    ] {
        assert!(flat.contains(part), "{part}: {after}");
    }
    assert!(after.contains("Alice &amp; \u{e9}") && !after.contains("ACTOR/CHARACTER"), "{after}");
    // The tag of the sound is still that of the sound.
    let uid = &tracks(&library, "Film.mkv", "uid")[1];
    assert!(
        flat.contains(&format!("<TrackUID>{uid}</TrackUID></Targets><Simple><Name>TAKE</Name>")),
        "{after}"
    );
    assert_eq!(film.after.document["format"]["tags"]["TMDB"], "movie/1");
}

#[test]
fn what_cannot_be_carried_over_is_still_named() {
    let Some(library) = open() else { return };
    let nested = chapter(1, "0.0", &chapter(2, "0.2", ""));
    let chapters =
        format!("<?xml version=\"1.0\"?><Chapters><EditionEntry>{nested}</EditionEntry></Chapters>");
    library.write_scratch("nested.xml", chapters);
    // ffmpeg moves the film to 0, and mkvpropedit wouldn't move its chapters.
    let Some(()) = merged(&library, "Film.mkv", "--chapters {}/nested.xml --sync 0:500 --sync 1:500") else {
        return;
    };
    let film = encoded(&library, "Film.mkv");
    assert_eq!(film.losses(), ["chapters"]);
}

#[test]
fn a_program_that_fails_or_does_nothing_replaces_no_film() {
    let Some(mut library) = open() else { return };
    let Some(()) = merged(&library, "Film.mkv", "--language 1:pt-BR") else { return };
    let before = std::fs::read(library.path("Film.mkv")).unwrap();
    let folder = library.scratch().join("tools");
    std::fs::create_dir(&folder).unwrap();
    library.set("mkvtoolnix", json!(folder));
    for (script, code, words) in [
        ("exit 0", "[tag]", "language"),
        ("echo Error: no room; exit 2", "[failed]", "mkvpropedit: Error: no room"),
    ] {
        for name in ["mkvextract", "mkvpropedit"] {
            let program = folder.join(name);
            std::fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
            std::fs::set_permissions(program, std::fs::Permissions::from_mode(0o755)).unwrap();
        }
        library.encode("Film.mkv").exits_with(1).says(code).says(words);
        assert!(before == std::fs::read(library.path("Film.mkv")).unwrap());
        let mut files = library.files();
        files.retain(|name| !name.ends_with(".why.txt"));
        assert_eq!(files, ["Film.mkv"]);
    }
}
