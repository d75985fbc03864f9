//! Editions and chapters, from the element `Chapters`.

use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::ebml::{Reader, Span};
use super::{MAX_DEPTH, id, is_default};

/// How many editions are kept.
const MAX_EDITIONS: usize = 1024;

/// How many chapters of all editions together are kept.
const MAX_CHAPTERS: usize = 4096;

/// How many languages of a chapter are kept.
const MAX_LANGUAGES: usize = 32;

/// An edition: one list of chapters. A file has several if it can be played in several ways.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Edition {
    /// The UID (`EditionUID`), by which tags name the edition; `None` if it has none.
    #[serde(skip_serializing_if = "is_default")]
    pub uid: Option<u64>,
    /// Whether a player is to choose this edition (`EditionFlagDefault`); `None`, which means no, if it isn't stated.
    #[serde(skip_serializing_if = "is_default")]
    pub default: Option<bool>,
    /// Whether a player hides this edition (`EditionFlagHidden`); `None`, which means no, if it isn't stated.
    #[serde(skip_serializing_if = "is_default")]
    pub hidden: Option<bool>,
    /// Whether a player plays the chapters in their own order and leaves out what is in none of them
    /// (`EditionFlagOrdered`); `None`, which means no, if it isn't stated.
    #[serde(skip_serializing_if = "is_default")]
    pub ordered: Option<bool>,
    /// The chapters in the file's order, each followed by those below it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub chapters: Vec<Chapter>,
    /// Whether there are chapters that aren't in `chapters`, because there are too many in all or too many levels.
    #[serde(skip_serializing_if = "is_default")]
    pub has_more: bool,
}

impl Edition {
    /// Whether the chapters are to be played in their own order.
    pub fn is_ordered(&self) -> bool {
        self.ordered == Some(true)
    }
}

/// A chapter.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Chapter {
    /// The UID (`ChapterUID`), by which tags name the chapter; `None` if it has none.
    #[serde(skip_serializing_if = "is_default")]
    pub uid: Option<u64>,
    /// How many chapters this one is below: 0 up to 7.
    #[serde(skip_serializing_if = "is_default")]
    pub depth: u32,
    /// The start in nanoseconds (`ChapterTimeStart`); `None` if it isn't stated.
    #[serde(skip_serializing_if = "is_default")]
    pub start: Option<u64>,
    /// The end in nanoseconds (`ChapterTimeEnd`); `None` if it isn't stated.
    #[serde(skip_serializing_if = "is_default")]
    pub end: Option<u64>,
    /// Whether a player hides this chapter (`ChapterFlagHidden`); `None`, which means no, if it isn't stated.
    #[serde(skip_serializing_if = "is_default")]
    pub hidden: Option<bool>,
    /// Whether a player plays this chapter (`ChapterFlagEnabled`); `None`, which means yes, if it isn't stated.
    #[serde(skip_serializing_if = "is_default")]
    pub enabled: Option<bool>,
    /// The UID of the segment that is played as this chapter (`ChapterSegmentUUID`), in hexadecimal digits; `None` if
    /// the chapter is a part of this file.
    #[serde(skip_serializing_if = "is_default")]
    pub segment_uid: Option<String>,
    /// How many titles there are (`ChapterDisplay`): usually one, or one for each language.
    #[serde(skip_serializing_if = "is_default")]
    pub displays: u32,
    /// The first title; `None` if there is none.
    #[serde(skip_serializing_if = "is_default")]
    pub title: Option<String>,
    /// The languages of the titles in the file's order, those of one title after those of the other. They are IETF's
    /// (`ChapLanguageBCP47`) where a title has such, otherwise those of `ChapLanguage`. At most 32.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub languages: Vec<String>,
}

