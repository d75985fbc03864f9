//! What Matroska, MP4 and WebM can hold: each cell of the table is tested with the real muxers. A copied stream must
//! arrive as the plan says; a stream that is converted or lost must be refused by ffmpeg's muxer if it is copied.

use std::path::Path;
use std::process::{Command, Stdio};

use av1d_tests::{Library, Media};
use serde_json::Value;

use crate::film::{Film, NOISE, SINE, encoded, left_alone, open, text};
use Cell::{Becomes, Held, Lost, ReadAs};

/// What happens to a codec in a container.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cell {
    /// Copied.
    Held,
    /// Copied, but ffprobe has another name for it in this container.
    ReadAs(&'static str),
    /// Converted, because the muxer refuses it.
    Becomes(&'static str),
    /// Dropped, because the muxer refuses it and it can't be converted.
    Lost,
}

/// The containers by file extension, and the names of their muxers.
const CONTAINERS: [(&str, &str); 3] = [("mkv", "matroska"), ("mp4", "mp4"), ("webm", "webm")];

/// ffmpeg's options for a track, ffprobe's name for its codec, and the cells for Matroska, MP4 and WebM.
type Row = (&'static str, &'static str, [Cell; 3]);

const EVERYWHERE: [Cell; 3] = [Held, Held, Held];
const NOT_IN_WEBM: [Cell; 3] = [Held, Held, Lost];
const AS_FLAC_IN_MP4: [Cell; 3] = [Held, Becomes("flac"), Lost];
const AS_PCM_IN_MP4: [Cell; 3] = [Held, Becomes("pcm_s16le"), Lost];
const AS_FLAC: [Cell; 3] = [Becomes("flac"), Becomes("flac"), Lost];

const SOUND: [Row; 35] = [
    ("libopus", "opus", EVERYWHERE),
    ("libvorbis", "vorbis", EVERYWHERE),
    ("aac", "aac", NOT_IN_WEBM),
    ("ac3", "ac3", NOT_IN_WEBM),
    ("eac3", "eac3", NOT_IN_WEBM),
    ("dca -ac 2", "dts", NOT_IN_WEBM),
    ("flac", "flac", NOT_IN_WEBM),
    ("libmp3lame", "mp3", NOT_IN_WEBM),
    ("mp2", "mp2", [Held, ReadAs("mp3"), Lost]),
    ("alac", "alac", NOT_IN_WEBM),
    ("mlp", "mlp", AS_FLAC_IN_MP4),
    ("wavpack", "wavpack", AS_FLAC_IN_MP4),
    ("wmav1", "wmav1", AS_FLAC_IN_MP4),
    ("wmav2", "wmav2", AS_FLAC_IN_MP4),
    ("adpcm_ms", "adpcm_ms", AS_FLAC_IN_MP4),
    ("adpcm_ima_wav", "adpcm_ima_wav", AS_FLAC_IN_MP4),
    ("adpcm_yamaha", "adpcm_yamaha", AS_FLAC_IN_MP4),
    ("g722 -ar 16000", "adpcm_g722", AS_FLAC_IN_MP4),
    ("g726 -ar 8000", "adpcm_g726", AS_FLAC_IN_MP4),
    ("g723_1 -ar 8000 -b:a 6300", "g723_1", AS_FLAC_IN_MP4),
    ("libopencore_amrnb -ar 8000 -b:a 12200", "amr_nb", AS_FLAC_IN_MP4),
    ("real_144 -ar 8000", "ra_144", AS_FLAC_IN_MP4),
    ("pcm_s16le", "pcm_s16le", NOT_IN_WEBM),
    ("pcm_s24le", "pcm_s24le", NOT_IN_WEBM),
    ("pcm_s32le", "pcm_s32le", NOT_IN_WEBM),
    ("pcm_f32le", "pcm_f32le", NOT_IN_WEBM),
    ("pcm_f64le", "pcm_f64le", NOT_IN_WEBM),
    ("pcm_s16be", "pcm_s16be", NOT_IN_WEBM),
    ("pcm_s24be", "pcm_s24be", NOT_IN_WEBM),
    ("pcm_s32be", "pcm_s32be", NOT_IN_WEBM),
    ("pcm_s64le", "pcm_s64le", AS_FLAC_IN_MP4),
    ("pcm_u8", "pcm_u8", AS_PCM_IN_MP4),
    ("pcm_alaw", "pcm_alaw", AS_PCM_IN_MP4),
    ("pcm_mulaw", "pcm_mulaw", AS_PCM_IN_MP4),
    // Comes last: it checks that the tracks keep their order after others were dropped, since some of those above fit
    // only into Matroska.
    ("libopus", "opus", EVERYWHERE),
];

#[test]
fn sound_from_matroska() {
    check_sound("sound.mkv", &SOUND, "");
}

/// Each of these is alone in its film: TrueHD makes the MP4 muxer less strict about all other tracks, and ffmpeg
/// doesn't decode a TTA track to its end if it isn't as long as the film.
#[test]
fn sound_that_wants_to_be_alone() {
    check_sound("truehd.mkv", &[("truehd", "truehd", NOT_IN_WEBM)], "");
    check_sound("tta.mkv", &[("tta", "tta", AS_FLAC_IN_MP4)], "");
}

#[test]
fn sound_from_quicktime() {
    let rows = [
        ("pcm_s8", "pcm_s8", [Becomes("pcm_s16le"), Becomes("pcm_s16le"), Lost]),
        ("pcm_f32be", "pcm_f32be", [Becomes("pcm_f32le"), Held, Lost]),
        ("pcm_f64be", "pcm_f64be", [Becomes("pcm_f64le"), Held, Lost]),
        ("adpcm_ima_qt -ar 44100", "adpcm_ima_qt", AS_FLAC),
    ];
    check_sound("quicktime.mov", &rows, "");
}

#[test]
fn sound_from_flash() {
    check_sound("flash.flv", &[("adpcm_swf -ar 44100", "adpcm_swf", AS_FLAC)], "");
    check_sound("flash.flv", &[("nellymoser -ar 44100 -ac 1", "nellymoser", AS_FLAC)], "");
}

#[test]
fn sound_from_broadcasts_and_discs() {
    let rows = [
        ("s302m -ac 2", "s302m", AS_FLAC),
        ("aac", "aac_latm", AS_FLAC_IN_MP4),
        ("mp2", "mp2", [Held, ReadAs("mp3"), Lost]),
    ];
    check_sound("broadcast.ts", &rows, "-mpegts_flags latm");
    let disc = [Becomes("pcm_s16le"), Becomes("pcm_s16le"), Lost];
    let bluray = ("pcm_bluray -ac 2 -sample_fmt s16", "pcm_bluray", disc);
    check_sound("bluray.m2ts", &[bluray], "-mpegts_m2ts_mode 1");
    check_sound("dvd.vob", &[("pcm_dvd -ac 2 -sample_fmt s16", "pcm_dvd", disc)], "-c:v mpeg2video");
}

#[track_caller]
fn check_sound(source: &str, rows: &[Row], format: &str) {
    let Some(library) = open() else { return };
    let maps = "-map 1 ".repeat(rows.len());
    let tracks = rows.iter().enumerate().map(|(number, (options, _, _))| {
        // An option of a single track must name the track: `-ar` becomes `-ar:a:3`.
        let named = |word: &str| match word {
            "-ar" | "-ac" | "-sample_fmt" => format!("{word}:a:{number}"),
            "-b:a" => format!("-b:a:{number}"),
            _ => word.to_owned(),
        };
        let options: Vec<String> = options.split(' ').map(named).collect();
        format!("-c:a:{number} {} ", options.join(" "))
    });
    let tracks: String = tracks.collect();
    let video = if source.ends_with("flv") { "-c:v flv1 -q:v 1" } else { "-c:v mpeg4 -q:v 1" };
    let video = video.replace("flv1", "flv");
    scratch(&library, source, &format!("{NOISE} {SINE} -map 0 {maps} {video} {tracks} -strict -2 {format}"));
    let table = rows.iter().map(|(_, codec, cells)| ("audio", *codec, *cells)).collect::<Vec<_>>();
    check(library, source, &table);
}

fn scratch(library: &Library, name: &str, arguments: &str) {
    library.tools.make(&library.scratch(), arguments, &library.scratch().join(name));
}

/// A track of a source: its type, its codec, and the cells for Matroska, MP4 and WebM. The tracks are in the source's
/// order, after the video.
type Track = (&'static str, &'static str, [Cell; 3]);

/// Encodes the source under three extensions, and checks each of its tracks in each result.
#[track_caller]
fn check(mut library: Library, source: &str, tracks: &[Track]) {
    library.set("refuse_losses", Value::Array(Vec::new()));
    let path = library.scratch().join(source);
    for (column, (extension, muxer)) in CONTAINERS.into_iter().enumerate() {
        let name = format!("Film.{extension}");
        std::fs::copy(&path, library.path(&name)).unwrap();
        let result = if stays_matroska(source, tracks, column) { 0 } else { column };
        let has_sound = tracks.iter().any(|track| track.0 == "audio");
        let is_heard = tracks.iter().any(|track| track.0 == "audio" && track.2[result] != Lost);
        if has_sound && !is_heard {
            // Whatever losses are allowed, a film must not lose all its sound.
            left_alone(&library, &name, "audio");
        } else {
            check_result(&encoded(&library, &name), tracks, result);
        }
        for (index, (kind, codec, cells)) in (1..).zip(tracks) {
            let refused = matches!(cells[column], Becomes(_) | Lost);
            let taken = refused && muxer_takes(&library, &path, index, kind, muxer);
            assert!(!taken, "{muxer} does take {codec} as it is");
        }
        std::fs::remove_file(library.path(&name)).unwrap();
        drop(std::fs::remove_dir_all(library.state()));
    }
}

/// Whether the result is Matroska, whatever its name: the source is, and the container of the name would lose a track
/// or the style of one.
fn stays_matroska(source: &str, tracks: &[Track], column: usize) -> bool {
    let is_spoilt = |(_, codec, cells): &Track| match cells[column] {
        Lost => true,
        Becomes(_) => matches!(*codec, "ass" | "webvtt"),
        Held | ReadAs(_) => false,
    };
    source.ends_with("mkv") && tracks.iter().any(is_spoilt)
}

/// All streams except the video and the data stream that the MP4 muxer adds by itself.
fn others(media: &Media) -> Vec<&Value> {
    let all = media.document["streams"].as_array().unwrap().iter();
    all.filter(|stream| stream["codec_type"] != "video" && stream["codec_type"] != "data").collect()
}

#[track_caller]
fn check_result(film: &Film, tracks: &[Track], column: usize) {
    let (sources, results) = (others(&film.before), others(&film.after));
    let codec = |stream: &&Value| text(&stream["codec_name"]);
    let (_, muxer) = CONTAINERS[column];
    assert_eq!(
        sources.iter().map(codec).collect::<Vec<_>>(),
        tracks.iter().map(|track| track.1).collect::<Vec<_>>()
    );
    let kept = || sources.iter().zip(tracks).filter(|(_, track)| track.2[column] != Lost);
    let expected = kept().map(|(_, (_, codec, cells))| match cells[column] {
        ReadAs(name) | Becomes(name) => name,
        Held | Lost => codec,
    });
    assert_eq!(results.iter().map(codec).collect::<Vec<_>>(), expected.collect::<Vec<_>>(), "in {muxer}");
    let lost = tracks.iter().filter(|track| track.2[column] == Lost).map(|track| track.0);
    assert_eq!(film.losses(), lost.collect::<Vec<_>>(), "in {muxer}");
    for ((source, (kind, codec, cells)), result) in kept().zip(results) {
        let copied = matches!(cells[column], Held | ReadAs(_)) && *kind != "attachment";
        if copied {
            let (mut before, after) = (film.before.hashes(source), film.after.hashes(result));
            if (*codec, muxer) == ("alac", "mp4") {
                // The last packet is in the file, but ffmpeg's edit list ends before it.
                before.pop();
            }
            assert!(before == after, "packets of {codec} in {muxer}");
        }
    }
}

/// Whether ffmpeg can copy a stream into a container unchanged.
fn muxer_takes(library: &Library, source: &Path, index: u32, kind: &str, muxer: &str) -> bool {
    let target = library.scratch().join("copy");
    let mut command = Command::new(&library.tools.ffmpeg);
    command.args(["-v", "quiet", "-nostdin", "-y", "-i"]).arg(source);
    command.args(["-map", &format!("0:{index}"), "-c", "copy", "-f", muxer]).arg(&target);
    if !command.stdin(Stdio::null()).status().unwrap().success() {
        return false;
    }
    // The WebM muxer drops attachments silently.
    let mut command = Command::new(&library.tools.ffprobe);
    command.args(["-v", "quiet", "-show_entries", "stream=codec_type", "-of", "csv=p=0", "-i"]).arg(&target);
    String::from_utf8_lossy(&command.output().unwrap().stdout).contains(kind)
}

const NOT_IN_MP4_AND_WEBM: [Cell; 3] = [Held, Lost, Lost];
const TEXT: [Cell; 3] = [Held, Becomes("mov_text"), Becomes("webvtt")];

#[test]
fn subtitles_and_fonts_from_matroska() {
    let Some(library) = open() else { return };
    library.write_scratch("eng.srt", "1\n00:00:00,100 --> 00:00:00,400\nMorning\n");
    library.write_scratch("eng.sup", pictures());
    library.write_scratch("font.ttf", b"\0\x01\0\0 what is in it is the player's business");
    let text = "-c:s:0 srt -c:s:1 ass -c:s:2 webvtt -c:s:3 copy -c:s:4 dvdsub";
    let tracks = "-i eng.srt -fix_sub_duration -i eng.sup -map 0 -map 1 -map 2 -map 2 -map 2 -map 3 -map 3";
    let font = "-attach font.ttf -metadata:s:t mimetype=application/x-truetype-font";
    scratch(
        &library,
        "text.mkv",
        &format!("{NOISE} {SINE} {tracks} -c:v mpeg4 -q:v 1 -c:a libopus {text} {font}"),
    );
    let table = [
        ("audio", "opus", EVERYWHERE),
        ("subtitle", "subrip", TEXT),
        ("subtitle", "ass", TEXT),
        ("subtitle", "webvtt", [Held, Becomes("mov_text"), Held]),
        ("subtitle", "hdmv_pgs_subtitle", NOT_IN_MP4_AND_WEBM),
        ("subtitle", "dvd_subtitle", NOT_IN_WEBM),
        ("attachment", "ttf", NOT_IN_MP4_AND_WEBM),
    ];
    check(library, "text.mkv", &table);
}

#[test]
fn subtitles_from_quicktime_and_broadcasts() {
    let Some(library) = open() else { return };
    library.write_scratch("eng.srt", "1\n00:00:00,100 --> 00:00:00,400\nMorning\n");
    scratch(&library, "text.mov", &format!("{NOISE} -i eng.srt -c:v mpeg4 -q:v 1 -c:s mov_text"));
    check(library, "text.mov", &[("subtitle", "mov_text", [Becomes("subrip"), Held, Becomes("webvtt")])]);

    let Some(library) = open() else { return };
    library.write_scratch("eng.scc", CAPTIONS);
    scratch(&library, "captions.mov", &format!("{NOISE} -i eng.scc -c:v mpeg4 -q:v 1 -c:s copy"));
    let converted = [Becomes("subrip"), Becomes("mov_text"), Becomes("webvtt")];
    check(library, "captions.mov", &[("subtitle", "eia_608", converted)]);

    let Some(library) = open() else { return };
    library.write_scratch("eng.sup", pictures());
    scratch(
        &library,
        "dvb.ts",
        &format!("{NOISE} -fix_sub_duration -i eng.sup -c:v mpeg2video -q:v 1 -c:s dvbsub"),
    );
    check(library, "dvb.ts", &[("subtitle", "dvb_subtitle", NOT_IN_MP4_AND_WEBM)]);
}

/// Closed captions of analog television (line 21).
const CAPTIONS: &str = "Scenarist_SCC V1.0\n\n\
    00:00:00:03\t9420 9420 9470 9470 c8e5 ecec ef80 942c 942c 942f 942f\n\n00:00:00:14\t942c 942c\n";

/// A Blu-ray subtitle (Presentation Graphics): a grey bar that appears and disappears.
fn pictures() -> Vec<u8> {
    let mut stream = Vec::new();
    for (number, (ticks, shown)) in [(9000_u32, true), (36_000, false)].into_iter().enumerate() {
        let mut segment = |kind: u8, body: &[u8]| {
            stream.extend_from_slice(b"PG");
            stream.extend_from_slice(&ticks.to_be_bytes());
            stream.extend_from_slice(&[0; 4]);
            stream.push(kind);
            stream.extend_from_slice(&u16::try_from(body.len()).unwrap().to_be_bytes());
            stream.extend_from_slice(body);
        };
        // The composition: a screen of 720x480, its number, the start of an epoch, and one object at 100, 100.
        let mut composition =
            vec![0x02, 0xd0, 0x01, 0xe0, 0x10, 0, u8::try_from(number).unwrap(), 0x80, 0, 0];
        composition.push(u8::from(shown));
        if shown {
            composition.extend_from_slice(&[0, 0, 0, 0, 0, 100, 0, 100]);
        }
        segment(0x16, &composition);
        segment(0x17, &[1, 0, 0, 100, 0, 100, 0, 16, 0, 8]);
        if shown {
            segment(0x14, &[0, 0, 1, 235, 128, 128, 255]);
            // Eight rows of sixteen pixels each, in colour 1.
            let rows = [0, 0x80 | 16, 1, 0, 0].repeat(8);
            let length = u8::try_from(rows.len() + 4).unwrap();
            let object = [&[0, 0, 0, 0xc0, 0, 0, length, 0, 16, 0, 8], &rows[..]].concat();
            segment(0x15, &object);
        }
        segment(0x80, &[]);
    }
    stream
}
