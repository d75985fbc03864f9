//! Files that mkvmerge, mkvpropedit and ffmpeg made; see `tests/data/matroska/make`.

use std::fs;
use std::path::Path;

use av1plan::probe::matroska::{Chapter, SimpleTag, TrackFacts, TrackType};

use crate::{broken, read, whole};

pub(crate) const NAMES: [&str; 4] = ["tracks.mkv", "chapters.mkv", "late.mkv", "live.mkv"];

pub(crate) fn bytes(name: &str) -> Vec<u8> {
    fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/matroska").join(name)).unwrap()
}

#[test]
fn tracks_have_ietf_languages_and_flags() {
    let facts = whole(&bytes("tracks.mkv"));
    let languages: Vec<_> = facts
        .tracks
        .iter()
        .map(|track| (track.language.as_deref(), track.language_ietf.as_deref()))
        .collect();
    let expected =
        [("jpn", "ja"), ("por", "pt-BR"), ("spa", "es-419"), ("chi", "zh-Hant"), ("chi", "zh-Hans")];
    assert_eq!(languages, expected.map(|(legacy, ietf)| (Some(legacy), Some(ietf))));
    let [video, dubbed, commentary, impaired, forced] = &facts.tracks[..] else { panic!("{facts:?}") };
    let types = [video, dubbed, forced].map(|track| track.track_type);
    assert_eq!(types, [TrackType::Video, TrackType::Audio, TrackType::Subtitle]);
    assert_eq!((dubbed.original, dubbed.name.as_deref()), (Some(false), Some("Dublado")));
    assert_eq!((commentary.commentary, commentary.visual_impaired), (Some(true), Some(true)));
    assert_eq!((impaired.hearing_impaired, impaired.forced), (Some(true), None));
    assert_eq!((forced.forced, forced.default, forced.enabled), (Some(true), Some(false), Some(false)));
    assert!(!forced.is_enabled() && impaired.is_enabled());
    assert_eq!(
        (video.default_duration, video.codec_id.as_deref()),
        (Some(40_000_000), Some("V_MPEG4/ISO/ASP"))
    );
    assert_eq!(facts.track_of_stream(3).map(|track| track.number), Some(4));
    assert_eq!(facts.track_of_stream(5), None);
    assert!(!facts.is_linked() && facts.attachments.is_empty() && facts.other_tracks == 0);
}

#[test]
fn a_picture_has_crop_stereo_mode_and_projection() {
    let facts = whole(&bytes("tracks.mkv"));
    let video = &facts.tracks[0].video;
    let crop = video.crop;
    assert_eq!([crop.left, crop.top, crop.right, crop.bottom], [2, 20, 4, 10]);
    assert_eq!((video.stereo_mode, video.projection, video.alpha_mode), (Some(1), Some(1), None));
    assert_eq!((video.display_width, video.display_height, video.display_unit), (Some(64), Some(64), None));
    assert_eq!(whole(&bytes("live.mkv")).tracks[0].video.interlaced, Some(2));
}

/// Depth, start in seconds, and title of a chapter.
fn outline(chapter: &Chapter) -> (u32, Option<u64>, &str) {
    let start = chapter.start.map(|start| start / 1_000_000_000);
    (chapter.depth, start, chapter.title.as_deref().unwrap_or_default())
}

#[test]
fn editions_have_nested_chapters_and_chapters_of_other_files() {
    for name in ["chapters.mkv", "late.mkv"] {
        let facts = whole(&bytes(name));
        let [first, second] = &facts.editions[..] else { panic!("{facts:?}") };
        let chapters: Vec<_> = first.chapters.iter().map(outline).collect();
        assert_eq!(chapters, [(0, Some(0), "Part one"), (1, Some(1), "Within"), (0, Some(2), "")]);
        let [one, within, two] = &first.chapters[..] else { panic!("{first:?}") };
        assert_eq!((one.displays, &one.languages[..]), (2, &["en".to_owned(), "de".to_owned()][..]));
        assert_eq!((one.end, within.end), (Some(2_000_000_000), None));
        assert_eq!((within.hidden, within.uid, two.enabled), (Some(true), Some(12), Some(false)));
        assert_eq!(
            (first.uid, first.default, first.hidden, first.is_ordered()),
            (Some(1), Some(true), None, false)
        );
        assert_eq!((second.hidden, second.is_ordered()), (Some(true), true));
        assert_eq!(second.chapters[0].segment_uid.as_deref(), Some("0123456789abcdef0123456789abcdef"));
        assert!(facts.has_ordered_edition() && facts.has_nested_chapters() && facts.is_linked());
        assert!(!first.has_more && !second.has_more);
    }
}

