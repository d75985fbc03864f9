//! What a Matroska file has that ffprobe doesn't show, and that ffmpeg therefore can't keep (measured with 8.0).

use super::Film;
use crate::number::counted;
use crate::plan::LossKind;
use crate::probe::MatroskaFacts;
use crate::rules::record::Record;

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

pub(super) fn facts<'a>(film: &Film<'a>) -> Option<&'a MatroskaFacts> {
    film.probe.survey.as_ref()?.matroska.as_ref()
}
