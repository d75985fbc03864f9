//! Unusual but intact films: packets that are read and never shown, streams of different lengths and starts, intended
//! silence. Each must be accepted; a check that refuses one would leave it unencoded for ever. `real_films` has other
//! unusual films.

#![cfg(test)]

use std::fs;

use av1d_tests::Library;

/// ffmpeg's arguments for a moving picture of this many seconds that AV1 compresses better than older codecs do.
fn noise(seconds: &str) -> String {
    format!("-f lavfi -i testsrc2=size=160x120:rate=25:duration={seconds},noise=alls=25:allf=t")
}

fn sine(seconds: &str) -> String {
    format!("-f lavfi -i sine=duration={seconds}:sample_rate=48000")
}

const H264: &str = "-c:v libx264 -preset ultrafast -crf 5 -pix_fmt yuv420p -g 25 -bf 2";

fn open() -> Option<Library> {
    let mut library = Library::open()?;
    library.hurry();
    library.set("min_bytes", 0);
    library.set("max_size_ratio", 1.0);
    Some(library)
}

/// Encodes the film, which must be replaced, and returns the time from its first picture to its first sound, in
/// microseconds.
#[track_caller]
fn accepted(library: &Library, name: &str) -> i64 {
    library.encode(name).exits_with(0).says("[replaced]");
    let result = std::path::Path::new(name);
    let keeps = name.ends_with("mp4") || name.ends_with("webm");
    let result = if keeps { result.to_owned() } else { result.with_extension("mkv") };
    let media = library.media(&result);
    media.is_av1();
    let first = |kind| {
        let stream = media.streams(kind).first().copied()?;
        media.packets(stream).iter().filter_map(|packet| packet.shown).min()
    };
    first("audio").zip(first("video")).map_or(0, |(audio, video)| audio - video)
}

/// Removes the first `bytes` bytes of a film, as in a recording that begins anywhere.
fn behead(library: &Library, name: &str, bytes: usize) {
    let whole = fs::read(library.path(name)).unwrap();
    fs::write(library.path(name), &whole[bytes..]).unwrap();
}

#[test]
fn broadcasts_that_begin_within_a_group_of_pictures() {
    let Some(library) = open() else { return };
    for (name, codec) in [
        ("h264.ts", H264),
        (
            "open gop.ts",
            "-c:v libx264 -preset ultrafast -crf 5 -pix_fmt yuv420p -g 25 -bf 3 -x264-params open-gop=1",
        ),
        (
            "hevc.ts",
            "-c:v libx265 -preset ultrafast -crf 5 -pix_fmt yuv420p -x265-params keyint=25:open-gop=1:log-level=none",
        ),
        ("mpeg2.ts", "-c:v mpeg2video -q:v 1 -pix_fmt yuv420p -g 12 -bf 2"),
    ] {
        library.make(name, &format!("{} {} {codec} -c:a ac3", noise("3"), sine("3")));
        behead(&library, name, 188 * 1500);
        accepted(&library, name);
    }
}

/// Copied audio packets can't be hidden, so the sound before the cut is in the result: the picture then starts later
/// than the file.
#[test]
fn an_edit_list_that_hides_the_start() {
    let Some(library) = open() else { return };
    library.make("whole.mp4", &format!("{} {} {H264} -c:a aac", noise("4"), sine("4")));
    library.tools.make(&library.root(), "-ss 1.5 -i whole.mp4 -c copy", &library.path("cut.mp4"));
    library.tools.make(&library.root(), "-ss 1.5 -i whole.mp4 -c copy", &library.path("cut.mov"));
    accepted(&library, "cut.mp4");
    let distance = accepted(&library, "cut.mov");
    assert!((-600_000..-400_000).contains(&distance), "{distance}");
}

#[test]
fn starts_below_zero() {
    let Some(library) = open() else { return };
    for (name, audio) in [("aac.mkv", "aac"), ("opus.mkv", "libopus"), ("ac3.mkv", "ac3")] {
        let film = format!("{} {} {H264} -c:a {audio} -output_ts_offset -0.5", noise("2"), sine("2"));
        library.make(name, &film);
        accepted(&library, name);
    }
}

/// The padding that the audio encoder added before and after the sound is hidden by the container; av1d doesn't cut it
/// off.
#[test]
fn gapless_sound() {
    let Some(library) = open() else { return };
    for (name, codec) in
        [("aac.mp4", "aac"), ("aac.mov", "aac"), ("mp3.mp4", "libmp3lame"), ("opus.webm", "libopus")]
    {
        let video = if name.ends_with("webm") {
            "-c:v libvpx-vp9 -deadline realtime -cpu-used 8 -crf 4 -b:v 0"
        } else {
            H264
        };
        library.make(name, &format!("{} {} {video} -c:a {codec}", noise("2"), sine("2")));
        accepted(&library, name);
    }
}

