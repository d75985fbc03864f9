//! Broken results, each broken in one way, from an ffmpeg that exits with 0: each is refused with its own code, and the
//! original stays.
//!
//! The stand-in first runs the real ffmpeg with all its arguments. Its report and its timestamps are therefore honest,
//! and only the file differs from what it wrote, as after a full disk, a broken disk or another program's write.

#![cfg(test)]

use std::fs;

use av1d_tests::{Library, Script};

/// Ten seconds of noise with sound, a subtitle, chapters and tags: each test takes one of these away.
const FILM: &str = "-f lavfi -i testsrc2=size=160x120:rate=25:duration=10,noise=alls=25:allf=t \
                    -f lavfi -i aevalsrc=sin(880*t)|sin(660*t):duration=10:sample_rate=48000 \
                    -i eng.srt -i chapters.txt -map 0 -map 1 -map 2 -map_chapters 3 -map_metadata 3 \
                    -c:v libx264 -preset ultrafast -crf 4 -pix_fmt yuv420p -bf 2 -c:a ac3 -c:s srt \
                    -metadata:s:a:0 language=eng -metadata:s:a:0 title=Director -metadata:s:a:0 MOOD=calm";

const SUBTITLES: &str =
    "1\n00:00:01,000 --> 00:00:02,000\nMorning\n\n2\n00:00:08,000 --> 00:00:09,000\nEvening\n";

const CHAPTERS: &str = ";FFMETADATA1\ntitle=A Film\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=5000\ntitle=One\n\
                        [CHAPTER]\nTIMEBASE=1/1000\nSTART=5000\nEND=10000\ntitle=Two\n";

/// A stand-in that encodes honestly, then replaces the result by what ffmpeg makes from it with `arguments`.
fn instead(arguments: &str) -> String {
    format!(
        "\"$real\" \"$@\" || exit $?\nmv \"$output\" ../scratch/whole.mkv\n\
         export SVT_LOG=1\ncd ../scratch\n\
         \"$real\" -nostdin -v error -y {arguments} -f matroska \"$output\" </dev/null >&2\nexit 0"
    )
}

/// Asserts that the film is refused with this code and stays as it is, and is replaced once ffmpeg is the real one.
#[track_caller]
fn refused(code: &str, does: &str) {
    let Some(mut library) = Library::open() else { return };
    library.hurry();
    library.set("min_bytes", 0);
    library.set("max_size_ratio", 1.0);
    library.write_scratch("eng.srt", SUBTITLES);
    library.write_scratch("chapters.txt", CHAPTERS);
    library.make("Film.mkv", FILM);
    let film = library.path("Film.mkv");
    let original = fs::read(&film).unwrap();

    library.replace_ffmpeg(Script { when: "-progress", does });
    library.encode("Film.mkv").exits_with(1).says(format!("[{code}]"));

    assert!(fs::read(&film).unwrap() == original, "the original is byte-identical");
    assert_eq!(library.files(), ["Film.mkv", "Film.mkv.why.txt"], "a text, and no temporary file");
    assert_eq!(library.job()["outcome"]["code"], code);
    let logs = fs::read_dir(library.state().join("logs")).unwrap();
    let times =
        logs.filter(|entry| entry.as_ref().unwrap().path().extension().is_some_and(|own| own == "times"));
    assert_eq!(times.count(), 0, "the times of the frames are removed after judging");

    let real = library.tools.ffmpeg.clone();
    library.set("ffmpeg", real.to_str().unwrap());
    library.encode("Film.mkv").exits_with(0).says("[replaced]");
    library.media("Film.mkv").is_av1();
}

const COPY: &str = "-i whole.mkv -map 0 -c copy";

#[test]
fn truncated() {
    let does = "\"$real\" \"$@\" || exit $?\nmv \"$output\" ../scratch/whole.mkv\n\
                head -c $(($(stat -c %s ../scratch/whole.mkv) * 6 / 10)) ../scratch/whole.mkv > \"$output\"\nexit 0";
    refused("truncated", does);
}

#[test]
fn killed() {
    // A whole cluster is written, the rest isn't.
    let does = "\"$real\" -readrate 4 \"$@\" & encoder=$!\n\
                for i in $(seq 600); do [ $(stat -c %s \"$output\") -gt 100000 ] && break; sleep 0.05; done\n\
                kill -KILL $encoder; wait $encoder\nexit 0";
    refused("unfinished", does);
}

/// A bitstream filter that drops packets, in quotes for the shell.
fn drop(when: &str) -> String {
    format!("'noise=drop={when}'")
}

