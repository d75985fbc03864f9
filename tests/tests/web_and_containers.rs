//! Containers and unusual pictures: what each becomes, and that no frame changes its time.

#![cfg(test)]

use av1d_tests::{Library, Media, PICTURE, SOUND};

const WEB: &str = "Film.2020.1080p.WEB-DL.AMZN.mkv";
const DISC: &str = "Film.2020.1080p.BluRay.REMUX.mkv";

/// Frames at uneven distances, with B-frames and a late start.
const UNEVEN: &str = "-f lavfi -i testsrc2=size=160x120:rate=25:duration=1,noise=alls=25:allf=t,\
                      settb=1/1000,setpts=(0.25+N*0.04+0.013*(N-3*floor(N/3)))/TB -fps_mode passthrough -enc_time_base 1/1000 \
                      -c:v libx264 -preset veryfast -crf 10 -pix_fmt yuv420p";

/// Encodes the film at `name`, and returns its media before and after.
#[track_caller]
fn encode(library: &Library, name: &str, new_name: &str) -> (Media, Media) {
    let before = library.media(name);
    library.encode(name).exits_with(0).says("[replaced]");
    assert_eq!(library.files(), [new_name]);
    let after = library.media(new_name);
    after.is_av1();
    let frames = |media: &Media| media.packets(media.video()).len();
    assert_eq!(frames(&before), frames(&after), "frames");
    (before, after)
}

/// Asserts that every frame keeps its time, except for one constant offset and the rounding of both containers.
#[track_caller]
fn assert_same_times(before: &Media, after: &Media) {
    let pairs = before.times_from_zero().into_iter().zip(after.times_from_zero());
    for (frame, (source, result)) in pairs.enumerate() {
        assert!((source - result).abs() <= 1000, "frame {frame}: {source} became {result}");
    }
}

#[test]
fn mp4_stays_mp4_with_its_index_in_front() {
    let Some(library) = Library::open() else { return };
    for name in ["Film.mp4", "Film.m4v"] {
        library.make(name, &format!("{SOUND} {PICTURE} -c:a aac -metadata:s:a:0 language=eng -f mp4"));
        let (before, after) = encode(&library, name, name);
        assert_same_times(&before, &after);
        assert!(after.document["format"]["format_name"].as_str().unwrap().contains("mp4"));
        assert_eq!(after.languages("audio"), ["eng"]);
        assert_eq!(before.hashes(before.streams("audio")[0]), after.hashes(after.streams("audio")[0]));
        let boxes = boxes(&std::fs::read(library.path(name)).unwrap());
        let place = |kind: &str| boxes.iter().position(|found| found == kind);
        assert!(place("moov").unwrap() < place("mdat").unwrap(), "{boxes:?}");
        std::fs::remove_file(library.path(name)).unwrap();
    }
}

/// The names of an MP4's top-level boxes.
fn boxes(mut bytes: &[u8]) -> Vec<String> {
    let mut names = Vec::new();
    while let Some((head, _)) = bytes.split_first_chunk::<8>() {
        let length = u32::from_be_bytes([head[0], head[1], head[2], head[3]]);
        names.push(String::from_utf8_lossy(&head[4..]).into_owned());
        bytes = bytes.get(length.max(8) as usize..).unwrap_or_default();
    }
    names
}

#[test]
fn webm_stays_webm() {
    let Some(library) = Library::open() else { return };
    let vp9 = PICTURE.replace("libx264 -preset ultrafast -crf 10", "libvpx -deadline realtime -b:v 8M");
    library.make("Film.webm", &format!("{SOUND} {vp9} -c:a libopus"));
    let (before, after) = encode(&library, "Film.webm", "Film.webm");
    assert_same_times(&before, &after);
    assert_eq!(before.hashes(before.streams("audio")[0]), after.hashes(after.streams("audio")[0]));
    let start = std::fs::read(library.path("Film.webm")).unwrap();
    assert!(start[..64].windows(4).any(|word| word == b"webm"), "the doctype");
}

