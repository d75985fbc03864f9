//! Every kind of container that films come in, each to the container for its AV1 result.

use crate::film::{Film, H264, NOISE, SINE, made, open, skipped, text};

const VP9: &str = "-c:v libvpx-vp9 -deadline realtime -cpu-used 8 -crf 4 -b:v 0";
const MPEG2: &str = "-c:v mpeg2video -q:v 1 -pix_fmt yuv420p";

fn write_subtitles(library: &av1d_tests::Library) {
    library.write_scratch("eng.srt", "1\n00:00:00,100 --> 00:00:00,400\nMorning\n");
}

#[test]
fn every_container_of_films_comes_to_its_target() {
    let Some(library) = open() else { return };
    write_subtitles(&library);
    let table = [
        ("Film.mkv", format!("-i eng.srt {H264} -c:a ac3 -c:s srt"), "ac3", "subrip"),
        ("Film.mp4", format!("-i eng.srt {H264} -c:a aac -c:s mov_text"), "aac", "mov_text"),
        ("Film.m4v", format!("{H264} -c:a alac -f mp4"), "alac", ""),
        ("Film.webm", format!("-i eng.srt {VP9} -c:a libopus -c:s webvtt"), "opus", "webvtt"),
        ("a.mov", "-c:v prores_ks -profile:v 3 -c:a pcm_s24le".to_owned(), "pcm_s24le", ""),
        ("b.avi", "-c:v mpeg4 -q:v 1 -vtag XVID -c:a libmp3lame".to_owned(), "mp3", ""),
        ("c.ts", format!("{H264} -c:a mp2"), "mp2", ""),
        ("d.m2ts", format!("{H264} -c:a ac3 -mpegts_m2ts_mode 1"), "ac3", ""),
        ("e.mpg", "-c:v mpeg1video -q:v 1 -c:a mp2".to_owned(), "mp2", ""),
        ("f.VOB", format!("{MPEG2} -c:a ac3"), "ac3", ""),
        ("g.wmv", "-c:v wmv2 -q:v 1 -c:a wmav2".to_owned(), "wmav2", ""),
        ("h.flv", format!("{H264} -c:a aac -ar 44100"), "aac", ""),
        ("i.mts", format!("{H264} -c:a ac3 -f mpegts -mpegts_m2ts_mode 1"), "ac3", ""),
        ("j.mpeg", format!("{MPEG2} -c:a mp2"), "mp2", ""),
    ];
    for (name, arguments, audio, subtitle) in table {
        let film = made(&library, name, &format!("{NOISE} {SINE} {arguments}"));
        assert_eq!(film.after.codecs("audio"), [audio], "{name}");
        assert_eq!(
            film.after.codecs("subtitle"),
            Vec::from_iter((!subtitle.is_empty()).then_some(subtitle)),
            "{name}"
        );
        assert_eq!(film.losses(), if name == "a.mov" { vec!["chroma"] } else { Vec::new() }, "{name}");
        let format = text(&film.after.document["format"]["format_name"]);
        let expected =
            if name.ends_with("mp4") || name.ends_with("m4v") { "mov,mp4" } else { "matroska,webm" };
        assert!(format.starts_with(expected), "{name} is {format}");
        keeps_time_and_sound(&film);
    }
    assert_eq!(library.files().len(), 14, "{:?}", library.files());
}

