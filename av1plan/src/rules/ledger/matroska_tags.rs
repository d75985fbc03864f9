//! Matroska's tags. ffmpeg knows tags of the film, of tracks, of chapters and of attachments, with one text for each
//! name (measured with 8.0).

use alloc::collections::BTreeSet;
use alloc::string::String;
use alloc::vec::Vec;

use super::listed;
use super::tags::is_passed_over;
use crate::probe::matroska::{SimpleTag, TagFacts, Targets};

/// The level of a film or an episode, which is that of every tag that ffmpeg writes.
const FILM: u64 = 50;

/// What of the tags ffmpeg doesn't carry over, in words.
pub(super) fn lost(tags: &[TagFacts]) -> Vec<String> {
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
    let lost = lost.into_iter().filter(|(_, names)| !names.is_empty());
    lost.map(|(what, names)| alloc::format!("{what} {}", listed(names))).collect()
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
