//! Interlaced video: each frame becomes one progressive frame, unless the config says otherwise.

use av1d_tests::Library;

use crate::film::{Film, SINE, encoded, left_alone, open};

/// Interlaced frames whose two fields are from different moments, with noise as on a disc.
fn woven(first: &str, codec: &str) -> String {
    let (order, top) = if first == "top" { ("tff", 1) } else { ("bff", 0) };
    format!(
        "-f lavfi -i testsrc2=size=160x128:rate=50:duration=0.6,noise=alls=25:allf=t {SINE} \
         -vf tinterlace=interleave_{first},fieldorder={order} -flags +ildct+ilme -pix_fmt yuv420p {}",
        codec.replace("ORDER", order).replace("TOP", &top.to_string())
    )
}

const H264: &str = "-c:v libx264 -preset ultrafast -crf 2 -x264-params ORDER=1 -c:a ac3";
const MPEG2: &str = "-c:v mpeg2video -q:v 1 -top TOP -c:a mp2";

fn make(library: &Library, name: &str, first: &str, codec: &str) {
    library.make(name, &woven(first, codec));
    let order = library.media(name).video()["field_order"].clone();
    assert!(["tt", "bb", "tb", "bt"].iter().any(|interlaced| order == *interlaced), "{name}: {order}");
}

#[test]
fn each_interlaced_frame_becomes_a_progressive_one_at_its_time() {
    let Some(library) = open() else { return };
    let prores = "-c:v prores_ks -profile:v 3 -pix_fmt yuv422p10le -c:a pcm_s16le";
    for (name, first, codec) in [
        ("h264 top.mkv", "top", H264),
        ("h264 bottom.mkv", "bottom", H264),
        ("h264 top.mp4", "top", H264),
        ("h264 bottom.ts", "bottom", H264),
        ("mpeg2 top.vob", "top", MPEG2),
        ("mpeg2 bottom.ts", "bottom", MPEG2),
        ("mpeg2 bottom.mkv", "bottom", MPEG2),
        ("prores.mov", "top", prores),
    ] {
        make(&library, name, first, codec);
        let film: Film = encoded(&library, name);
        assert_eq!(film.video("field_order"), "progressive", "{name}");
        assert_eq!(film.choice("interlacing"), Some("deinterlace"));
        film.keeps_times().keeps_packets("audio");
        std::fs::remove_file(library.path(&film.name)).unwrap();
    }
}

#[test]
fn fields_are_kept_or_left_alone_where_the_config_says_so() {
    let Some(mut library) = open() else { return };
    for (name, first, codec) in [("a.mkv", "top", H264), ("b.ts", "bottom", MPEG2)] {
        make(&library, name, first, codec);
        library.set("interlaced", "skip");
        left_alone(&library, name, "interlaced");
        library.set("interlaced", "keep");
        let film = encoded(&library, name);
        assert_ne!(film.video("field_order"), "progressive", "{name} says that its fields are woven");
        assert!(!film.argv().iter().any(|argument| argument.contains("bwdif")));
        film.keeps_times();
    }
}

#[test]
fn progressive_video_meets_no_such_rule() {
    let Some(mut library) = open() else { return };
    library.set("interlaced", "skip");
    let film =
        crate::film::made(&library, "Film.mkv", &format!("{} {}", crate::film::NOISE, crate::film::H264));
    assert_eq!((film.choice("interlacing"), film.video("field_order").as_str()), (None, "progressive"));
}
