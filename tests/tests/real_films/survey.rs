//! What a header doesn't say: films whose length, size, fields or captions show only in their packets and pictures.

use std::fs;

use av1d_tests::Library;

use crate::film::{H264, NOISE, encoded, made, open};

/// ffmpeg's input options for two seconds of noise on a test card of this size.
fn noise(size: &str, seconds: u32) -> String {
    format!("-f lavfi -i testsrc2=size={size}:rate=25:duration={seconds},noise=alls=25:allf=t")
}

/// Joins files of the scratch folder into a film of elementary video, and puts it into the film `name`.
fn join(library: &Library, parts: &[(&str, String)], name: &str, options: &str) {
    let mut joined = Vec::new();
    for (part, arguments) in parts {
        library.make(part, arguments);
        joined.extend(fs::read(library.path(part)).unwrap());
        fs::remove_file(library.path(part)).unwrap();
    }
    let whole = library.scratch().join("joined.m2v");
    fs::write(&whole, joined).unwrap();
    library.make(name, &format!("-fflags +genpts -r 25 -i joined.m2v {options}"));
}

/// What the survey decided, and left alone with this code.
#[track_caller]
fn refused(library: &Library, name: &str, code: &str, words: &str) {
    let content = fs::read(library.path(name)).unwrap();
    library.encode(name).exits_with(0).says(format!("[{code}]")).says(words);
    assert!(content == fs::read(library.path(name)).unwrap(), "{name} was changed");
    assert!(!library.jobs().iter().any(|job| job["path"] == library.path(name).to_str().unwrap()), "a job");
    library.run(["plan", "--survey", "--", name]).exits_with(0).says(format!("[{code}]"));
}

#[test]
fn a_picture_that_changes_its_size_or_shape_is_left_alone() {
    let Some(library) = open() else { return };
    let mpeg2 = "-c:v mpeg2video -q:v 2 -g 12 -f mpeg2video";
    let shaped = |size: &str, shape: &str| format!("{} -vf setsar={shape} {mpeg2}", noise(size, 2));
    let sar = [("a.m2v", shaped("160x128", "12/11")), ("b.m2v", shaped("160x128", "16/11"))];
    join(&library, &sar, "shape.ts", "-c copy");
    refused(&library, "shape.ts", "picture-changes", "the shape of pixels");
    let size = [("a.m2v", shaped("160x128", "1")), ("b.m2v", shaped("176x128", "1"))];
    join(&library, &size, "size.mkv", "-c copy");
    refused(&library, "size.mkv", "picture-changes", "160x128 to 176x128");
    // The same shape in other words is the same shape.
    let same = [("a.m2v", shaped("160x128", "1")), ("b.m2v", shaped("160x128", "2/2"))];
    join(&library, &same, "same.mkv", "-c copy");
    encoded(&library, "same.mkv");
}

#[test]
fn fields_that_begin_late_are_deinterlaced() {
    let Some(library) = open() else { return };
    let plain =
        format!("{} -pix_fmt yuv420p -c:v mpeg2video -q:v 1 -g 12 -f mpeg2video", noise("160x128", 2));
    let woven = "-f lavfi -i testsrc2=size=160x128:rate=50:duration=2,noise=alls=25:allf=t \
                 -vf tinterlace=interleave_top,fieldorder=tff,format=yuv420p -flags +ildct+ilme -top 1 \
                 -c:v mpeg2video -q:v 1 -g 12 -f mpeg2video";
    join(&library, &[("a.m2v", plain), ("b.m2v", woven.to_owned())], "late.mkv", "-c copy");
    assert_eq!(library.media("late.mkv").video()["field_order"], "progressive", "the header's claim");
    let film = encoded(&library, "late.mkv");
    assert_eq!(film.choice("interlacing"), Some("deinterlace"));
    film.keeps_times();
}