#[test]
fn program_streams_and_old_files() {
    let Some(library) = open() else { return };
    let mpeg2 = "-c:v mpeg2video -q:v 1 -pix_fmt yuv420p -g 12 -bf 2";
    for (name, codecs) in [
        ("a.mpg", format!("{mpeg2} -c:a mp2")),
        ("b.vob", format!("{mpeg2} -c:a ac3 -output_ts_offset 600")),
        ("c.wmv", "-c:v wmv2 -q:v 1 -c:a wmav2".to_owned()),
        ("d.avi", "-c:v mpeg4 -q:v 1 -vtag XVID -bf 2 -c:a libmp3lame -q:a 4".to_owned()),
        ("e.avi", "-c:v mjpeg -q:v 1 -pix_fmt yuvj420p -c:a pcm_s16le".to_owned()),
        ("f.flv", format!("{H264} -c:a aac -ar 44100")),
    ] {
        library.make(name, &format!("{} {} {codecs}", noise("3"), sine("3")));
        accepted(&library, name);
    }
}

#[test]
fn sound_that_is_shorter_or_longer_than_the_picture_or_has_a_hole() {
    let Some(library) = open() else { return };
    for (name, picture, sound) in [
        ("short.mkv", "5", "2"),
        ("short.mp4", "5", "2"),
        ("short broadcast.ts", "5", "2"),
        ("short old.avi", "5", "2"),
        ("long.mkv", "3", "3.8"),
        ("long.mp4", "3", "3.8"),
    ] {
        library.make(name, &format!("{} {} {H264} -c:a ac3", noise(picture), sine(sound)));
        accepted(&library, name);
    }
    let hole = r"-bsf:a noise=drop=between(pts*tb\,1\,3)";
    for name in ["hole.mkv", "hole.mp4"] {
        library.make(name, &format!("{} {} {H264} -c:a ac3 {hole}", noise("4"), sine("4")));
        accepted(&library, name);
    }
}

/// Slides: each picture is shown for seconds.
#[test]
fn pictures_far_apart() {
    let Some(library) = open() else { return };
    let slides = r"-vf select=lt(n\,25)+gt(n\,200) -fps_mode vfr";
    for name in ["slides.mkv", "slides.mp4", "broadcast slides.ts"] {
        library.make(name, &format!("{} {} {slides} {H264} -c:a ac3", noise("10"), sine("10")));
        accepted(&library, name);
    }
}

#[test]
fn few_subtitles_long_after_the_start() {
    let Some(library) = open() else { return };
    library.write_scratch(
        "late.srt",
        "1\n00:00:07,000 --> 00:00:07,500\nAt last\n\n2\n00:00:07,600 --> 00:00:07,700\n \n",
    );
    let film = format!("{} {} -i late.srt -map 0 -map 1 -map 2 {H264} -c:a ac3", noise("8"), sine("8"));
    for (name, codec) in [("a.mkv", "srt"), ("b.mp4", "mov_text"), ("c.mov", "mov_text"), ("d.mkv", "ass")] {
        library.make(name, &format!("{film} -c:s {codec}"));
        accepted(&library, name);
    }
}

/// Tags of all spellings, and names of chapters and attachments, in Matroska and MP4.
#[test]
fn tags_that_say_anything() {
    let Some(library) = open() else { return };
    library.write_scratch(
        "tags.txt",
        ";FFMETADATA1\ntitle=A \\= Title\\; with \"quotes\"\ncomment=two\\\nlines\nENCODED_BY=x\nartist=y\n[CHAPTER]\n\
         TIMEBASE=1/1000\nSTART=0\nEND=2000\ntitle=One\n",
    );
    library.write_scratch("font.ttf", b"what is in it is the player's business");
    let film =
        format!("{} {} -i tags.txt -map 0 -map 1 -map_metadata 2 {H264} -c:a ac3", noise("2"), sine("2"));
    let tags = "-metadata:s:a:0 title=a -metadata:s:a:0 MOOD=calm -metadata:s:a:0 lower_case=b -metadata:s:a:0 BPS=7 \
                -metadata:s:v:0 BPS=8 -metadata:s:v:0 source=disc -metadata:s:v:0 comment=c -metadata:s:a:0 language=de-DE";
    let font = "-attach font.ttf -metadata:s:t mimetype=font/ttf";
    for (name, more) in [("a.mkv", font), ("b.mp4", "-movflags use_metadata_tags"), ("c.mov", "")] {
        library.make(name, &format!("{film} {tags} {more}"));
        accepted(&library, name);
    }
}
