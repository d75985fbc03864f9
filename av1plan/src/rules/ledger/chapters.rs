//! Matroska's chapters. ffmpeg reads a single list: of all editions together the uppermost chapters that begin later
//! than those before them. It writes a list with one title for each, in no language (measured with 8.0).

use alloc::string::String;
use alloc::vec::Vec;

use crate::number::counted;
use crate::probe::MatroskaFacts;
use crate::probe::matroska::{Chapter, Edition};

/// What ffmpeg doesn't carry over of the chapters, in words. The language of the titles may differ: everybody sees the
/// only title that there is.
pub(super) fn lost(facts: &MatroskaFacts) -> Vec<String> {
    let editions = facts.editions.iter().filter(|edition| !edition.chapters.is_empty()).count();
    let count = |is_lost: fn(&Chapter) -> bool| facts.chapters().filter(|chapter| is_lost(chapter)).count();
    let hidden_editions = facts.editions.iter().filter(|edition| edition.hidden == Some(true)).count();
    let lost = [
        (editions.saturating_sub(1), "further edition of chapters", "further editions of chapters"),
        (count(|chapter| chapter.depth > 0), "chapter below another", "chapters below others"),
        (out_of_order(&facts.editions), "chapter out of order", "chapters out of order"),
        (count(|chapter| chapter.displays > 1), "chapter's further titles", "chapters' further titles"),
        (
            count(|chapter| chapter.hidden == Some(true) || chapter.enabled == Some(false)),
            "chapter's mark as hidden or disabled",
            "chapters' marks as hidden or disabled",
        ),
        (hidden_editions, "edition's mark as hidden", "editions' marks as hidden"),
    ];
    lost.into_iter()
        .filter(|(number, ..)| *number > 0)
        .map(|(number, one, many)| counted(number as u64, one, many))
        .collect()
}

/// How many chapters of the first edition ffmpeg passes over, because they don't begin later than one before them, or
/// have no start or no UID.
fn out_of_order(editions: &[Edition]) -> usize {
    let first = editions.iter().find(|edition| !edition.chapters.is_empty());
    let chapters = first.into_iter().flat_map(|edition| &edition.chapters);
    let (mut latest, mut passed_over) = (0, 0);
    for chapter in chapters.filter(|chapter| chapter.depth == 0) {
        match chapter.start {
            Some(start) if chapter.uid.unwrap_or_default() != 0 && (latest == 0 || start > latest) => {
                latest = start;
            }
            _ => passed_over += 1,
        }
    }
    passed_over
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chapters(starts: &[Option<u64>]) -> Edition {
        let chapter = |start: &Option<u64>| Chapter { uid: Some(7), start: *start, ..Chapter::default() };
        Edition { chapters: starts.iter().map(chapter).collect(), ..Edition::default() }
    }

    #[test]
    fn chapters_that_begin_no_later_than_others_are_out_of_order() {
        for (starts, number) in [
            (&[Some(0), Some(5), Some(9)][..], 0),
            (&[Some(0), Some(0), Some(9)], 0), // as long as all before begin at 0, ffmpeg takes each
            (&[Some(5), Some(5), Some(4), Some(9)], 2),
            (&[None, Some(5)], 1),
            (&[], 0),
        ] {
            assert_eq!(out_of_order(&[chapters(starts)]), number, "{starts:?}");
        }
        let without_uid = Chapter { start: Some(1), ..Chapter::default() };
        assert_eq!(out_of_order(&[Edition { chapters: [without_uid].into(), ..Edition::default() }]), 1);
    }

    #[test]
    fn a_list_with_one_title_for_each_chapter_loses_nothing() {
        let plain =
            MatroskaFacts { editions: [chapters(&[Some(0), Some(5)])].into(), ..MatroskaFacts::default() };
        assert!(lost(&plain).is_empty());
    }
}
