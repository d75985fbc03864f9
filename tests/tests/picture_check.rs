//! Faults that only a comparison of the pictures or a full decode can find: wrong results that are otherwise
//! well-formed are refused, and right results of every kind of film are accepted.

#![cfg(test)]

use std::fs;

use av1d_tests::{Library, Script};

/// Encoder options for the films: their bitrate is so high that any AV1 is smaller.
const BULKY: &str = "-c:v libx264 -preset ultrafast -qp 1 -pix_fmt yuv420p";

/// Two seconds of a moving scene.
const SCENE: &str = "-f lavfi -i testsrc2=size=160x120:rate=25:duration=2";

/// A library whose ffmpeg damages its result: `does` changes `$output` after it was written. The script runs in the
/// folder of the films; `$encode` holds the options that encode to AV1.
fn with_spoiler(film: &str, does: &str) -> Option<Library> {
    let mut library = Library::open()?;
    library.hurry();
    library.make("Film.mkv", film);
    let does = format!(
        "\"$real\" \"$@\"; code=$?\nprobe=\"${{real%ffmpeg}}ffprobe\"\n\
         quiet='-v error -nostdin -y'\n\
         encode='-c:v libsvtav1 -preset 12 -crf 30 -pix_fmt yuv420p10le -enc_time_base demux -f matroska'\n\
         position() {{ \"$probe\" -v error -select_streams $1 -show_entries packet=pos -of csv=p=0 \
         \"$output\" | sed -n $2p | tr -d ','; }}\n\
         export SVT_LOG=1\n{does}\nexit $code"
    );
    library.replace_ffmpeg(Script { when: "-progress", does: &does });
    Some(library)
}

/// Asserts that the film is refused with one of these codes, and loses nothing.
#[track_caller]
fn assert_refused(library: &Library, codes: &[&str]) {
    let original = fs::read(library.path("Film.mkv")).unwrap();
    let run = library.encode("Film.mkv").exits_with(1).says("hint: the original is untouched");
    let said = codes.iter().any(|code| run.stderr.contains(&format!("Film.mkv [{code}]")));
    assert!(said, "none of {codes:?}\n{run}");
    assert!(fs::read(library.path("Film.mkv")).unwrap() == original, "the original is byte-identical");
    assert_eq!(library.files(), ["Film.mkv", "Film.mkv.why.txt"]);
    assert!(codes.iter().any(|code| library.why("Film.mkv").contains(code)));
}

/// Asserts that a result whose picture went through a filter is refused.
#[track_caller]
fn refuse_filtered(film: &str, filter: &str, code: &str) {
    let does = format!("\"$real\" $quiet -i Film.mkv -map 0:v -vf '{filter}' $encode \"file:$output\"");
    let Some(library) = with_spoiler(&format!("{film} {BULKY}"), &does) else { return };
    assert_refused(&library, &[code]);
}

#[test]
fn a_black_picture_is_refused() {
    refuse_filtered(SCENE, "lutyuv=y=16:u=128:v=128", "other-picture");
}

#[test]
fn a_black_picture_in_place_of_a_dark_scene_is_refused() {
    let dark = format!("{SCENE} -vf format=yuv420p,lutyuv=y=16+(val-16)/10:u=128:v=128");
    refuse_filtered(&dark, "lutyuv=y=16:u=128:v=128", "other-picture");
}

#[test]
fn a_green_picture_is_refused() {
    refuse_filtered(SCENE, "lutyuv=y=145:u=54:v=34", "other-picture");
}

#[test]
fn a_picture_without_its_colours_is_refused() {
    refuse_filtered(SCENE, "lutyuv=u=128:v=128", "other-picture");
}

#[test]
fn a_frozen_picture_is_refused() {
    refuse_filtered(SCENE, "trim=end_frame=1,loop=loop=49:size=1,setpts=N/25/TB", "other-picture");
}

#[test]
fn frames_in_another_order_are_refused() {
    refuse_filtered(SCENE, "reverse", "other-picture");
}

#[test]
fn a_picture_that_is_two_seconds_late_is_refused() {
    let film = SCENE.replace("duration=2", "duration=6");
    let filter = "trim=start=2,setpts=PTS-STARTPTS,tpad=stop=50:stop_mode=clone";
    refuse_filtered(&film, filter, "other-picture");
}