#[test]
fn other_containers_become_matroska_under_a_new_name() {
    let Some(library) = Library::open() else { return };
    for (name, codecs) in [
        ("Film.avi", "-c:v mpeg4 -bf 0 -q:v 1 -c:a mp3"),
        ("Film.ts", "-c:a ac3"),
        ("Film.mov", "-c:a pcm_s16le"),
        ("Film.mpg", "-c:v mpeg2video -q:v 1 -c:a mp2"),
        ("Film.FLV", "-c:a aac -f flv"),
    ] {
        let original = library.make(name, &format!("{SOUND} {PICTURE} {codecs}"));
        let (before, after) = encode(&library, name, "Film.mkv");
        assert!(!original.exists());
        if name != "Film.avi" && name != "Film.mpg" {
            assert_same_times(&before, &after);
        }
        assert!(after.document["format"]["format_name"].as_str().unwrap().contains("matroska"), "{name}");
        assert_eq!(before.codecs("audio"), after.codecs("audio"), "{name}");
        let job = library.job_of(name);
        assert_eq!(job["outcome"]["replaced_by"]["path"], library.path("Film.mkv").to_str().unwrap());
        std::fs::remove_file(library.path("Film.mkv")).unwrap();
    }
}

#[test]
fn a_film_of_the_new_name_stops_it_before_the_encode() {
    let Some(library) = Library::open() else { return };
    library.film("Film.avi");
    library.film("Film.mkv");
    let files = ["Film.avi", "Film.mkv"].map(|name| std::fs::read(library.path(name)).unwrap());

    library.encode("Film.avi").exits_with(0).says("[target-exists]").says_no("encode: ");
    library.run(["plan", "Film.avi"]).exits_with(0).prints_nothing().says("[target-exists]");

    assert!(files == ["Film.avi", "Film.mkv"].map(|name| std::fs::read(library.path(name)).unwrap()));
    assert_eq!(library.files(), ["Film.avi", "Film.mkv"]);
}

#[test]
fn subtitles_of_quicktime_become_srt_in_matroska() {
    let Some(library) = Library::open() else { return };
    library.write_scratch("sub.srt", "1\n00:00:00,100 --> 00:00:00,900\nMorning\n");
    let arguments = PICTURE.replace(" -c:v", " -i sub.srt -c:v");
    library.make("Film.mov", &format!("{arguments} -c:s mov_text -metadata:s:s:0 language=eng"));

    let (before, after) = encode(&library, "Film.mov", "Film.mkv");

    assert_eq!((before.codecs("subtitle"), after.codecs("subtitle")), (vec!["mov_text"], vec!["subrip"]));
    assert_eq!(after.languages("subtitle"), ["eng"]);
    let output = library.scratch().join("out.srt");
    library.tools.make(&library.root(), "-i Film.mkv", &output);
    assert!(std::fs::read_to_string(output).unwrap().contains("00:00:00,100 --> 00:00:00,900\nMorning"));
}

#[test]
fn frames_at_uneven_distances_keep_their_times_whatever_the_film_comes_from() {
    let Some(library) = Library::open() else { return };
    for (name, class) in [(WEB, "web-like"), (DISC, "disc-like"), ("Film.2020.WEB-DL.AMZN.mp4", "web-like")] {
        library.make(name, &format!("{SOUND} {UNEVEN} -c:a ac3"));
        let (before, after) = encode(&library, name, name);
        assert_eq!(library.job_of(name)["plan"]["encode"]["source_class"], class);
        assert_same_times(&before, &after);
        let distances: Vec<i64> = before.times().windows(2).map(|pair| pair[1] - pair[0]).collect();
        assert!(
            distances.iter().any(|distance| *distance != distances[0]),
            "the film is as uneven as it should be"
        );
        // Sound and picture keep their time offset.
        let lead = |media: &Media| {
            let audio = media.packets(media.streams("audio")[0])[0].shown.unwrap();
            media.times()[0] - audio
        };
        assert!((lead(&before) - lead(&after)).abs() <= 1000, "{} became {}", lead(&before), lead(&after));
        std::fs::remove_file(library.path(name)).unwrap();
    }
}

#[test]
fn an_odd_picture_becomes_even_or_stays_but_never_loses_a_row() {
    let Some(library) = Library::open() else { return };
    for (name, expected) in [(WEB, [162, 122]), (DISC, [162, 122])] {
        let odd =
            PICTURE.replace("allf=t", "allf=t,scale=161:121,format=yuv444p").replace("yuv420p", "yuv444p");
        library.make(name, &odd);
        let (before, after) = encode(&library, name, name);
        assert_eq!([&before.video()["width"], &before.video()["height"]], [161, 121]);
        assert_eq!([&after.video()["width"], &after.video()["height"]], expected);
        assert_same_times(&before, &after);
        std::fs::remove_file(library.path(name)).unwrap();
    }
}

#[test]
fn an_anamorphic_picture_keeps_its_shape() {
    let Some(library) = Library::open() else { return };
    for name in [WEB, DISC, "Film.WEB-DL.mp4"] {
        let anamorphic = PICTURE.replace("allf=t", "allf=t,setsar=16/15");
        library.make(name, &anamorphic);
        let (before, after) = encode(&library, name, name);
        assert_eq!(before.video()["sample_aspect_ratio"], "16:15");
        assert_eq!(after.video()["sample_aspect_ratio"], "16:15", "{name}");
        std::fs::remove_file(library.path(name)).unwrap();
    }
}

