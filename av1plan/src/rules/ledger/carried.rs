//! What mkvpropedit carries over from a Matroska film to a Matroska result because ffmpeg can't: exact languages, marks
//! of disabled tracks, chapters and tags. What can't be carried over either is recorded as a loss.

use alloc::string::String;
use alloc::vec::Vec;

use super::tags::is_passed_over;
use super::{Film, chapters, language, marks, matroska, matroska_tags};
use crate::number::counted;
use crate::plan::{ExpectedHeaders, ExpectedTrack, LossKind, Reason, StreamType, Topic, mapped};
use crate::probe::MatroskaFacts;
use crate::probe::matroska::{Edition, SimpleTag, TagFacts, is_shortened};
use crate::rules::record::Record;

/// The latest start of a film whose chapters are carried over, in microseconds. ffmpeg moves a film to 0, and its
/// chapters with it; mkvpropedit writes them as they were.
const LATEST_START: i64 = 100_000;

/// The most tags that are carried over. They are written into the contract.
const MOST_TAGS: usize = 1024;

/// The headers that the result must have besides those that ffmpeg writes; `None` if ffmpeg writes all. Records what of
/// the chapters and tags is lost.
pub(super) fn enter(film: &Film<'_>, record: &mut Record) -> Option<ExpectedHeaders> {
    let facts = matroska::facts(film)?;
    let kept = || mapped(film.streams).filter(|(plan, _)| plan.kind != StreamType::Attachment);
    let tracks: Vec<ExpectedTrack> = kept()
        .filter_map(|(plan, _)| film.probe.stream(plan.index))
        .map(|stream| ExpectedTrack {
            uid: film.track(stream).and_then(|track| track.uid),
            language_ietf: language::carried(film, stream),
            disabled: film.edits_headers && marks::is_disabled(film, stream),
        })
        .collect();
    let (lost_chapters, lost_tags) = (chapters::lost(facts), matroska_tags::lost(&facts.tags));
    let chapters_go = can_carry_chapters(film, facts);
    let mut tags = if lost_tags.is_empty() { Vec::new() } else { carried_tags(&facts.tags, &tracks) };
    let names_chapters = tags.iter().any(names_chapters);
    let tags_go = film.edits_headers
        && !facts.incomplete
        && can_be_written(&facts.tags)
        && (chapters_go || !names_chapters);
    if !tags_go {
        tags.clear();
    }
    let wants_chapters = !lost_chapters.is_empty() || (names_chapters && tags_go);
    let editions = if wants_chapters && chapters_go { facts.editions.clone() } else { Vec::new() };
    if !lost_chapters.is_empty() && editions.is_empty() {
        record.lose(LossKind::Chapters, None, lost_chapters.join(", "));
    }
    let lost_tags = if tags.is_empty() { lost_tags } else { left_over(&facts.tags) };
    if !lost_tags.is_empty() {
        record.lose(LossKind::Tags, None, lost_tags.join("; "));
    }
    let headers = ExpectedHeaders { tracks, editions, tags };
    let what = in_words(&headers)?;
    record.decide(Topic::Headers, "mkvpropedit", Reason::CarriedOver { what });
    Some(headers)
}

