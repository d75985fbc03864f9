//! What ffprobe doesn't show of a Matroska file: IETF languages, disabled tracks, editions, levels of tags, links to
//! other files. ffmpeg loses it. Where MKVToolNix isn't there to carry it over, the plan names it before the encode.

use std::process::Command;

use av1d_tests::{Library, program};
use serde_json::json;

use crate::film::{self, Film, H264, NOISE, SINE, encoded};

/// A library without MKVToolNix.
fn open() -> Option<Library> {
    let mut library = film::open()?;
    let empty = library.scratch().join("empty");
    std::fs::create_dir(&empty).unwrap();
    library.set("mkvtoolnix", json!(empty));
    Some(library)
}

/// Makes a film with mkvmerge, from a picture with sound and these options; `{}` stands for the scratch folder.
/// `None` if there is no mkvmerge.
pub(crate) fn merged(library: &Library, name: &str, options: &str) -> Option<()> {
    let mkvmerge = program("mkvmerge")?;
    library.make("x.mkv", &format!("{NOISE} {SINE} -map 0 -map 1 {H264} -c:a aac"));
    let (source, scratch) = (library.path("x.mkv"), library.scratch());
    let options = options.replace("{}", scratch.to_str().unwrap());
    let mut command = Command::new(mkvmerge);
    command.args(["-q", "-o"]).arg(library.path(name)).args(options.split_whitespace()).arg(&source);
    let ended = command.output().unwrap();
    assert!(ended.status.success(), "{ended:?}");
    std::fs::remove_file(source).unwrap();
    Some(())
}

/// Asserts that a film is refused for a loss that its survey shows, and stays as it is.
#[track_caller]
fn refused(library: &Library, name: &str, code: &str) {
    let content = std::fs::read(library.path(name)).unwrap();
    library.encode(name).exits_with(0).says(format!("[{code}]"));
    assert!(content == std::fs::read(library.path(name)).unwrap(), "{name} was changed");
}

/// What is lost, in words, with each code.
pub(crate) fn lost(film: &Film) -> Vec<(String, String)> {
    let losses = film.plan["encode"]["losses"].as_array().unwrap();
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    losses.iter().map(|loss| (text(&loss["code"]), text(&loss["what"]))).collect()
}

#[test]
fn languages_that_three_letters_cannot_say_are_named() {
    let Some(mut library) = open() else { return };
    let options = "--language 0:ja --language 1:pt-BR --track-enabled-flag 1:0";
    let Some(()) = merged(&library, "Film.mkv", options) else { return };
    library.set("refuse_losses", json!(["language-tag"]));
    refused(&library, "Film.mkv", "language-tag");
    library.set("refuse_losses", json!([]));
    let film = encoded(&library, "Film.mkv");
    assert_eq!(film.losses(), ["language-tag", "track-flag"], "Japanese is what three letters say, too");
    let [(_, language), (_, mark)] = &lost(&film)[..] else { panic!("{:#}", film.plan) };
    assert!(language.contains("\"pt-BR\"") && mark.contains("\"disabled\""), "{language}; {mark}");
    assert_eq!(film.after.languages("audio"), ["por"]);
}

pub(crate) const CHAPTER: &str = "<ChapterDisplay><ChapterString>A</ChapterString></ChapterDisplay>";

pub(crate) fn chapter(uid: u32, start: &str, more: &str) -> String {
    format!(
        "<ChapterAtom><ChapterUID>{uid}</ChapterUID><ChapterTimeStart>00:00:0{start}</ChapterTimeStart>\
         <ChapterTimeEnd>00:00:00.6</ChapterTimeEnd>{CHAPTER}{more}</ChapterAtom>"
    )
}

#[test]
fn chapters_that_ffmpeg_does_not_read_are_named() {
    let Some(library) = open() else { return };
    let nested = chapter(1, "0.0", &chapter(2, "0.2", ""));
    let (later, other) = (chapter(3, "0.4", CHAPTER), chapter(4, "0.0", ""));
    library.write_scratch(
        "two.xml",
        format!(
            "<?xml version=\"1.0\"?><Chapters><EditionEntry>{nested}{later}</EditionEntry>\
             <EditionEntry>{other}</EditionEntry></Chapters>"
        ),
    );
    let Some(()) = merged(&library, "Film.mkv", "--chapters {}/two.xml") else { return };
    let film = encoded(&library, "Film.mkv");
    let lost = lost(&film);
    let [(code, what)] = &lost[..] else { panic!("{lost:?}") };
    assert_eq!(code, "chapters");
    assert_eq!(what, "1 further edition of chapters, 1 chapter below another, 1 chapter's further titles");
    assert_eq!(film.after.chapters().len(), 2);
}

#[test]
fn a_film_that_belongs_to_other_files_is_left_alone() {
    let Some(mut library) = open() else { return };
    let ordered = format!(
        "<?xml version=\"1.0\"?><Chapters><EditionEntry><EditionFlagOrdered>1</EditionFlagOrdered>{}</EditionEntry>\
         </Chapters>",
        chapter(1, "0.2", "")
    );
    library.write_scratch("ordered.xml", ordered);
    let Some(()) = merged(&library, "ordered.mkv", "--chapters {}/ordered.xml") else { return };
    merged(&library, "linked.mkv", "--link-to-next 0x0123456789abcdef0123456789abcdef").unwrap();
    for name in ["ordered.mkv", "linked.mkv"] {
        refused(&library, name, "linked");
    }
    library.set("refuse_losses", json!([]));
    assert!(encoded(&library, "ordered.mkv").losses().contains(&"linked"));
}

#[test]
fn tags_whose_place_ffmpeg_cannot_write_are_named() {
    let Some(library) = open() else { return };
    let simple = |name: &str, value: &str, below: &str| {
        format!("<Simple><Name>{name}</Name><String>{value}</String>{below}</Simple>")
    };
    let actors = [simple("ACTOR", "Alice", &simple("CHARACTER", "Bob", "")), simple("ACTOR", "Carol", "")];
    library.write_scratch(
        "tags.xml",
        format!(
            "<?xml version=\"1.0\"?><Tags><Tag><Targets><TargetTypeValue>60</TargetTypeValue>\
             <TargetType>SEASON</TargetType></Targets>{}</Tag><Tag>{}{}</Tag></Tags>",
            simple("PART_NUMBER", "2", ""),
            actors.concat(),
            simple("TMDB", "movie/1", "")
        ),
    );
    let Some(()) = merged(&library, "Film.mkv", "--title Film --global-tags {}/tags.xml") else { return };
    let film = encoded(&library, "Film.mkv");
    assert_eq!(film.losses(), ["tags"]);
    let what = lost(&film).remove(0).1;
    for part in ["levels of its tags \"PART_NUMBER\"", "\"CHARACTER\"", "all but one of its tags \"ACTOR\""] {
        assert!(what.contains(part), "{what}");
    }
    let promised = &film.plan["encode"]["contract"]["tags"];
    assert_eq!((&promised["TMDB"], &promised["title"]), (&json!("movie/1"), &json!("Film")));
}

/// ffmpeg stores half of the 427.3 columns in which the picture is shown, rounded down.
#[test]
fn two_views_side_by_side_are_shown_in_whole_columns() {
    let Some(library) = open() else { return };
    let Some(()) = merged(&library, "Film.mkv", "--display-dimensions 0:641x360 --stereo-mode 0:1") else {
        return;
    };
    let film = encoded(&library, "Film.mkv");
    assert_eq!(film.before.video()["sample_aspect_ratio"], "641:240");
    assert_eq!(film.after.video()["sample_aspect_ratio"], "213:80");
}
