//! Damaged films. A recording that begins and ends anywhere and has lost single packets is encoded; what a disk or a
//! download has damaged is left alone before its encode.

use std::fs;

use av1d_tests::Library;

use crate::film::{H264, encoded, open};

/// Six seconds of noise on a test card, with sound.
fn ten(codec: &str) -> String {
    format!(
        "-f lavfi -i testsrc2=size=160x120:rate=25:duration=6,noise=alls=25:allf=t -f lavfi -i sine=duration=6 \
         -map 0 -map 1 -g 25 -bf 2 {codec}"
    )
}

/// The size of a packet of a transport stream.
const PACKET: usize = 188;

/// The program of a packet, and whether a frame begins in it.
fn program_of(packet: &[u8]) -> (u16, bool) {
    (u16::from_be_bytes([packet[1] & 0x1f, packet[2]]), packet[1] & 0x40 != 0)
}

/// Makes a recording without those packets of `Whole.ts` that `drops` names by their position.
fn record(library: &Library, name: &str, codec: &str, keeps: impl Fn(&[&[u8]], usize) -> bool) {
    library.make("Whole.ts", &ten(codec));
    let whole = fs::read(library.path("Whole.ts")).unwrap();
    fs::remove_file(library.path("Whole.ts")).unwrap();
    let packets: Vec<&[u8]> = whole.chunks(PACKET).collect();
    let kept = (0..packets.len()).filter(|at| keeps(&packets, *at)).map(|at| packets[at]);
    fs::write(library.path(name), kept.collect::<Vec<_>>().concat()).unwrap();
}

/// The position of the first packet behind `from` in which a frame of this program goes on.
fn inside(packets: &[&[u8]], program: u16, from: usize) -> usize {
    (from..packets.len()).find(|at| program_of(packets[*at]) == (program, false)).unwrap()
}

const VIDEO: u16 = 0x100;
const SOUND: u16 = 0x101;

#[test]
fn a_recording_with_the_damage_of_recordings_is_encoded() {
    let Some(library) = open() else { return };
    let mp2 = format!("{H264} -c:a mp2");
    record(&library, "begins in the middle.ts", &mp2, |packets, at| at > packets.len() / 8);
    record(&library, "lost one picture packet.ts", &mp2, |packets, at| {
        at != inside(packets, VIDEO, packets.len() / 2)
    });
    record(&library, "lost two sound packets.ts", &format!("{H264} -c:a ac3"), |packets, at| {
        let places = [packets.len() / 3, packets.len() / 2].map(|from| inside(packets, SOUND, from));
        !places.contains(&at)
    });
    record(&library, "ends in a picture.ts", &mp2, |packets, at| {
        at <= inside(packets, VIDEO, packets.len() * 9 / 10)
    });
    record(&library, "ends in sound.ts", &format!("{H264} -c:a ac3"), |packets, at| {
        at <= inside(packets, SOUND, packets.len() * 9 / 10)
    });
    for name in library.files() {
        let film = encoded(&library, &name);
        assert!(!film.argv().contains(&"-xerror"), "{name}");
        let damage = film.choice("damage");
        assert_eq!(damage.is_some(), !name.starts_with("ends in a picture"), "{name}: {damage:?}");
        fs::remove_file(library.path(&film.name)).unwrap();
    }
}

#[test]
fn a_recording_with_more_damage_or_a_stricter_owner_is_left_alone() {
    let Some(mut library) = open() else { return };
    let codec = format!("{H264} -c:a mp2");
    record(&library, "many.ts", &codec, |packets, at| {
        let (program, begins) = program_of(packets[at]);
        program != VIDEO || begins || at % 7 != 0
    });
    library.encode("many.ts").exits_with(0).says("[damaged]").says("packets of a stream are damaged");
    assert!(library.why("many.ts").contains("replace it by a whole copy"), "{}", library.why("many.ts"));
    library.set("damaged", "encode");
    assert_eq!(encoded(&library, "many.ts").choice("damage"), Some("encode"));
    record(&library, "one.ts", &codec, |packets, at| at != inside(packets, VIDEO, packets.len() / 2));
    library.set("damaged", "skip");
    library.encode("one.ts").exits_with(0).says("[damaged]");
    assert!(library.path("one.ts").exists());
}

/// None of these becomes a job: they are known before an encode begins.
#[test]
fn a_film_that_a_download_or_a_disk_has_damaged_is_left_alone_before_its_encode() {
    let Some(library) = open() else { return };
    for name in ["cut.mkv", "cut.mp4", "hole.mkv"] {
        let audio = if name.ends_with("mp4") { "aac -movflags +faststart" } else { "ac3" };
        library.make(name, &ten(&format!("{H264} -c:a {audio}")));
        let mut film = fs::read(library.path(name)).unwrap();
        let length = film.len();
        if name.starts_with("cut") {
            film.truncate(length * 6 / 10);
        } else {
            film[length / 2..length / 2 + length / 10].fill(0);
        }
        fs::write(library.path(name), &film).unwrap();
        library.encode(name).exits_with(0).says("[damaged]").says("replace it by a whole copy");
        assert!(film == fs::read(library.path(name)).unwrap(), "{name} was changed");
    }
    assert!(library.jobs().is_empty());
}

/// Zeroes in the middle, of which no demuxer makes an error: each goes on behind them, one as if nothing were missing.
#[test]
fn a_hole_in_the_middle_is_found_in_each_container() {
    let Some(mut library) = open() else { return };
    library.set("extensions", ["ts", "avi", "mpg", "mxf"].map(String::from).to_vec());
    let mpeg2 = "-b:v 2500k -minrate 2500k -maxrate 2500k -bufsize 1000k -c:v mpeg2video";
    for (name, codec) in [
        ("Film.ts", format!("{H264} -crf 12 -c:a mp2")),
        ("Film.avi", "-c:v mpeg4 -q:v 2 -bf 0 -c:a libmp3lame".into()),
        ("Film.mpg", format!("{mpeg2} -c:a mp2 -f vob")),
        ("Film.mxf", format!("{mpeg2} -c:a pcm_s16le -ar 48000")),
    ] {
        library.make(name, &ten(&codec));
        let path = library.path(name);
        let mut film = fs::read(&path).unwrap();
        let (from, to) = (film.len() * 2 / 5, film.len() * 7 / 10);
        film[from..to].fill(0);
        fs::write(&path, &film).unwrap();
        library.encode(name).exits_with(0).says(format!("{name} [damaged]"));
        assert!(fs::read(&path).unwrap() == film, "{name} is byte-identical");
    }
}

/// Two parts of one recording that overlap, as some recorders write them: the clock steps back where they meet.
#[test]
fn parts_that_overlap_are_shown_one_after_the_other() {
    let Some(library) = open() else { return };
    library.make("Whole.ts", &ten(&format!("{H264} -c:a mp2")));
    let whole = fs::read(library.path("Whole.ts")).unwrap();
    fs::remove_file(library.path("Whole.ts")).unwrap();
    let (mut first, second) = (whole.clone(), whole);
    first.extend(second);
    fs::write(library.path("Film.ts"), first).unwrap();
    library.encode("Film.ts").exits_with(0).says("[replaced]");
    let film = library.media("Film.mkv");
    film.is_av1();
    let times = film.times_from_zero();
    assert!(times.is_sorted() && times.len() == 300, "{} pictures of 300", times.len());
    assert_eq!(times.last(), Some(&11_960_000), "one part after the other");
}
