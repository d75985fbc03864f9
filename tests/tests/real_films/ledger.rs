//! What a film has beside its streams: the tags of phones and of libraries, marks of streams, side data of the picture.
//! Each arrives, or is a loss that the plan names.

use std::process::Command;

use av1d_tests::program;

use crate::film::{H264, NOISE, SINE, encoded, made, open, side_data, text};

/// The tags of a phone, which MP4's muxer drops unless it is told to store tags by their names.
const PHONE: &str = "-movflags use_metadata_tags -metadata com.apple.quicktime.make=Apple \
                     -metadata com.apple.quicktime.location.ISO6709=+48.1000+011.5000/ -metadata my.own=1";

#[test]
fn the_tags_of_a_phone_arrive() {
    let Some(library) = open() else { return };
    for (name, format) in [("phone.mp4", "-f mov"), ("phone.mov", "-f mov")] {
        let film = made(&library, name, &format!("{NOISE} {H264} {PHONE} {format}"));
        assert_eq!(film.losses(), [] as [&str; 0], "{name}");
        let tags = film.after.document["format"]["tags"].as_object().unwrap();
        for (tag, value) in [
            ("com.apple.quicktime.make", "Apple"),
            ("com.apple.quicktime.location.ISO6709", "+48.1000+011.5000/"),
            ("my.own", "1"),
        ] {
            let found = tags.iter().find(|(key, _)| key.eq_ignore_ascii_case(tag));
            assert_eq!(found.map(|(_, value)| text(value)).as_deref(), Some(value), "{name}: {tag}");
        }
        assert_eq!(film.choice("tags"), (name == "phone.mp4").then_some("by-name"));
    }
}

/// Players and libraries look for these tags in their own place, which the muxer uses for all tags or for none.
#[test]
fn the_tags_of_a_library_stay_in_their_place() {
    let Some(library) = open() else { return };
    let tags = "-movflags use_metadata_tags -metadata title=T -metadata show=Show -metadata season_number=2 \
                -metadata artist=A -metadata comment=C -metadata my.own=1";
    let film = made(&library, "Film.mp4", &format!("{NOISE} {H264} {tags}"));
    assert_eq!((film.losses(), film.choice("tags")), (vec!["tags"], None));
    let lost = text(&film.plan["encode"]["losses"][0]["what"]);
    assert_eq!(lost, "the file's tags \"my.own\"");
    for (tag, value) in
        [("title", "T"), ("show", "Show"), ("season_number", "2"), ("artist", "A"), ("comment", "C")]
    {
        assert_eq!(text(&film.after.document["format"]["tags"][tag]), value, "{tag}");
        assert_eq!(text(&film.plan["encode"]["contract"]["tags"][tag]), value, "{tag} is promised");
    }
}

#[test]
fn a_matroska_film_called_mp4_stays_whole() {
    let Some(library) = open() else { return };
    library.write_scratch("font.ttf", "a font");
    let font = "-attach font.ttf -metadata:s:t mimetype=application/x-truetype-font -f matroska";
    let film = made(&library, "Film.mp4", &format!("{NOISE} {SINE} -map 0 -map 1 {H264} -c:a aac {font}"));
    assert_eq!((film.losses(), film.name.as_str()), (vec![], "Film.mp4"));
    assert_eq!(film.choice("container"), Some("matroska"));
    assert_eq!(film.after.streams("attachment").len(), 1);
    // Without anything that MP4 can't hold, the name decides.
    let film =
        made(&library, "Plain.mp4", &format!("{NOISE} {SINE} -map 0 -map 1 {H264} -c:a aac -f matroska"));
    assert_eq!(film.choice("container"), Some("mp4"));
}

#[test]
fn a_mirrored_picture_stays_mirrored() {
    let Some(library) = open() else { return };
    for name in ["a.mp4", "b.mkv"] {
        library.make("x.mkv", &format!("{NOISE} {H264}"));
        let target = library.path(name);
        let source = library.path("x.mkv");
        // A flip from top to bottom doesn't turn the picture: ffprobe calls it a rotation by 0 degrees.
        let options = format!("-display_vflip -i {} -c copy", source.display());
        library.tools.make(&library.scratch(), &options, &target);
        std::fs::remove_file(source).unwrap();
        let film = encoded(&library, name);
        let matrix = |block: &serde_json::Value| text(&block["displaymatrix"]);
        let before = side_data(film.before.video(), "Display Matrix").map(matrix);
        assert!(before.is_some() && before == film.side_data("Display Matrix").map(matrix), "{name}");
    }
}

#[test]
fn a_picture_around_its_viewer_stays_one() {
    let Some(library) = open() else { return };
    let Some(mkvpropedit) = program("mkvpropedit") else { return };
    library.make("a.mkv", &format!("{NOISE} {H264}"));
    let film = library.path("a.mkv");
    let set = ["--edit", "track:v1", "--set", "projection-type=1", "--set", "stereo-mode=1"];
    assert!(Command::new(mkvpropedit).arg("-q").arg(&film).args(set).status().unwrap().success());
    let options = format!("-i {} -c copy -strict unofficial", film.display());
    library.tools.make(&library.scratch(), &options, &library.path("b.mp4"));
    for name in ["a.mkv", "b.mp4"] {
        let film = encoded(&library, name);
        assert_eq!(film.losses(), [] as [&str; 0], "{name}");
        for kind in ["Spherical Mapping", "Stereo 3D"] {
            assert!(film.side_data(kind).is_some(), "{name}: {kind}");
        }
    }
}

#[test]
fn marks_of_streams_arrive() {
    let Some(library) = open() else { return };
    let marks = "-disposition:a:0 comment+dub -disposition:a:1 visual_impaired+clean_effects";
    for (name, muxer) in [("a.mp4", "mp4"), ("b.mkv", "matroska")] {
        let film = made(
            &library,
            name,
            &format!("{NOISE} {SINE} -map 0 -map 1 -map 1 {H264} -c:a aac {marks} -f {muxer}"),
        );
        let [first, second] = film.after.streams("audio")[..] else { panic!("{:#}", film.after.document) };
        assert_eq!(
            (&first["disposition"]["comment"], &first["disposition"]["dub"]),
            (&1.into(), &1.into()),
            "{name}"
        );
        assert_eq!(second["disposition"]["visual_impaired"], 1, "{name}");
        assert_eq!(
            film.losses(),
            [] as [&str; 0],
            "{name}: the source's muxer has dropped the other mark already"
        );
    }
}
