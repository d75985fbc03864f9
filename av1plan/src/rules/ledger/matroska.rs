//! What a Matroska file has that ffprobe doesn't show, and that ffmpeg therefore can't keep (measured with 8.0).

use alloc::collections::BTreeSet;
use alloc::string::String;
use alloc::vec::Vec;

use super::tags::is_passed_over;
use super::{Film, chapters, listed};
use crate::number::counted;
use crate::plan::LossKind;
use crate::probe::MatroskaFacts;
use crate::probe::matroska::{SimpleTag, TagFacts, Targets};
use crate::rules::record::Record;

/// The level of a film or an episode, which is that of every tag that ffmpeg writes.
const FILM: u64 = 50;

/// The projection that ffprobe doesn't show: a mesh.
const MESH: u64 = 3;

/// Records the loss of what makes other files a part of the film.
pub(super) fn links(film: &Film<'_>, record: &mut Record) {
    let Some(facts) = facts(film) else { return };
    if facts.has_ordered_edition() {
        record.lose(
            LossKind::Linked,
            None,
            "the order in which its chapters are to be played (an ordered edition)",
        );
    }
    if facts.is_linked() {
        record.lose(LossKind::Linked, None, "its links to other files");
    }
    if !facts.linked.families.is_empty() {
        record.lose(LossKind::Linked, None, "its place in a family of files that refer to each other");
    }
}

/// Records all other losses.
pub(super) fn enter(film: &Film<'_>, record: &mut Record) {
    let Some(facts) = facts(film) else { return };
    if facts.incomplete {
        record.lose(
            LossKind::Tags,
            None,
            "what a part of its headers says, which is broken or too long to be read",
        );
    }
    chapters::enter(facts, record);
    tags(&facts.tags, record);
    let incomplete = facts
        .attachments
        .iter()
        .filter(|file| file.name.is_none() || file.media_type.is_none() || file.size == 0);
    let incomplete = incomplete.count();
    if incomplete > 0 {
        let what = counted(incomplete as u64, "attachment", "attachments");
        record.lose(LossKind::Attachment, None, alloc::format!("{what} without a name, a type or contents"));
    }
    let not_read = facts.tracks.iter().filter(|track| !track.is_stream()).count();
    let others = usize::try_from(facts.other_tracks).unwrap_or(usize::MAX).saturating_add(not_read);
    if others > 0 {
        let what = counted(others as u64, "track", "tracks");
        record.lose(
            LossKind::UnknownStream,
            None,
            alloc::format!("{what} of a type that ffmpeg doesn't read"),
        );
    }
    if film.track(film.main.0).is_some_and(|track| track.video.projection == Some(MESH)) {
        record.lose(LossKind::SideData, None, "the mesh on which its picture is projected");
    }
}

fn facts<'a>(film: &Film<'a>) -> Option<&'a MatroskaFacts> {
    film.probe.survey.as_ref()?.matroska.as_ref()
}

/// Records what of the tags is lost: ffmpeg knows tags of the film, of tracks, of chapters and of attachments, with one
/// text for each name.
fn tags(tags: &[TagFacts], record: &mut Record) {
    let names = |is_lost: &dyn Fn(&TagFacts, &SimpleTag) -> bool| -> BTreeSet<&str> {
        let simple = tags.iter().flat_map(|tag| tag.simple.iter().map(move |simple| (tag, simple)));
        let lost = simple.filter(|(tag, simple)| !is_passed_over(&simple.name) && is_lost(tag, simple));
        lost.map(|(_, simple)| simple.name.as_str()).collect()
    };
    let lost = [
        ("the levels of its tags", names(&|tag, _| has_level(&tag.targets))),
        ("the place of tags below other tags", names(&|_, simple| simple.depth > 0)),
        ("all but one of its tags", repeated(tags)),
        ("its binary tags", names(&|_, simple| simple.binary)),
        ("the tags of its editions", names(&|tag, _| !tag.targets.editions.is_empty())),
        ("the names of tags of its chapters", names(&|tag, _| !tag.targets.chapters.is_empty())),
        ("the exact languages of its tags", names(&|_, simple| has_exact_language(simple))),
    ];
    let lost: Vec<String> = lost
        .into_iter()
        .filter(|(_, names)| !names.is_empty())
        .map(|(what, names)| alloc::format!("{what} {}", listed(names)))
        .collect();
    if !lost.is_empty() {
        record.lose(LossKind::Tags, None, lost.join("; "));
    }
}

/// Whether tags have another level than that of a film, or a level with a name. ffmpeg writes such a name before that
/// of the tag: `SEASON/PART_NUMBER`.
fn has_level(targets: &Targets) -> bool {
    let is_other = targets.type_value.is_some_and(|level| level != FILM);
    // What belongs to a chapter is on a chapter's level by itself.
    (is_other || targets.type_name.is_some()) && targets.chapters.is_empty()
}

/// The names that tags of one thing have more than once in one language. ffmpeg keeps the last one.
fn repeated(tags: &[TagFacts]) -> BTreeSet<&str> {
    let (mut seen, mut repeated) = (BTreeSet::new(), BTreeSet::new());
    for tag in tags {
        // Several tags may describe the same thing.
        let thing = tags.iter().position(|other| other.targets == tag.targets);
        for simple in tag.simple.iter().filter(|simple| simple.depth == 0 && !is_passed_over(&simple.name)) {
            if !seen.insert((thing, simple.name.as_str(), simple.language.as_deref())) {
                repeated.insert(simple.name.as_str());
            }
        }
    }
    repeated
}

/// Whether the language of a tag is said more exactly than in three letters.
fn has_exact_language(tag: &SimpleTag) -> bool {
    tag.language_ietf.as_deref().is_some_and(|language| language.contains('-'))
}
