//! Timestamps: variable frame rates, absurd rates, starts other than zero, and no timestamps at all.

use av1d_tests::Library;

use crate::film::{Film, H264, NOISE, SINE, encoded, made, open, text};

/// Keeps about a third of the frames, at uneven distances.
const UNEVEN: &str = r"-vf select=not(mod(n\,3))+not(mod(n\,7)) -fps_mode vfr";

fn scratch(library: &Library, name: &str, arguments: &str) {
    library.tools.make(&library.scratch(), arguments, &library.scratch().join(name));
}

#[test]
fn a_varying_rate_stays_as_it_varies() {
    let Some(library) = open() else { return };
    let noise = NOISE.replace("rate=25:duration=0.6", "rate=60:duration=1");
    scratch(&library, "uneven.mkv", &format!("{noise} {SINE} {UNEVEN} {H264} -bf 2 -c:a aac"));
    for name in ["a.mkv", "b.mp4", "c.ts", "d.flv"] {
        let film = made(&library, name, "-i uneven.mkv -c copy");
        let times = film.keeps_times().after.times_from_zero();
        let gaps: std::collections::BTreeSet<i64> =
            times.windows(2).map(|pair| (pair[1] - pair[0]) / 2000).collect();
        assert!(gaps.len() > 2, "{name}: {times:?}");
    }
}

/// SVT-AV1 takes at most 240 nominal frames per second.
#[test]
fn an_absurd_nominal_rate_is_no_obstacle() {
    let Some(library) = open() else { return };
    let fast = |rate: &str| NOISE.replace("rate=25:duration=0.6", rate);
    // Frame distances without a common divisor: the demuxer of transport streams takes them for a rate of 2000.
    let gaps = r"-vf settb=1/1000,setpts=N*40+mod(N*7919\,23) -fps_mode passthrough -enc_time_base 1:1000";
    scratch(&library, "uneven.mkv", &format!("{} {gaps} {H264}", fast("rate=25:duration=2")));
    for (name, arguments) in [
        ("300.mkv", format!("{} {H264}", fast("rate=300:duration=0.2"))),
        ("300.mp4", format!("{} {H264}", fast("rate=300:duration=0.2"))),
        ("1000.mkv", format!("{} {H264}", fast("rate=1000:duration=0.05"))),
        ("broadcast.ts", "-i uneven.mkv -c copy".to_owned()),
    ] {
        let film = made(&library, name, &arguments);
        let rate = text(&film.before.video()["r_frame_rate"]);
        let (over, under) = rate.split_once('/').unwrap();
        assert!(over.parse::<u64>().unwrap() > 240 * under.parse::<u64>().unwrap(), "{name} has {rate}");
        film.keeps_times();
        assert!(film.argv().iter().any(|argument| argument.contains("fps-num=")), "{:?}", film.argv());
    }
}

#[test]
fn a_broadcast_that_starts_after_a_day_starts_at_once() {
    let Some(library) = open() else { return };
    for name in ["recording.ts", "recording2.m2ts"] {
        let film = made(&library, name, &format!("{NOISE} {SINE} {H264} -c:a mp2 -output_ts_offset 95230"));
        let start = |media: &av1d_tests::Media| seconds(&media.document["format"]["start_time"]);
        assert!((95_231.0..95_232.0).contains(&start(&film.before)), "{}", start(&film.before));
        assert!(start(&film.after) < 0.1, "{}", start(&film.after));
        assert!(seconds(&film.after.document["format"]["duration"]) < 1.0);
        film.keeps_times().keeps_packets("audio");
    }
}

fn seconds(value: &serde_json::Value) -> f64 {
    value.as_str().unwrap().parse().unwrap()
}

/// AVI has no timestamps, so B-frames can't be put in order by guessing.
#[test]
fn an_avi_without_timestamps_loses_no_frame() {
    let Some(library) = open() else { return };
    let noise = NOISE.replace("rate=25:duration=0.6", "rate=24000/1001:duration=1");
    let xvid = "-c:v mpeg4 -bf 2 -q:v 1 -vtag XVID";
    for (name, codec) in
        [("Film.avi", H264), ("Show.S01E01.WEB-DL.avi", H264), ("Old.avi", xvid), ("Old.WEBRip.avi", xvid)]
    {
        let film: Film = made(&library, name, &format!("{noise} {SINE} {codec} -bf 2 -c:a libmp3lame"));
        let video = film.before.video().clone();
        assert!(
            codec == xvid || film.before.packets(&video).iter().all(|packet| packet.shown.is_none()),
            "{name}"
        );
        let times = film.after.times_from_zero();
        assert_eq!(times.len(), film.before.packets(&video).len(), "{name}");
        let even = times.windows(2).all(|pair| (pair[1] - pair[0]).abs_diff(41_708) <= 1000);
        assert!(even, "{name}: {times:?}");
        assert_eq!(film.name, name.replace(".avi", ".mkv"));
        film.keeps_packets("audio");
    }
}

/// Sound and picture keep their time offset, whichever starts first.
#[test]
fn a_late_picture_or_a_late_sound_stays_late() {
    let Some(library) = open() else { return };
    for (name, late) in
        [("picture.mkv", 0), ("picture.mp4", 0), ("broadcast.ts", 0), ("sound.mkv", 1), ("sound.mp4", 1)]
    {
        let [video, audio] = [0, 1].map(|input| if input == late { "-itsoffset 0.4" } else { "" });
        library.make(name, &format!("{video} {NOISE} {audio} {SINE} {H264} -c:a ac3"));
        let film = encoded(&library, name);
        let distance = |media: &av1d_tests::Media| {
            let first =
                |kind| media.packets(media.streams(kind)[0]).iter().filter_map(|packet| packet.shown).min();
            first("video").unwrap() - first("audio").unwrap()
        };
        let (before, after) = (distance(&film.before), distance(&film.after));
        assert!(before.abs() > 300_000, "{name}: {before}");
        assert!((before - after).abs() <= 1000, "{name}: {before} became {after}");
        film.keeps_times();
    }
}
