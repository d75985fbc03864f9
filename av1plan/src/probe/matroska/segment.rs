//! The way to the elements of a segment: first along the file up to the first cluster, then where seek heads point.

use alloc::vec::Vec;

use super::ebml::{Element, Reader, Span};
use super::{MatroskaFacts, attachments, chapters, id, info, tags, tracks};

/// How many elements a file may have beside its EBML header before the segment comes.
const MAX_BEFORE_SEGMENT: usize = 16;

/// How many elements of a segment are read, and how many entries of seek heads are followed. Most films have fewer
/// than ten.
const MAX_PARTS: usize = 64;

/// The first segment; `None` if the file isn't Matroska.
pub(super) fn find<E>(reader: &mut Reader<'_, E>) -> Option<Element> {
    let mut rest = reader.file();
    let head = reader.header(rest).filter(|head| head.id == id::EBML && head.is_whole())?;
    if !is_matroska(reader, head.body) {
        return None;
    }
    rest.at = head.body.end;
    for _ in 0..MAX_BEFORE_SEGMENT {
        let element = reader.header(rest)?;
        if element.id == id::SEGMENT {
            return Some(element);
        }
        rest.at = element.body.end;
    }
    None
}

/// Whether an EBML header says that Matroska follows, with IDs and sizes of usual length.
fn is_matroska<E>(reader: &mut Reader<'_, E>, mut head: Span) -> bool {
    let (mut doc_type, mut id_length, mut size_length) = (None, None, None);
    while let Some(child) = reader.child(&mut head) {
        match child.id {
            id::DOC_TYPE => doc_type = reader.text(child),
            id::MAX_ID_LENGTH => id_length = reader.unsigned(child),
            id::MAX_SIZE_LENGTH => size_length = reader.unsigned(child),
            _ => {}
        }
    }
    matches!(doc_type.as_deref(), Some("matroska" | "webm"))
        && id_length.is_none_or(|length| length <= 4)
        && size_length.is_none_or(|length| length <= 8)
}

/// Reads a segment.
pub(super) fn read<E>(reader: &mut Reader<'_, E>, element: Element) -> MatroskaFacts {
    let start = element.body.at;
    let (facts, done, seeks) = (MatroskaFacts::default(), Vec::new(), Vec::new());
    let mut segment = Segment { reader, start, facts, done, seeks };
    segment.walk(element);
    segment.follow_seeks();
    segment.facts
}

struct Segment<'r, 'a, E> {
    reader: &'r mut Reader<'a, E>,
    /// Where the segment's body begins. Seek heads count from here.
    start: u64,
    facts: MatroskaFacts,
    /// ID and position of the elements that were read.
    done: Vec<(u32, u64)>,
    /// ID and position of the elements that seek heads list.
    seeks: Vec<(u32, u64)>,
}

impl<E> Segment<'_, '_, E> {
    /// Reads one element after the other up to the first cluster, or up to the next segment, if this one's size isn't
    /// known.
    fn walk(&mut self, segment: Element) {
        let mut rest = segment.body;
        while rest.at < rest.end {
            let Some(element) = self.reader.header(rest) else {
                self.reader.mark_incomplete();
                return;
            };
            if matches!(element.id, id::CLUSTER | id::SEGMENT | id::EBML) {
                return;
            }
            let element = self.bounded(element);
            self.part(element, rest.at);
            rest.at = element.body.end;
        }
        // Without a cluster, it is the headers that are cut off.
        if segment.size.is_some_and(|size| size > segment.body.bytes()) {
            self.reader.mark_incomplete();
        }
    }

    /// Reads the elements that seek heads list, which may list further seek heads.
    fn follow_seeks(&mut self) {
        let mut next = 0;
        while let Some(&(id, position)) = self.seeks.get(next) {
            next += 1;
            if self.done.contains(&(id, position)) {
                continue;
            }
            let rest = Span { at: position, ..self.reader.file() };
            // A seek head may lie: then there is something else, or nothing at all.
            match self.reader.header(rest).filter(|element| element.id == id) {
                Some(element) => {
                    let element = self.bounded(element);
                    self.part(element, position);
                }
                None => self.reader.mark_incomplete(),
            }
        }
    }

    /// The element with a body that ends where the next one begins, if the element's header doesn't say where.
    fn bounded(&mut self, mut element: Element) -> Element {
        let mut is_sound = element.is_whole();
        if element.size.is_none() {
            // Only what is directly within a segment may have an unknown size, since the next one is known by its ID.
            let (end, is_whole) = self.end_of(element.body);
            element.body.end = end;
            element.size = Some(element.body.bytes());
            is_sound = is_whole && id::is_top_level(element.id);
        }
        if !is_sound {
            self.reader.mark_incomplete();
        }
        element
    }

    /// Where a body of unknown size ends, and whether all elements up to there are whole.
    fn end_of(&mut self, mut rest: Span) -> (u64, bool) {
        let mut is_whole = true;
        while rest.at < rest.end {
            match self.reader.header(rest) {
                Some(child) if id::is_top_level(child.id) => break,
                Some(child) => {
                    is_whole &= child.is_whole();
                    rest.at = child.body.end;
                }
                None => return (rest.at, false),
            }
        }
        (rest.at, is_whole)
    }

    /// Reads one element of the segment. Only tags and seek heads count more than once.
    fn part(&mut self, element: Element, position: u64) {
        let reads = matches!(
            element.id,
            id::SEEK_HEAD | id::INFO | id::TRACKS | id::CHAPTERS | id::TAGS | id::ATTACHMENTS
        );
        let may_repeat = matches!(element.id, id::SEEK_HEAD | id::TAGS);
        if !reads || (!may_repeat && self.done.iter().any(|(id, _)| *id == element.id)) {
            return;
        }
        if self.done.len() >= MAX_PARTS {
            self.reader.mark_incomplete();
            return;
        }
        self.done.push((element.id, position));
        match element.id {
            id::SEEK_HEAD => self.seek_head(element.body),
            id::INFO => self.facts.linked = info::read(self.reader, element.body),
            id::TRACKS => tracks::read(self.reader, element.body, &mut self.facts),
            id::CHAPTERS => self.facts.editions = chapters::read(self.reader, element.body),
            id::TAGS => tags::read(self.reader, element.body, &mut self.facts.tags),
            _ => self.facts.attachments = attachments::read(self.reader, element.body),
        }
    }

    fn seek_head(&mut self, mut rest: Span) {
        while let Some(child) = self.reader.child(&mut rest) {
            if child.id != id::SEEK {
                continue;
            }
            let Some(seek) = self.seek(child.body) else { continue };
            // Some programs list all clusters.
            if !id::is_top_level(seek.0)
                || matches!(seek.0, id::CLUSTER | id::CUES)
                || self.seeks.contains(&seek)
            {
                continue;
            }
            if self.seeks.len() >= MAX_PARTS {
                self.reader.mark_incomplete();
                return;
            }
            self.seeks.push(seek);
        }
    }

    /// An entry of a seek head: an element's ID, and its position in the file.
    fn seek(&mut self, mut rest: Span) -> Option<(u32, u64)> {
        let (mut id, mut position) = (None, None);
        while let Some(child) = self.reader.child(&mut rest) {
            match child.id {
                // The ID is stored as binary, which reads like a number.
                id::SEEK_ID => id = self.reader.unsigned(child),
                id::SEEK_POSITION => position = self.reader.unsigned(child),
                _ => {}
            }
        }
        // An empty position is the number 0. No element is at the highest number.
        let position = self.start.saturating_add(position.unwrap_or_default());
        Some((u32::try_from(id?).ok()?, position))
    }
}
