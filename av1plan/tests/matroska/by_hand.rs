//! Values that the usual tools don't write, but that a file may have.

use av1plan::probe::matroska::{MatroskaFacts, TrackFacts, TrackType};

use crate::build::*;
use crate::{broken, whole};

/// The track that has these elements.
fn track(children: &[Vec<u8>]) -> TrackFacts {
    whole(&file(&[master(TRACKS, &[master(TRACK_ENTRY, children)])])).tracks.remove(0)
}

/// The name of a track whose element `Name` has these bytes.
fn name(bytes: impl AsRef<[u8]>) -> Option<String> {
    track(&[number(TRACK_TYPE, 1), element(NAME, bytes)]).name
}

#[test]
fn a_text_is_shortened_and_made_readable() {
    assert_eq!(name(""), None);
    assert_eq!(name("\0\0"), None);
    assert_eq!(name("one\0two").as_deref(), Some("one"));
    assert_eq!(name(b"caf\xE9").as_deref(), Some("caf\u{FFFD}"));
    for letter in ["a", "é", "€", "😀"] {
        let most = letter.repeat(4000);
        assert_eq!(name(&most), Some(most.clone()));
        assert_eq!(name(most.clone() + "\0"), Some(most.clone()));
        for more in [1, 100, 100_000] {
            assert_eq!(name(most.clone() + &letter.repeat(more)), Some(most.clone() + "…"));
        }
    }
    assert_eq!(name(String::from("a\0") + &"b".repeat(900)).as_deref(), Some("a"));
    assert_eq!(name([0xFF; 9000]).map(|name| name.chars().count()), Some(4001));
}

#[test]
fn a_number_has_up_to_eight_bytes() {
    let duration = |bytes: &[u8]| vec![number(TRACK_TYPE, 1), element(0x23_E383, bytes)];
    assert_eq!(track(&duration(&[])).default_duration, None);
    assert_eq!(track(&duration(&[0, 0, 5])).default_duration, Some(5));
    assert_eq!(track(&duration(&[0xFF; 8])).default_duration, Some(u64::MAX));
    let long = master(TRACKS, &[master(TRACK_ENTRY, &duration(&[0; 9]))]);
    assert_eq!(broken(&file(&[long])).tracks[0].default_duration, None);
}

#[test]
fn what_is_not_stated_is_none() {
    let bare = track(&[number(TRACK_TYPE, 17)]);
    assert_eq!(bare, TrackFacts::new(TrackType::Subtitle));
    assert_eq!((bare.effective_language(), bare.is_enabled()), ("eng", true));
    let empty = track(&[number(TRACK_TYPE, 17), element(0xB9, []), element(0x22_B59C, [])]);
    assert_eq!(empty, bare);
    let both = track(&[number(TRACK_TYPE, 2), element(0x22_B59C, "ger"), element(0x22_B59D, "de-AT")]);
    assert_eq!(both.effective_language(), "de-AT");
}

#[test]
fn only_types_with_streams_are_tracks() {
    let entry =
        |number_of_type| master(TRACK_ENTRY, &[number(TRACK_TYPE, number_of_type), element(CODEC_ID, "X")]);
    let all: Vec<Vec<u8>> = [1, 2, 3, 16, 17, 18, 32, 33, 250].map(entry).into();
    let facts = whole(&file(&[master(TRACKS, &[all.concat(), master(TRACK_ENTRY, &[])])]));
    let types: Vec<_> = facts.tracks.iter().map(|track| track.track_type).collect();
    assert_eq!(types, TrackType::ALL);
    assert_eq!(facts.other_tracks, 6);
}

/// ffmpeg makes no stream of a track without a codec.
#[test]
fn a_stream_is_a_track_with_a_codec() {
    let entry = |name, codec: &[Vec<u8>]| {
        master(TRACK_ENTRY, &[number(TRACK_TYPE, 1), element(NAME, name), codec.concat()])
    };
    let codec = [element(CODEC_ID, "V_AV1")];
    let facts = whole(&file(&[master(TRACKS, &[entry("a", &[]), entry("b", &codec), entry("c", &codec)])]));
    let names = [0, 1, 2].map(|index| facts.track_of_stream(index).and_then(|track| track.name.as_deref()));
    assert_eq!(names, [Some("b"), Some("c"), None]);
}

