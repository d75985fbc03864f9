//! What is true of any bytes.

use av1plan::probe::matroska::MatroskaFacts;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use crate::build::*;
use crate::files::{NAMES, bytes};
use crate::read_with_cost;

/// Elements that are looked into, values, and some that mean nothing.
const IDS: [u32; 34] = [
    SEEK_HEAD,
    INFO,
    TRACKS,
    CHAPTERS,
    TAGS,
    ATTACHMENTS,
    CLUSTER,
    VOID,
    CRC_32,
    0x4DBB,
    0x53AB,
    0x53AC,
    TRACK_ENTRY,
    TRACK_TYPE,
    NAME,
    0xE0,
    0x7670,
    0x54AA,
    0x6D80,
    0x6240,
    0x5033,
    EDITION,
    CHAPTER,
    0x91,
    0x80,
    0x437D,
    0x6E67,
    TAG,
    0x63C0,
    0x63C5,
    SIMPLE_TAG,
    TAG_STRING,
    ATTACHED_FILE,
    0x465C,
];

/// Any elements, one within the other, some with a wrong or an unknown size.
fn elements() -> impl Strategy<Value = Vec<u8>> {
    let size_of = |body: &[u8], wrong: u8| match wrong {
        0 => size(u64::MAX >> 9),
        1 => UNKNOWN,
        2 => size(body.len() as u64 + 3),
        3 => size((body.len() as u64).saturating_sub(1)),
        _ => size(body.len() as u64),
    };
    let id = || prop_oneof![20 => select(&IDS[..]), 1 => any::<u32>()];
    let leaf = (id(), 0_u8..40, vec(any::<u8>(), 0..12));
    let leaf = leaf.prop_map(move |(id, wrong, body)| with_size(id, &size_of(&body, wrong), &body));
    leaf.prop_recursive(10, 200, 8, move |within| {
        (id(), 0_u8..40, vec(within, 0..8)).prop_map(move |(id, wrong, children)| {
            let body = children.concat();
            with_size(id, &size_of(&body, wrong), &body)
        })
    })
}

/// One of the files of `tests/data`, with some bytes changed, and some taken out or put in.
fn damaged() -> impl Strategy<Value = Vec<u8>> {
    let flips = vec((any::<Index>(), any::<u8>()), 0..12);
    let splices = vec((any::<Index>(), 0_usize..40, vec(any::<u8>(), 0..20)), 0..3);
    (select(&NAMES[..]), flips, splices).prop_map(|(name, flips, splices)| {
        let mut file = bytes(name);
        // The free space that mkvmerge leaves would take most of the damage.
        let half = file.iter().filter(|byte| **byte != 0).count().min(file.len());
        for (place, byte) in flips {
            let place = place.index(half);
            let used = file.iter_mut().filter(|byte| **byte != 0).nth(place);
            if let Some(used) = used {
                *used = byte;
            }
        }
        for (place, length, with) in splices {
            let place = place.index(file.len());
            file.splice(place..file.len().min(place + length), with);
        }
        file
    })
}

/// Reading costs little, and what is read can be written and read again.
fn check(file: &[u8]) -> Result<Option<MatroskaFacts>, TestCaseError> {
    let (facts, cost) = read_with_cost(file);
    prop_assert!(cost.is_bounded(), "{:?}", cost);
    let Some(facts) = facts else { return Ok(None) };
    let json = serde_json::to_string(&facts).unwrap();
    prop_assert_eq!(&serde_json::from_str::<MatroskaFacts>(&json).unwrap(), &facts);
    let texts = facts.tracks.iter().filter_map(|track| track.name.as_ref());
    let values = facts.tags.iter().flat_map(|tag| &tag.simple).filter_map(|simple| simple.value.as_ref());
    for text in texts.chain(values) {
        prop_assert!(!text.is_empty() && text.chars().count() <= 201, "{text}");
    }
    prop_assert!(facts.chapters().all(|chapter| chapter.depth < 8));
    let _ = (facts.is_linked(), facts.has_ordered_edition(), facts.track_of_stream(u32::MAX));
    Ok(Some(facts))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_read(bytes in vec(any::<u8>(), 0..400)) {
        check(&bytes)?;
        check(&file(&[bytes]))?;
    }

    #[test]
    fn any_elements_are_read(parts in vec(elements(), 0..8)) {
        prop_assert!(check(&file(&parts))?.is_some());
    }

    #[test]
    fn any_elements_within_a_known_one_are_read(id in select(&IDS[..6]), parts in vec(elements(), 0..8)) {
        prop_assert!(check(&file(&[master(id, &parts)]))?.is_some());
    }

    #[test]
    fn damaged_files_are_read(file in damaged()) {
        check(&file)?;
    }
}