#[test]
fn a_picture_of_another_range_is_refused() {
    refuse_filtered(SCENE, "lutyuv=y=(val-16)*255/219", "other-picture");
}

#[test]
fn another_film_of_the_same_shape_is_refused() {
    let does = "\"$real\" $quiet -f lavfi -i mandelbrot=size=160x120:rate=25 -t 2 $encode \"file:$output\"";
    let Some(library) = with_spoiler(&format!("{SCENE} {BULKY}"), does) else { return };
    assert_refused(&library, &["other-picture"]);
}

#[test]
fn a_long_film_that_goes_wrong_near_its_end_is_refused() {
    let film = SCENE.replace("duration=2", "duration=24");
    refuse_filtered(&film, "lutyuv=y=16:u=128:v=128:enable=gte(t\\,17)", "other-picture");
}

/// A film with a large audio track in this codec.
fn with_sound(codec: &str) -> String {
    format!("{SCENE} -f lavfi -i sine=duration=2,aformat=channel_layouts=5.1 {BULKY} {codec}")
}

#[test]
fn bytes_flipped_in_the_picture_are_found() {
    let does = "printf '\\125\\252\\022\\231' | dd of=\"$output\" bs=1 conv=notrunc \
                seek=$(($(position v 1) + 400)) 2>/dev/null";
    let Some(library) = with_spoiler(&format!("{SCENE} {BULKY}"), does) else { return };
    assert_refused(&library, &["decode-error"]);
}

#[test]
fn a_block_of_zeros_in_the_picture_is_found() {
    let does = "dd if=/dev/zero of=\"$output\" bs=1 count=512 conv=notrunc \
                seek=$(($(position v 1) + 400)) 2>/dev/null";
    let Some(library) = with_spoiler(&format!("{SCENE} {BULKY}"), does) else { return };
    assert_refused(&library, &["decode-error"]);
}

#[test]
fn bytes_flipped_in_the_sound_are_found() {
    let does = "printf '\\125\\252\\022\\231' | dd of=\"$output\" bs=1 conv=notrunc \
                seek=$(($(position a 20) + 300)) 2>/dev/null";
    for codec in ["-c:a ac3 -b:a 640k", "-c:a flac", "-c:a pcm_s16le"] {
        let Some(mut library) = with_spoiler(&with_sound(codec), does) else { return };
        library.set("max_size_ratio", 1.0);
        assert_refused(&library, &["other-content"]);
    }
}

#[test]
fn a_result_that_is_cut_off_in_its_last_picture_is_refused() {
    let does = "truncate -s $(($(position v 50) + 20)) \"$output\"";
    let Some(library) = with_spoiler(&format!("{SCENE} {BULKY}"), does) else { return };
    assert_refused(&library, &["decode-error", "frames", "ends-early"]);
}

#[test]
fn what_a_full_decode_would_find_passes_where_it_is_switched_off() {
    // The packet exists and has the right size. The sound was converted, so its packets can't be compared.
    let does = "printf '\\125\\252\\022\\231' | dd of=\"$output\" bs=1 conv=notrunc \
                seek=$(($(position a 3) + 300)) 2>/dev/null";
    for (switch, code, says) in [(true, 1, "[decode-error]"), (false, 0, "[replaced]")] {
        let Some(mut library) = with_spoiler(&format!("{SCENE} {BULKY}"), does) else { return };
        fs::remove_file(library.path("Film.mkv")).unwrap();
        library.make("Film.mov", &format!("{SCENE} -f lavfi -i sine=duration=2 {BULKY} -c:a adpcm_ima_qt"));
        library.set("full_decode", switch);
        library.encode("Film.mov").exits_with(code).says(says);
    }
}

#[test]
fn sound_that_was_damaged_before_is_not_blamed_on_the_result() {
    let Some(mut library) = Library::open() else { return };
    library.hurry();
    let film = library.make("Film.mkv", &with_sound("-c:a flac"));
    let mut bytes = fs::read(&film).unwrap();
    let position = library.tools.ask("-select_streams a -show_entries packet=pos", &film);
    let position: serde_json::Value = serde_json::from_slice(&position).unwrap();
    let at: usize = position["packets"][10]["pos"].as_str().unwrap().parse().unwrap();
    bytes[at + 300..at + 304].copy_from_slice(b"\x55\xaa\x12\x99");
    fs::write(&film, bytes).unwrap();
    library.encode("Film.mkv").exits_with(0).says("[replaced]");
}