#[test]
fn a_file_names_those_before_and_behind_it() {
    let linked = whole(&bytes("chapters.mkv")).linked;
    assert_eq!(linked.segment_uid.as_ref().map(String::len), Some(32));
    assert_eq!(linked.previous_uid.as_deref(), Some("aa223344556677889900112233445566"));
    assert_eq!(linked.next_uid.as_deref(), Some("11223344556677889900112233445566"));
    assert!(linked.has_neighbour() && !whole(&bytes("tracks.mkv")).linked.has_neighbour());
}

#[test]
fn tags_attachments_and_chapters_behind_the_clusters_are_found() {
    let facts = whole(&bytes("late.mkv"));
    let whole_film: Vec<_> = facts.tags.iter().filter(|tag| tag.targets.is_whole_film()).collect();
    let levels: Vec<_> = whole_film.iter().map(|tag| tag.targets.type_value).collect();
    assert_eq!(levels, [Some(70), Some(60), None]);
    assert_eq!(whole_film[0].targets.type_name.as_deref(), Some("COLLECTION"));
    let line = |tag: &SimpleTag| (tag.depth, tag.name.clone(), tag.value.clone().unwrap_or_default());
    let film: Vec<_> = whole_film[2].simple.iter().map(line).collect();
    let expected = [(0, "ACTOR", "Alice"), (1, "CHARACTER", "Bob"), (0, "TITLE", "The Film")];
    assert_eq!(film, expected.map(|(depth, name, value)| (depth, name.to_owned(), value.to_owned())));
    assert_eq!(whole_film[2].simple[0].language_ietf.as_deref(), Some("und"));
    let of_tracks: Vec<_> = facts.tags.iter().flat_map(|tag| &tag.targets.tracks).copied().collect();
    let tracks: Vec<_> = facts.tracks.iter().filter_map(|track| track.uid).collect();
    assert_eq!(of_tracks, tracks);
    let [font, cover] = &facts.attachments[..] else { panic!("{facts:?}") };
    assert_eq!((font.name.as_deref(), font.media_type.as_deref()), (Some("font.ttf"), Some("font/ttf")));
    assert_eq!((font.description.as_deref(), font.size, font.uid), (Some("A font"), 11, Some(77)));
    assert_eq!((cover.description.as_deref(), cover.size, cover.uid), (None, 14, Some(78)));
    assert_eq!(facts.tracks[1].language_ietf.as_deref(), Some("de-CH"));
}

#[test]
fn a_segment_of_unknown_size_is_read_up_to_its_cluster() {
    let facts = whole(&bytes("live.mkv"));
    assert_eq!(facts.tracks.len(), 1);
    assert_eq!(facts.tags[0].simple[0].name, "ENCODER");
    assert_eq!(facts.linked.segment_uid, None);
}

/// Wherever a file is cut off, what is left of it says nothing that the whole file doesn't say.
#[test]
fn a_file_may_end_anywhere() {
    for name in NAMES {
        let file = bytes(name);
        let all = whole(&file);
        for length in 0..file.len() {
            let Some(facts) = read(&file[..length]) else { continue };
            let is_start = |found: &[TrackFacts]| match found.split_last() {
                None => true,
                // The last track may be cut off.
                Some((_, others)) => all.tracks.starts_with(others) && found.len() <= all.tracks.len(),
            };
            assert!(is_start(&facts.tracks), "{name} {length}");
            assert!(facts.editions.len() <= all.editions.len() && facts.tags.len() <= all.tags.len());
        }
    }
    let late = bytes("late.mkv");
    assert!(broken(&late[..late.len() - 1]).editions.len() <= 2);
}

#[test]
fn documents_are_read_as_they_were_written() {
    for name in NAMES {
        let facts = whole(&bytes(name));
        let json = serde_json::to_string(&facts).unwrap();
        assert_eq!(serde_json::from_str::<av1plan::probe::MatroskaFacts>(&json).unwrap(), facts);
        assert!(!json.contains("null") && !json.contains("[]") && !json.contains("{}"), "{json}");
    }
    let other = r#"{"a field of a later version": 1, "tracks": [{"type": "video"}]}"#;
    let facts: av1plan::probe::MatroskaFacts = serde_json::from_str(other).unwrap();
    assert_eq!(facts.tracks, [TrackFacts::new(TrackType::Video)]);
}
