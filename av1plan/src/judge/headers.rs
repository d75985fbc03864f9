//! Compares the Matroska headers of a result with what the contract promises of them.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::Defect;
use crate::plan::{ExpectedHeaders, ExpectedTrack};
use crate::probe::matroska::{Chapter, Edition, SimpleTag, TagFacts, Targets};
use crate::probe::{MatroskaFacts, TrackFacts};

/// The defects of the headers that were found.
pub(super) fn header_defects(expected: &ExpectedHeaders, found: &MatroskaFacts) -> Vec<Defect> {
    let tracks = expected.tracks.iter().zip(0_u32..).filter(|(track, index)| {
        let found = found.track_of_stream(*index);
        !found.is_some_and(|found| is_held(track, found))
    });
    let tracks = tracks.map(|(_, index)| format!("the exact language or the mark of its stream {index}"));
    let chapters =
        !expected.editions.is_empty() && comparable(&expected.editions) != comparable(&found.editions);
    let lost_tag = first_lost_tag(expected, found);
    let chapters = chapters.then(|| String::from("its chapters"));
    let tags = lost_tag.map(|name| format!("its tag \"{name}\""));
    tracks.chain(chapters).chain(tags).map(|what| Defect::Headers { what }).collect()
}

fn is_held(expected: &ExpectedTrack, found: &TrackFacts) -> bool {
    let is_same =
        |ietf: &str| found.language_ietf.as_deref().is_some_and(|found| found.eq_ignore_ascii_case(ietf));
    let has_language = expected.language_ietf.as_deref().is_none_or(is_same);
    expected.is_plain() || (has_language && expected.disabled != found.is_enabled())
}

/// Editions without what may differ: the languages of titles, for which mkvpropedit adds IETF's, and whether a flag is
/// missing or has its default.
fn comparable(editions: &[Edition]) -> Vec<Edition> {
    let flag = |flag: Option<bool>, default: bool| Some(flag.unwrap_or(default));
    let chapter = |chapter: &Chapter| Chapter {
        hidden: flag(chapter.hidden, false),
        enabled: flag(chapter.enabled, true),
        languages: Vec::new(),
        ..chapter.clone()
    };
    let edition = |edition: &Edition| Edition {
        default: flag(edition.default, false),
        hidden: flag(edition.hidden, false),
        ordered: flag(edition.ordered, false),
        chapters: edition.chapters.iter().map(chapter).collect(),
        ..edition.clone()
    };
    editions.iter().map(edition).collect()
}

/// The name of the first promised tag that the headers don't have; `None` if they have all.
fn first_lost_tag(expected: &ExpectedHeaders, found: &MatroskaFacts) -> Option<String> {
    // The tracks of the result have other UIDs.
    let renamed = |uid: &u64| {
        let stream = expected.tracks.iter().zip(0_u32..).find(|(track, _)| track.uid == Some(*uid));
        let track = stream.and_then(|(_, index)| found.track_of_stream(index));
        track.and_then(|track| track.uid).unwrap_or(*uid)
    };
    let mut there: Vec<Entry<'_>> = found.tags.iter().flat_map(|tag| entries(tag, u64::clone)).collect();
    let promised = expected.tags.iter().flat_map(|tag| entries(tag, renamed));
    let mut promised = promised.filter(|entry| {
        let place = there.iter().position(|found| found.holds(entry));
        place.map(|place| there.swap_remove(place)).is_none()
    });
    promised.next().map(|entry| entry.path.join("/"))
}

/// A name with its value, and where it belongs.
struct Entry<'a> {
    targets: Targets,
    /// The names that this one is below, and the name itself.
    path: Vec<&'a str>,
    tag: &'a SimpleTag,
}

impl Entry<'_> {
    fn holds(&self, promised: &Self) -> bool {
        let language = |tag: &SimpleTag| {
            let ietf = tag.language_ietf.clone().filter(|ietf| ietf != "und");
            (ietf, tag.language.clone().filter(|code| code != "und"))
        };
        // mkvpropedit adds whichever of the two languages is missing.
        let ((ietf, code), (found_ietf, found_code)) = (language(promised.tag), language(self.tag));
        let has_language = match ietf {
            Some(_) => ietf == found_ietf,
            None => code.is_none() || code == found_code,
        };
        let value = |tag: &SimpleTag| tag.value.clone().unwrap_or_default();
        has_language
            && self.targets == promised.targets
            && self.path == promised.path
            && value(self.tag) == value(promised.tag)
    }
}

fn entries(tag: &TagFacts, uid: impl Fn(&u64) -> u64) -> Vec<Entry<'_>> {
    let mut targets = tag.targets.clone();
    targets.type_value.get_or_insert(50); // Matroska's default
    targets.tracks = targets.tracks.iter().map(uid).collect();
    let mut path: Vec<&str> = Vec::new();
    let mut entries = Vec::new();
    for simple in &tag.simple {
        path.truncate(usize::try_from(simple.depth).unwrap_or(usize::MAX));
        path.push(&simple.name);
        entries.push(Entry { targets: targets.clone(), path: path.clone(), tag: simple });
    }
    entries
}
