//! The preflight: a few seconds of a film are encoded first, so that what would fail after hours fails at once.

use std::fs;

use av1d_tests::{Library, Script};

use crate::film::{H264, encoded, open};

/// More than three minutes of moving picture and sound; shorter films aren't worth a preflight.
const LONG: &str = "-f lavfi -i testsrc2=size=64x48:rate=25:duration=185,noise=alls=25:allf=t \
                    -f lavfi -i sine=duration=185 -c:a ac3";

/// A library whose ffmpeg notes each encode of a whole film. Only such an encode writes frame times.
fn noting() -> Option<Library> {
    let mut library = open()?;
    library.hurry();
    let does = format!("echo encode >>{}", library.scratch().join("encodes").display());
    library.replace_ffmpeg(Script { when: "-stats_enc_pre:v", does: &does });
    Some(library)
}

fn encodes(library: &Library) -> usize {
    fs::read_to_string(library.scratch().join("encodes")).map_or(0, |noted| noted.lines().count())
}

/// ffmpeg's scaler knows no `ICtCp`, and the picture has to be converted to ten bits.
#[test]
fn what_ffmpeg_cannot_convert_fails_before_the_encode() {
    let Some(library) = noting() else { return };
    library.make("Film.mkv", &format!("{LONG} {H264} -bsf:v h264_metadata=matrix_coefficients=14"));
    library
        .encode("Film.mkv")
        .exits_with(1)
        .says("Film.mkv [run-failed]")
        .says("hint: the original is untouched");
    assert_eq!(encodes(&library), 0);
    assert_eq!(library.files(), ["Film.mkv", "Film.mkv.why.txt"]);
    let log = fs::read_dir(library.state().join("logs")).unwrap().next().unwrap().unwrap();
    assert!(fs::read_to_string(log.path()).unwrap().contains("[error]"), "the log has what ffmpeg said");
}

#[test]
fn a_film_that_is_well_is_encoded_once_and_whole() {
    let Some(library) = noting() else { return };
    library.make("Film.mkv", &format!("{LONG} {H264}"));
    let film = encoded(&library, "Film.mkv");
    film.keeps_times().keeps_packets("audio");
    assert_eq!(encodes(&library), 1);
}

/// The timestamps of web sources are kept, so that a sample in the middle begins late.
#[test]
fn each_sample_of_a_web_source_has_pictures_and_sound() {
    let Some(mut library) = open() else { return };
    library.hurry();
    // Only the preflight's commands are to be seen.
    library.set("predict", false);
    let sizes = library.scratch().join("sizes");
    let does = format!(
        "\"$real\" \"$@\"; code=$?; stat -c %s \"$output\" >>{} 2>/dev/null; exit $code",
        sizes.display()
    );
    library.replace_ffmpeg(Script { when: "-ss", does: &does });
    let name = "Film.2024.1080p.WEB-DL.AAC2.0.H.264.mkv";
    library.make(name, &format!("{LONG} {H264}"));
    assert!(library.run(["plan", name]).exits_with(0).text().contains("-copyts"));
    encoded(&library, name).keeps_times();
    let sizes = fs::read_to_string(sizes).unwrap();
    let sizes: Vec<u64> = sizes.lines().map(|size| size.parse().unwrap()).collect();
    assert!(sizes.len() == 2 && sizes.iter().all(|size| *size > 5000), "{sizes:?}");
}

/// Sound that begins late would keep a muxer waiting: the samples are taken where all streams have packets.
#[test]
fn a_stream_that_begins_late_fails_no_preflight() {
    let Some(library) = noting() else { return };
    let picture = "-f lavfi -i testsrc2=size=64x48:rate=25:duration=210,noise=alls=25:allf=t";
    let late = "-itsoffset 20 -f lavfi -i sine=duration=188";
    library.make("Film.mkv", &format!("{picture} {late} -map 0 -map 1 {H264} -c:a ac3"));
    encoded(&library, "Film.mkv").keeps_times();
}

#[test]
fn the_config_can_switch_it_off() {
    let Some(mut library) = noting() else { return };
    library.set("preflight", false);
    library.make("Film.mkv", &format!("{LONG} {H264} -bsf:v h264_metadata=matrix_coefficients=14"));
    library.encode("Film.mkv").exits_with(1).says("Film.mkv [run-failed]");
    assert_eq!(encodes(&library), 1);
}