#[test]
fn encryption_is_told_from_compression() {
    let encodings = |types: &[u64]| {
        let all = types.iter().map(|value| master(0x6240, &[number(0x5033, *value)]));
        track(&[number(TRACK_TYPE, 1), master(0x6D80, &all.collect::<Vec<_>>())]).encrypted
    };
    assert_eq!([&[][..], &[0], &[1], &[0, 1], &[1, 0]].map(encodings), [false, false, true, true, true]);
}

#[test]
fn a_chapter_of_the_same_segment_is_no_link() {
    let with = |chapter: [u8; 16], info: &[Vec<u8>]| -> MatroskaFacts {
        let chapter = master(CHAPTER, &[element(0x6E67, chapter)]);
        let chapters = master(CHAPTERS, &[master(EDITION, &[chapter])]);
        whole(&file(&[master(INFO, &[element(0x73A4, [7; 16]), info.concat()]), chapters]))
    };
    assert!(with([8; 16], &[]).is_linked());
    assert!(!with([7; 16], &[]).is_linked());
    assert!(!with([0; 16], &[]).is_linked());
    assert!(with([7; 16], &[element(0x3E_83BB, "next.mkv")]).is_linked());
    assert!(!with([7; 16], &[element(0x3E_B923, [0; 16])]).is_linked());
    let family = with([7; 16], &[element(0x4444, [9; 16])]);
    assert_eq!((family.is_linked(), family.linked.families), (false, vec!["09".repeat(16)]));
}

#[test]
fn a_display_has_legacy_languages_where_it_has_no_others() {
    let display = |title, languages: &[(u32, &str)]| {
        let languages = languages.iter().map(|(id, language)| element(*id, language));
        master(0x80, &[element(0x85, title), languages.collect::<Vec<_>>().concat()])
    };
    let (legacy, ietf) = (0x437C, 0x437D);
    let displays = [
        display("eins", &[(legacy, "ger"), (ietf, "de-CH")]),
        display("un", &[(legacy, "fre"), (legacy, "ita")]),
        display("?", &[]),
    ];
    let chapters = master(CHAPTERS, &[master(EDITION, &[master(CHAPTER, &displays)])]);
    let facts = whole(&file(&[chapters]));
    let chapter = &facts.editions[0].chapters[0];
    assert_eq!((chapter.displays, chapter.title.as_deref(), chapter.start), (3, Some("eins"), None));
    assert_eq!(chapter.languages, ["de-CH", "fre", "ita"]);
}

#[test]
fn tags_name_what_they_describe() {
    let targets =
        [number(0x68CA, 30), number(0x63C4, 5), number(0x63C4, 6), number(0x63C9, 0), number(0x63C6, 7)];
    let binary =
        master(SIMPLE_TAG, &[element(TAG_NAME, "COVER"), element(0x4485, [1; 3000]), number(0x4484, 0)]);
    let tags = master(TAGS, &[master(TAG, &[master(0x63C0, &targets), binary])]);
    let facts = whole(&file(&[tags]));
    let [tag] = &facts.tags[..] else { panic!("{facts:?}") };
    assert_eq!((&tag.targets.chapters[..], &tag.targets.editions[..]), (&[5, 6][..], &[0][..]));
    assert_eq!((&tag.targets.attachments[..], tag.targets.type_value), (&[7][..], Some(30)));
    assert!(tag.targets.tracks.is_empty() && !tag.targets.is_whole_film());
    let [cover] = &tag.simple[..] else { panic!("{tag:?}") };
    assert_eq!((cover.binary, cover.value.as_deref(), cover.default), (true, None, Some(false)));
}

#[test]
fn attached_files_are_not_read() {
    let attached = |name: &str| {
        let data = element(0x465C, vec![0; 3 << 20]);
        master(ATTACHED_FILE, &[data, element(0x466E, name)])
    };
    let all: Vec<Vec<u8>> = (0..20).map(|number| attached(&number.to_string())).collect();
    // 60 MiB, of which 16 at most may be read.
    let facts = whole(&file(&[master(ATTACHMENTS, &all), tracks("one")]));
    assert_eq!((facts.attachments.len(), facts.tracks.len()), (20, 1));
    assert!(facts.attachments.iter().all(|attachment| attachment.size == 3 << 20));
    assert_eq!(facts.attachments[19].name.as_deref(), Some("19"));
}
