//! Files that are made to cost much. They must cost little, and say that not everything was read.

use std::time::{Duration, Instant};

use av1plan::probe::matroska;

use crate::build::*;
use crate::{broken, read, read_with_cost};

/// What comes of reading a file of `size` bytes that begins with `start` and goes on with `more`, again and again.
#[track_caller]
fn endless_file(size: u64, start: &[u8], more: &[u8]) -> matroska::MatroskaFacts {
    let (mut reads, begun) = (0, Instant::now());
    let facts = matroska::read(size, |offset, length| {
        reads += 1;
        let byte = |at: u64| -> u8 {
            match usize::try_from(at).ok().and_then(|at| start.get(at)) {
                Some(byte) => *byte,
                None => more[usize::try_from((at - start.len() as u64) % more.len() as u64).unwrap()],
            }
        };
        Ok::<_, ()>((0..length as u64).map(|at| byte(offset.saturating_add(at))).collect())
    });
    assert!(reads <= 1024, "{reads}");
    assert!(begun.elapsed() < Duration::from_mins(1), "{:?}", begun.elapsed());
    let facts = facts.unwrap().unwrap();
    assert!(facts.incomplete);
    facts
}

/// The start of a file whose segment and element `id` never end.
fn start(id: u32) -> Vec<u8> {
    let part = with_size(id, &size((1 << 56) - 2), &[]);
    [head("matroska"), with_size(0x1853_8067, &UNKNOWN, &part)].concat()
}

#[test]
fn a_list_without_an_end_is_cut() {
    let chapter = master(CHAPTER, &[number(CHAPTER_UID, 1)]);
    let edition = [start(CHAPTERS), with_size(EDITION, &size(1 << 50), &[])].concat();
    let facts = endless_file(u64::MAX, &edition, &chapter);
    assert_eq!((facts.editions.len(), facts.chapters().count()), (1, 4096));
    assert!(facts.editions[0].has_more);
    let facts = endless_file(1 << 45, &start(CHAPTERS), &master(EDITION, &vec![chapter; 10]));
    assert_eq!((facts.editions.len(), facts.chapters().count()), (1024, 4096));

    let entry = master(TRACK_ENTRY, &[number(TRACK_TYPE, 1)]);
    assert_eq!(endless_file(u64::MAX, &start(TRACKS), &entry).tracks.len(), 1024);
    let tag = master(TAG, &[simple("A", "1", &[]), simple("B", "2", &[]), simple("C", "3", &[])]);
    let facts = endless_file(u64::MAX, &start(TAGS), &tag);
    assert_eq!((facts.tags.len(), facts.tags.iter().flat_map(|tag| &tag.simple).count()), (4096, 8192));
    let attached = master(ATTACHED_FILE, &[]);
    assert_eq!(endless_file(u64::MAX, &start(ATTACHMENTS), &attached).attachments.len(), 1024);
}

#[test]
fn nothing_at_all_without_an_end_is_cut() {
    for id in [TRACKS, TAGS, SEEK_HEAD, VOID] {
        for more in [element(VOID, []), element(VOID, vec![0; 16_000]), element(NAME, [7; 300]), vec![0xFF]] {
            let facts = endless_file(u64::MAX, &start(id), &more);
            assert!(facts.tracks.is_empty() && facts.tags.is_empty());
        }
    }
    // Elements directly within the segment.
    let segment = [head("matroska"), with_size(0x1853_8067, &UNKNOWN, &[])].concat();
    for more in [element(VOID, []), tags("A", "1"), master(TAGS, &[]), master(SEEK_HEAD, &[seek(TAGS, 1)])] {
        assert!(endless_file(u64::MAX, &segment, &more).tags.len() <= 64);
    }
}

#[test]
fn deep_nesting_is_cut() {
    let nested = |id, most: usize| (0..most).fold(vec![], |within, _| master(id, &[within]));
    let chapters = file(&[master(CHAPTERS, &[master(EDITION, &[nested(CHAPTER, 2000)])])]);
    let facts = broken(&chapters);
    let depths: Vec<_> = facts.chapters().map(|chapter| chapter.depth).collect();
    assert_eq!(depths, [0, 1, 2, 3, 4, 5, 6, 7]);
    assert!(facts.editions[0].has_more);
    let facts = broken(&file(&[master(TAGS, &[master(TAG, &[nested(SIMPLE_TAG, 2000)])])]));
    assert_eq!(facts.tags[0].simple.last().map(|tag| (tag.depth, tag.name.as_str())), Some((7, "")));
}

#[test]
fn more_entries_of_seek_heads_than_any_film_has_are_not_followed() {
    let seeks: Vec<Vec<u8>> = (0..10_000).map(|position| seek(TAGS, position)).collect();
    let (facts, cost) = read_with_cost(&file(&[master(SEEK_HEAD, &seeks)]));
    assert!(facts.unwrap().incomplete && cost.reads < 100, "{cost:?}");
}

/// A disk error is the caller's to see, and nothing is read after it.
#[test]
fn a_failure_ends_the_reading() {
    let cluster = element(CLUSTER, vec![0; 1 << 16]);
    let film = file(&[seek_head(TAGS, cluster.len()), tracks("one"), cluster, tags("A", "1")]);
    let (_, cost) = read_with_cost(&film);
    for good in 0..cost.reads {
        let mut reads = 0;
        let found = matroska::read(film.len() as u64, |offset, length| {
            reads += 1;
            let start = usize::try_from(offset).unwrap();
            let bytes = film[start..film.len().min(start + length)].to_vec();
            if reads > good { Err("a disk error") } else { Ok(bytes) }
        });
        assert_eq!((found, reads), (Err("a disk error"), good + 1));
    }
}

/// The closure may return less than was asked for, if the file became shorter, and more, if it is wrong.
#[test]
fn a_closure_that_returns_too_little_or_too_much_is_harmless() {
    let film = file(&[tracks("one"), tags("A", "1")]);
    for most in 0..film.len() {
        let short = matroska::read(film.len() as u64, |offset, _| {
            let rest = film.get(usize::try_from(offset).unwrap()..).unwrap_or_default();
            Ok::<_, ()>(rest.get(..most).unwrap_or(rest).to_vec())
        });
        assert_eq!(short, Ok(read(&film[..most])), "{most}");
    }
    let long =
        matroska::read(film.len() as u64, |_, _| Ok::<_, ()>([&film[..], &vec![0xFF; 1 << 17]].concat()));
    assert_eq!(long, Ok(read(&film)));
}