#[test]
fn a_film_without_sound_stays_silent() {
    let Some(library) = Library::open() else { return };
    library.film("Film.mkv");
    let (before, after) = encode(&library, "Film.mkv", "Film.mkv");
    assert_same_times(&before, &after);
    assert_eq!(after.document["streams"].as_array().unwrap().len(), 1);
}

/// Encodes a film with two audio tracks in these languages and with these flags.
fn two_tracks(library: &Library, languages: [&str; 2], flags: [&str; 2]) -> (Media, Media) {
    let [one, other] = languages;
    let [first, second] = flags;
    library.make(
        "Film.mkv",
        &format!(
            "{SOUND} -f lavfi -i sine=frequency=880:duration=1 {PICTURE} -map 2:v -map 0:a -map 1:a -c:a flac \
             -metadata:s:a:0 language={one} -metadata:s:a:1 language={other} -disposition:a:0 {first} -disposition:a:1 {second}"
        ),
    );
    encode(library, "Film.mkv", "Film.mkv")
}

#[test]
fn two_tracks_of_which_none_is_default_stay_so() {
    let Some(library) = Library::open() else { return };
    let (before, after) = two_tracks(&library, ["eng", "ger"], ["0", "0"]);
    assert_eq!(before.defaults("audio"), [false, false]);
    assert_eq!(after.defaults("audio"), [false, false]);
    assert_eq!(after.languages("audio"), ["eng", "ger"]);
}

#[test]
fn the_default_moves_on_from_a_dropped_track() {
    let Some(library) = Library::open() else { return };
    let (before, after) = two_tracks(&library, ["rus", "eng"], ["default", "0"]);
    assert_eq!(before.defaults("audio"), [true, false]);
    assert_eq!((after.languages("audio"), after.defaults("audio")), (vec!["eng"], vec![true]));
    assert_eq!(before.hashes(before.streams("audio")[1]), after.hashes(after.streams("audio")[0]));
}

#[test]
fn sound_that_is_only_russian_is_kept() {
    let Some(library) = Library::open() else { return };
    let (before, after) = two_tracks(&library, ["rus", "RU"], ["default", "0"]);
    assert_eq!(after.languages("audio"), before.languages("audio"));
    for (source, result) in before.streams("audio").into_iter().zip(after.streams("audio")) {
        assert_eq!(before.hashes(source), after.hashes(result));
    }
}

#[test]
fn the_languages_to_drop_are_the_configs() {
    let Some(mut library) = Library::open() else { return };
    library.set("drop_languages", vec!["ger", "en"]);
    let (_, after) = two_tracks(&library, ["rus", "deu"], ["0", "default"]);
    assert_eq!((after.languages("audio"), after.defaults("audio")), (vec!["rus"], vec![true]));
}

#[test]
fn colours_and_depth_are_the_sources() {
    let Some(mut library) = Library::open() else { return };
    let colors = "setparams=color_primaries=bt2020:color_trc=arib-std-b67:colorspace=bt2020nc:range=tv";
    let tagged = PICTURE.replace("allf=t", &format!("allf=t,{colors}"));
    library.make("Film.mkv", &tagged);
    let (before, after) = encode(&library, "Film.mkv", "Film.mkv");
    for field in ["color_range", "color_space", "color_transfer", "color_primaries"] {
        assert!(!before.video()[field].is_null(), "{field}");
        assert_eq!(before.video()[field], after.video()[field], "{field}");
    }
    assert_eq!(after.video()["pix_fmt"], "yuv420p10le", "ten bits, also for a source of eight");

    library.film("Film.mkv");
    library.set("bit_depth", "source");
    let (_, after) = encode(&library, "Film.mkv", "Film.mkv");
    assert_eq!(after.video()["pix_fmt"], "yuv420p");
}

#[test]
fn an_interlaced_film_comes_out_progressive_frame_for_frame() {
    let Some(library) = Library::open() else { return };
    let interlaced =
        PICTURE.replace("allf=t", "allf=t,setfield=tff") + " -flags +ildct+ilme -x264-params tff=1";
    library.make("Film.mkv", &interlaced);
    let (before, after) = encode(&library, "Film.mkv", "Film.mkv");
    assert_ne!(before.video()["field_order"], "progressive");
    assert_eq!(after.video()["field_order"], "progressive");
    assert_same_times(&before, &after);
}