/// Asserts that a film of this kind is replaced.
#[track_caller]
fn accept(name: &str, arguments: &str) {
    let Some(mut library) = Library::open() else { return };
    library.hurry();
    library.set("drop_languages", Vec::<String>::new());
    library.make(name, arguments);
    library.encode(name).exits_with(0).says("[replaced]");
}

#[test]
fn right_results_of_every_look_are_accepted() {
    let looks = [
        "-vf format=yuv420p,lutyuv=y=16+(val-16)/12:u=128:v=128",
        "-vf format=yuv420p,lutyuv=y=16+(val-16)/12:u=128:v=128,noise=alls=12:allf=t",
        "-vf fade=in:0:25,fade=out:25:25",
        "-vf noise=alls=60:allf=t",
        "-vf hue=s=0",
    ];
    for look in looks {
        accept("Film.mkv", &format!("{SCENE} {look} {BULKY}"));
    }
    accept(
        "Film.mkv",
        &format!("-f lavfi -i color=black:size=160x120:rate=25:duration=2,noise=alls=3:allf=t {BULKY}"),
    );
    accept(
        "Film.mkv",
        &format!("-f lavfi -i color=gray:size=160x120:rate=25:duration=2,noise=alls=40:allf=t {BULKY}"),
    );
    accept("Film.mkv", &format!("-f lavfi -i life=size=160x120:rate=25:ratio=0.2 -t 2 {BULKY}"));
}

#[test]
fn right_results_of_every_shape_are_accepted() {
    for size in ["16x16", "32x32", "130x66", "66x130"] {
        accept("Film.mkv", &format!("{} -vf noise=alls=40:allf=t {BULKY}", SCENE.replace("160x120", size)));
    }
    let odd = SCENE.replace("160x120", "161x121");
    accept("Film.mkv", &format!("{odd} -c:v ffv1 -pix_fmt yuv420p"));
    accept("Film.mkv", &format!("{SCENE} -vf setsar=16/15 {BULKY}"));
    accept(
        "Film.mkv",
        &format!("{SCENE} -vf tinterlace=interleave_top,fieldorder=tff -flags +ildct+ilme {BULKY}"),
    );
    accept("Film.mkv", &format!("{SCENE} -frames:v 1 {BULKY}"));
}

#[test]
fn right_results_of_every_format_are_accepted() {
    for format in ["yuv422p", "yuv444p", "yuv420p10le", "yuv422p10le", "gray", "gbrp", "bgr0", "yuv444p12le"]
    {
        accept("Film.mkv", &format!("{SCENE} -vf noise=alls=20:allf=t -c:v ffv1 -pix_fmt {format}"));
    }
    accept("Film.mkv", &format!("{SCENE} -c:v mjpeg -q:v 2 -pix_fmt yuvj420p"));
    let hdr = "-color_primaries bt2020 -color_trc smpte2084 -colorspace bt2020nc -color_range tv";
    accept("Film.mkv", &format!("{SCENE} -c:v ffv1 -pix_fmt yuv420p10le {hdr}"));
}

#[test]
fn right_results_of_every_container_are_accepted_beyond_a_seek() {
    let film = SCENE.replace("duration=2", "duration=18");
    let sound = "-f lavfi -i sine=duration=18";
    let x264 = "-c:v libx264 -preset ultrafast -qp 4 -pix_fmt yuv420p -g 60";
    let open =
        "-c:v libx264 -preset veryfast -qp 4 -pix_fmt yuv420p -x264-params open-gop=1:keyint=40:bframes=3";
    let table = [
        ("Film.mkv", format!("{sound} -itsoffset 0.5 {film} {x264} -c:a aac")),
        ("Film.ts", format!("{sound} {film} {open} -c:a ac3")),
        ("Film.avi", format!("{film} -c:v mpeg4 -q:v 1 -bf 2 -pix_fmt yuv420p")),
        ("Film.mp4", format!("{sound} -itsoffset 0.3 {film} {open} -c:a aac")),
        ("Film.mkv", format!("{film} -vf select=not(mod(n\\,3))+not(mod(n\\,7)) -fps_mode vfr {x264}")),
    ];
    for (name, arguments) in &table {
        accept(name, arguments);
    }
}
