//! HDR metadata whose numbers differ between the container and the frames, in precision or in value. The encoder is
//! given the frames' numbers. No film may be refused after its encode because of how its numbers are stored.

use std::process::Command;

use av1d_tests::{Library, program};

use crate::film::{NOISE, encoded, made, open, side_data, text};

/// The options for an HDR10 film. x265 writes this mastering display and light level into the frames.
fn x265(display: &str, light: &str) -> String {
    format!(
        "{NOISE} -pix_fmt yuv420p10le -c:v libx265 -preset ultrafast -x265-params \
         log-level=none:crf=6:hdr10=1:repeat-headers=1:colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc:\
         master-display={display}:max-cll={light}"
    )
}

const P3: &str = "G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,50)";
const BT2020: &str = "G(8500,39850)B(6550,2300)R(35400,14600)WP(15635,16450)L(10000000,50)";

/// Rewrites a film with mkvmerge, which stores the mastering display of P3 in the container as 32-bit floats.
fn merged(library: &Library, from: &str, to: &str) -> Option<()> {
    let mkvmerge = program("mkvmerge")?;
    let source = library.path(from);
    let ended = Command::new(mkvmerge)
        .args(["-q", "-o"])
        .arg(library.path(to))
        .args(["--chromaticity-coordinates", "0:0.68,0.32,0.265,0.69,0.15,0.06"])
        .args(["--white-color-coordinates", "0:0.3127,0.329", "--max-luminance", "0:1000"])
        .args(["--min-luminance", "0:0.005", "--max-content-light", "0:1000", "--max-frame-light", "0:400"])
        .arg(&source)
        .output()
        .unwrap();
    assert!(ended.status.success(), "{ended:?}");
    std::fs::remove_file(source).unwrap();
    Some(())
}

#[test]
fn a_mastering_display_in_floats_arrives() {
    let Some(library) = open() else { return };
    for (frames, red) in [(P3, 0.68), (BT2020, 0.708)] {
        library.make("x.mkv", &x265(frames, "1000,400"));
        let Some(()) = merged(&library, "x.mkv", "Film.mkv") else { return };
        let film = encoded(&library, "Film.mkv");
        let kind = "Mastering display metadata";
        let float = &side_data(film.before.video(), kind).expect("mkvmerge has written it")["red_x"];
        assert_eq!(float, "11408507/16777216", "0.68 as a 32-bit float");
        let block = film.side_data(kind).expect("the result has it");
        let (over, under) = block["red_x"].as_str().unwrap().split_once('/').unwrap();
        let found = over.parse::<f64>().unwrap() / under.parse::<f64>().unwrap();
        assert!((found - red).abs() < 1e-4, "the frames' {red}, and not {found}");
        std::fs::remove_file(library.path("Film.mkv")).unwrap();
    }
}

/// Many discs have a light level of 0, which means that it isn't known.
#[test]
fn a_light_level_of_zero_asks_for_nothing() {
    let Some(library) = open() else { return };
    for name in ["zero.mkv", "zero.mp4"] {
        let film = made(&library, name, &x265(P3, "0,0"));
        assert!(film.side_data("Mastering display metadata").is_some(), "{name}");
        assert!(film.plan["encode"]["contract"]["picture"].get("content_light").is_none(), "{name}");
    }
    // Matroska stores no light level of which a number is 0.
    made(&library, "average.mkv", &x265(P3, "0,400"));
    let film = made(&library, "some.mkv", &x265(P3, "1000,0"));
    assert_eq!(film.plan["encode"]["contract"]["picture"]["content_light"], serde_json::json!([1000, 0]));
}

/// Some encoders write a mastering display of zeros, or only its primaries. MP4 can't store such a display (measured
/// with ffmpeg 8.0).
#[test]
fn a_mastering_display_that_says_nothing_or_half_asks_for_nothing() {
    let Some(library) = open() else { return };
    let nothing = "G(0,0)B(0,0)R(0,0)WP(0,0)L(0,0)";
    let half = "G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(0,0)";
    for (name, display) in [("1.mkv", nothing), ("2.mp4", nothing), ("3.mkv", half), ("4.mp4", half)] {
        let film = made(&library, name, &x265(display, "1000,400"));
        assert!(film.plan["encode"]["contract"]["picture"].get("mastering_display").is_none(), "{name}");
    }
}

/// Broadcasters tag the stream as bt2020-10, for players that don't know HLG, and say in the frames that it is HLG.
#[test]
fn hlg_that_only_frames_say_is_hlg() {
    let Some(library) = open() else { return };
    let hlg = format!(
        "{NOISE} -pix_fmt yuv420p10le -c:v libx265 -preset ultrafast -x265-params \
         log-level=none:crf=6:colorprim=bt2020:transfer=bt2020-10:colormatrix=bt2020nc:atc-sei=18"
    );
    // Of a transport stream ffprobe says what the frames say.
    for (name, container) in [("hlg.mkv", "bt2020-10"), ("broadcast.ts", "arib-std-b67")] {
        let film = made(&library, name, &hlg);
        assert_eq!(text(&film.before.video()["color_transfer"]), container, "{name}");
        assert_eq!(film.video("color_transfer"), "arib-std-b67", "{name}");
        let decisions = film.plan["decisions"].as_array().unwrap();
        let of_frames = decisions.iter().any(|decision| decision["code"] == "color-of-frames");
        assert_eq!(of_frames, container == "bt2020-10", "{decisions:#?}");
    }
}