fn dropping(streams: &str, when: &str) -> String {
    instead(&format!("{COPY} -bsf:{streams} {}", drop(when)))
}

#[test]
fn middle_missing() {
    let drop = drop(r"between(pts*tb\,3\,6)");
    refused("middle-missing", &instead(&format!("{COPY} -bsf:v {drop} -bsf:a {drop}")));
}

#[test]
fn video_tail_missing() {
    refused("ends-early", &dropping("v", r"gte(pts*tb\,7)"));
}

#[test]
fn audio_tail_missing() {
    refused("sound-ends-early", &dropping("a", r"gte(pts*tb\,7)"));
}

/// The missing half second is less than the tolerance for a film's duration.
#[test]
fn the_last_half_second_of_the_sound_missing() {
    refused("sound-ends-early", &dropping("a", r"gte(pts*tb\,9.5)"));
}

#[test]
fn gap_in_video() {
    refused("gap-in-picture", &dropping("v", r"between(pts*tb\,3\,6)"));
}

#[test]
fn gap_in_audio() {
    refused("gap-in-sound", &dropping("a", r"between(pts*tb\,3\,6)"));
}

#[test]
fn a_single_frame_missing() {
    refused("gap-in-picture", &dropping("v", r"eq(n\,100)"));
}

#[test]
fn audio_late() {
    let arguments = "-i whole.mkv -itsoffset 0.5 -i whole.mkv -map 0:v -map 1:a -map 0:s -c copy";
    refused("sound-late", &instead(arguments));
}

#[test]
fn video_shifted_by_80_ms() {
    let arguments =
        "-itsoffset 0.08 -i whole.mkv -i whole.mkv -map 0:v -map 1:a -map 1:s -map_chapters 1 -c copy";
    refused("picture-late", &instead(arguments));
}

#[test]
fn subtitle_gone() {
    refused("stream-count", &instead(&format!("{COPY} -map -0:s")));
}

#[test]
fn other_frame_rate() {
    let encode = "-map 0 -c copy -vf fps=20 -c:v libsvtav1 -preset 12 -pix_fmt yuv420p10le";
    refused("frame-rate", &instead(&format!("-i whole.mkv {encode}")));
}

/// Thumbnails of both sizes look alike, and the headers tell of the first only.
#[test]
fn another_size_from_the_eighth_second_on() {
    let does = "\"$real\" \"$@\" || exit $?\nmv \"$output\" ../scratch/whole.mkv\n\
                export SVT_LOG=1\ncd ../scratch\nffmpeg() { \"$real\" -nostdin -v error -y \"$@\" </dev/null >&2; }\n\
                ffmpeg -i whole.mkv -map 0:v -c copy -t 8 -f obu start.obu\n\
                ffmpeg -ss 8 -i whole.mkv -map 0:v -vf scale=96:72 -c:v libsvtav1 -preset 12 -f obu end.obu\n\
                cat start.obu end.obu > both.obu\n\
                ffmpeg -r 25 -i both.obu -i whole.mkv -map 0:v -map 1:a -map 1:s -map_metadata 1 -map_chapters 1 \
                -c copy -f matroska \"$output\"\nexit 0";
    refused("decode-error", does);
}

#[test]
fn downmix() {
    refused("bytes", &instead(&format!("{COPY} -c:a ac3 -ac 1")));
}

#[test]
fn tags_gone() {
    for gone in
        ["-metadata:s:a:0 title=", "-metadata:s:a:0 language=", "-metadata:s:a:0 MOOD=", "-metadata title="]
    {
        refused("tag", &instead(&format!("{COPY} {gone}")));
    }
}

#[test]
fn chapters_gone() {
    refused("chapters", &instead(&format!("{COPY} -map_chapters -1")));
}

/// Runs the real ffmpeg with these output options added.
fn with_options(options: &str) -> String {
    format!(
        "count=$#; at=0\n\
         for argument; do at=$((at + 1)); [ $at -lt $count ] && set -- \"$@\" \"$argument\"; done\n\
         shift $count\nexec \"$real\" \"$@\" {options} \"file:$output\""
    )
}

/// What ffmpeg itself leaves out shows in its own report.
#[test]
fn ffmpeg_leaves_something_out_by_itself() {
    for (code, options) in [
        ("not-all-written", r"-bsf:a 'noise=drop=between(pts*tb\,3\,6)'"),
        ("frames-dropped", "-fps_mode cfr -r 12.5 -enc_time_base 2:25"),
        ("frames-lost", "-vf fps=12.5"),
    ] {
        refused(code, &with_options(options));
    }
}