pub(super) fn read<E>(reader: &mut Reader<'_, E>, mut body: Span) -> Vec<Edition> {
    let mut editions = Vec::new();
    let mut room = MAX_CHAPTERS;
    while let Some(child) = reader.child(&mut body) {
        match child.id {
            id::EDITION_ENTRY if editions.len() < MAX_EDITIONS => {
                let edition = edition(reader, child.body, room);
                room = room.saturating_sub(edition.chapters.len());
                editions.push(edition);
            }
            id::EDITION_ENTRY => reader.mark_incomplete(),
            _ => {}
        }
    }
    editions
}

/// Reads an edition and at most `room` of its chapters.
fn edition<E>(reader: &mut Reader<'_, E>, mut body: Span, room: usize) -> Edition {
    let mut edition = Edition::default();
    while let Some(child) = reader.child(&mut body) {
        match child.id {
            id::EDITION_UID => edition.uid = reader.unsigned(child),
            id::EDITION_FLAG_DEFAULT => edition.default = reader.flag(child),
            id::EDITION_FLAG_HIDDEN => edition.hidden = reader.flag(child),
            id::EDITION_FLAG_ORDERED => edition.ordered = reader.flag(child),
            id::CHAPTER_ATOM => add_chapter(reader, child.body, 0, room, &mut edition),
            _ => {}
        }
    }
    if edition.has_more {
        reader.mark_incomplete();
    }
    edition
}

/// Adds a chapter and the chapters below it.
fn add_chapter<E>(
    reader: &mut Reader<'_, E>,
    mut body: Span,
    depth: u32,
    room: usize,
    edition: &mut Edition,
) {
    let place = edition.chapters.len();
    if depth >= MAX_DEPTH || place >= room {
        edition.has_more = true;
        return;
    }
    // The chapters below this one come behind it, so it is put in its place before they are read.
    edition.chapters.push(Chapter::default());
    let mut chapter = Chapter { depth, ..Chapter::default() };
    while let Some(child) = reader.child(&mut body) {
        match child.id {
            id::CHAPTER_UID => chapter.uid = reader.unsigned(child),
            id::CHAPTER_TIME_START => chapter.start = reader.unsigned(child),
            id::CHAPTER_TIME_END => chapter.end = reader.unsigned(child),
            id::CHAPTER_FLAG_HIDDEN => chapter.hidden = reader.flag(child),
            id::CHAPTER_FLAG_ENABLED => chapter.enabled = reader.flag(child),
            id::CHAPTER_SEGMENT_UUID => chapter.segment_uid = reader.hex(child),
            id::CHAPTER_DISPLAY => add_display(reader, child.body, &mut chapter),
            id::CHAPTER_ATOM => add_chapter(reader, child.body, depth + 1, room, edition),
            _ => {}
        }
    }
    if let Some(kept) = edition.chapters.get_mut(place) {
        *kept = chapter;
    }
}

/// Adds a title and its languages to a chapter.
fn add_display<E>(reader: &mut Reader<'_, E>, mut body: Span, chapter: &mut Chapter) {
    let (mut title, mut legacy, mut ietf) = (None, Vec::new(), Vec::new());
    while let Some(child) = reader.child(&mut body) {
        match child.id {
            id::CHAP_STRING => title = reader.text(child),
            id::CHAP_LANGUAGE if legacy.len() < MAX_LANGUAGES => legacy.extend(reader.text(child)),
            id::CHAP_LANGUAGE_BCP47 if ietf.len() < MAX_LANGUAGES => ietf.extend(reader.text(child)),
            id::CHAP_LANGUAGE | id::CHAP_LANGUAGE_BCP47 => reader.mark_incomplete(),
            _ => {}
        }
    }
    if chapter.displays == 0 {
        chapter.title = title;
    }
    chapter.displays = chapter.displays.saturating_add(1);
    chapter.languages.append(if ietf.is_empty() { &mut legacy } else { &mut ietf });
    if chapter.languages.len() > MAX_LANGUAGES {
        chapter.languages.truncate(MAX_LANGUAGES);
        reader.mark_incomplete();
    }
}