/// Containers that are taken if the config lists their extensions; some are on its list by default.
#[test]
fn containers_that_few_people_have_come_to_matroska_too() {
    let Some(mut library) = open() else { return };
    let names = ["a.rm", "b.mxf", "c.dv", "d.wtv", "e.ivf", "f.ogm", "g.3gp", "h.3g2", "i.f4v", "j.m2v"];
    library.set("extensions", names.iter().map(|name| &name[2..]).chain(["mkv"]).collect::<Vec<_>>());
    let sound = |arguments: &str| format!("{NOISE} {SINE} {arguments}");
    let table = [
        ("a.rm", sound("-c:v rv20 -q:v 1 -c:a ac3 -ac 2"), "ac3"),
        ("b.mxf", sound(&format!("{MPEG2} -c:a pcm_s16le")), "pcm_s16le"),
        ("c.dv", sound("-target pal-dv"), "pcm_s16le"),
        ("d.wtv", sound(&format!("{MPEG2} -c:a mp2")), "mp2"),
        ("e.ivf", format!("{NOISE} {VP9}"), ""),
        ("f.ogm", sound("-c:v libtheora -q:v 10 -c:a libvorbis -f ogg"), "vorbis"),
        ("g.3gp", sound(&format!("{H264} -c:a aac")), "aac"),
        ("h.3g2", sound(&format!("{H264} -c:a aac")), "aac"),
        ("i.f4v", sound(&format!("{H264} -c:a aac")), "aac"),
        ("j.m2v", format!("{NOISE} {MPEG2} -bf 2"), ""),
    ];
    for (name, arguments, audio) in table {
        let film = made(&library, name, &arguments);
        assert_eq!(
            film.after.codecs("audio"),
            Vec::from_iter((!audio.is_empty()).then_some(audio)),
            "{name}"
        );
        let format = text(&film.after.document["format"]["format_name"]);
        assert!(format.starts_with("matroska,webm"), "{name} is {format}");
        if name == "j.m2v" {
            // A raw stream has a frame rate, but only some of its packets have a time.
            let right = |(number, time): (i64, &i64)| (number * 40_000).abs_diff(*time) <= 1000;
            let times = film.after.times_from_zero();
            assert!(times.len() == 15 && (0..).zip(&times).all(right), "{times:?}");
        } else {
            film.keeps_times();
        }
    }
}

/// Whatever a name says, what is taken goes by the content, and what isn't is left alone and not called damaged.
#[test]
fn a_format_that_is_not_taken_is_named() {
    let Some(library) = open() else { return };
    let table = [
        ("a.mp4", "-pix_fmt yuv420p -f yuv4mpegpipe", "yuv4mpegpipe"),
        ("b.mkv", "-c:v libx264 -f h264", "h264"),
        ("c.avi", "-f gif", "gif"),
    ];
    for (name, arguments, format) in table {
        library.make(name, &format!("{NOISE} {arguments}"));
        let run = library.encode(name).exits_with(0);
        run.says(format!("{name} [unsupported-format]")).says(format!("its format ({format})"));
        assert_eq!(skipped(&library, name), "unsupported-format");
    }
    let run = library.watch_once().exits_with(0).says("0 replaced, 3 skipped, 0 failed");
    run.says_no("whole copy").says_no("unreadable");
    library.watch_once().exits_with(0).says_no("unsupported-format").says("0 replaced, 3 skipped, 0 failed");
}

/// In a transport stream, each AAC packet has a header that other containers store only once, so its packets differ.
fn keeps_time_and_sound(film: &Film) {
    film.keeps_times();
    if film.after.codecs("audio") != ["aac"] {
        film.keeps_packets("audio");
    }
}

#[test]
fn aac_of_a_broadcast_is_made_to_fit() {
    let Some(library) = open() else { return };
    for name in ["a.ts", "b.flv"] {
        let film = made(&library, name, &format!("{NOISE} {SINE} {H264} -c:a aac -ar 44100"));
        let [before, after] =
            [&film.before, &film.after].map(|media| media.packets(media.streams("audio")[0]).len());
        assert_eq!(before, after, "{name}");
        film.keeps_times();
    }
}

#[test]
fn a_fragmented_film_and_one_with_an_edit_list_are_whole_afterwards() {
    let Some(library) = open() else { return };
    let first = library.scratch().join("first.mkv");
    let long = NOISE.replace("duration=0.6", "duration=1.4");
    let sine = SINE.replace("duration=0.6", "duration=1.4");
    library.tools.make(&library.scratch(), &format!("{long} {sine} {H264} -g 12 -bf 2 -c:a ac3"), &first);
    let fragments = "-i first.mkv -c copy -movflags +frag_keyframe+empty_moov+default_base_moof+delay_moov";
    made(&library, "fragments.mp4", fragments).keeps_times().keeps_packets("audio");

    library.make("cut.mp4", "-ss 0.6 -i first.mkv -c copy");
    let film = crate::film::encoded(&library, "cut.mp4");
    let shown = |media: &av1d_tests::Media| {
        let times = media.times();
        times.into_iter().filter(|time| *time >= 0).collect::<Vec<_>>()
    };
    assert_eq!(shown(&film.before), shown(&film.after), "what the edit list hides stays hidden");
}