/// Broadcasts change their colour tags with the programme. ffmpeg rebuilds its filters there, and a deinterlacer would
/// lose the frame that it holds.
#[test]
fn no_frame_is_lost_where_the_colour_tags_of_an_interlaced_film_change() {
    let Some(library) = open() else { return };
    let part = |tag: &str| {
        format!(
            "-f lavfi -i testsrc2=size=160x128:rate=50:duration=1,noise=alls=25:allf=t \
             -vf tinterlace=interleave_top,fieldorder=tff,format=yuv420p -flags +ildct+ilme -top 1 -c:v mpeg2video \
             -q:v 1 -g 12 -color_primaries {tag} -color_trc {tag} -colorspace {tag} -f mpeg2video"
        )
    };
    join(&library, &[("a.m2v", part("bt709")), ("b.m2v", part("smpte170m"))], "tags.mkv", "-c copy");
    let film = encoded(&library, "tags.mkv");
    assert!(film.argv().contains(&"-reinit_filter"), "{:?}", film.argv());
    film.keeps_times();
}

/// No track declares its own length, and the container's is that of the longest.
#[test]
fn sound_and_subtitles_may_be_longer_than_the_picture() {
    let Some(library) = open() else { return };
    fs::write(library.scratch().join("late.srt"), "1\n00:00:08,000 --> 00:00:09,000\nend\n").unwrap();
    for (name, others) in [
        ("sound.mkv", "-f lavfi -i sine=duration=5"),
        ("flash.flv", "-f lavfi -i sine=duration=5:sample_rate=44100"),
        ("subtitle.mkv", "-f lavfi -i sine=duration=1 -i late.srt"),
    ] {
        let audio = if name.ends_with("flv") { "aac" } else { "ac3" };
        let film = made(
            &library,
            name,
            &format!(
                "{NOISE} {others} -map 0:v {} -map_metadata -1 {H264} -c:a {audio}",
                if name.starts_with("sub") { "-map 1 -map 2" } else { "-map 1" }
            ),
        );
        film.keeps_times();
        let lengths = film.plan["encode"]["contract"]["streams"][0]["span"]["length"].as_i64().unwrap();
        assert!((500_000..800_000).contains(&lengths), "{name}: {lengths}");
    }
}

#[test]
fn a_film_may_begin_at_any_time_and_its_streams_one_after_the_other() {
    let Some(library) = open() else { return };
    let sound = "-f lavfi -i sine=duration=6";
    for (name, arguments) in [
        ("clock.mkv", format!("{NOISE} {sound} -map 0 -map 1 {H264} -c:a ac3 -output_ts_offset 10")),
        ("picture late.mkv", format!("-itsoffset 4 {NOISE} {sound} -map 0 -map 1 {H264} -c:a ac3")),
        ("picture late.mp4", format!("-itsoffset 4 {NOISE} {sound} -map 0 -map 1 {H264} -c:a aac")),
        (
            "sound late.mkv",
            format!("{} -itsoffset 3 {sound} -map 0 -map 1 {H264} -c:a ac3", noise("160x120", 4)),
        ),
        (
            "broadcast.ts",
            format!("{} -itsoffset 3 {sound} -map 0 -map 1 {H264} -c:a mp2", noise("160x120", 4)),
        ),
    ] {
        library.make(name, &arguments);
        let film = encoded(&library, name);
        film.keeps_times();
        let lag = |media: &av1d_tests::Media| {
            let shown = |kind: &str| {
                media.packets(media.streams(kind)[0]).into_iter().filter_map(|packet| packet.shown)
            };
            shown("audio").min().unwrap() - shown("video").min().unwrap()
        };
        let (before, after) = (lag(&film.before), lag(&film.after));
        assert!(before.abs_diff(after) < 40_000, "{name}: the sound was {before} µs late, and is {after}");
    }
}