/// What is carried over; `None` if nothing is.
fn in_words(headers: &ExpectedHeaders) -> Option<String> {
    let count =
        |test: fn(&ExpectedTrack) -> bool| headers.tracks.iter().filter(|track| test(track)).count() as u64;
    let languages = count(|track| track.language_ietf.is_some());
    let disabled = count(|track| track.disabled);
    let parts = [
        (languages > 0).then(|| counted(languages, "exact language", "exact languages")),
        (disabled > 0).then(|| counted(disabled, "mark of a disabled track", "marks of disabled tracks")),
        (!headers.editions.is_empty()).then(|| String::from("the chapters")),
        (!headers.tags.is_empty()).then(|| String::from("the tags")),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

fn can_carry_chapters(film: &Film<'_>, facts: &MatroskaFacts) -> bool {
    let start = film.probe.streams.iter().filter_map(|stream| stream.start).min();
    let starts_at_once = start.is_none_or(|start| start.0.abs() <= LATEST_START);
    // An ordered edition, or one that plays other files, means other times than those of this file.
    let is_of_this_file = !facts.has_ordered_edition() && !facts.is_linked();
    film.edits_headers
        && starts_at_once
        && is_of_this_file
        && !facts.incomplete
        && !facts.editions.iter().any(has_more)
}

fn has_more(edition: &Edition) -> bool {
    edition.has_more
}

/// The tags as the result will have them: without those that each muxer writes by itself, those of streams that the
/// result doesn't have, binary ones, and those of attachments, which ffmpeg writes.
fn carried_tags(tags: &[TagFacts], tracks: &[ExpectedTrack]) -> Vec<TagFacts> {
    let is_kept = |uid: &u64| *uid == 0 || tracks.iter().any(|track| track.uid == Some(*uid));
    let carried = tags.iter().filter(|tag| tag.targets.attachments.is_empty()).filter_map(|tag| {
        let mut targets = tag.targets.clone();
        targets.tracks.retain(is_kept);
        let is_gone = targets.tracks.is_empty() && !tag.targets.tracks.is_empty();
        let simple = written(&tag.simple);
        (!is_gone && !simple.is_empty()).then_some(TagFacts { targets, simple })
    });
    carried.collect()
}

/// The names that are carried over.
fn written(simple: &[SimpleTag]) -> Vec<SimpleTag> {
    are_written(simple).filter(|(_, is_written)| *is_written).map(|(tag, _)| tag.clone()).collect()
}

/// The names, and whether each is carried over. With a name goes all that is below it.
fn are_written(simple: &[SimpleTag]) -> impl Iterator<Item = (&SimpleTag, bool)> {
    let mut left_out = None;
    simple.iter().map(move |tag| {
        if left_out.is_some_and(|depth| tag.depth > depth) {
            return (tag, false);
        }
        let is_written = !tag.binary && !is_passed_over(&tag.name);
        left_out = (!is_written).then_some(tag.depth);
        (tag, is_written)
    })
}

/// Whether tags can be written as XML, and are whole.
fn can_be_written(tags: &[TagFacts]) -> bool {
    let is_text = |text: &str| {
        let is_known = |letter: char| {
            (!letter.is_control() || matches!(letter, '\t' | '\n'))
                && !matches!(letter, '\u{fffd}'..='\u{ffff}')
        };
        text.chars().all(is_known) && !is_shortened(text)
    };
    let simple = || tags.iter().flat_map(|tag| &tag.simple);
    let has_text = |tag: &SimpleTag| {
        !tag.name.is_empty() && is_text(&tag.name) && tag.value.as_deref().is_none_or(is_text)
    };
    let has_language = |tag: &SimpleTag| {
        let mut languages = tag.language.iter().chain(&tag.language_ietf);
        languages.all(|language| language::is_well_formed(language))
    };
    simple().count() <= MOST_TAGS
        && tags.iter().all(|tag| tag.targets.type_name.as_deref().is_none_or(is_text))
        && simple().all(|tag| has_text(tag) && has_language(tag))
}

fn names_chapters(tag: &TagFacts) -> bool {
    !tag.targets.editions.is_empty() || !tag.targets.chapters.is_empty()
}

/// What is lost though tags are carried over: binary ones with what is below them, and what ffmpeg doesn't keep of
/// attachments' tags.
fn left_over(tags: &[TagFacts]) -> Vec<String> {
    let left_out = |tag: &TagFacts| TagFacts {
        targets: tag.targets.clone(),
        simple: are_written(&tag.simple)
            .filter(|(_, is_written)| !is_written)
            .map(|(tag, _)| tag.clone())
            .collect(),
    };
    let of_attachments = |tag: &&TagFacts| !tag.targets.attachments.is_empty();
    let left: Vec<TagFacts> = tags
        .iter()
        .filter(|tag| !of_attachments(tag))
        .map(left_out)
        .chain(tags.iter().filter(of_attachments).cloned())
        .collect();
    matroska_tags::lost(&left)
}