/// The plan says whether it knows more than headers, and `--survey` makes it look.
#[test]
fn a_plan_says_whether_the_film_was_surveyed() {
    let Some(library) = open() else { return };
    library.make("Film.mkv", &format!("{NOISE} {H264}"));
    let explained = |more: &[&str]| {
        let arguments = [&["plan", "--explain"], more, &["--", "Film.mkv"]].concat();
        library.run(arguments).exits_with(0).text().to_owned()
    };
    assert!(explained(&[]).contains("only its headers were looked at"), "{}", explained(&[]));
    let surveyed = explained(&["--survey"]);
    assert!(surveyed.contains("15 packets") && surveyed.contains("pictures were looked at"), "{surveyed}");
}

#[test]
fn sound_that_is_announced_and_never_comes_is_left_out() {
    let Some(library) = open() else { return };
    let sounds = "-f lavfi -i sine=duration=2 -f lavfi -i sine=440:duration=2";
    library.make("two.ts", &format!("{} {sounds} -map 0 -map 1 -map 2 {H264} -c:a ac3", noise("160x120", 2)));
    let packets = fs::read(library.path("two.ts")).unwrap();
    let silent = packets.chunks(188).filter(|packet| {
        let pid = u16::from_be_bytes([packet[1] & 0x1f, packet[2]]);
        pid != 0x102
    });
    fs::write(library.path("silent.ts"), silent.collect::<Vec<_>>().concat()).unwrap();
    let film = encoded(&library, "silent.ts");
    assert_eq!((film.before.streams("audio").len(), film.after.streams("audio").len()), (2, 1));
    let decisions = film.plan["decisions"].as_array().unwrap();
    assert!(decisions.iter().any(|decision| decision["code"] == "no-packets"), "{decisions:#?}");
    assert_eq!(film.losses(), [] as [&str; 0]);
}

/// AC-3 says in each packet how many channels it has. AAC of a broadcast does, too, but not in Matroska.
#[test]
fn sound_that_changes_its_channels_is_copied_or_left_alone() {
    let Some(library) = open() else { return };
    for (codec, part, name) in [("ac3", "part.ac3", "ac3.ts"), ("aac", "part.aac", "aac.ts")] {
        let mut joined = Vec::new();
        for channels in [2, 6] {
            let sound = format!("-f lavfi -i sine=duration=1 -ac {channels} -c:a {codec}");
            library.make(part, &sound);
            joined.extend(fs::read(library.path(part)).unwrap());
            fs::remove_file(library.path(part)).unwrap();
        }
        fs::write(library.scratch().join(part), joined).unwrap();
        library.make(name, &format!("{} -i {part} -map 0 -map 1 {H264} -c:a copy", noise("160x120", 2)));
    }
    encoded(&library, "ac3.ts").keeps_packets("audio");
    refused(&library, "aac.ts", "sound-changes", "from 2 to 6 channels");
}

#[test]
fn a_crop_of_the_container_is_the_picture_that_people_see() {
    let Some(library) = open() else { return };
    let Some(mkvmerge) = av1d_tests::program("mkvmerge") else { return };
    library.make("whole.mkv", &format!("{NOISE} {H264}"));
    let made = std::process::Command::new(mkvmerge)
        .args(["-q", "-o"])
        .arg(library.path("Film.mkv"))
        .args(["--cropping", "0:0,20,0,20"])
        .arg(library.path("whole.mkv"))
        .output()
        .unwrap();
    assert!(made.status.success(), "{made:?}");
    fs::remove_file(library.path("whole.mkv")).unwrap();
    let film = encoded(&library, "Film.mkv");
    assert_eq!((film.video("width").as_str(), film.video("height").as_str()), ("160", "80"));
}

#[test]
fn a_windows_media_file_that_was_cut_off_is_left_alone() {
    let Some(library) = open() else { return };
    library.make("Film.wmv", &format!("{} -c:v wmv2 -b:v 2M", noise("160x120", 2)));
    let film = fs::File::options().write(true).open(library.path("Film.wmv")).unwrap();
    film.set_len(film.metadata().unwrap().len() / 2).unwrap();
    refused(&library, "Film.wmv", "damaged", "its end is missing: it has");
}
